internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension PoolServer {
  public func getStockAt(
    _ request: GetStockAtRequest, context: ServerContext
  ) async throws -> GetStockAtResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    let now = now
    let time = min(now, check.instant(request.time, "time", now: now))
    let channels = check.channels(request.channelIDs, isRequired: false)
    try check.finish()
    let past = try await past(of: sku, on: channels, at: time, context)
    let total = Self.total(of: past.sku, past.balances)
    return view.read { state in
      GetStockAtResponse(
        total: PoolAPI.Balance(total, state, isTotal: true),
        balances: past.balances.map { PoolAPI.Balance($0, state) },
        channels: channels.isEmpty ? [] : past.availability(of: past.sku, on: channels),
        sequence: past.sequence)
    }
  }

  /// The clock's time, or the ledger's while the clock is behind it.
  var now: Timestamp { max(clock.now(), view.read { $0.now }) }

  /// What stood of a SKU at an instant, and the rules of then for some channels.
  func past(
    of sku: SKU, on channels: [ChannelID], at time: Timestamp, _ context: ServerContext
  ) async throws -> PastAvailability {
    let index = try view.read { try $0.index(of: sku) }
    let (skus, bundles, rules) = try await database.read(until: context.deadline) { transaction in
      let reader = LedgerReader(transaction)
      let bundles =
        channels.isEmpty ? PastBundles() : try PastBundles(index, at: time, reader)
      let parts = bundles.table.components(of: index) ?? []
      let skus = Set(parts.map(\.sku) + [index])
      return (skus, bundles, try PastRules(skus, channels, at: time, reader))
    }
    let lines = channels.isEmpty ? [] : view.read { $0.pastLines(of: skus, at: time) }
    let promotions = try await database.read(until: context.deadline) { transaction in
      try PastPromotions(lines, at: time, LedgerReader(transaction))
    }
    var stock = try await database.read(until: context.deadline) { transaction in
      var stock = PastStock(skus, promotions, at: time)
      try stock.begin(LedgerReader(transaction))
      return stock
    }
    while !stock.isFinished {
      let place = stock
      stock = try await database.read(until: context.deadline) { transaction in
        var stock = place
        try stock.advance(LedgerReader(transaction))
        return stock
      }
    }
    let past = PastAvailability(index, stock, rules, bundles, promotions)
    // What is on disk may name, for a moment, what the view does not know yet.
    guard view.read({ past.isNamed(by: $0) }) else { throw PoolError.storeUnavailable }
    return past
  }
}
