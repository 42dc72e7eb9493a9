internal import CNghttp2
internal import Primitives
internal import RPCCore

/// One caller's HTTP/2 connection: makes calls of its streams and answers of what handlers return.
final class ServerConnection: HTTP2Connection, @unchecked Sendable {
  // Sendable: it is used on its loop's thread only; handlers' tasks run there, and what comes from elsewhere goes
  // through `loop.execute`.

  private let dispatcher: Dispatcher
  private let peer: String
  private var streams: [Int32: ServerStream] = [:]
  private var isDraining = false
  private let onClose: (ServerConnection) -> Void

  init(
    descriptor: Int32, loop: EventLoop, limits: TransportLimits, dispatcher: Dispatcher,
    peer: String, onClose: @escaping (ServerConnection) -> Void
  ) {
    self.dispatcher = dispatcher
    self.peer = peer
    self.onClose = onClose
    super.init(descriptor: descriptor, loop: loop, limits: limits)
  }

  func start() {
    makeSession(server: true)
    flushSoon()
    watchIdleness()
  }

  /// Ends the connection once it was without a call and without a byte for `idleSeconds`.
  private func watchIdleness() {
    let allowed = Int64(limits.idleSeconds) * 1_000_000_000
    let due = streams.isEmpty ? lastActivity + allowed : monotonicNanoseconds() + allowed
    _ = loop.schedule(at: due) { [weak self] in
      guard let self, !self.isClosed else { return }
      if self.streams.isEmpty, monotonicNanoseconds() - self.lastActivity >= allowed {
        self.end()
      } else {
        self.watchIdleness()
      }
    }
  }

  var openCalls: Int { streams.count }

  /// Takes no new call, ends streams that have no end of their own, and lets the others finish.
  func drain() {
    guard !isDraining, !isClosed else { return }
    isDraining = true
    announceEnd()
    for stream in streams.values {
      guard case .streaming = stream.role else { continue }
      fail(stream, RPCError(.unavailable, "DRAINING", "The server is going down."))
    }
    // RFC 9113, 6.8: the second GOAWAY a round trip after the first; 100 ms is more than any.
    _ = loop.schedule(at: monotonicNanoseconds() + 100_000_000) { [weak self] in self?.end() }
  }

  // MARK: - Input

  override func headersBegan(_ streamID: Int32) -> Bool {
    if streams[streamID] == nil {
      streams[streamID] = ServerStream(id: streamID, limits: limits)
    }
    return true
  }

  override func header(
    _ streamID: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
  ) {
    guard let stream = streams[streamID], case .unknown = stream.role else { return }
    // RFC 9113, 6.5.2: 32 bytes for each field beside its name and value.
    stream.headerBytes += name.count + value.count + 32
    guard stream.headerBytes <= limits.headerListBytes else { return }
    let text = String(decoding: value, as: UTF8.self)
    switch String(decoding: name, as: UTF8.self) {
    case ":path": stream.path = text
    case ":method": stream.method = text
    case ":authority": stream.authority = text
    case ":scheme", "te": break
    case "content-type":
      stream.contentType = text
      stream.headers.append(("content-type", text))
    case "grpc-timeout": stream.timeoutText = text
    case "grpc-encoding": stream.encoding = text
    case let other: stream.headers.append((other, text))
    }
  }

  override func headersEnded(_ streamID: Int32, isLast: Bool) {
    guard let stream = streams[streamID], case .unknown = stream.role else { return }
    guard stream.headerBytes <= limits.headerListBytes else {
      stream.role = .refused
      return answer(
        stream, .text(431, "The header list is larger than \(limits.headerListBytes) bytes.\n"))
    }
    if stream.isGRPC {
      startCall(stream)
    } else {
      startRequest(stream)
    }
  }

  override func received(_ streamID: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let stream = streams[streamID] else {
      return consume(streamID, bytes.count, connectionOnly: true)
    }
    switch stream.role {
    case .unary:
      consume(streamID, bytes.count)
      stream.input.append(bytes)
      if stream.input.bufferedBytes > limits.messageBytes + MessageFraming.prefixBytes {
        fail(
          stream,
          RPCError(
            .resourceExhausted, "MESSAGE_TOO_LARGE",
            "The message is larger than \(limits.messageBytes) bytes.",
            ["maximumBytes": "\(limits.messageBytes)"]))
      }
    case .streaming:
      // Room is given back as the handler takes messages.
      stream.input.append(bytes)
      stream.unconsumedBytes += bytes.count
      if stream.input.hasMessage {
        stream.wakeReader()
      } else if stream.reader != nil {
        giveRoom(stream)
      }
    case .http:
      consume(streamID, bytes.count)
      guard stream.body.count + bytes.count <= stream.bodyLimit else {
        stream.role = .refused
        stream.body = []
        return answer(stream, HTTPAnswers.tooLarge(stream.bodyLimit))
      }
      stream.body.append(contentsOf: bytes)
    case .unknown, .refused:
      consume(streamID, bytes.count)
      stream.droppedBytes += bytes.count
      if stream.lingers, stream.droppedBytes > limits.lingerBytes {
        reset(streamID, NGHTTP2_NO_ERROR)
      }
    }
  }

