internal import RPCCore

/// What Loyverse answers when it refuses: a status and an entry of `errors`.
struct LoyverseError: Error, Equatable, Sendable {
  var status: Int
  var code: String
  var details: String
  var field: String?

  init(_ status: Int, _ code: String, _ details: String, field: String? = nil) {
    self.status = status
    self.code = code
    self.details = details
    self.field = field
  }

  static func invalid(_ details: String, field: String) -> LoyverseError {
    LoyverseError(400, "INVALID_VALUE", details, field: field)
  }

  static let unauthorised = LoyverseError(401, "UNAUTHORIZED", "The token is not valid.")
  static let limited = LoyverseError(429, "RATE_LIMITED", "There are too many requests.")
  static let system = LoyverseError(500, "INTERNAL_SERVER_ERROR", "Something went wrong.")

  static func unknown(_ id: String) -> LoyverseError {
    LoyverseError(404, "NOT_FOUND", "\(id) was not found.")
  }

  var response: HTTPResponse {
    var entry: JSONValue = ["code": .string(code), "details": .string(details)]
    if let field { entry = entry.adding("field", .string(field)) }
    return .json(status, (["errors": [entry]] as JSONValue).bytes)
  }
}
