/// What Shopee puts into `error` and `message`, with HTTP 200.
struct ShopeeError: Error, Equatable, Sendable {
  var code: String
  var message: String

  init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }

  static let sign = ShopeeError("error_sign", "Wrong sign.")
  static let token = ShopeeError("invalid_acceess_token", "Invalid access_token.")
  static let expired = ShopeeError("error_param", "Invalid timestamp: the timestamp is expired.")
  static let busy = ShopeeError("error_rate_limit", "Too many requests, please try again later.")
  static let system = ShopeeError("error_system_busy", "System is busy, please try again later.")

  static func parameter(_ text: String) -> ShopeeError { ShopeeError("error_param", text) }

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self = ShopeeError("error_auth", "The shop is not known.")
    case .listingUnknown(let id): self = ShopeeError("error_item_not_found", "No item \(id).")
    case .orderUnknown(let id):
      self = ShopeeError(
        "error_not_found", "Wrong parameters, detail: the order \(id) is not found.")
    case .lineUnknown(let id): self = .parameter("No line \(id).")
    case .returnUnknown(let id): self = ShopeeError("error_not_found", "No return \(id).")
    case .soldOut: self = .parameter("Not enough stock.")
    case .stateWrong(let text):
      self = ShopeeError("error_status", "The state does not allow it: \(text).")
    case .invalid(let text): self = .parameter(text)
    }
  }
}
