internal import CLinux
internal import CNghttp2
internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCTLS

/// A client's connection to one server; with TLS, the handshake is a part of connecting.
///
///     connecting ──▶ ready ──GOAWAY──▶ draining ──▶ closed
final class ClientConnection: HTTP2Connection {
  enum Phase {
    case connecting
    case ready
    /// Takes no new call; the open ones go on.
    case draining
  }

  private let authority: String
  private let options: ClientOptions
  private let socket: Int32
  private var phase = Phase.connecting
  private var streams: [Int32: ClientStream] = [:]
  private let onReady: (ClientConnection) -> Void
  /// The connection takes no more calls; those in the list were not seen by the server and may be made elsewhere.
  private let onEnd: (ClientConnection, String, [ClientStream]) -> Void
  private var hasEnded = false
  /// Whether the server has said that it stands by for another one.
  private(set) var standsBy = false
  /// Whether its certificate was refused, which no other try in the next moment changes.
  private(set) var refusesServer = false
  /// Whether the server has spoken HTTP/2.
  private var hasSettings = false
  /// Whether it ended without a word of HTTP/2 though none of TLS was said: as a port does that wants TLS.
  private var seemsToWantTLS = false
  private var handshake: TLSHandshake?
  /// When it must be ready, in monotonic nanoseconds.
  private var due: Int64 = 0

  init(
    socket: Int32, authority: String, loop: EventLoop, limits: TransportLimits,
    options: ClientOptions, tls: TLSSession?,
    onReady: @escaping (ClientConnection) -> Void,
    onEnd: @escaping (ClientConnection, String, [ClientStream]) -> Void
  ) {
    self.socket = socket
    self.authority = authority
    self.options = options
    self.onReady = onReady
    self.onEnd = onEnd
    super.init(descriptor: socket, loop: loop, limits: limits, tls: tls)
  }

  /// Waits for the socket to be connected.
  func start(timeout: Duration) {
    guard watch(events: EPOLLOUT.rawValue) else { return close("no room to watch it") }
    due = Deadline.after(timeout).nanoseconds
    schedule(at: due) { [unowned self] in
      guard case .connecting = self.phase else { return }
      self.close("the connection was not made in time")
    }
  }

  override func becameWritable() {
    guard case .connecting = phase, handshake == nil else { return }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else { return close(String(cString: strerror(code))) }
    guard let tls else {
      setEvents(EPOLLIN.rawValue)
      return becameReady()
    }
    unwatch()
    let handshake = TLSHandshake(descriptor: socket, loop: loop, tls: tls, due: due) {
      [unowned self] problem in
      self.handshakeEnded(problem, tls)
    }
    self.handshake = handshake
    handshake.start()
  }

  private func handshakeEnded(_ problem: String?, _ tls: TLSSession) {
    handshake = nil
    if let problem {
      refusesServer = tls.refusesPeer
      return close(problem)
    }
    // RFC 9113, 3.3: HTTP/2 over TLS is spoken by those that have agreed to it.
    guard tls.applicationProtocol == "h2" else {
      return close("the server speaks no HTTP/2 over TLS")
    }
    guard watch(events: EPOLLIN.rawValue) else { return close("no room to watch it") }
    becameReady()
    readRecords(tls)
  }

  private func becameReady() {
    phase = .ready
    makeSession(server: false)
    flushSoon()
    keepAlive()
    if let age = options.maximumAge {
      // Connections that were made together do not end together (gRFC A9).
      schedule(at: Deadline.after(age * Double.random(in: 0.9...1.1)).nanoseconds) {
        [unowned self] in self.retire("it is old enough")
      }
    }
    onReady(self)
  }

  override func settingsReceived() { hasSettings = true }

  /// A server says its SETTINGS first (RFC 9113, 3.4).
  override func endedByPeer(_ reason: String) {
    seemsToWantTLS = tls == nil && !hasSettings
    close(seemsToWantTLS ? "\(reason) before it spoke HTTP/2; it may want TLS" : reason)
  }

  override func close(_ reason: String) {
    handshake?.stop()
    handshake = nil
    super.close(reason)
  }

  private static func nanoseconds(_ span: Duration) -> Int64 { Int64(span / .nanoseconds(1)) }

