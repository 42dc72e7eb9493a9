internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// Finds out what a catch-up has cost: what the store has counted, and what the pool's ledger says of the SKUs that were oversold.
struct CatchUpJudge: Sendable {
  let store: GatewayStore
  let pool: PoolServiceClient

  /// The catch-up with its verdict, as things are now.
  func verdict(on row: CatchUpRow) async throws -> CatchUpRow {
    var judged = row
    let counts = try await store.catchUpCounts(row.catchUpID)
    let units = try await store.catchUpUnits(row.catchUpID)
    for place in judged.verdict.accounts.indices {
      let name = judged.verdict.accounts[place].accountID
      guard let count = counts.first(where: { $0.accountID == name }) else { continue }
      judged.verdict.accounts[place].orderCount = count.orders
      judged.verdict.accounts[place].changeCount = count.changes
      judged.verdict.accounts[place].appliedCount = count.applied
      judged.verdict.accounts[place].unitCount = units[name] ?? 0
    }
    judged.verdict.accounts.sort { $0.accountID < $1.accountID }
    judged.verdict.oversold = try await oversold(since: row.beginTime, sold: row.startTime)
    judged.finishTime = store.clock.now()
    return judged
  }

  private func oversold(
    since begin: Timestamp, sold start: Timestamp
  ) async throws -> [CatchUpVerdict.Oversold] {
    var lacking: [String: [String: Quantity]] = [:]
    for orderID in try await store.oversoldOrders(since: begin) {
      let sale = try await unlessRefused {
        try await pool.getSale(GetSaleRequest(orderID: orderID))
      }
      for line in sale?.lines ?? [] where line.oversoldCount > 0 {
        lacking[line.sku, default: [:]][orderID, default: 0] += line.oversoldCount
      }
    }
    var found: [CatchUpVerdict.Oversold] = []
    for (sku, orders) in lacking.sorted(by: { $0.key < $1.key }) {
      let sales = try await sales(of: sku, since: start, oversold: orders)
      let stock = try await unlessRefused { try await pool.getStock(GetStockRequest(sku: sku)) }
      let judged = CatchUpVerdict.judge(
        sku: sku, sales: sales, available: stock?.total?.availableCount ?? 0)
      if let judged { found.append(judged) }
    }
    return found
  }

  /// What the pool does not know is left out: a verdict that waits for it would never be given.
  private func unlessRefused<Answer>(
    _ call: () async throws -> Answer
  ) async throws -> Answer? {
    do {
      return try await call()
    } catch let error as RPCError
      where [.notFound, .invalidArgument, .failedPrecondition].contains(error.code)
    {
      return nil
    }
  }

  /// What orders have taken of a SKU since then, in the order of the ledger.
  private func sales(
    of sku: String, since start: Timestamp, oversold: [String: Quantity]
  ) async throws -> [RecordedSale] {
    var sales: [RecordedSale] = []
    var places: [String: Int] = [:]
    let request = ExportMovementsRequest(sku: sku, startTime: start)
    for try await part in pool.exportMovements(request) {
      for movement in part.movements where !movement.orderID.isEmpty {
        let units = movement.kind.takenCount(movement.quantity)
        guard units != 0 else { continue }
        let orderID = movement.orderID
        if let place = places[orderID] {
          sales[place].count += units
        } else if units > 0 {
          places[orderID] = sales.count
          sales.append(
            RecordedSale(
              orderID: orderID, count: units, oversoldCount: oversold[orderID] ?? 0))
        }
      }
      // Those that sold last are who is looked for.
      guard sales.count > GatewayLimits.judgedSales else { continue }
      sales.removeFirst(sales.count / 2)
      places = Dictionary(uniqueKeysWithValues: sales.enumerated().map { ($1.orderID, $0) })
    }
    return sales
  }
}

extension Movement.Kind {
  /// Units that an order takes by it; negative when it gives them back.
  fileprivate func takenCount(_ quantity: Int64) -> Int64 {
    switch self {
    case .sold, .committed, .retaken: quantity
    case .cancelled: -quantity
    default: 0
    }
  }
}
