/// Bounds of an HTTP/2 endpoint. Each is on from the first byte.
public struct TransportLimits: Sendable {
  /// The largest message that is taken, in bytes. Larger: RESOURCE_EXHAUSTED.
  public var messageBytes = 4 << 20
  /// The largest sum of header names and values of one request, in bytes. Larger: HTTP status 431.
  public var headerListBytes = 16 << 10
  /// Calls that one connection may have open.
  public var concurrentStreams = 1000
  /// Connections that a server keeps open; more are closed as they come.
  public var connections = 10_000
  /// How long a connection may take to say which protocol it speaks, in seconds.
  public var handshakeSeconds = 10
  /// How long a connection may be without a call and without a byte, in seconds.
  public var idleSeconds = 3600
  /// The same for HTTP/1.1, where a half-sent request looks idle too, in seconds.
  public var http1IdleSeconds = 75
  /// What a stream may send before it must wait, in bytes (SETTINGS_INITIAL_WINDOW_SIZE).
  public var streamWindowBytes = 256 << 10
  /// The same for all streams of a connection together.
  public var connectionWindowBytes = 4 << 20
  /// What a handler or caller may have unsent on a stream before its write suspends, in bytes.
  public var unsentBytes = 64 << 10
  /// What a connection may have read from nghttp2 and not written to its socket, in bytes.
  public var socketBufferBytes = 256 << 10

  /// What a plain HTTP request may still send after its answer before its stream is reset, in bytes: some clients
  /// lose an answer whose reset comes while they send (curl before 8).
  public var lingerBytes = 1 << 20
  /// The same as a time, in seconds.
  public var lingerSeconds = 5
  /// How often a client moves a call that the server has not looked at (GOAWAY, REFUSED_STREAM) before it fails.
  public var callMoves = 3

  public init() {}
}
