/// A whole HTTP request as a route sees it; which version of HTTP brought it makes no difference.
public struct HTTPRequest: Sendable {
  /// In upper case: `POST`.
  public var method: String
  /// The path as it was sent, percent-encoded, without the query.
  public var path: String
  /// What stands behind `?`, percent-encoded; empty when there is none.
  public var query: String
  /// In the order in which they came; names in lower case.
  public var headers: [(name: String, value: String)]
  /// The raw bytes, as signatures want them.
  public var body: [UInt8]
  /// Who sent it: `address:port`.
  public var peer: String
  /// The names in the certificate that the sender has shown: URIs, then DNS names. Empty without one.
  public var identity: [String]
  /// What a route that ends in `/*` matched behind its stem; empty for other routes.
  public var pathSuffix = ""

  public init(
    method: String, path: String, query: String = "",
    headers: [(name: String, value: String)] = [], body: [UInt8] = [], peer: String = "",
    identity: [String] = []
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.peer = peer
    self.identity = identity
  }

  /// The first value of a header; its name in any case.
  public func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name == wanted }?.value
  }

  /// The first value of a query parameter, decoded (`application/x-www-form-urlencoded`).
  public func queryValue(_ name: String) -> String? {
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard PercentCodec.decodeForm(parts[0]) == name else { continue }
      return parts.count > 1 ? PercentCodec.decodeForm(parts[1]) : ""
    }
    return nil
  }
}

/// An HTTP answer.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]
  /// What follows while it is made, in place of `body`.
  public var stream: HTTPBodyStream?

  public init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    stream: HTTPBodyStream? = nil
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.stream = stream
  }

  public static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("content-type", "application/json")], body: body)
  }

  public static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: [("content-type", "text/plain; charset=utf-8")],
      body: Array(text.utf8))
  }
}

/// A path of a server that is not an RPC: a webhook, `/metrics`, `/healthz`.
public struct HTTPRoute: Sendable {
  /// In upper case; `*` for any.
  public var method: String
  /// From `/`; one that ends in `/*` matches every path below its stem.
  public var path: String
  /// A larger body is answered 413 without being read to its end.
  public var maximumBodyBytes: Int
  public var handle: @Sendable (HTTPRequest) async -> HTTPResponse

  public init(
    _ method: String, _ path: String, maximumBodyBytes: Int = 1 << 20,
    handle: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
  ) {
    self.method = method
    self.path = path
    self.maximumBodyBytes = maximumBodyBytes
    self.handle = handle
  }
}
