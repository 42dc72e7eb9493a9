internal import CMicroHTTPD
internal import Glibc
internal import RPCCore
internal import Synchronization

/// One request of HTTP/1.1: its body is gathered, its route runs while the connection is suspended, then its
/// answer is queued. Used on libmicrohttpd's thread, but for `finish`.
///
///     reading ──body whole──▶ suspended ──route or stop──▶ answered ──▶ queued
///                                                          answered ──▶ sending ──▶ over
final class PendingRequest: @unchecked Sendable {
  // Sendable: other threads touch `phase` only, under its lock, and resume the connection in the same breath: it
  // stays while it is suspended, and is resumed once.
  private enum Phase {
    case reading
    case suspended
    case answered(HTTPResponse)
    /// The body is sent as it is made; the connection is suspended while there is nothing to send.
    case sending(HTTPBodyStream, isSuspended: Bool)
    case over
  }

  /// How much of a body that is made as it is sent libmicrohttpd asks for at once, in bytes.
  private static let pieceBytes = 16 << 10
  /// How often it is looked whether the reader of a silent answer is still there.
  private static let watchInterval = Duration.seconds(1)

  let core: RequestCore
  private let connection: OpaquePointer
  private var method = ""
  private let target: String
  private var body: [UInt8] = []
  private var limit = 0
  private var isTooLarge = false
  /// Whether its headers have come.
  private(set) var isBegun = false
  /// Whether it was answered before libmicrohttpd took its target apart.
  private(set) var isRefused = false
  private let phase = Mutex(Phase.reading)

  /// - Parameter target: the path and query as they were sent, for signatures want them raw.
  init(_ connection: OpaquePointer, target: String, core: RequestCore) {
    self.connection = connection
    self.target = target
    self.core = core
    core.watch.begins(onepool_mhd_socket(connection))
  }

  /// Answers by itself, and ends the connection: from libmicrohttpd there would be no answer.
  func refuseWhatDoesNotFit() {
    guard !TargetLimits.fits(target) else { return }
    isRefused = true
    note(.headersTooLarge)
    let text =
      "The query has more than \(TargetLimits.parameters) parameters, or is too long for them.\n"
    let head = "HTTP/1.1 414 URI Too Long\r\nContent-Type: text/plain; charset=utf-8\r\n"
    var answer = "\(head)Content-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)"
    let descriptor = onepool_mhd_socket(connection)
    answer.withUTF8 { bytes in
      // What a peer does not take of so little it has given up.
      _ = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }
    _ = shutdown(descriptor, Int32(SHUT_RDWR))
  }

  func begin(method: String) {
    self.method = method
    isBegun = true
    limit = core.dispatcher.bodyLimit(
      path: HTTPDispatch.split(target).path, messageBytes: core.messageBytes)
  }

