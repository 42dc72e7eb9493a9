/// A call to somebody else's server.
public struct HTTPCall: Sendable {
  public var method: String
  /// Whole, with the query, percent-encoded; its scheme is `http` or `https`.
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]
  /// From its beginning to the answer's last byte.
  public var timeout: Duration

  public init(
    method: String, url: String, headers: [(name: String, value: String)] = [],
    body: [UInt8] = [], timeout: Duration
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
  }
}

/// Any status is an answer, a redirect too.
public struct HTTPAnswer: Sendable {
  public var status: Int
  /// Names in lower case; the values of one name are joined by ", ".
  public var headers: [String: String]
  public var body: [UInt8]

  public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Why there is no answer.
public enum HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// The address is no URL, or its scheme is another, or a header has a line's end in it. Nothing was sent.
  case malformed(String)
  /// It was sent perhaps, and no whole answer came; the text is libcurl's.
  case noAnswer(String)
  /// The answer has more than so many bytes.
  case tooLarge(Int)
  /// The caller does not wait any more.
  case cancelled

  public var description: String {
    switch self {
    case .malformed(let reason): reason
    case .noAnswer(let reason): "no answer: \(reason)"
    case .tooLarge(let bytes): "the answer is larger than \(bytes) bytes"
    case .cancelled: "the call was cancelled"
    }
  }
}

/// What a client bears.
public struct HTTPClientLimits: Sendable {
  /// Connections to one host, and in all; further calls wait for their turn.
  public var connectionsOfHost = 64
  public var connections = 256
  /// An answer's body, in bytes, after it was unpacked.
  public var answerBytes = 16 << 20
  /// Whether of a longer answer the beginning is one, too; otherwise it is `HTTPFailure.tooLarge`.
  public var cutsLongAnswers = false
  /// An answer's head, in bytes.
  public var headBytes = 64 << 10
  /// How long a connection may take to stand.
  public var connecting = Duration.seconds(5)

  public init() {}
}
