internal import ChannelAdapter

/// One entry of the `errors` that Square answers with.
struct SquareError: Decodable, Equatable {
  var code: String?
  var detail: String?
  /// What of the request is meant: `changes[3].physical_count.quantity`.
  var field: String?

  var text: String { [code, detail].compactMap { $0 }.joined(separator: ": ") }

  /// The first number in the field's path: which entry of the array is meant.
  var index: Int? {
    guard let field, let open = field.firstIndex(of: "["),
      let close = field[open...].firstIndex(of: "]")
    else { return nil }
    return Int(field[field.index(after: open)..<close])
  }
}

struct SquareErrors: Decodable {
  var errors: [SquareError]?
}

/// What Square refused a call with: its errors, and the status where it gave none.
struct SquareFailure: Error {
  var errors: [SquareError]
  var reply: ChannelReply
  /// Whether a token that is over can be refreshed.
  var isRefreshable: Bool

  var isVersionMismatch: Bool { errors.contains { $0.code == "VERSION_MISMATCH" } }

  var channelError: ChannelError {
    guard let first = errors.first else {
      let error = reply.statusError
      if case .tokenExpired(let text) = error, !isRefreshable { return .unauthorised(text) }
      return error
    }
    let text = first.text
    switch first.code {
    case "ACCESS_TOKEN_EXPIRED", "UNAUTHORIZED":
      // Square calls a token UNAUTHORIZED that it does not know, be it wrong or long over.
      return isRefreshable ? .tokenExpired(text) : .unauthorised(text)
    case "ACCESS_TOKEN_REVOKED", "CLIENT_DISABLED": return .suspended(text)
    case "FORBIDDEN", "INSUFFICIENT_SCOPES",
      "INSUFFICIENT_PERMISSIONS":
      return .unauthorised(text)
    case "RATE_LIMITED": return .rateLimited(after: reply.retryAfter)
    case "NOT_FOUND": return .notFound(text)
    case "INTERNAL_SERVER_ERROR", "BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT",
      "REQUEST_TIMEOUT", "TEMPORARY_ERROR", "VERSION_MISMATCH", "CONFLICT":
      return .unavailable(text)
    default:
      return reply.status >= 500 ? .unavailable(text) : .refused(text)
    }
  }
}
