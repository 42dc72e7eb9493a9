internal import CLinux
internal import CNghttp2
internal import Glibc
internal import Primitives
internal import RPCTLS

/// One HTTP/2 connection: a socket and its nghttp2 session, used on one loop's thread.
///
/// It reads once per readiness, hands all of it to nghttp2, and writes once per turn of the loop. Subclasses say
/// what frames mean. It frees the session after what is going on is over, never inside a callback.
class HTTP2Connection: EventHandler, Flushing {
  let loop: EventLoop
  let limits: TransportLimits
  /// What the connection is secured with, once the handshake is made; nil for plaintext.
  let tls: TLSSession?
  private var descriptor: Int32
  private var token: UInt64 = 0
  private(set) var session: OpaquePointer?
  private var output = ByteQueue()
  /// What is gathered for the next records of TLS; empty without it.
  private var plaintext: [UInt8] = []
  private var wantsWritable = false
  private static let answersPerFlush = 16
  private var isPaused = false
  private var flushIsDue = false
  /// Answers and requests since the last flush.
  private var gathered = 0
  private(set) var isClosed = false
  /// Timers of the connection itself. No timer holds the connection weakly: a weak reference would make each of its
  /// retains and releases, of which a call has dozens, take the slow way.
  private var timers: [LoopTimer] = []
  /// Monotonic nanoseconds of the last byte read.
  private(set) var lastActivity = monotonicNanoseconds()

  init(descriptor: Int32, loop: EventLoop, limits: TransportLimits, tls: TLSSession? = nil) {
    self.descriptor = descriptor
    self.loop = loop
    self.limits = limits
    self.tls = tls
  }

  // MARK: - What subclasses say

