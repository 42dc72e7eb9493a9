import Foundation
import FulfilmentAPI
import GatewayAPI
import PoolAPI
import Primitives
import Testing

extension SystemTests {
  /// Click and collect, as the people at the counter have it.
  @Suite struct PickupTests {
    private static let shop = Shop.shopify

    /// Goal: a web shop's order for pickup is taken from the store, put at its counter and collected, and the web shop knows.
    @Test(.timeLimit(.minutes(5))) func customerCollectsWhatTheWebShopSold() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 5)
        let (external, orderID) = try await Self.buy(2, merchant)
        let committed = try await cluster.pool.getStock(GetStockRequest(sku: Merchant.sku))
        #expect(
          committed.balances.filter { $0.committedCount != 0 }.map(\.locationID) == ["STORE-KL"])
        #expect(try await Self.onepool(["ready", orderID, "--hours", "48"], cluster) == "ready")
        try await Self.wait(for: "packed", of: external, cluster)
        #expect(try await Self.onepool(["collect", orderID], cluster) == "shipped")
        let balance = try await merchant.stock()
        #expect(balance.shippedCount == 2 && balance.committedCount == 0)
        try await Self.wait(for: "shipped", of: external, cluster)
        try await merchant.waitUntilAllShow(5)
      }
    }

    /// Goal: what nobody came for sells again, and the web shop's order is cancelled.
    @Test(.timeLimit(.minutes(5))) func whatNobodyCollectsSellsAgain() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 5)
        let (external, orderID) = try await Self.buy(2, merchant)
        _ = try await cluster.fulfilment.pickOrder(PickOrderRequest(orderID: orderID))
        _ = try await cluster.fulfilment.readyOrder(
          ReadyOrderRequest(orderID: orderID, expireTime: SystemClock().now() + .seconds(2)))
        try await merchant.waitUntilAllShow(7)
        try await Self.wait(for: "cancelled", of: external, cluster)
        let order = try await cluster.fulfilment.getOrder(GetOrderRequest(orderID: orderID)).order
        #expect(order?.pickup?.expired == true)
        #expect(try await merchant.stock().committedCount == 0)
      }
    }

    /// A buyer orders what is to be collected in the store that the web shop calls by its own number.
    private static func buy(
      _ quantity: Int, _ merchant: Merchant
    ) async throws -> (external: String, orderID: String) {
      let cluster = merchant.cluster
      _ = try await cluster.pool.setLocation(
        SetLocationRequest(location: Location(locationID: "STORE-KL", rank: 2, kind: .store)))
      let line = StockLine(sku: Merchant.sku, locationID: "STORE-KL", quantity: Int64(quantity))
      _ = try await cluster.pool.receiveStock(ReceiveStockRequest(lines: [line]))
      try await merchant.waitUntilAllShow(5 + Int64(quantity))
      let place = try #require(shop.credentials["location_id"])
      _ = try await cluster.gateway.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: shop.accountID, channelID: shop.channel, externalID: shop.externalID,
            credentials: ["pickup_location:\(place)": "STORE-KL"])))
      let placed = try await cluster.sandbox.order(
        shop, items: [(Merchant.item(shop), quantity)], isPickup: true)
      let external = try #require(placed)
      let orderID = "\(shop.accountID)/\(external)"
      let order = try await eventually("the order \(orderID)") {
        try? await cluster.fulfilment.getOrder(GetOrderRequest(orderID: orderID)).order
      }
      #expect(order.pickup?.locationID == "STORE-KL")
      try await merchant.waitUntilAllShow(5)
      return (external, orderID)
    }

    /// What `onepool` says of the order.
    private static func onepool(_ words: [String], _ cluster: Cluster) async throws -> String {
      let log = cluster.folder.url.appending(path: "onepool-\(UUID()).log")
      let program = try ServiceProcess(
        Programs.url("onepool"), arguments: words, environment: cluster.environment("onepool"),
        log: log)
      #expect(try await program.status() == 0, "\(program.log)")
      // `ORDER: ready, until …`
      let words = program.lines.last?.split(separator: " ") ?? []
      return words.count > 1 ? words[1].filter { $0 != "," } : ""
    }

    private static func wait(
      for state: String, of order: String, _ cluster: Cluster
    ) async throws {
      let url = "\(cluster.sandbox.base)/control/orders?channel=\(shop.channel)&order_id=\(order)"
      try await eventually("order \(order) \(state) at the web shop") { () async throws -> Void? in
        let answer = try await SandboxClient.send("GET", url).object()
        let orders = answer["orders"] as? [[String: Any]]
        return orders?.first?["state"] as? String == state ? () : nil
      }
    }
  }
}
