internal import Primitives
internal import StorageCore

/// Lazada's shipping: pack lines into a package, then say that it is ready.
enum LazadaFulfilment {
  private static let orders = 20
  private static let packages = 20
  private static let providerCode = "FM50"

  static func providers(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    [
      "shipment_providers": [
        ["name": "Standard Delivery", "provider_code": .string(providerCode), "is_default": 1]
      ],
      "platform_default": [], "shipping_allocate_type": "TFS",
    ]
  }

  /// `packReq`: `{pack_order_list: [{order_id, order_item_list: […]}], delivery_type,
  /// shipping_allocate_type}`.
  static func pack(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    let request = try call.json("packReq")
    guard let list = request["pack_order_list"].array, (1...orders).contains(list.count) else {
      throw LazadaError.invalid("packReq.pack_order_list")
    }
    let results = try list.map { entry -> JSONValue in
      let name = entry["order_id"].text ?? ""
      let lines = entry["order_item_list"].array?.compactMap(\.text) ?? []
      let order = try market.order(shop.key, name)
      let good = lines.filter { line in
        order.lines.contains { $0.lineID == line && $0.state == .paid }
      }
      let package = "FP\(shop.key.shopID)\(order.number)"
      let tracking = "LZSG\(10_000_000 + order.number)"
      if !good.isEmpty {
        _ = try market.pack(
          shop.key, name, lines: good, package: package, tracking: tracking,
          carrier: request["shipment_provider_code"].text ?? "Standard Delivery")
      }
      return [
        "order_id": .id(name),
        "order_item_list": .array(
          lines.map { line in
            let isGood = good.contains(line)
            return [
              "order_item_id": .id(line), "item_err_code": isGood ? "0" : "23",
              "msg": isGood ? "success" : "E023: the status does not allow packing",
              "retry": false, "tracking_number": isGood ? .string(tracking) : "",
              "shipment_provider": "Standard Delivery",
              "package_id": isGood ? .string(package) : "",
            ]
          }),
      ]
    }
    return ["pack_order_list": .array(results)]
  }

  static func document(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: LazadaCall
  ) throws -> JSONValue {
    ["file": "", "pdf_url": "", "doc_type": "PDF"]
  }

  /// `readyToShipReq`: `{packages: [{package_id}]}`.
  static func ready(_ market: Market, _ shop: Shop, _ call: LazadaCall) throws -> JSONValue {
    let request = try call.json("readyToShipReq")
    guard let list = request["packages"].array, (1...packages).contains(list.count) else {
      throw LazadaError.invalid("readyToShipReq.packages")
    }
    let results = try list.map { entry -> JSONValue in
      let package = entry["package_id"].text ?? ""
      let problem = try ready(market, shop, package)
      return [
        "package_id": .string(package), "item_err_code": problem == nil ? "0" : "23",
        "msg": .string(problem ?? "success"), "retry": false,
      ]
    }
    return ["packages": .array(results)]
  }

  /// Why it is not done; nil when it is.
  private static func ready(_ market: Market, _ shop: Shop, _ package: String) throws -> String? {
    guard let name = try market.transaction.orderID(shop.key, package: package) else {
      return "E020: the package is not known"
    }
    let order = try market.order(shop.key, name)
    var units: [String: Int64] = [:]
    for line in order.lines where line.packageID == package && line.state == .packed {
      units[line.lineID] = line.openCount
    }
    guard !units.isEmpty else { return "E023: only packed packages can be made ready" }
    _ = try market.handOver(shop.key, name, units: units, into: .ready, tracking: nil)
    return nil
  }
}
