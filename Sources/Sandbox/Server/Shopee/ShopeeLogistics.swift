internal import Primitives
internal import StorageCore

/// Shopee's shipping: ask how, then ship with exactly one way; the tracking number comes by push 4.
enum ShopeeLogistics {
  private static let ways = ["pickup", "dropoff", "non_integrated"]

  static func parameter(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let name = call.query["order_sn"] ?? ""
    guard let order = try transaction.order(shop.key, name) else {
      throw MarketRefusal.orderUnknown(name)
    }
    guard order.state == .paid else {
      throw ShopeeError("logistics.error_status_limit", "The order is not ready to ship.")
    }
    return [
      "info_needed": [
        "dropoff": [], "pickup": ["address_id", "pickup_time_id"],
        "non_integrated": ["tracking_number"],
      ],
      "dropoff": ["branch_list": []],
      "pickup": [
        "address_list": [
          [
            "address_id": 234, "address_flag": ["default_address", "pickup_address"],
            "time_slot_list": [
              [
                "pickup_time_id": .string(String(order.createTime.seconds)),
                "date": order.createTime.unix,
              ]
            ],
          ]
        ]
      ],
    ]
  }

  static func ship(_ market: Market, _ shop: Shop, _ call: ShopeeCall) throws -> JSONValue {
    let name = try call.text("order_sn")
    let order = try market.order(shop.key, name)
    if let package = call.body["package_number"].text, !package.isEmpty {
      guard package == ShopeeWords.package(order) else {
        throw ShopeeError.parameter("The package is not of this order.")
      }
    }
    let given = ways.filter { call.body.has($0) }
    guard given.count == 1 else {
      throw ShopeeError.parameter("Exactly one of pickup, dropoff and non_integrated is needed.")
    }
    let way = call.body[given[0]]
    guard way.members != nil else {
      throw ShopeeError.parameter("\(given[0]) must be an object.")
    }
    var tracking = way["tracking_number"].text ?? ""
    if given[0] == "non_integrated", tracking.isEmpty {
      throw ShopeeError.parameter("tracking_number is required.")
    }
    guard order.state == .paid else {
      throw ShopeeError("logistics.ship_order_not_ready_to_ship", "The order is not ready to ship.")
    }
    if tracking.isEmpty { tracking = "SG\(10_000_000_000 + order.number)" }
    _ = try market.handOver(
      shop.key, name, units: [:], into: .ready, tracking: tracking, carrier: "Standard Express")
    return [:]
  }

  static func trackingNumber(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: ShopeeCall
  ) throws -> JSONValue {
    let name = call.query["order_sn"] ?? ""
    guard let order = try transaction.order(shop.key, name) else {
      throw MarketRefusal.orderUnknown(name)
    }
    return [
      "tracking_number": .string(order.trackingNumber), "plp_number": "", "hint": "",
      "first_mile_tracking_number": "", "last_mile_tracking_number": "",
    ]
  }
}
