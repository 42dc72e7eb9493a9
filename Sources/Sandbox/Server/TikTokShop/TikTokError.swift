/// What TikTok Shop answers when it refuses: a number and a text, and mostly HTTP 200.
struct TikTokError: Error, Equatable, Sendable {
  var status = 200
  var code: Int64
  var message: String

  init(_ code: Int64, _ message: String, status: Int = 200) {
    self.code = code
    self.message = message
    self.status = status
  }

  static let path = TikTokError(36_009_009, "Invalid path. Check the path.", status: 404)
  static let limited = TikTokError(36_009_002, "Too many requests", status: 429)
  static let system = TikTokError(36_009_003, "Internal error. Please try again.", status: 500)
  static let token = TikTokError(
    105_002, "Expired credentials. The 'x-tts-access-token' header has expired.", status: 401)
  static let sign = TikTokError(106_001, "Invalid sign. Check the sign.", status: 401)
  static let cipher = TikTokError(106_013, "Invalid shop_cipher.", status: 400)
  static let time = TikTokError(36_009_004, "Invalid timestamp", status: 400)
  static let app = TikTokError(
    36_009_004, "Invalid credentials. Invalid 'app_key' query parameter.", status: 400)
  static let code = TikTokError(36_004_004, "Invalid auth code or refresh token", status: 200)

  /// What the gate says of a parameter.
  static func parameter(_ text: String) -> TikTokError {
    TikTokError(36_009_004, text, status: 400)
  }

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self = .cipher
    case .listingUnknown: self.init(12_052_032, "The product does not exist")
    case .orderUnknown: self.init(25_007_006, "Order not found.")
    case .lineUnknown: self.init(21_011_029, "order does not belong to fulfill unit")
    case .returnUnknown: self.init(25_007_006, "Order not found.")
    case .soldOut: self.init(12_052_393, "The stock is too low")
    case .stateWrong(let text): self.init(25_001_003, "Invalid order status: \(text)")
    case .invalid(let text): self.init(25_001_001, "An invalid parameter was passed: \(text)")
    }
  }
}