  func headersBegan(_ streamID: Int32) -> Bool { true }
  func header(
    _ streamID: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
  ) {}
  func headersEnded(_ streamID: Int32, isLast: Bool) {}
  func received(_ streamID: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {}
  func inputEnded(_ streamID: Int32) {}
  /// The last frame of what we send on a stream is out.
  func outputEnded(_ streamID: Int32) {}
  /// Headers or trailers are larger than nghttp2 sends (64 KiB).
  func headersNotSent(_ streamID: Int32) {}
  func streamClosed(_ streamID: Int32, errorCode: UInt32) {}
  func goAway(lastStreamID: Int32, errorCode: UInt32) {}
  func settingsReceived() {}
  /// A frame's header came, before anything is done with it; false ends the connection once what is queued is out.
  func frameBegan(_ header: nghttp2_frame_hd) -> Bool { true }
  /// A DATA frame that held nothing but padding; false as above.
  func paddingReceived() -> Bool { true }
  /// A frame is out.
  func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {}
  /// nghttp2 reads no more of what the peer sends.
  func inputRefused() {}
  /// Copies what is to be sent on a stream into `buffer`.
  func produce(_ streamID: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Production {
    .wait
  }
  /// The connection is gone; the session is not to be touched any more.
  func connectionClosed(_ reason: String) {}
  /// The socket can be written for the first time: an outgoing connection is made, or failed.
  func becameWritable() {}

  /// What a stream has to send now.
  enum Production {
    /// This many bytes, and there may be more.
    case bytes(Int)
    /// This many bytes, and the message side ends without trailers.
    case end(Int)
    /// This many bytes, then these trailers.
    case trailers(Int, HeaderBlock)
    /// Nothing until `resume`.
    case wait
    /// The stream is gone.
    case reset
  }

  // MARK: - Life

  func makeSession(server: Bool) {
    session = HTTP2Callbacks.makeSession(for: self, server: server, limits: limits)
  }

  /// Watches the socket. False when the system has no room for it.
  func watch(events: UInt32) -> Bool {
    guard let token = loop.add(descriptor, events: events, handler: self) else { return false }
    self.token = token
    return true
  }

  /// Runs `action` once at `due` (monotonic nanoseconds), unless the connection is closed before. It holds the
  /// connection `unowned`.
  func schedule(at due: Int64, _ action: @escaping () -> Void) {
    guard !isClosed else { return }
    timers.removeAll { !$0.isScheduled }
    timers.append(loop.schedule(at: due, action))
  }

  /// Leaves the socket to somebody else until `watch`.
  func unwatch() { loop.remove(descriptor, token: token) }

  func setEvents(_ events: UInt32) {
    loop.modify(descriptor, token: token, events: events)
  }

  /// Closes the socket at once. Streams are told through `connectionClosed`; nghttp2 tells nobody.
  func close(_ reason: String) {
    loop.preconditionOnLoop()
    guard !isClosed else { return }
    isClosed = true
    for timer in timers { loop.cancel(timer) }
    timers = []
    if let tls { sayEnd(tls) }
    loop.remove(descriptor, token: token)
    Sockets.closeReading(descriptor)
    descriptor = -1
    connectionClosed(reason)
    // The session may be on the stack above us; it is freed when this turn of the loop is over. `self` is kept
    // until then by the closure.
    let holder = SessionHolder(self)
    loop.executeLater { holder.release() }
  }

  /// Closes it because of what the peer did, or did not say.
  func endedByPeer(_ reason: String) { close(reason) }

  /// Tells the peer that this is the end, as far as there is room for it (RFC 8446, 6.1).
  private func sayEnd(_ tls: TLSSession) {
    guard output.isEmpty, session != nil else { return }
    tls.end()
    tls.takeOutput { _ = send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  fileprivate func freeSession() {
    nghttp2_session_del(session)
    session = nil
  }

  // MARK: - Input

  func ready(readable: Bool, writable: Bool, broken: Bool) {
    if writable {
      becameWritable()
      guard !isClosed else { return }
      wantsWritable = false
      flush()
      if !isClosed, !wantsWritable, session != nil { setEvents(EPOLLIN.rawValue) }
    }
    guard !isClosed else { return }
    if readable || broken { readOnce() }
  }

  private func readOnce() {
    guard let session else {
      if !isClosed { close("closed before the handshake") }
      return
    }
    let buffer = loop.readBuffer
    let room = tls == nil ? buffer.count : TLSSession.pieceBytes
    let count = recv(descriptor, buffer.baseAddress, room, 0)
    if count == 0 { return endedByPeer("closed by the peer") }
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return }
      return endedByPeer(String(cString: strerror(errno)))
    }
    lastActivity = monotonicNanoseconds()
    if let tls {
      tls.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      return readRecords(tls)
    }
    if take(count, session) { flushSoon() }
  }

  /// Hands what stands in the loop's buffer to nghttp2; false when that was the connection's end.
  private func take(_ count: Int, _ session: OpaquePointer) -> Bool {
    let bytes = loop.readBuffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var taken = 0
    while true {
      let used = nghttp2_session_mem_recv(session, bytes.map { $0 + taken }, count - taken)
      guard !isClosed else { return false }
      if used < 0 {
        inputRefused()
        // nghttp2 has queued a GOAWAY where the protocol wants one: write it, then close.
        flush()
        endedByPeer("protocol error: \(String(cString: nghttp2_strerror(Int32(used))))")
        return false
      }
      taken += used
      guard isPaused else { return true }
      // Though all bytes may be taken, what the last of them mean comes with the next call.
      isPaused = false
      flush()
      guard !isClosed else { return false }
    }
  }

  /// Whether nghttp2 is to stop here, so that what is gathered goes out: the peer works on it while the rest is read.
  func pauses() -> Bool {
    isPaused = gathered >= Self.answersPerFlush
    return isPaused
  }

  /// Takes what the TLS session has: also right after the handshake, behind whose last bytes more may have come.
  func readRecords(_ tls: TLSSession) {
    while !isClosed, let session {
      switch tls.read(into: loop.readBuffer) {
      case .bytes(let count):
        guard take(count, session) else { return }
      case .waiting: return flushSoon()
      case .ended: return close("closed by the peer")
      case .failed(let problem):
        flush()
        return close("TLS: \(problem)")
      }
    }
  }

  // MARK: - Output

  /// Writes what is due once this turn of the loop is over.
  func flushSoon() {
    guard !flushIsDue, !isClosed else { return }
    flushIsDue = true
    loop.flushSoon(self)
  }

  func flush() {
    flushIsDue = false
    gathered = 0
    guard !isClosed, let session else { return }
    while true {
      while output.count + plaintext.count < limits.socketBufferBytes {
        var chunk: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(session, &chunk)
        if isClosed { return }
        if count < 0 {
          return close("cannot send: \(String(cString: nghttp2_strerror(Int32(count))))")
        }
        guard count > 0, let chunk else { break }
        let bytes = UnsafeBufferPointer(start: chunk, count: count)
        if tls == nil { output.append(bytes) } else { plaintext.append(contentsOf: bytes) }
      }
      if let tls, !encrypt(tls) { return }
      guard !output.isEmpty else { break }
      guard writeOnce() else { return }
    }
    if nghttp2_session_want_read(session) == 0, nghttp2_session_want_write(session) == 0 {
      close("ended")
    }
  }

  /// Makes records of what is gathered, as large as they may be; false when that was the connection's end.
  private func encrypt(_ tls: TLSSession) -> Bool {
    let isOpen = plaintext.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: TLSSession.pieceBytes).allSatisfy { start in
        let end = min(start + TLSSession.pieceBytes, bytes.count)
        defer { tls.takeOutput { output.append($0) } }
        return tls.write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
    }
    plaintext.removeAll(keepingCapacity: true)
    // What the session says by itself, for instance with a new key.
    tls.takeOutput { output.append($0) }
    guard isOpen else {
      close("the TLS session is over")
      return false
    }
    // Only one who asks for new keys again and again, and takes no answer, gets there.
    guard output.count < limits.socketBufferBytes * 2 else {
      close("the peer takes nothing")
      return false
    }
    return true
  }

  /// Writes what is gathered; false when the socket is full or gone.
  private func writeOnce() -> Bool {
    let count = output.withBytes { bytes in
      send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    }
    if count < 0 {
      if errno == EINTR { return true }
      guard errno == EAGAIN else {
        endedByPeer(String(cString: strerror(errno)))
        return false
      }
    } else {
      output.remove(count)
    }
    if output.isEmpty {
      output.shrink(above: limits.socketBufferBytes * 2)
      if plaintext.capacity > limits.socketBufferBytes * 2 { plaintext = [] }
      return true
    }
    if !wantsWritable {
      wantsWritable = true
      setEvents(EPOLLIN.rawValue | EPOLLOUT.rawValue)
    }
    return false
  }

  // MARK: - Streams

  /// Ties what is kept of a stream to the session, which finds it faster than a dictionary would. It must outlive the
  /// stream.
  func attach(_ object: AnyObject, to streamID: Int32) {
    guard let session else { return }
    let pointer = Unmanaged.passUnretained(object).toOpaque()
    _ = nghttp2_session_set_stream_user_data(session, streamID, pointer)
  }

  /// What was tied to a stream that is open.
  func attached<Object: AnyObject>(to streamID: Int32, as _: Object.Type) -> Object? {
    guard let session, let pointer = nghttp2_session_get_stream_user_data(session, streamID) else {
      return nil
    }
    return Unmanaged<Object>.fromOpaque(pointer).takeUnretainedValue()
  }

  // MARK: - Frames

  /// Tells nghttp2 that `produce` has something again.
  func resume(_ streamID: Int32) {
    guard let session, !isClosed else { return }
    _ = nghttp2_session_resume_data(session, streamID)
    flushSoon()
  }

  /// Gives the peer room for `count` more bytes on the stream, or on the connection alone.
  func consume(_ streamID: Int32, _ count: Int, connectionOnly: Bool = false) {
    guard let session, !isClosed, count > 0 else { return }
    if connectionOnly {
      _ = nghttp2_session_consume_connection(session, count)
    } else {
      _ = nghttp2_session_consume(session, streamID, count)
    }
    flushSoon()
  }

  /// Asks the peer for a sign of life (RFC 9113, 6.7).
  func ping() {
    guard let session, !isClosed else { return }
    _ = nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    flushSoon()
  }

  func reset(_ streamID: Int32, _ code: nghttp2_error_code) {
    guard let session, !isClosed else { return }
    _ = nghttp2_submit_rst_stream(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), streamID, code.rawValue)
    flushSoon()
  }

