/// A call to a channel's API, as bytes.
public struct ChannelRequest: Sendable {
  public var method: String
  /// Whole, with the query, percent-encoded.
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(
    method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

public struct ChannelReply: Sendable {
  public var status: Int
  /// Names in lower case.
  public var headers: [String: String]
  public var body: [UInt8]

  public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The way out to channels: libcurl in production, a table of answers in a test.
public protocol ChannelHTTP: Sendable {
  /// - Throws: `ChannelError.unavailable` when no answer came; any status is an answer.
  func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply
}