  override func inputEnded(_ streamID: Int32) {
    guard let stream = streams[streamID] else { return }
    stream.inputEnded = true
    switch stream.role {
    case .unary(let handler): runUnary(stream, handler)
    case .streaming: stream.wakeReader()
    case .http: runRequest(stream)
    case .unknown, .refused: break
    }
  }

  override func streamClosed(_ streamID: Int32, errorCode: UInt32) {
    guard let stream = streams.removeValue(forKey: streamID) else { return }
    consume(streamID, stream.unconsumedBytes, connectionOnly: true)
    forget(stream, RPCError(.cancelled, "", "The caller ended the call."))
  }

  override func connectionClosed(_ reason: String) {
    let open = streams
    streams = [:]
    for stream in open.values {
      forget(stream, RPCError(.cancelled, "", "The caller's connection is gone."))
    }
    onClose(self)
  }

  private func forget(_ stream: ServerStream, _ reason: RPCError) {
    stream.isClosed = true
    if stream.failure == nil { stream.failure = reason }
    if let timer = stream.timer { loop.cancelTimer(timer) }
    stream.timer = nil
    stream.task?.cancel()
    stream.task = nil
    stream.wakeReader()
    stream.wakeWriter()
  }

  // MARK: - gRPC

  private func startCall(_ stream: ServerStream) {
    guard stream.method == "POST" else {
      stream.role = .refused
      return answer(stream, HTTPResponse(status: 405, headers: [("allow", "POST")]))
    }
    do throws(RPCError) {
      let handler = try dispatcher.method(path: stream.path)
      if let encoding = stream.encoding, encoding != "identity" {
        throw RPCError(
          .unimplemented, "COMPRESSION_UNSUPPORTED",
          "Messages must be sent uncompressed; \(encoding) is not supported.")
      }
      let deadline = try deadline(of: stream)
      guard !deadline.isPast else { throw Self.deadlineExceeded }
      if deadline != .never {
        stream.timer = loop.schedule(at: deadline.nanoseconds) { [weak self, weak stream] in
          guard let self, let stream else { return }
          stream.timer = nil
          self.fail(stream, Self.deadlineExceeded)
        }
      }
      if case .unary = handler.body {
        stream.role = .unary(handler)
      } else {
        stream.role = .streaming(handler)
        runStreaming(stream, handler, deadline)
      }
    } catch {
      fail(stream, error)
    }
  }

  private static let deadlineExceeded = RPCError(
    .deadlineExceeded, "", "The call's deadline is over.")

  private func deadline(of stream: ServerStream) throws(RPCError) -> Deadline {
    guard let text = stream.timeoutText else { return .never }
    guard let span = TimeoutCodec.decode(text) else {
      throw RPCError(
        .invalidArgument, "TIMEOUT_MALFORMED", "grpc-timeout must be 1 to 8 digits and a unit.")
    }
    return .after(span)
  }

  private func context(
    _ stream: ServerStream, _ handler: MethodHandler, _ deadline: Deadline
  ) -> ServerContext {
    var metadata = Metadata()
    for (name, value) in stream.headers where !ReservedHeaders.contains(name) {
      metadata.add(name, value)
    }
    return ServerContext(
      method: handler.descriptor, metadata: metadata, deadline: deadline, peer: peer)
  }

  private func runUnary(_ stream: ServerStream, _ handler: MethodHandler) {
    guard stream.failure == nil else { return }
    let message: [UInt8]
    let deadline: Deadline
    do throws(RPCError) {
      guard let first = try stream.input.next() else {
        throw RPCError(
          stream.input.isEmpty ? .unimplemented : .internalError, "MESSAGE_MISSING",
          "The call ended before its message was whole.")
      }
      guard stream.input.isEmpty else {
        throw RPCError(.unimplemented, "MESSAGE_SURPLUS", "The method takes one message.")
      }
      message = first
      deadline = try self.deadline(of: stream)
    } catch {
      return fail(stream, error)
    }
    let context = context(stream, handler, deadline)
    let dispatcher = dispatcher
    let streamID = stream.id
    stream.task = Task(executorPreference: loop) {
      let result = await dispatcher.unary(handler, message, codec: .proto, context: context)
      self.loop.execute { self.finishUnary(streamID, result) }
    }
  }

  private func finishUnary(_ streamID: Int32, _ result: Result<[UInt8], RPCError>) {
    guard let stream = streams[streamID], stream.failure == nil else { return }
    switch result {
    case .success(let message):
      stream.output.append(message: message)
      stream.trailers = GRPCHeaders.okTrailers
      stream.headersSent = true
      respond(streamID, GRPCHeaders.response, hasBody: true)
    case .failure(let error):
      fail(stream, error)
    }
  }

  private func runStreaming(
    _ stream: ServerStream, _ handler: MethodHandler, _ deadline: Deadline
  ) {
    let call = StreamingServerCall(
      connection: self, stream: stream, context: context(stream, handler, deadline))
    let dispatcher = dispatcher
    stream.task = Task(executorPreference: loop) {
      let failure = await dispatcher.streaming(handler, call)
      self.loop.execute { self.finishStreaming(call.stream, failure) }
    }
  }

