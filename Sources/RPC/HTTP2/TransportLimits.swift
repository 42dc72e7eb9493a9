internal import RPCCore
internal import RPCHTTP1

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

  // MARK: - What a peer may do to a server

  /// The interval of the budgets below, in seconds. A peer that overdraws one is sent ENHANCE_YOUR_CALM.
  public var floodIntervalSeconds = 10
  /// RST_STREAM, by the peer or in answer to its mistakes. An answered call gives one back.
  public var resets = 1000
  /// PING.
  public var pings = 1000
  /// PINGs closer together than this, in seconds, are strikes; grpc-go's clients ping every 10 seconds at most.
  public var pingIntervalSeconds = 10
  /// Strikes that are borne until something is sent to the peer. gRPC's servers bear 2; Go's HTTP client sends a PING
  /// with each cancelled request.
  public var pingStrikes = 10
  /// SETTINGS.
  public var settingsFrames = 100
  /// DATA without data that does not end its stream.
  public var emptyDataFrames = 100
  /// WINDOW_UPDATE beyond `windowUpdatesPerData`.
  public var windowUpdates = 1000
  /// WINDOW_UPDATEs that each DATA or HEADERS frame sent to the peer allows.
  public var windowUpdatesPerData = 10
  /// PRIORITY and PRIORITY_UPDATE.
  public var priorityFrames = 200
  /// Streams opened beyond `concurrentStreams`.
  public var refusedStreams = 1000
  /// Frames of any other kind, and those that acknowledge nothing.
  public var otherFrames = 10_000
  /// CONTINUATION frames of one header block.
  public var continuationFrames = 16
  /// How long a header block may take to come, in seconds.
  public var headerSeconds = 10
  /// How long a request's message or body may take to come, in seconds, ...
  public var bodySeconds = 60
  /// ... and one second more for so many bytes of it.
  public var bodyBytesPerSecond = 1024
  /// How long an answer may wait for a peer that takes nothing of it, in seconds.
  public var stalledSeconds = 300
  /// What the answers of one connection may have waiting in all, in bytes. Who would add to more is ended with
  /// RESOURCE_EXHAUSTED.
  public var connectionUnsentBytes = 32 << 20

  // MARK: - What a server takes on

  /// Handlers that run at once in a server; more: RESOURCE_EXHAUSTED with RetryInfo. Health checks do not count.
  public var callsInFlight = 10_000
  /// How long a turn of an event loop may take, in milliseconds: a call that comes meanwhile waits for its end. When all
  /// turns of `queueDelayPatienceMilliseconds` took longer, new calls are refused in the same way.
  public var queueDelayMilliseconds = 500
  public var queueDelayPatienceMilliseconds = 2000
  /// When a refused call may come again, in milliseconds.
  public var admissionRetryMilliseconds = 200
  /// How long a connection is used, in seconds, give or take a tenth: so that calls spread over new servers. 0: as long
  /// as it lasts.
  public var connectionAgeSeconds = 0
  /// How long the calls of a connection that is too old may still take, in seconds.
  public var connectionGraceSeconds = 60

  public init() {}
}

extension TransportLimits {
  /// What holds of HTTP/1.1.
  var arrivals: ArrivalLimits {
    ArrivalLimits(
      idleSeconds: http1IdleSeconds, headerSeconds: headerSeconds, bodySeconds: bodySeconds,
      bodyBytesPerSecond: bodyBytesPerSecond)
  }
}

extension Admission {
  convenience init(_ limits: TransportLimits) {
    self.init(
      limit: limits.callsInFlight, retryAfter: .milliseconds(limits.admissionRetryMilliseconds))
  }
}
