extension ChannelReply {
  private static let excerptBytes = 200

  public var isSuccess: Bool { (200..<300).contains(status) }

  /// What the channel asks to wait, when it says so in whole seconds (RFC 9110, section 10.2.3).
  public var retryAfter: Duration? {
    guard let text = headers["retry-after"], let seconds = Double(text), seconds >= 0,
      seconds <= 86_400
    else { return nil }
    return .milliseconds(Int64(seconds * 1000))
  }

  /// What a status means that is not a success and whose body says nothing more.
  public var statusError: ChannelError {
    let text = "HTTP \(status): \(excerpt)"
    return switch status {
    case 401: .tokenExpired(text)
    case 402, 423: .suspended(text)
    case 403: .unauthorised(text)
    case 404, 410: .notFound(text)
    case 429: .rateLimited(after: retryAfter)
    case 408, 425, 500...: .unavailable(text)
    case 200..<300: .malformed(text)
    default: .refused(text)
    }
  }

  /// The beginning of the body, for a log: one line, no control characters.
  public var excerpt: String {
    let text = String(decoding: body.prefix(Self.excerptBytes), as: UTF8.self)
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }
}
