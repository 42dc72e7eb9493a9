internal import Foundation
internal import GatewayAPI
internal import PoolAPI
internal import Primitives
internal import ReturnsAPI

/// A day in the shop, one step after another: what each channel shows after each.
struct Scenes: Sendable {
  private static let sku = "TEE-BLK-M"

  let world: DemoWorld
  let isQuiet: Bool

  func play() async throws {
    say(
      "\nOne SKU, \(Self.sku), \(DemoData.channels.count) channels. After each step: what every channel shows, and how long the push took."
    )
    try await show("as it stands")
    let shopee = try await sell("shopee", 2)
    try await show("2 sold on Shopee")
    let lazada = try await sell("lazada", 1)
    try await show("1 sold on Lazada")
    _ = try await sell("shopify", 3)
    try await show("3 sold in the web shop")
    guard try await world.till.sell(Self.sku, 1, id: UUID().uuidString) else {
      throw Failure("the till found nothing to sell")
    }
    try await show("1 sold at the till, which asked first")
    try await world.sandbox.cancel("lazada", order: lazada)
    try await show("the Lazada order is cancelled")
    _ = try await world.peers.pool.receiveStock(
      ReceiveStockRequest(
        lines: [StockLine(sku: Self.sku, locationID: DemoData.warehouse, quantity: 25)],
        cause: "PO-1001", actor: "demo", requestID: UUID().uuidString))
    try await show("25 delivered")
    try await sendBack(shopee)
    try await show("the Shopee order came back, fit for sale")
    try await promote()
  }

  /// A promotion that starts, sells and ends by the clock.
  private func promote() async throws {
    let id = "demo-\(UUID().uuidString.prefix(8))"
    let now = SystemClock().now()
    let request = SetPromotionRequest(
      promotion: Promotion(
        promotionID: id, displayName: "Demo", channelIDs: ["shopee"], strategy: .restrict,
        startTime: now + .seconds(1), endTime: now + .seconds(6),
        lines: [PromotionLine(sku: Self.sku, allottedCount: 15)]), requestID: UUID().uuidString)
    _ = try await world.peers.promotions.setPromotion(request)
    let trial = try await world.peers.promotions.simulatePromotion(
      SimulatePromotionRequest(promotionID: id, fromTime: now - .seconds(3600), toTime: now))
    if let outcome = trial.outcomes.first {
      say(
        "\nA promotion keeps 15 for Shopee alone. The last hour's \(trial.orderLineCount) order lines "
          + "against it: \(outcome.leftCount) left over, \(outcome.lostElsewhereCount) lost elsewhere."
      )
    }
    _ = try await world.peers.promotions.schedulePromotion(
      SchedulePromotionRequest(promotionID: id, requestID: UUID().uuidString))
    try await show("the promotion is scheduled and keeps nothing yet")
    try await until("the promotion has started") { try await state(of: id) == .active }
    try await show("it has started by the clock")
    _ = try await sell("shopee", 4)
    try await show("4 of its 15 sold on Shopee")
    _ = try await sell("lazada", 1)
    try await show("1 sold on Lazada, out of what is left for the others")
    try await until("the promotion has ended") { try await state(of: id) == .ended }
    try await show("it has ended by the clock, and the rest went back")
  }

  private func state(of id: String) async throws -> Promotion.State? {
    try await world.peers.promotions.getPromotion(GetPromotionRequest(promotionID: id))
      .promotion?.state
  }

  private func sell(_ channel: String, _ quantity: Int64) async throws -> String {
    guard let listing = try await world.shown(Self.sku).first(where: { $0.channel == channel }),
      let order = try await world.sandbox.order(listing, quantity: quantity)
    else { throw Failure("\(channel) has nothing to sell") }
    return order
  }

  /// Ships an order, lets the buyer return it, and puts the goods back on the shelf.
  private func sendBack(_ order: String) async throws {
    guard try await world.settle(Self.sku, seconds: 10) else {
      throw Failure("the channels did not come level")
    }
    let orderID = "shopee-sg/\(order)"
    _ = try await OrderCommands.shipWhole(world.peers, orderID, tracking: "SG-\(order)")
    var external: String?
    try await until("Shopee knows that the order was shipped") {
      external = try await world.sandbox.returnOrder("shopee", order: order)
      return external != nil
    }
    let returnID = "shopee-sg/\(external ?? "")"
    try await until("the return is known") {
      let list = try await world.peers.returns.listReturns(
        ListReturnsRequest(accountID: "shopee-sg", pageSize: 1000))
      return list.returnOrders.contains { $0.returnID == returnID }
    }
    _ = try await world.peers.returns.receiveReturn(
      ReceiveReturnRequest(
        returnID: returnID, locationID: DemoData.warehouse, actor: "demo"))
    try await OrderCommands.restockWhole(world.peers, returnID)
  }

  private func until(_ what: String, _ holds: () async throws -> Bool) async throws {
    let deadline = Date(timeIntervalSinceNow: 10)
    while Date() < deadline {
      if try await holds() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw Failure("not so after 10 s: \(what)")
  }

  /// Waits until every channel shows its number, then prints the table.
  private func show(_ step: String) async throws {
    let isLevel = try await world.settle(Self.sku, seconds: 10)
    let pushes = try await world.peers.gateway.listListingPushes(
      ListListingPushesRequest(pageSize: 1000)
    ).pushes
    let wanted = try await world.availability(Self.sku)
    let shown = try await world.shown(Self.sku)
    say("\n\(step)")
    guard !isQuiet else {
      if !isLevel { throw Failure("the channels did not come level after: \(step)") }
      return
    }
    let rows = zip(DemoData.channels, DemoData.accounts).map { channel, account -> [String] in
      let listing = shown.first { $0.channel == channel }
      let push = pushes.first { push in
        push.accountID == account
          && listing.map { shown in
            [shown.itemID, shown.variationID].contains { push.listingID.contains($0) }
          } ?? false
      }
      return [
        channel, "\(listing?.count ?? wanted[channel] ?? -1)", "\(wanted[channel] ?? -1)",
        push?.lag.map(\.milliseconds) ?? "asks",
      ]
    }
    Output.table(["channel", "shows", "may show", "push took"], rows)
    if !isLevel { throw Failure("the channels did not come level after: \(step)") }
  }

  private func say(_ text: String) {
    if !isQuiet { Output.line(text) }
  }
}
