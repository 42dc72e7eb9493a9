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
    let index = try view.read { try $0.index(of: sku) }
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
    let total = Self.total(of: index, stock.balances)
    return view.read { state in
      GetStockAtResponse(
        total: PoolAPI.Balance(total, state, isTotal: true),
        balances: stock.balances.map { PoolAPI.Balance($0, state) },
        channels: channels.map { channel in
          ChannelAvailability(
            channelID: channel.text,
            availableToSellCount: rules.table.availableToSell(
              of: index, on: channel, available: total.available))
        }, sequence: stock.sequence)
    }
  }
}
