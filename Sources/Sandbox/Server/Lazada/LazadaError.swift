/// What Lazada answers when it refuses: a code, a type, a message, perhaps what each SKU has
/// against it.
struct LazadaError: Error, Equatable, Sendable {
  var type: String
  var code: String
  var message: String
  var detail: [JSONValue] = []

  static func seller(_ code: String, _ message: String, _ detail: [JSONValue] = []) -> LazadaError {
    LazadaError(type: "ISP", code: code, message: message, detail: detail)
  }

  static func app(_ code: String, _ message: String) -> LazadaError {
    LazadaError(type: "ISV", code: code, message: message)
  }

  static let limited = LazadaError.app(
    "ApiCallLimit", "The request has been limited, ban will last 1 seconds")
  static let system = LazadaError(type: "SYSTEM", code: "513", message: "E513: Internal error")
  static let token = LazadaError.app(
    "IllegalAccessToken", "The specified access token is invalid or expired")
  static let sign = LazadaError.app(
    "IncompleteSignature", "The request signature does not conform to platform standards")

  static func missing(_ name: String) -> LazadaError {
    .app("MissingParameter", "The input parameter \"\(name)\" that is mandatory is missing")
  }

  static func invalid(_ name: String) -> LazadaError {
    .app("InvalidParameter", "The input parameter \"\(name)\" is not valid")
  }

  init(type: String, code: String, message: String, detail: [JSONValue] = []) {
    self.type = type
    self.code = code
    self.message = message
    self.detail = detail
  }

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self = .token
    case .listingUnknown(let id): self = .seller("501", "E501: the item \(id) is not found")
    case .orderUnknown(let id): self = .seller("16", "E016: \"\(id)\" Invalid Order ID")
    case .lineUnknown(let id): self = .seller("17", "E017: \"\(id)\" Invalid Order Item ID")
    case .returnUnknown(let id): self = .seller("20", "E020: \"\(id)\" Invalid Reverse Order ID")
    case .soldOut: self = .seller("212", "E212: negative sellable")
    case .stateWrong(let text): self = .seller("23", "E023: the status does not allow it: \(text)")
    case .invalid(let text): self = .seller("501", "E501: \(text)")
    }
  }
}
