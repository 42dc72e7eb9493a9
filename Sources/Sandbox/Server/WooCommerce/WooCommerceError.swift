/// What WooCommerce answers when it refuses: a code, a message and the status once more.
struct WooCommerceError: Error, Equatable, Sendable {
  var status: Int
  var code: String
  var message: String

  init(_ status: Int, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  static func parameter(_ name: String) -> WooCommerceError {
    WooCommerceError(400, "rest_invalid_param", "Invalid parameter(s): \(name)")
  }

  static let route = WooCommerceError(
    404, "rest_no_route", "No route was found matching the URL and request method.")
  static let keys = WooCommerceError(
    401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
  static let order = WooCommerceError(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
  static let product = WooCommerceError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self = .keys
    case .orderUnknown: self = .order
    case .listingUnknown: self = .product
    case .lineUnknown(let id): self.init(400, "woocommerce_rest_invalid_item_id", "No item \(id).")
    case .returnUnknown:
      self.init(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
    case .soldOut, .stateWrong, .invalid:
      self.init(400, "woocommerce_rest_cannot_edit", "\(refusal)")
    }
  }

  /// As a batch has it in the place of an object.
  var json: JSONValue {
    [
      "code": .string(code), "message": .string(message),
      "data": ["status": .integer(Int64(status))],
    ]
  }
}