  /// Sends headers and then what `produce` says.
  func respond(_ streamID: Int32, _ headers: HeaderBlock, hasBody: Bool) {
    guard let session, !isClosed else { return }
    gathered += 1
    headers.withFields { fields, count in
      if hasBody {
        var provider = HTTP2Callbacks.dataProvider
        _ = nghttp2_submit_response(session, streamID, fields, count, &provider)
      } else {
        _ = nghttp2_submit_response(session, streamID, fields, count, nil)
      }
    }
    flushSoon()
  }

  /// Opens a stream as a client; nil when the connection takes no more.
  func request(_ headers: HeaderBlock) -> Int32? {
    guard let session, !isClosed else { return nil }
    let streamID = headers.withFields { fields, count in
      var provider = HTTP2Callbacks.dataProvider
      return nghttp2_submit_request(session, nil, fields, count, &provider, nil)
    }
    flushSoon()
    return streamID > 0 ? streamID : nil
  }

  /// Says that the peer is refused, and why (RFC 9113, 6.8).
  func refuse(_ code: nghttp2_error_code, _ text: StaticString) {
    guard let session, !isClosed else { return }
    _ = nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
      code.rawValue, text.utf8Start, text.utf8CodeUnitCount)
    flushSoon()
  }

  /// Says that no new stream is taken (RFC 9113, 6.8): first a notice, then the last stream that will be served.
  func announceEnd() {
    guard let session, !isClosed else { return }
    _ = nghttp2_submit_shutdown_notice(session)
    flushSoon()
  }

  func end() {
    guard let session, !isClosed else { return }
    _ = nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
      NGHTTP2_NO_ERROR.rawValue, nil, 0)
    flushSoon()
  }
}

/// Carries a closed connection to the end of the loop's turn.
private final class SessionHolder: @unchecked Sendable {
  // Sendable: made and released on the same loop.
  private var connection: HTTP2Connection?

  init(_ connection: HTTP2Connection) {
    self.connection = connection
  }

  func release() {
    connection?.freeSession()
    connection = nil
  }
}
