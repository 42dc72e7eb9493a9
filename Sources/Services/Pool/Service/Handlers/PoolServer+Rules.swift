internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

/// The rules of who may sell what.
extension PoolServer {
  public func setBuffer(
    _ request: SetBufferRequest, context: ServerContext
  ) async throws -> SetBufferResponse {
    var check = RequestCheck()
    let buffer = check.required(request.buffer, "buffer") ?? PoolAPI.Buffer()
    let command = check.buffer(buffer)
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
    let columns = "sku, sku_group, channel, listing, name"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 5)
    var sql = "SELECT \(columns) FROM buffer_rule WHERE 1 = 1"
    var values: [SQLValue] = []
    if let token {
      sql += " AND (\(columns)) > (?, ?, ?, ?, ?)"
      values += token.parts.map { .text($0) }
    }
    if let sku {
      sql += " AND sku = ?"
      values.append(.id(sku))
    }
    sql += " ORDER BY \(columns) LIMIT ?"
    values.append(.int(size + 1))
    let found = try await database.read(until: context.deadline) { [sql, values] transaction in
      try transaction.rows(sql, values) { row in (0..<5).map { row.text($0) } }
    }
    let page = Page(found, size: size, scope: scope) {
      PageToken($0[0], $0[1], $0[2], $0[3], $0[4])
    }
    let buffers = view.read { state in
      page.items.compactMap { state.buffer($0).map { PoolAPI.Buffer($0, state) } }
    }
    return ListBuffersResponse(buffers: buffers, nextPageToken: page.nextToken)
  }

  public func setChannelSourcing(
    _ request: SetChannelSourcingRequest, context: ServerContext
  ) async throws -> SetChannelSourcingResponse {
    var check = RequestCheck()
    let sourcing = check.required(request.sourcing, "sourcing") ?? ChannelSourcing()
    let command = check.sourcing(sourcing)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.setSourcing(command), for: request, id: request.requestID, context) {
      reply, pool in
      guard case .sourcing(let known) = reply else {
        preconditionFailure("\(reply) to SetChannelSourcing")
      }
      return SetChannelSourcingResponse(
        sourcing: known.map { ChannelSourcing($0, pool) }
          ?? ChannelSourcing(channelID: command.channel.text))
    }
  }

  public func listChannelSourcings(
    _ request: ListChannelSourcingsRequest, context: ServerContext
  ) throws -> ListChannelSourcingsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListChannelSourcings"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 1)
    let sourcings = view.read { state in
      state.sourcings.all.map { ChannelSourcing($0, state) }
    }
    let page = Page(
      sourcings.sorted { $0.channelID < $1.channelID }
        .filter { $0.channelID > token?.parts[0] ?? "" },
      size: size, scope: scope
    ) { PageToken($0.channelID) }
    return ListChannelSourcingsResponse(sourcings: page.items, nextPageToken: page.nextToken)
  }

  public func setLastUnits(
    _ request: SetLastUnitsRequest, context: ServerContext
  ) async throws -> SetLastUnitsResponse {
    var check = RequestCheck()
    let lock = check.required(request.lastUnits, "last_units") ?? PoolAPI.LastUnits()
    let (sku, group) = check.goods(lock.sku, lock.skuGroup, "last_units")
    let command = SetLastUnits(
      sku: sku, group: group,
      channel: check.identifier(ChannelID.self, lock.channelID, "last_units.channel_id"),
      units: check.quantity(
        lock.unitCount, "last_units.unit_count", in: 0...Limits.bufferUnits))
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.setLastUnits(command), for: request, id: request.requestID, context) {
      reply, pool in
      guard case .lastUnits(let lock) = reply else {
        preconditionFailure("\(reply) to SetLastUnits")
      }
      return SetLastUnitsResponse(lastUnits: PoolAPI.LastUnits(lock, pool))
    }
  }

  public func listLastUnits(
    _ request: ListLastUnitsRequest, context: ServerContext
  ) throws -> ListLastUnitsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListLastUnits"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 2)
    let after = token.map { ($0.parts[0], $0.parts[1]) }
    let locks = view.read { state in
      state.lastUnits.all.map { PoolAPI.LastUnits($0, state) }
    }
    let page = Page(
      locks.sorted { ($0.sku, $0.skuGroup) < ($1.sku, $1.skuGroup) }
        .filter { lock in after.map { (lock.sku, lock.skuGroup) > $0 } ?? true },
      size: size, scope: scope
    ) { PageToken($0.sku, $0.skuGroup) }
    return ListLastUnitsResponse(lastUnits: page.items, nextPageToken: page.nextToken)
  }
}

extension ReadModel.State {
  /// The buffer of a row's SKU, group, channel, listing and name.
  fileprivate func buffer(_ key: [String]) -> PoolDomain.Buffer? {
    let sku = key[0].isEmpty ? nil : skuIndices[SKU(trusted: key[0])]
    // What is on disk may name, for a moment, what the view does not know yet.
    guard key[0].isEmpty || sku != nil else { return nil }
    return buffers[
      PoolDomain.Buffer.Key(
        scope: PoolDomain.Buffer.Scope(
          sku: sku, group: key[1].isEmpty ? nil : SKUGroup(trusted: key[1]),
          channel: key[2].isEmpty ? nil : ChannelID(trusted: key[2]),
          listing: key[3].isEmpty ? nil : ListingID(trusted: key[3])), name: key[4])]
  }
}
