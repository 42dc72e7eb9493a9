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
    let time = check.required(request.time, "time") ?? .zero
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

  /// What stood of a SKU at an instant, and the rules of then for some channels.
  func past(
    of sku: SKU, on channels: [ChannelID], at time: Timestamp, _ context: ServerContext
  ) async throws -> PastAvailability {
    let index = try view.read { state in
      let index = try state.index(of: sku)
      // Since it is an ordinary SKU again, it is known as one.
      if !channels.isEmpty, let bundle = state.bundles.definitions[index],
        !bundle.parts.isEmpty || time < bundle.updateTime
      {
        throw LedgerError.bundleUnknown(sku)
      }
      if !channels.isEmpty, let promotion = state.promotion(with: index, at: time) {
        throw LedgerError.allotmentsUnknown(sku, promotion.id)
      }
      return index
    }
    let rules = try await database.read(until: context.deadline) { transaction in
      try PastRules(sku, index, channels, at: time, LedgerReader(transaction))
    }
    var stock = try await database.read(until: context.deadline) { transaction in
      var stock = PastStock(index, at: time)
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
    return PastAvailability(stock, rules)
  }
}
