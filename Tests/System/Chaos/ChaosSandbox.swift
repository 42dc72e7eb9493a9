import Foundation

/// An order as its platform has it.
struct ChaosOrder: Sendable {
  struct Line: Sendable {
    var lineID: String
    var code: String
    var quantity: Int64
    var cancelled: Int64
    var shipped: Int64
  }

  var channel: String
  var orderID: String
  var state: String
  var lines: [Line]

  init(_ object: [String: Any]) {
    func number(_ value: Any?) -> Int64 { (value as? NSNumber)?.int64Value ?? 0 }
    channel = object["channel"] as? String ?? ""
    orderID = object["order_id"] as? String ?? ""
    state = object["state"] as? String ?? ""
    lines = (object["lines"] as? [[String: Any]] ?? []).map { line in
      Line(
        lineID: line["line_id"] as? String ?? "", code: line["sku"] as? String ?? "",
        quantity: number(line["quantity"]), cancelled: number(line["cancelled"]),
        shipped: number(line["shipped"]))
    }
  }

  var accountID: String {
    Shop.everyChannel.first { $0.channel == channel }?.accountID ?? channel
  }

  /// Ours, of the pool and fulfilment.
  var name: String { "\(accountID)/\(orderID)" }

  /// Units of SKUs that were sold and not cancelled.
  var open: [String: Int64] {
    var units: [String: Int64] = [:]
    for line in lines {
      for (sku, count) in ChaosGoods.takes(line.code) {
        units[sku, default: 0] += count * (line.quantity - line.cancelled)
      }
    }
    return units.filter { $0.value != 0 }
  }

  var hasLeft: Bool {
    lines.contains { $0.shipped > 0 }
      && lines.allSatisfy { $0.shipped + $0.cancelled >= $0.quantity }
  }
}

/// What buyers and platforms do in a chaos run.
extension SandboxClient {
  private static func body(_ shop: Shop, _ more: [String: Any]) -> [String: Any] {
    more.merging(["channel": shop.channel, "shop": shop.externalID]) { mine, _ in mine }
  }

  /// Returns nil when the platform does not do it: sold out, closed, or not in this state.
  private func ask(
    _ path: String, _ shop: Shop, _ more: [String: Any]
  ) async throws -> [String: Any]? {
    let answer = try await Self.send("POST", "\(base)/control/\(path)", Self.body(shop, more))
    switch answer.status {
    case 200: return try answer.object()
    case 409, 503: return nil
    default: throw Unexpected(description: "/control/\(path): \(answer.status) \(answer.text)")
    }
  }

  func place(
    _ shop: Shop, _ wishes: [(offer: Int, quantity: Int)], overTheCounter: Bool
  ) async throws -> ChaosOrder? {
    var body: [String: Any] = ["lines": Self.lines(shop, wishes)]
    if overTheCounter { body["counter"] = true }
    return try await ask("orders", shop, body).map(ChaosOrder.init)
  }

  private static func lines(
    _ shop: Shop, _ wishes: [(offer: Int, quantity: Int)]
  ) -> [[String: Any]] {
    wishes.map { wish in
      let item = ChaosGoods.item(shop, wish.offer)
      return [
        "item_id": "\(item)", "variation_id": "\(item + 500_000)", "quantity": wish.quantity,
      ]
    }
  }

  func addTo(_ order: ChaosOrder, _ shop: Shop, offer: Int) async throws {
    _ = try await ask(
      "edits", shop, ["order_id": order.orderID, "lines": Self.lines(shop, [(offer, 1)])])
  }

  /// - Parameter line: the one of which a unit is cancelled; all of the order without.
  func cancel(_ order: ChaosOrder, _ shop: Shop, line: ChaosOrder.Line?) async throws {
    var body: [String: Any] = ["order_id": order.orderID]
    if let line { body["lines"] = [["line_id": line.lineID, "quantity": 1]] }
    _ = try await ask("cancellations", shop, body)
  }

  /// The buyer sends all of it back, or brings it back to the counter; false while the platform does not let them.
  func bringBack(_ order: ChaosOrder, _ shop: Shop) async throws -> Bool {
    let path = shop.restocksByRefund ? "refunds" : "returns"
    return try await ask(path, shop, ["order_id": order.orderID, "restock_type": "return"]) != nil
  }

  func setFaults(_ channel: String, _ faults: [String: Any]) async throws {
    try await command("faults", faults.merging(["channel": channel]) { mine, _ in mine })
  }

  func setWebhooks(_ shop: Shop, enabled: Bool) async throws {
    try await command("webhooks", Self.body(shop, ["enabled": enabled]))
  }

  /// What a platform's own page does to a listing: a number, or units for a promotion.
  func change(_ shop: Shop, offer: Int, _ more: [String: Any]) async throws {
    let item = ChaosGoods.item(shop, offer)
    let names: [String: Any] = ["item_id": "\(item)", "variation_id": "\(item + 500_000)"]
    let body = Self.body(shop, names.merging(more) { mine, _ in mine })
    let answer = try await Self.send("POST", "\(base)/control/listings", body)
    // A promotion of more than is shown is refused.
    guard [200, 400].contains(answer.status) else {
      throw Unexpected(description: "/control/listings: \(answer.status) \(answer.text)")
    }
  }

  func orders(_ channel: String = "", id: String = "") async throws -> [ChaosOrder] {
    var query = "limit=100000"
    if !channel.isEmpty { query += "&channel=\(channel)" }
    if !id.isEmpty {
      let text = id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? id
      query += "&order_id=\(text)"
    }
    let answer = try await Self.send("GET", "\(base)/control/orders?\(query)")
    return (try answer.object()["orders"] as? [[String: Any]] ?? []).map(ChaosOrder.init)
  }

  /// Events that are still to be sent.
  func waitingDeliveries() async throws -> Int {
    let answer = try await Self.send("GET", "\(base)/control/deliveries?limit=1")
    let counts = try answer.object()["counts"] as? [String: Any]
    return (counts?["waiting"] as? NSNumber)?.intValue ?? 0
  }
}