  private func finishStreaming(_ stream: ServerStream, _ failure: RPCError?) {
    guard !stream.isClosed, stream.failure == nil else { return }
    if let failure { return fail(stream, failure) }
    dropInput(stream)
    stream.trailers = GRPCHeaders.okTrailers
    if stream.headersSent {
      resume(stream.id)
    } else {
      stream.headersSent = true
      respond(stream.id, GRPCHeaders.response, hasBody: true)
    }
  }

  /// Lets the caller send on: `count` bytes were taken, or nil when somebody waits for the rest of a
  /// message, which may be larger than the stream's window.
  func giveRoom(_ stream: ServerStream, _ count: Int? = nil) {
    let given = min(count ?? stream.unconsumedBytes, stream.unconsumedBytes)
    stream.unconsumedBytes -= given
    consume(stream.id, given)
  }

  /// Queues a handler's message.
  func write(_ message: [UInt8], on stream: ServerStream) {
    guard !stream.isClosed, stream.failure == nil else { return }
    stream.output.append(message: message)
    if stream.headersSent {
      resume(stream.id)
    } else {
      stream.headersSent = true
      respond(stream.id, GRPCHeaders.response, hasBody: true)
    }
  }

  /// Ends a call with a status; its handler is cancelled.
  private func fail(_ stream: ServerStream, _ error: RPCError) {
    guard !stream.isClosed, stream.failure == nil else { return }
    stream.failure = error
    stream.task?.cancel()
    stream.wakeReader()
    stream.wakeWriter()
    if stream.headersSent {
      stream.trailers = GRPCHeaders.trailers(error)
      resume(stream.id)
    } else {
      stream.headersSent = true
      respond(stream.id, GRPCHeaders.trailersOnly(error), hasBody: false)
    }
    dropInput(stream)
  }

  /// Nobody takes the caller's messages any more: gives back the room that they hold.
  private func dropInput(_ stream: ServerStream) {
    stream.role = .refused
    stream.input = MessageFraming(maximumBytes: 0)
    giveRoom(stream)
  }

  /// Once the answer is out, what the caller still sends is of no use to anybody (RFC 9113, 8.1). Sooner, the reset
  /// would overtake the answer.
  override func outputEnded(_ streamID: Int32) {
    guard let stream = streams[streamID], !stream.inputEnded else { return }
    guard stream.lingers else { return reset(streamID, NGHTTP2_NO_ERROR) }
    let end = monotonicNanoseconds() + Int64(limits.lingerSeconds) * 1_000_000_000
    stream.timer = loop.schedule(at: end) { [weak self, weak stream] in
      stream?.timer = nil
      self?.reset(streamID, NGHTTP2_NO_ERROR)
    }
  }

  // MARK: - Plain HTTP and Connect

  private func startRequest(_ stream: ServerStream) {
    stream.role = .http
    stream.bodyLimit = dispatcher.bodyLimit(
      path: HTTPDispatch.split(stream.path).path, messageBytes: limits.messageBytes)
  }

  private func runRequest(_ stream: ServerStream) {
    let (path, query) = HTTPDispatch.split(stream.path)
    let request = HTTPRequest(
      method: stream.method, path: path, query: query,
      headers: stream.headers + [("host", stream.authority)], body: stream.body, peer: peer)
    stream.body = []
    let dispatcher = dispatcher
    let streamID = stream.id
    stream.task = Task(executorPreference: loop) {
      let response = await dispatcher.respond(to: request)
      self.loop.execute {
        guard let stream = self.streams[streamID] else { return }
        self.answer(stream, response)
      }
    }
  }

  private func answer(_ stream: ServerStream, _ response: HTTPResponse) {
    guard !stream.isClosed, !stream.headersSent else { return }
    stream.headersSent = true
    stream.lingers = true
    var headers = HeaderBlock([(":status", "\(response.status)")])
    for (name, value) in response.headers { headers.add(name.lowercased(), value) }
    headers.add("content-length", "\(response.body.count)")
    stream.output.append(stream.method == "HEAD" ? [] : response.body)
    stream.outputEnds = true
    respond(stream.id, headers, hasBody: !stream.output.isEmpty)
  }

  // MARK: - Output

  override func produce(
    _ streamID: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>
  ) -> Production {
    guard let stream = streams[streamID] else { return .reset }
    let count = stream.output.move(into: buffer)
    if stream.output.count < limits.unsentBytes { stream.wakeWriter() }
    guard stream.output.isEmpty else { return .bytes(count) }
    if let trailers = stream.trailers { return .trailers(count, trailers) }
    if stream.outputEnds { return .end(count) }
    return count > 0 ? .bytes(count) : .wait
  }
}

/// Header fields of the protocol itself: they are not the caller's metadata.
enum ReservedHeaders {
  static func contains(_ name: String) -> Bool {
    switch name {
    case "content-type", "te", "user-agent", "grpc-accept-encoding", "accept-encoding", "host": true
    default: name.hasPrefix(":") || name.hasPrefix("grpc-")
    }
  }
}
