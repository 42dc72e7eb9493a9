import FulfilmentAPI
import GatewayAPI
import MappingAPI
import PoolAPI
import Primitives
import ReturnsAPI
import Testing

extension SystemTests {
  /// What a till holds, sells and takes back, through all five services.
  @Suite struct HeldRefundTests {
    private static let token = "till-token"

    /// Goal: a refund of an order that a hold became comes off that order, in the returns service and in the pool, and no more
    /// comes back than was sold.
    @Test(.timeLimit(.minutes(5))) func refundComesOffTheOrderThatTheHoldBecame() async throws {
      try await Cluster.with(Cluster.services) { cluster in
        _ = try await cluster.pool.setSku(SetSkuRequest(sku: Sku(sku: Merchant.sku)))
        _ = try await cluster.pool.setLocation(
          SetLocationRequest(location: Location(locationID: Merchant.location, rank: 1)))
        let merchant = Merchant(cluster: cluster)
        try await merchant.receive(5)
        _ = try await cluster.gateway.connectAccount(
          ConnectAccountRequest(
            connection: Connection(
              accountID: "till-1", channelID: "till", externalID: Merchant.store,
              credentials: ["token": Self.token], locationID: Merchant.location)))
        try await call(
          cluster, "holds",
          ["hold_id": "h1", "lines": [["sku": Merchant.sku, "quantity": 3] as [String: Any]]],
          state: "held")
        try await call(
          cluster, "holds/h1/commit", ["order_id": "web-1", "handed_over": true],
          state: "committed")
        try await eventually("the pool knows that it has left") {
          try await merchant.stock().shippedCount == 3 ? () : nil
        }
        try await refund(cluster, "r1", quantity: 2)
        let found = try await eventually("the return is inspected") {
          try await cluster.returns.listReturns(ListReturnsRequest(orderID: "till-1/web-1"))
            .returnOrders.first { $0.state == .inspected }
        }
        #expect(found.returnID == "till-1/r1" && found.lines.map(\.orderLineID) == ["1"])
        try await eventually("the units are back") {
          try await merchant.stock().availableCount == 4 ? () : nil
        }
        let sale = try await cluster.pool.getSale(GetSaleRequest(orderID: "till-1/web-1"))
        #expect(sale.lines.map(\.shippedCount) == [3] && sale.lines.map(\.returnedCount) == [2])
        #expect(try await cluster.pool.verifyLedger(VerifyLedgerRequest()).proved)
      }
    }

    private func refund(_ cluster: Cluster, _ id: String, quantity: Int) async throws {
      let line: [String: Any] = [
        "line_id": "a", "sku": Merchant.sku, "quantity": quantity, "refund_of_line": "a",
        "restock": true,
      ]
      let sale: [String: Any] = [
        "sale_id": id, "kind": "refund", "refund_of": "web-1", "store_id": Merchant.store,
        "sequence": 1, "occurred_at": "2026-01-05T10:03:11+08:00", "lines": [line],
      ]
      try await call(
        cluster, "sales", ["device_id": "till-01", "batch_id": "b-\(id)", "sales": [sale]])
    }

    /// Asks as a till does, again while the gateway is still getting to know its listings.
    private func call(
      _ cluster: Cluster, _ path: String, _ body: [String: Any], state: String? = nil
    ) async throws {
      try await eventually("the till's \(path)") { () -> Void? in
        let answer = try? await SandboxClient.send(
          "POST", "\(cluster.url("gateway"))/till/v1/\(path)", body,
          headers: ["Authorization": "Bearer \(Self.token)"])
        guard let answer, answer.status == 200 else { return nil }
        guard let state else { return () }
        return try answer.object()["state"] as? String == state ? () : nil
      }
    }
  }
}
