import FulfilmentAPI
import GatewayAPI
import MappingAPI
import PoolAPI
import Primitives
import RPCCore
import ReturnsAPI
import Testing

extension SystemTests {
  /// The main job: what happens on one channel shows on all others.
  @Suite struct SaleTests {
    /// Goal: a sale on any channel lowers every other. Method: one sale on each, and a look at all after it.
    @Test(.timeLimit(.minutes(5))) func saleOnAnyChannelLowersEveryOther() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 50)
        var left: Int64 = 50
        var orders = [AcceptedOrder(Merchant.tillAccount, "sale-1", 3)]
        for shop in Shop.all {
          let order = try await cluster.sandbox.order(shop, item: Merchant.item(shop), quantity: 2)
          orders.append(AcceptedOrder(shop.accountID, try #require(order), 2))
          left -= 2
          try await merchant.waitUntilAllShow(left)
        }
        #expect(try await merchant.sellAtTill("sale-1", quantity: 3) == "accepted")
        left -= 3
        try await merchant.waitUntilAllShow(left)
        // What the till sends again changes nothing.
        #expect(try await merchant.sellAtTill("sale-1", quantity: 3) == "already_known")
        try await merchant.receive(10)
        try await merchant.waitUntilAllShow(left + 10)
        try await Proof.check(merchant, received: 60, orders: orders)
      }
    }

    /// Goal: units of a cancelled order sell again everywhere.
    @Test(.timeLimit(.minutes(5))) func cancellationRaisesEveryChannel() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 5)
        for shop in Shop.all {
          let placed = try await cluster.sandbox.order(shop, item: Merchant.item(shop), quantity: 4)
          let order = try #require(placed)
          try await merchant.waitUntilAllShow(1)
          try await cluster.sandbox.cancel(shop, order: order)
          try await merchant.waitUntilAllShow(5)
        }
        try await Proof.check(merchant, received: 5, orders: [])
      }
    }

    /// Goal: an order goes out and comes back, and its units sell again. Method: pick, pack, ship, return, restock.
    @Test(.timeLimit(.minutes(5))) func orderShipsAndComesBack() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 5)
        for shop in Shop.all {
          let placed = try await cluster.sandbox.order(shop, item: Merchant.item(shop), quantity: 2)
          let order = try #require(placed)
          try await merchant.waitUntilAllShow(3)
          let orderID = "\(shop.accountID)/\(order)"
          try await ship(orderID, cluster)
          try await eventually("the shipment of \(orderID) in the pool and on its channel") {
            let backlog = try await cluster.gateway.getBacklog(GetBacklogRequest())
            let balance = try await merchant.stock()
            return backlog.noticeCount == 0 && balance.committedCount == 0 ? () : nil
          }
          try await cluster.sandbox.sendBack(shop, order: order)
          try await restock(orderID, cluster)
          try await merchant.waitUntilAllShow(5)
        }
        let balance = try await merchant.stock()
        #expect(balance.shippedCount == Int64(2 * Shop.all.count))
        #expect(balance.returnedCount == Int64(2 * Shop.all.count))
        #expect(try await cluster.pool.verifyLedger(VerifyLedgerRequest()).proved)
      }
    }

    /// Goal: what maps to nothing holds nothing up, is told, and is deducted once it is mapped.
    @Test(.timeLimit(.minutes(5))) func unmappedListingIsDeductedWhenMapped() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 9)
        let shop = Shop.shopee
        let item = 1_000_900
        try await cluster.sandbox.list(shop, item: item, sku: "NOBODY-KNOWS", stock: 5)
        let order = try await cluster.sandbox.order(
          shop, items: [(item, 2), (Merchant.item(shop), 1)])
        _ = try #require(order)
        try await merchant.waitUntilAllShow(8)
        let alert = try await eventually("an alert of the listing") {
          try await cluster.gateway.listAlerts(ListAlertsRequest()).alerts
            .first { $0.kind == "UNMAPPED_LISTING" }
        }
        #expect(alert.accountID == shop.accountID)
        #expect(try await cluster.gateway.getBacklog(GetBacklogRequest()).quarantinedCount == 1)

        let listings = try await cluster.mapping.listListings(
          ListListingsRequest(accountID: shop.accountID, unmappedOnly: true))
        let listing = try #require(listings.listings.first { $0.itemID == "\(item)" })
        _ = try await cluster.mapping.linkListing(
          LinkListingRequest(
            listingID: listing.listingID, components: [Component(sku: Merchant.sku, quantity: 2)]))
        try await eventually("the two units of two deducted") {
          try await merchant.stock().committedCount == 5 ? () : nil
        }
        #expect(try await cluster.gateway.getBacklog(GetBacklogRequest()).quarantinedCount == 0)
      }
    }

    private func ship(_ orderID: String, _ cluster: Cluster) async throws {
      let orders = cluster.fulfilment
      _ = try await eventually("the order \(orderID)") {
        try? await orders.getOrder(GetOrderRequest(orderID: orderID))
      }
      _ = try await orders.pickOrder(PickOrderRequest(orderID: orderID))
      _ = try await orders.packOrder(PackOrderRequest(orderID: orderID))
      _ = try await orders.shipOrder(
        ShipOrderRequest(orderID: orderID, trackingNumber: "T-1", carrier: "post"))
    }

    private func restock(_ orderID: String, _ cluster: Cluster) async throws {
      let created = try await eventually("a return of \(orderID)") {
        let request = ListReturnsRequest(orderID: orderID)
        return try await cluster.returns.listReturns(request).returnOrders.first
      }
      _ = try await cluster.returns.receiveReturn(
        ReceiveReturnRequest(returnID: created.returnID, locationID: Merchant.location))
      let lines = created.lines.map { line in
        LineInspection(
          lineID: line.lineID,
          disposals: [Disposal(disposition: .restock, quantity: line.quantity)])
      }
      _ = try await cluster.returns.inspectReturn(
        InspectReturnRequest(returnID: created.returnID, lines: lines))
    }
  }
}
