internal import GatewayAPI
internal import PoolAPI
internal import RPCCore

/// All that the proof of a flash sale looks at, as it was seen after the sale.
struct SaleFacts: Sendable {
  /// Units that were received for the sale.
  var units: Int64
  var size: FlashSale.Size
  /// Units that each channel accepted, by channel.
  var accepted: [String: Int64]
  /// From the first order to the answer to the last one.
  var seconds: Double
  /// From the first order until nothing was on its way any more.
  var settledSeconds: Double
  /// Of the SKU, over all locations.
  var balance = Balance()
  var movements: [Movement] = []
  var ledger = VerifyLedgerResponse()
  /// What each channel may show, and what its listings show.
  var wanted: [String: Int64] = [:]
  var shown: [SandboxControl.Shown] = []
  /// Events of the sale that are not sent yet, and those that the channels have given up.
  var deliveries = SandboxControl.Deliveries()
  /// What the gateway measured in the sale.
  var latencies = Latencies()
}

extension SaleFacts {
  /// Looks at everything once.
  mutating func gather(_ world: DemoWorld, sku: String, since start: DemoWorld.Mark) async throws {
    let pool = world.peers.pool
    balance = try await pool.getStock(GetStockRequest(sku: sku)).total ?? Balance()
    movements = try await allPages { token in
      let page = try await pool.listMovements(
        ListMovementsRequest(sku: sku, pageSize: 1000, pageToken: token))
      return (page.movements, page.nextPageToken)
    }
    ledger = try await pool.verifyLedger(
      VerifyLedgerRequest(), options: CallOptions(timeout: .seconds(120)))
    wanted = try await world.availability(sku)
    shown = try await world.shown(sku)
    deliveries = try await world.sandbox.deliveries(after: start.delivery)
    latencies = try await world.latencies().since(start.latencies)
  }
}