  /// Asks a connection that was silent whether it is still there (gRFC A8).
  private func keepAlive() {
    guard let keepalive = options.keepalive else { return }
    let due = max(
      Deadline(nanoseconds: lastActivity + Self.nanoseconds(keepalive.time)),
      Deadline.after(.milliseconds(1)))
    schedule(at: due.nanoseconds) { [unowned self] in
      let silence = Duration.nanoseconds(monotonicNanoseconds() - self.lastActivity)
      guard silence >= keepalive.time else { return self.keepAlive() }
      guard keepalive.withoutCalls || !self.streams.isEmpty else {
        return self.schedule(at: Deadline.after(keepalive.time).nanoseconds) { [unowned self] in
          self.keepAlive()
        }
      }
      self.ping()
      let asked = monotonicNanoseconds()
      self.schedule(at: Deadline.after(keepalive.timeout).nanoseconds) { [unowned self] in
        guard self.lastActivity < asked else { return self.keepAlive() }
        self.close("it did not answer a PING in time")
      }
    }
  }

  // MARK: - Calls

  /// Starts a call; false when the connection takes no more.
  func start(_ stream: ClientStream) -> Bool {
    guard case .ready = phase, !isClosed,
      let streamID = request(stream.headers(authority: authority, isSecure: tls != nil))
    else { return false }
    stream.streamID = streamID
    stream.connection = self
    streams[streamID] = stream
    return true
  }

  /// Ends a call from our side.
  func cancel(_ stream: ClientStream) {
    guard let streamID = stream.streamID else { return }
    reset(streamID, NGHTTP2_CANCEL)
  }

  /// Takes no more calls, and ends when those that are open are over.
  func retire(_ reason: String) {
    guard case .ready = phase else { return }
    phase = .draining
    end(reason, [])
    if streams.isEmpty { close(reason) }
  }

  // MARK: - Input

  override func header(_ streamID: Int32, _ name: Bytes, _ value: Bytes) {
    streams[streamID]?.take(name, value)
  }

  override func headersEnded(_ streamID: Int32, isLast: Bool) {
    streams[streamID]?.blockEnded(isLast: isLast)
  }

  override func received(_ streamID: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let stream = streams[streamID], stream.end == nil else {
      return consume(streamID, bytes.count, connectionOnly: streams[streamID] == nil)
    }
    if stream.isUnary {
      consume(streamID, bytes.count)
    } else {
      stream.unconsumedBytes += bytes.count
    }
    stream.input.append(bytes)
    if stream.isUnary {
      if stream.input.bufferedBytes > limits.messageBytes + MessageFraming.prefixBytes {
        cancel(stream)
        finish(
          stream,
          .failure(RPCError(.resourceExhausted, "MESSAGE_TOO_LARGE", "The answer is too large.")))
      }
    } else if stream.input.hasMessage {
      stream.wakeReader()
    } else if stream.reader != nil {
      giveRoom(stream)
    }
  }

  /// Lets the server send on: `count` bytes were taken, or nil when somebody waits for the rest of a
  /// message, which may be larger than the stream's window.
  func giveRoom(_ stream: ClientStream, _ count: Int? = nil) {
    let given = min(count ?? stream.unconsumedBytes, stream.unconsumedBytes)
    stream.unconsumedBytes -= given
    if let streamID = stream.streamID { consume(streamID, given) }
  }

  override func inputEnded(_ streamID: Int32) {
    guard let stream = streams[streamID] else { return }
    let end = stream.trailingStatus()
    if case .failure(let error) = end, error.isStandingBy {
      return leaveStandby(stream, streamID)
    }
    finish(stream, end)
    // The server wants no more of what we might send on.
    if !stream.outputEnded || !stream.output.isEmpty { reset(streamID, NGHTTP2_NO_ERROR) }
  }

  /// The server stands by for another one: gives it no more calls, and this one to whoever has the next connection.
  private func leaveStandby(_ stream: ClientStream, _ streamID: Int32) {
    let reason = "its server stands by for another one"
    let isSent = stream.outputEnded && stream.output.isEmpty
    let isMoved = stream.end == nil && stream.moveFromStandby()
    if isMoved {
      streams[streamID] = nil
    } else {
      // Not in the server's words: whoever passes them on would seem to stand by himself.
      finish(
        stream,
        .failure(
          RPCError(
            .unavailable, "PEER_UNREACHABLE", "\(authority) could not be reached: \(reason).",
            ["target": authority], domain: "rpc.onepool")))
    }
    if !isSent { reset(streamID, NGHTTP2_NO_ERROR) }
    standsBy = true
    if case .ready = phase { phase = .draining }
    end(reason, isMoved ? [stream] : [])
    if streams.isEmpty { close(reason) }
  }

