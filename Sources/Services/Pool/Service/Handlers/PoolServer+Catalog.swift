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
    var command = SetSKU(
      sku: SKU(trusted: sku.sku), displayName: sku.displayName,
      group: check.optionalIdentifier(SKUGroup.self, sku.skuGroup, "sku.sku_group"), etag: sku.etag)
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
  ) throws -> GetSkuResponse {
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
      rank: location.rank, traits: check.traits(location), etag: location.etag)
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
  ) throws -> ListLocationsResponse {
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
