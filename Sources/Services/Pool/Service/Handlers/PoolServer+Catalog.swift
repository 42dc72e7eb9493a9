internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension PoolServer {
  public func setSku(
    _ request: SetSkuRequest, context: ServerContext
  ) async throws -> SetSkuResponse {
    var check = RequestCheck()
    let sku = check.required(request.sku, "sku") ?? PoolAPI.Sku()
    var command = SetSKU(sku: SKU(trusted: sku.sku), displayName: sku.displayName, etag: sku.etag)
    if request.sku != nil {
      command.sku = check.identifier(SKU.self, sku.sku, "sku.sku")
      check.text(
        sku.displayName, "sku.display_name", atMost: Limits.displayNameBytes, mayBeEmpty: true)
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.setSKU(command), for: request, id: request.requestID, context) {
      reply, _ in
      guard case .sku(let record) = reply else { preconditionFailure("\(reply) to SetSku") }
      return SetSkuResponse(sku: PoolAPI.Sku(record))
    }
  }

  public func getSku(
    _ request: GetSkuRequest, context: ServerContext
  ) async throws -> GetSkuResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    try check.finish()
    let record = try view.read { state in state.skus[try state.index(of: sku).int] }
    return GetSkuResponse(sku: PoolAPI.Sku(record))
  }

  public func listSkus(
    _ request: ListSkusRequest, context: ServerContext
  ) async throws -> ListSkusResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListSkus"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 1)
    let found = try await database.read(until: context.deadline) { transaction in
      try transaction.rows(
        "SELECT sku FROM sku WHERE sku > ? ORDER BY sku LIMIT ?",
        [.text(token?.parts[0] ?? ""), .int(size + 1)]
      ) { $0.id(0, as: SKU.self) }
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.text) }
    let records = view.read { state in
      page.items.compactMap { sku in state.skuIndices[sku].map { state.skus[$0.int] } }
    }
    return ListSkusResponse(
      skus: records.map { PoolAPI.Sku($0) }, nextPageToken: page.nextToken)
  }

  public func setLocation(
    _ request: SetLocationRequest, context: ServerContext
  ) async throws -> SetLocationResponse {
    var check = RequestCheck()
    let location = check.required(request.location, "location") ?? PoolAPI.Location()
    var command = SetLocation(
      location: LocationID(trusted: location.locationID), displayName: location.displayName,
      rank: location.rank, etag: location.etag)
    if request.location != nil {
      command.location = check.identifier(
        LocationID.self, location.locationID, "location.location_id")
      check.text(
        location.displayName, "location.display_name", atMost: Limits.displayNameBytes,
        mayBeEmpty: true)
      check.integer(Int64(location.rank), "location.rank", in: 0...Int64(Limits.rank))
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.setLocation(command), for: request, id: request.requestID, context) {
      reply, _ in
      guard case .location(let record) = reply else {
        preconditionFailure("\(reply) to SetLocation")
      }
      return SetLocationResponse(location: PoolAPI.Location(record))
    }
  }

  public func listLocations(
    _ request: ListLocationsRequest, context: ServerContext
  ) async throws -> ListLocationsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListLocations"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 2)
    var locations = view.read(\.locations).sorted {
      ($0.rank, $0.location.text) < ($1.rank, $1.location.text)
    }
    if let token {
      guard let rank = Int32(token.parts[0]) else { throw PoolError.pageTokenInvalid }
      locations.removeAll { ($0.rank, $0.location.text) <= (rank, token.parts[1]) }
    }
    let page = Page(locations, size: size, scope: scope) {
      PageToken("\($0.rank)", $0.location.text)
    }
    return ListLocationsResponse(
      locations: page.items.map { PoolAPI.Location($0) }, nextPageToken: page.nextToken)
  }

  public func setBuffer(
    _ request: SetBufferRequest, context: ServerContext
  ) async throws -> SetBufferResponse {
    var check = RequestCheck()
    let buffer = check.required(request.buffer, "buffer") ?? PoolAPI.Buffer()
    var command = SetBuffer(
      sku: check.optionalIdentifier(SKU.self, buffer.sku, "buffer.sku"),
      channel: check.optionalIdentifier(ChannelID.self, buffer.channelID, "buffer.channel_id"),
      cap: buffer.capCount)
    switch buffer.margin {
    case .unitCount(let count):
      command.margin = .units(
        check.quantity(count, "buffer.unit_count", in: 0...Limits.bufferUnits))
    case .basisPoints(let points):
      check.integer(Int64(points), "buffer.basis_points", in: 0...Int64(Limits.basisPoints))
      command.margin = .basisPoints(points)
    case nil: break
    }
    if let cap = buffer.capCount {
      check.quantity(cap, "buffer.cap_count", in: 0...Limits.bufferUnits)
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.setBuffer(command), for: request, id: request.requestID, context) {
      reply, pool in
      guard case .buffer(let buffer) = reply else { preconditionFailure("\(reply) to SetBuffer") }
      return SetBufferResponse(buffer: PoolAPI.Buffer(buffer, pool))
    }
  }

  public func listBuffers(
    _ request: ListBuffersRequest, context: ServerContext
  ) async throws -> ListBuffersResponse {
    var check = RequestCheck()
    let sku = check.optionalIdentifier(SKU.self, request.sku, "sku")
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListBuffers \(request.sku)"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 2)
    let after = token?.parts ?? ["", ""]
    let found = try await database.read(until: context.deadline) { transaction in
      var sql = "SELECT sku, channel FROM buffer WHERE (sku > ? OR (sku = ? AND channel > ?))"
      var values: [SQLValue] = [.text(after[0]), .text(after[0]), .text(after[1])]
      if token == nil {
        sql = "SELECT sku, channel FROM buffer WHERE 1 = 1"
        values = []
      }
      if let sku {
        sql += " AND sku = ?"
        values.append(.id(sku))
      }
      return try transaction.rows(
        sql + " ORDER BY sku, channel LIMIT ?", values + [.int(size + 1)]
      ) { ($0.text(0), $0.text(1)) }
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.0, $0.1) }
    let buffers = view.read { state in
      page.items.compactMap { sku, channel -> PoolAPI.Buffer? in
        let scope = PoolDomain.Buffer.Scope(
          sku: sku.isEmpty ? nil : state.skuIndices[SKU(trusted: sku)],
          channel: channel.isEmpty ? nil : ChannelID(trusted: channel))
        return state.buffers[scope].map { PoolAPI.Buffer($0, state) }
      }
    }
    return ListBuffersResponse(buffers: buffers, nextPageToken: page.nextToken)
  }

  func pageToken(
    _ text: String, scope: String, partCount: Int
  ) throws(PoolError) -> PageToken? {
    do {
      return try PageToken.decode(text, scope: scope, partCount: partCount)
    } catch {
      throw .pageTokenInvalid
    }
  }
}