  override func streamClosed(_ streamID: Int32, errorCode: UInt32) {
    guard let stream = streams.removeValue(forKey: streamID) else { return }
    consume(streamID, stream.unconsumedBytes, connectionOnly: true)
    stream.unconsumedBytes = 0
    stream.connection = nil
    if stream.end == nil {
      // RFC 9113, 8.7: the server has not looked at a refused stream.
      if errorCode == NGHTTP2_REFUSED_STREAM.rawValue, stream.move(atMost: limits.callMoves) {
        onEnd(self, "refused", [stream])
      } else {
        finish(stream, .failure(Self.error(reset: errorCode)))
      }
    }
    if case .draining = phase, streams.isEmpty { close("drained") }
  }

  override func goAway(lastStreamID: Int32, errorCode: UInt32) {
    phase = .draining
    var unseen: [ClientStream] = []
    for (streamID, stream) in streams where streamID > lastStreamID && stream.end == nil {
      streams[streamID] = nil
      if stream.move(atMost: limits.callMoves) {
        unseen.append(stream)
      } else {
        finish(
          stream,
          .failure(
            RPCError(
              .unavailable, "", "The server went away before it took the call.",
              domain: "rpc.onepool")))
      }
    }
    end("the server is going away", unseen)
    if streams.isEmpty { close("drained") }
  }

  override func connectionClosed(_ reason: String) {
    let open = streams
    streams = [:]
    var error = RPCError(
      .unavailable, "CONNECTION_LOST", "The connection to \(authority) broke: \(reason).",
      ["target": authority], domain: "rpc.onepool")
    if seemsToWantTLS { error.metadata["expected"] = "TLS" }
    for stream in open.values {
      stream.connection = nil
      finish(stream, .failure(error))
    }
    end(reason, [])
  }

  private func end(_ reason: String, _ unseen: [ClientStream]) {
    if hasEnded {
      if !unseen.isEmpty { onEnd(self, reason, unseen) }
      return
    }
    hasEnded = true
    onEnd(self, reason, unseen)
  }

  private static func error(reset code: UInt32) -> RPCError {
    // grpc/grpc doc/PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping", Errors.
    let name = String(cString: nghttp2_http2_strerror(code))
    switch code {
    case NGHTTP2_CANCEL.rawValue: return RPCError(.cancelled, "", "The server ended the call.")
    case NGHTTP2_REFUSED_STREAM.rawValue:
      return RPCError(.unavailable, "", "The server refused the call.")
    case NGHTTP2_ENHANCE_YOUR_CALM.rawValue:
      return RPCError(.resourceExhausted, "", "The server asks for fewer calls.")
    default: return RPCError(.internalError, "", "The call was reset: \(name).")
    }
  }

  // MARK: - The end of a call

  func finish(_ stream: ClientStream, _ end: Result<Void, RPCError>) {
    ClientConnection.finish(stream, end, loop: loop)
  }

  /// Ends a call once; whoever waits for it is told.
  static func finish(_ stream: ClientStream, _ end: Result<Void, RPCError>, loop: EventLoop) {
    guard stream.end == nil else { return }
    stream.end = end
    stream.owner = nil
    stream.inputEnded = true
    loop.cancel(stream)
    if let unary = stream.unary {
      stream.unary = nil
      unary.resume(returning: unaryResult(stream, end))
    }
    stream.wakeReader()
    stream.wakeWriter()
  }

  private static func unaryResult(
    _ stream: ClientStream, _ end: Result<Void, RPCError>
  ) -> Result<[UInt8], RPCError> {
    if case .failure(let error) = end { return .failure(error) }
    do {
      guard let message = try stream.input.next() else {
        return .failure(
          RPCError(.internalError, "", "The server ended the call without its message."))
      }
      stream.call.record?.noteCompression(message.wasCompressed)
      return .success(message.bytes)
    } catch {
      return .failure(error)
    }
  }

  // MARK: - Output

  override func produce(
    _ streamID: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>
  ) -> Production {
    guard let stream = streams[streamID] else { return .reset }
    let count = stream.output.move(into: buffer)
    // One message is kept whatever its size; of a stream of them, only so much.
    if !stream.isUnary, stream.output.takenBytes > limits.unsentBytes {
      stream.output.forgetTaken()
    }
    if stream.output.count < limits.unsentBytes { stream.wakeWriter() }
    guard stream.output.isEmpty else { return .bytes(count) }
    if stream.outputEnded { return .end(count) }
    return count > 0 ? .bytes(count) : .wait
  }
}