  func receive(_ bytes: UnsafePointer<CChar>?, _ count: Int) {
    core.watch.receives(count, on: onepool_mhd_socket(connection))
    guard let bytes, !isTooLarge else { return }
    guard body.count + count <= limit else {
      isTooLarge = true
      body = []
      return
    }
    body.append(
      contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count))
  }

  /// The body is whole, or the route has answered.
  func proceed() -> MHD_Result {
    switch phase.withLock({ $0 }) {
    case .answered(let response):
      if let stream = response.stream { return queue(response, stream) }
      return queue(response)
    case .suspended, .sending, .over: return .NO
    case .reading: break
    }
    core.watch.ends(onepool_mhd_socket(connection))
    if isTooLarge {
      note(.bodyTooLarge)
      return queue(HTTPAnswers.tooLarge(limit), closing: true)
    }
    let request = request()
    phase.withLock { phase in
      MHD_suspend_connection(connection)
      phase = .suspended
    }
    guard core.begin(self) else {
      finish(HTTPAnswers.stopping)
      return .YES
    }
    Task(executorPreference: core.executor) {
      let response = await self.core.respond(to: request)
      // One that is made as it is sent may still have to be stopped.
      if response.stream == nil { self.core.end(self) }
      if !self.finish(response) { response.stream?.abandon() }
    }
    return .YES
  }

  /// Lets libmicrohttpd send an answer; the first one counts.
  @discardableResult
  func finish(_ response: HTTPResponse) -> Bool {
    phase.withLock { phase in
      guard case .suspended = phase else { return false }
      phase = .answered(response)
      MHD_resume_connection(connection)
      return true
    }
  }

  /// The server stops: no connection may be suspended from now on.
  func stop() {
    finish(HTTPAnswers.stopping)
    stopStream()
  }

  /// Ends an answer that is made as it is sent.
  func stopStream() {
    let stream: HTTPBodyStream? = phase.withLock { phase in
      switch phase {
      case .answered(let response): response.stream
      case .sending(let stream, _): stream
      case .reading, .suspended, .over: nil
      }
    }
    stream?.stop(RPCError(.unavailable, "DRAINING", "The server is going down."))
  }

  /// The connection has no more to do with the request.
  ///
  /// - Parameter isOverdue: whether the peer did not get on with it.
  func completed(isOverdue: Bool) {
    core.end(self)
    let isTold = core.watch.awaits(onepool_mhd_socket(connection))
    let (stream, fault): (HTTPBodyStream?, CallFault) = phase.withLock { phase in
      defer { phase = .over }
      switch phase {
      case .answered(let response): return (response.stream, .stalled)
      case .sending(let stream, _): return (stream, .stalled)
      case .reading: return (nil, .messageOverdue)
      case .suspended, .over: return (nil, .stalled)
      }
    }
    stream?.abandon()
    if isOverdue, !isTold { note(fault) }
  }

  private func note(_ fault: CallFault) {
    core.dispatcher.observer.callFault(fault, method: nil, peer: peer())
  }

  private func request() -> HTTPRequest {
    let (path, query) = HTTPDispatch.split(target)
    var headers: [(name: String, value: String)] = []
    withUnsafeMutablePointer(to: &headers) { list in
      _ = MHD_get_connection_values(
        connection, .HEADER_KIND,
        { context, _, name, value in
          guard let context, let name else { return .YES }
          context.assumingMemoryBound(to: [(name: String, value: String)].self).pointee.append(
            (String(cString: name).lowercased(), value.map { String(cString: $0) } ?? ""))
          return .YES
        }, list)
    }
    let taken = body
    body = []
    return HTTPRequest(
      method: method, path: path, query: query, headers: headers, body: taken, peer: peer(),
      identity: core.identity(of: onepool_mhd_socket(connection)))
  }

  private func peer() -> String {
    guard let address = onepool_mhd_client_address(connection) else { return "unknown" }
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let isIPv6 = Int32(address.pointee.sa_family) == AF_INET6
    let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    let result = getnameinfo(
      address, socklen_t(length), &host, socklen_t(host.count), &service,
      socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
    guard result == 0 else { return "unknown" }
    let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let port = String(
      decoding: service.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return isIPv6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  private func queue(_ response: HTTPResponse, closing: Bool = false) -> MHD_Result {
    var bytes = response.body
    guard
      let handle = MHD_create_response_from_buffer(
        bytes.count, &bytes, .RESPMEM_MUST_COPY)
    else { return .NO }
    defer { MHD_destroy_response(handle) }
    for (name, value) in response.headers { MHD_add_response_header(handle, name, value) }
    if closing { MHD_add_response_header(handle, "connection", "close") }
    return MHD_queue_response(connection, UInt32(response.status), handle)
  }

  // MARK: - Bodies that are made as they are sent

  private func queue(_ response: HTTPResponse, _ stream: HTTPBodyStream) -> MHD_Result {
    let context = Unmanaged.passRetained(self)
    let handle = MHD_create_response_from_callback(
      UInt64.max, Self.pieceBytes, Self.produce, context.toOpaque(), Self.released)
    guard let handle else {
      context.release()
      return .NO
    }
    defer { MHD_destroy_response(handle) }
    phase.withLock { $0 = .sending(stream, isSuspended: false) }
    for (name, value) in response.headers { MHD_add_response_header(handle, name, value) }
    watchReader(of: stream)
    return MHD_queue_response(connection, UInt32(response.status), handle)
  }

  private static let produce:
    @convention(c) (
      UnsafeMutableRawPointer?, UInt64, UnsafeMutablePointer<CChar>?, Int
    ) -> Int = { context, _, buffer, count in
      guard let context, let buffer else { return -1 }
      let request = Unmanaged<PendingRequest>.fromOpaque(context).takeUnretainedValue()
      return request.produce(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
    }

  private static let released: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
    guard let context else { return }
    Unmanaged<PendingRequest>.fromOpaque(context).release()
  }

  /// Moves what there is; suspends the connection when that is nothing. -1 ends the body (`MHD_ContentReaderCallback`).
  private func produce(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard case .sending(let stream, _) = phase.withLock({ $0 }) else { return -1 }
    switch stream.read(into: buffer) {
    case .bytes(let count): return count
    case .end: return -1
    case .wait:
      phase.withLock { phase in
        MHD_suspend_connection(connection)
        phase = .sending(stream, isSuspended: true)
      }
      stream.whenReadable { self.resume() }
      return 0
    }
  }

  private func resume() {
    phase.withLock { phase in
      guard case .sending(let stream, isSuspended: true) = phase else { return }
      phase = .sending(stream, isSuspended: false)
      MHD_resume_connection(connection)
    }
  }

  /// libmicrohttpd does not look at a connection that is suspended: somebody must, or a handler that has nothing to say
  /// would outlive its caller for ever.
  private func watchReader(of stream: HTTPBodyStream) {
    Task {
      while (try? await Task.sleep(for: Self.watchInterval)) != nil {
        let state = self.phase.withLock { phase -> (isOver: Bool, isGone: Bool) in
          guard case .sending(_, let isSuspended) = phase else { return (true, false) }
          guard isSuspended else { return (false, false) }
          var byte: UInt8 = 0
          let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
          let count = recv(onepool_mhd_socket(self.connection), &byte, 1, flags)
          return (false, count == 0 || count < 0 && errno != EAGAIN && errno != EINTR)
        }
        if state.isOver { return }
        guard state.isGone else { continue }
        stream.abandon()
        return self.resume()
      }
    }
  }
}
