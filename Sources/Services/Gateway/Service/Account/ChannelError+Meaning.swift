internal import ChannelAdapter

extension ChannelError {
  /// In words, for logs, alerts and lists. Adapters put no secret in it.
  var text: String {
    switch self {
    case .unavailable(let text): "unavailable: \(text)"
    case .rateLimited: "too many calls"
    case .tokenExpired(let text): "token expired: \(text)"
    case .unauthorised(let text): "credentials refused: \(text)"
    case .suspended(let text): "shop closed to us: \(text)"
    case .notFound(let text): "not found: \(text)"
    case .refused(let text): "refused: \(text)"
    case .malformed(let text): "answer not understood: \(text)"
    }
  }

  /// Whether the same call may work later without anybody doing anything about it.
  var isPassing: Bool {
    switch self {
    case .unavailable, .rateLimited, .tokenExpired, .malformed: true
    case .unauthorised, .suspended, .notFound, .refused: false
    }
  }

  /// Whether the channel is there and said something, be it a refusal.
  var isAnswer: Bool {
    switch self {
    case .unavailable: false
    case .rateLimited, .tokenExpired, .unauthorised, .suspended, .notFound, .refused, .malformed:
      true
    }
  }

  /// For metrics.
  var label: String {
    switch self {
    case .unavailable: "unavailable"
    case .rateLimited: "rate_limited"
    case .tokenExpired: "token_expired"
    case .unauthorised: "unauthorised"
    case .suspended: "suspended"
    case .notFound: "not_found"
    case .refused: "refused"
    case .malformed: "malformed"
    }
  }
}
