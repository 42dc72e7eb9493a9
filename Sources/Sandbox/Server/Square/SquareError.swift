internal import RPCCore

/// What Square answers when it refuses: a status, and one entry of `errors` or several.
struct SquareError: Error, Equatable, Sendable {
  struct Entry: Equatable, Sendable {
    var category: String
    var code: String
    var detail: String
    var field: String?

    var json: JSONValue {
      let json: JSONValue = [
        "category": .string(category), "code": .string(code), "detail": .string(detail),
      ]
      return field.map { json.adding("field", .string($0)) } ?? json
    }
  }

  var status: Int
  var entries: [Entry]

  init(_ status: Int, _ category: String, _ code: String, _ detail: String, field: String? = nil) {
    self.status = status
    entries = [Entry(category: category, code: code, detail: detail, field: field)]
  }

  /// Several things that are wrong with one request.
  init(_ entries: [Entry]) {
    status = 400
    self.entries = entries
  }

  static func invalid(_ code: String, _ detail: String, field: String) -> SquareError {
    SquareError(400, "INVALID_REQUEST_ERROR", code, detail, field: field)
  }

  static func unknown(_ detail: String) -> SquareError {
    SquareError(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", detail)
  }

  static let limited = SquareError(
    429, "RATE_LIMIT_ERROR", "RATE_LIMITED", "Too many requests were made. Try again later.")
  static let system = SquareError(
    500, "API_ERROR", "INTERNAL_SERVER_ERROR", "An internal error has occurred.")

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self = .unknown("There is no such location.")
    case .listingUnknown(let id), .orderUnknown(let id), .lineUnknown(let id),
      .returnUnknown(let id):
      self = .unknown("`\(id)` was not found.")
    case .soldOut:
      self = SquareError(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "There is not enough stock.")
    case .stateWrong(let text), .invalid(let text):
      self = SquareError(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", text)
    }
  }

  var response: HTTPResponse {
    .json(status, (["errors": .array(entries.map(\.json))] as JSONValue).bytes)
  }
}
