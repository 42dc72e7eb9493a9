internal import Primitives
internal import StorageCore

/// TikTok Shop's shipping: a package by TikTok's courier, or units by the seller's own.
enum TikTokFulfilment {
  static let provider = "7117858858072016686"
  private static let shipped = TikTokError(
    21_008_099, "Package has been shipped. Please not ship the package again.")

  /// The order whose package a call names.
  private static func order(_ transaction: any ReadTransaction, _ shop: Shop, _ id: String) throws
    -> BuyerOrder
  {
    let found = try transaction.first(
      "SELECT order_id FROM buyer_order WHERE channel = ? AND shop_id = ? AND number = ?",
      shop.key.values + [.integer((Int64(id) ?? 0) - 1_152_000_000_000_000_000)]
    ) { $0.text(0) }
    guard let found, let order = try transaction.order(shop.key, found) else {
      throw TikTokError(21_011_028, "The package does not belong to the current shop.")
    }
    return order
  }

  static func slots(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    let order = try order(transaction, shop, call.id)
    let start = order.createTime + .seconds(3_600)
    return [
      "can_pickup": true, "can_drop_off": false, "can_van_collection": false,
      "drop_off_point_url": "",
      "pickup_slots": [
        ["start_time": order.createTime.unix, "end_time": start.unix, "avaliable": false],
        ["start_time": start.unix, "end_time": (start + .seconds(3_600)).unix, "avaliable": true],
      ],
    ]
  }

  static func ship(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    let order = try order(market.transaction, shop, call.id)
    let own = call.body["self_shipment"]
    let tracking: String
    if TikTokWords.isShippedBySeller(shop) {
      tracking = try checked(own)
    } else {
      guard own.isNull else {
        throw TikTokError(21_001_001, "Invalid parameters: TikTok ships the package.")
      }
      guard ["PICKUP", "DROP_OFF"].contains(call.body["handover_method"].string ?? "PICKUP") else {
        throw TikTokError(21_001_001, "Invalid parameters: handover_method.")
      }
      tracking = "JX\(10_000_000_000 + order.number)"
    }
    try check(order)
    guard order.lines.contains(where: { $0.state == .paid }) else { throw shipped }
    _ = try market.handOver(
      shop.key, order.orderID, units: [:], into: .ready, tracking: tracking, carrier: "J&T Express")
    return [:]
  }

  static func markShipped(_ market: Market, _ shop: Shop, _ call: TikTokCall) throws -> JSONValue {
    guard TikTokWords.isShippedBySeller(shop) else {
      throw TikTokError(
        21_011_004, "This API cannot be used for packages that are not shipped by sellers.")
    }
    let order = try market.order(shop.key, call.id)
    let tracking = try checked(call.body)
    try check(order)
    let names = try call.list("order_line_item_ids", atMost: SandboxLimits.lines)
    for name in names where !order.lines.contains(where: { $0.lineID == name }) {
      throw MarketRefusal.lineUnknown(name)
    }
    let chosen = order.lines.filter { names.isEmpty || names.contains($0.lineID) }
    guard chosen.allSatisfy({ $0.state == .paid }) else { throw shipped }
    _ = try market.handOver(
      shop.key, order.orderID,
      units: Dictionary(uniqueKeysWithValues: chosen.map { ($0.lineID, 1) }), into: .ready,
      tracking: tracking, carrier: "Ninja Van")
    return [
      "order_id": .string(order.orderID),
      "order_line_item_ids": .array(chosen.map { .string($0.lineID) }),
      "package_id": .string(TikTokWords.package(order)),
    ]
  }

  private static func check(_ order: BuyerOrder) throws {
    switch order.state {
    case .unpaid: throw TikTokError(21_011_003, "fulfill_unit action not allowed")
    case .cancelled:
      throw TikTokError(21_011_041, "Cannot complete the operation when order is cancelled.")
    case .paid, .packed, .ready, .shipped, .delivered, .returned: break
    }
  }

  private static func checked(_ shipment: JSONValue) throws -> String {
    guard let tracking = shipment["tracking_number"].string, !tracking.isEmpty,
      shipment["shipping_provider_id"].string == provider
    else { throw TikTokError(21_011_022, "Invalid tracking number or provider ID.") }
    return tracking
  }

  static func providers(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: TikTokCall
  ) throws -> JSONValue {
    guard TikTokWords.isShippedBySeller(shop) else {
      throw TikTokError(21_008_117, "The delivery is fulfilled by TikTok.")
    }
    return ["shipping_providers": [["id": .string(provider), "name": "Ninja Van"]]]
  }
}
