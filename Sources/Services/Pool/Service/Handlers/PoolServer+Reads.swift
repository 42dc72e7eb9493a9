internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension PoolServer {
  public func getStock(
    _ request: GetStockRequest, context: ServerContext
  ) throws -> GetStockResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    try check.finish()
    return try view.read { state in
      let index = try state.index(of: sku)
      let balances = state.stocks[index.int].balances
      return GetStockResponse(
        total: PoolAPI.Balance(Self.total(of: index, balances), state, isTotal: true),
        balances: balances.map { PoolAPI.Balance($0, state) },
        incoming: state.incomingMessages(of: index),
        incomingCount: (state.incoming[index] ?? []).reduce(0) { $0 + $1.quantity },
        lots: (state.lots[index] ?? []).map { PoolAPI.Lot($0, state) })
    }
  }

  static func total(of sku: SKUIndex, _ balances: [PoolDomain.Balance]) -> PoolDomain.Balance {
    var total = PoolDomain.Balance(sku: sku, location: LocationIndex(0))
    for balance in balances { total.add(balance) }
    return total
  }

  public func listBalances(
    _ request: ListBalancesRequest, context: ServerContext
  ) async throws -> ListBalancesResponse {
    var check = RequestCheck()
    let location = check.optionalIdentifier(LocationID.self, request.locationID, "location_id")
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListBalances \(request.locationID)"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 2)
    var after = (sku: token?.parts[0] ?? "", location: token?.parts[1] ?? "")
    var found: [PoolAPI.Balance] = []
    while found.count <= size {
      let skus = try await skus(from: after.sku, context)
      guard let last = skus.last else { break }
      found += view.read { state in
        skus.flatMap { sku in balances(of: sku, at: location, after: after, state) }
      }
      if skus.count < ServiceLimits.examinedSKUs { break }
      // Every balance of the last SKU was looked at, so that the next round begins behind it.
      after = (last.text, "\u{10FFFF}")
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.sku, $0.locationID) }
    return ListBalancesResponse(balances: page.items, nextPageToken: page.nextToken)
  }

  private func skus(from sku: String, _ context: ServerContext) async throws -> [SKU] {
    try await database.read(until: context.deadline) { transaction in
      try transaction.rows(
        "SELECT sku FROM sku WHERE sku >= ? ORDER BY sku LIMIT ?",
        [.text(sku), .int(ServiceLimits.examinedSKUs)]
      ) { $0.id(0, as: SKU.self) }
    }
  }

  private func balances(
    of sku: SKU, at location: LocationID?, after: (sku: String, location: String),
    _ state: ReadModel.State
  ) -> [PoolAPI.Balance] {
    guard let index = state.skuIndices[sku] else { return [] }
    return state.stocks[index.int].balances
      .map { PoolAPI.Balance($0, state) }
      .filter { location == nil || $0.locationID == location?.text }
      .filter { ($0.sku, $0.locationID) > (after.sku, after.location) }
      .sorted { $0.locationID < $1.locationID }
  }

  public func getAvailability(
    _ request: GetAvailabilityRequest, context: ServerContext
  ) throws -> GetAvailabilityResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    let channels = check.channels(request.channelIDs, isRequired: false)
    try check.finish()
    return try view.read { state in
      let index = try state.index(of: sku)
      return GetAvailabilityResponse(
        sku: sku.text, availableCount: state.availableUnits(index),
        channels: state.availability(of: index, on: channels), sequence: state.sequence)
    }
  }
}
