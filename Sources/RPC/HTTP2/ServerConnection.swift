internal import CNghttp2
internal import Primitives
internal import RPCCore
internal import RPCTLS

/// One caller's HTTP/2 connection: makes calls of its streams and answers of what handlers return.
final class ServerConnection: HTTP2Connection, @unchecked Sendable {
  // Sendable: it is used on its loop's thread only; handlers' tasks run there, and what comes from elsewhere goes
  // through `loop.execute`.

  let dispatcher: Dispatcher
  let peer: String
  /// The names in the certificate that the peer has shown.
  let identity: [String]
  let admission: Admission
  private(set) var streams = OpenStreams()
  /// The stream whose header fields are coming in: no other frame may come between them (RFC 9113, 4.3).
  private(set) var arriving: ServerStream?
  private var cache = HeadCache()
  private var isDraining = false
  var floods: FloodGuard
  /// Whether a timer looks at what waits for the peer.
  var isWatched = false
  private var hasSettings = false
  /// Why we ended the connection; nil when the peer did.
  var endReason: ConnectionEnd?
  /// What answers have waiting on all streams, in bytes.
  private var unsentBytes = 0
  private let onClose: (ServerConnection) -> Void

  init(
    descriptor: Int32, loop: EventLoop, limits: TransportLimits, dispatcher: Dispatcher,
    admission: Admission, peer: String, tls: TLSSession?,
    onClose: @escaping (ServerConnection) -> Void
  ) {
    self.dispatcher = dispatcher
    self.admission = admission
    self.peer = peer
    identity = tls?.peerIdentity() ?? []
    floods = FloodGuard(limits, now: monotonicNanoseconds())
    self.onClose = onClose
    super.init(descriptor: descriptor, loop: loop, limits: limits, tls: tls)
  }

  func start() {
    makeSession(server: true)
    flushSoon()
    watchIdleness()
    let now = monotonicNanoseconds()
    // RFC 9113, 3.4: SETTINGS come with the preface.
    schedule(at: now + Int64(limits.handshakeSeconds) * 1_000_000_000) { [unowned self] in
      if !self.hasSettings { self.refuseOverdue() }
    }
    if limits.connectionAgeSeconds > 0 {
      let age = Double(limits.connectionAgeSeconds) * 1e9 * .random(in: 0.9...1.1)
      schedule(at: now + Int64(age)) { [unowned self] in self.retire() }
    }
    if let tls { readRecords(tls) }
  }

  override func frameBegan(_ header: nghttp2_frame_hd) -> Bool { bears(header) }
  override func paddingReceived() -> Bool { bearsPadding() }
  override func frameSent(_ frame: UnsafePointer<nghttp2_frame>) { noteSent(frame) }
  override func inputRefused() { endReason = endReason ?? .protocolError }

  override func flush() {
    super.flush()
    watchIfNeeded()
  }

  override func settingsReceived() { hasSettings = true }

  /// Ends the connection once it was without a call and without a byte for `idleSeconds`.
  private func watchIdleness() {
    let allowed = Int64(limits.idleSeconds) * 1_000_000_000
    let due = streams.isEmpty ? lastActivity + allowed : monotonicNanoseconds() + allowed
    schedule(at: due) { [unowned self] in
      if self.streams.isEmpty, monotonicNanoseconds() - self.lastActivity >= allowed {
        self.endReason = self.endReason ?? .idle
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
    for stream in streams.all {
      guard stream.role == .streaming else { continue }
      fail(stream, RPCError(.unavailable, "DRAINING", "The server is going down."))
    }
    endSoon()
  }

  /// RFC 9113, 6.8: the second GOAWAY a round trip after the first; 100 ms is more than any.
  private func endSoon() {
    schedule(at: monotonicNanoseconds() + 100_000_000) { [unowned self] in self.end() }
  }

  /// Takes no new call and lets all others go on for the time of grace.
  private func retire() {
    guard !isDraining, !isClosed else { return }
    endReason = endReason ?? .aged
    announceEnd()
    endSoon()
    let grace = monotonicNanoseconds() + Int64(limits.connectionGraceSeconds) * 1_000_000_000
    schedule(at: grace) { [unowned self] in
      for stream in self.streams.all {
        self.fail(stream, RPCError(.unavailable, "CONNECTION_AGED", "The connection is too old."))
      }
    }
    // Whoever has not taken its answer by then will not.
    schedule(at: grace + 5_000_000_000) { [unowned self] in self.close("too old") }
  }

  // MARK: - Input

  override func headersBegan(_ streamID: Int32) -> Bool {
    // Trailers, of which gRPC has none from the caller.
    arriving = nil
    guard stream(streamID) == nil else { return true }
    let stream = ServerStream(id: streamID, connection: self)
    streams.insert(stream)
    attach(stream, to: streamID)
    arriving = stream
    return true
  }

  override func header(_ streamID: Int32, _ name: Bytes, _ value: Bytes) {
    guard let stream = arriving, stream.id == streamID,
      stream.head.bytes <= limits.headerListBytes
    else { return }
    stream.head.add(name, value, cache: &cache)
  }

  override func headersEnded(_ streamID: Int32, isLast: Bool) {
    guard let stream = arriving, stream.id == streamID else { return }
    arriving = nil
    guard stream.head.bytes <= limits.headerListBytes else {
      stream.role = .refused
      note(.headersTooLarge)
      return answer(
        stream, .text(431, "The header list is larger than \(limits.headerListBytes) bytes.\n"))
    }
    if stream.head.isGRPC || stream.head.connectCodec != nil {
      startCall(stream)
    } else {
      startRequest(stream)
    }
  }

  private func stream(_ streamID: Int32) -> ServerStream? {
    attached(to: streamID, as: ServerStream.self)
  }

  override func received(_ streamID: Int32, _ bytes: Bytes) {
    guard let stream = stream(streamID) else {
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
        note(.bodyTooLarge)
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
    guard let stream = stream(streamID) else { return }
    stream.inputEnded = true
    switch stream.role {
    case .unary: runUnary(stream)
    case .streaming: stream.wakeReader()
    case .http: runRequest(stream)
    case .unknown, .refused: break
    }
  }

  override func streamClosed(_ streamID: Int32, errorCode: UInt32) {
    guard let stream = stream(streamID) else { return }
    streams.remove(stream)
    if arriving === stream { arriving = nil }
    unsentBytes -= stream.output.count
    consume(streamID, stream.unconsumedBytes, connectionOnly: true)
    forget(stream, Self.callEnded)
  }

  override func connectionClosed(_ reason: String) {
    let open = streams.all
    streams = OpenStreams()
    for stream in open {
      forget(stream, Self.callerGone)
    }
    onClose(self)
  }

  private func forget(_ stream: ServerStream, _ reason: RPCError) {
    stream.isClosed = true
    loop.cancel(stream)
    // A handler that has returned has nothing to be told.
    guard let task = stream.task else { return }
    if stream.failure == nil { stream.failure = reason }
    task.cancel()
    stream.task = nil
    stream.wakeReader()
    stream.wakeWriter()
  }

  // MARK: - gRPC

  private static let deadlineExceeded = RPCError(
    .deadlineExceeded, "", "The call's deadline is over.")
  private static let answersWaiting = RPCError(
    .resourceExhausted, "ANSWERS_WAITING",
    "The connection has more answers waiting than it may: its peer takes too little of them.",
    retryAfter: .seconds(1))
  private static let callEnded = RPCError(.cancelled, "", "The caller ended the call.")
  private static let callerGone = RPCError(.cancelled, "", "The caller's connection is gone.")

  private func startCall(_ stream: ServerStream) {
    guard stream.head.isPost else {
      stream.role = .refused
      note(.verbNotAllowed)
      return answer(stream, HTTPResponse(status: 405, headers: [("allow", "POST")]))
    }
    do throws(RPCError) {
      let method = try method(of: stream)
      try checkMetadata(of: stream)
      stream.method = method
      if let codec = stream.head.connectCodec {
        return try startConnectStream(stream, method, codec)
      }
      stream.input.encoding = try encoding(of: stream)
      if let text = stream.head.timeout {
        guard let span = TimeoutCodec.decode(text) else {
          throw RPCError(
            .internalError, "TIMEOUT_MALFORMED", "grpc-timeout must be 1 to 8 digits and a unit.")
        }
        guard span > .zero else { throw Self.deadlineExceeded }
        stream.deadline = .after(span)
        if stream.deadline != .never { loop.schedule(stream, at: stream.deadline.nanoseconds) }
      }
      let context = try method.admit(
        metadata: stream.head.metadata, deadline: stream.deadline, peer: peer, identity: identity)
      stream.context = context
      if method.descriptor.kind == .unary {
        stream.role = .unary
      } else {
        guard enter(stream, method) else { throw admission.refusal }
        stream.role = .streaming
        runStreaming(stream, method, context)
      }
    } catch {
      fail(stream, error)
    }
  }

  private func checkMetadata(of stream: ServerStream) throws(RPCError) {
    if let name = stream.head.malformedName {
      throw RPCError(
        .internalError, "METADATA_MALFORMED", "The value of \(name) is not base64.", ["name": name])
    }
  }

  private func method(of stream: ServerStream) throws(RPCError) -> ServedMethod {
    if let known = stream.head.method { return known }
    let found = try dispatcher.method(path: stream.head.path)
    cache.remember(found)
    return found
  }

  private func encoding(of stream: ServerStream) throws(RPCError) -> MessageEncoding {
    guard let name = stream.head.encoding else { return .identity }
    guard let encoding = MessageEncoding(rawValue: name) else {
      throw RPCError(
        .unimplemented, GRPCHeaders.compressionUnsupported,
        "Messages must be sent as they are or with gzip; \(name) is not supported.",
        ["encoding": name])
    }
    return encoding
  }

  /// The call's deadline has come, or the time that an answered request may linger.
  func timeIsOver(_ stream: ServerStream) {
    if stream.lingers {
      reset(stream.id, NGHTTP2_NO_ERROR)
    } else {
      fail(stream, Self.deadlineExceeded)
    }
  }

  private func runUnary(_ stream: ServerStream) {
    guard stream.failure == nil, let method = stream.method, let context = stream.context else {
      return
    }
    let message: FramedMessage
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
    } catch {
      return fail(stream, error)
    }
    if message.wasCompressed { context.noteCompression(true) }
    guard enter(stream, method) else { return fail(stream, admission.refusal) }
    stream.isHandled = true
    stream.isBegun = true
    let call = LoopBound(stream)
    let bytes = message.bytes
    if case .direct(let handle) = method.body {
      return method.run(
        handle, bytes, codec: .proto, framed: true, context: context,
        for: StreamCaller(connection: self, stream: stream))
    }
    // It begins at once, and most handlers are over when this returns: what they need lives shortly, and so does the
    // memory of their task, which the next call gets again.
    let task = Task.immediate(executorPreference: loop) {
      let result = await method.unary(bytes, codec: .proto, framed: true, context: context)
      // Asked here and not in `execute`, whose closure is memory that is not needed.
      guard !self.loop.isCurrent else { return self.finishUnary(call.value, result) }
      self.loop.execute { self.finishUnary(call.value, result) }
    }
    if stream.isHandled { stream.task = task }
  }

  /// - Parameter result: the answer, behind its prefix.
  func finishUnary(_ stream: ServerStream, _ result: Result<[UInt8], RPCError>) {
    leave(stream)
    guard !stream.isClosed, stream.failure == nil, let context = stream.context else { return }
    switch result {
    case .success(let framed):
      guard hasRoom else { return fail(stream, Self.answersWaiting) }
      let answer = context.answer
      let compresses = answer?.compresses == true && stream.head.acceptsGzip
      if compresses {
        append(Array(framed[MessageFraming.prefixBytes...]), compressed: true, to: stream)
      } else {
        unsentBytes += framed.count
        stream.output.append(owned: framed)
      }
      stream.trailers = GRPCHeaders.okTrailers(answer?.trailingMetadata)
      stream.headersSent = true
      respond(
        stream.id, GRPCHeaders.response(gzip: compresses, answer?.initialMetadata), hasBody: true)
    case .failure(let error):
      fail(stream, error)
    }
  }

  /// Whether a handler may run now. Health checks always do: a busy server is not a dead one.
  func enter(_ stream: ServerStream, _ method: ServedMethod) -> Bool {
    method.isAlwaysAdmitted || enter(stream)
  }

  private func enter(_ stream: ServerStream) -> Bool {
    stream.isCounted = admission.enter(isOverloaded: loop.load.isOverloaded)
    return stream.isCounted
  }

  /// The handler is over.
  private func leave(_ stream: ServerStream) {
    stream.isHandled = false
    stream.task = nil
    if stream.isCounted { admission.leave() }
    stream.isCounted = false
  }

  private var hasRoom: Bool { unsentBytes < limits.connectionUnsentBytes }

  private func append(_ message: [UInt8], compressed: Bool, to stream: ServerStream) {
    let before = stream.output.count
    defer { unsentBytes += stream.output.count - before }
    if compressed {
      stream.output.append(message: Gzip.compress(message), compressed: true)
    } else {
      stream.output.append(message: message, compressed: false)
    }
  }

  func runStreaming(
    _ stream: ServerStream, _ method: ServedMethod, _ context: ServerContext
  ) {
    stream.isBegun = true
    let call = StreamingServerCall(connection: self, stream: stream, context: context)
    stream.task = Task(executorPreference: loop) {
      let failure = await method.streaming(call)
      self.loop.execute { self.finishStreaming(call.stream, failure) }
    }
  }

  private func finishStreaming(_ stream: ServerStream, _ failure: RPCError?) {
    leave(stream)
    guard !stream.isClosed, stream.failure == nil else { return }
    if let failure { return fail(stream, failure) }
    dropInput(stream)
    guard stream.head.connectCodec == nil else { return endConnectStream(stream, nil) }
    stream.trailers = GRPCHeaders.okTrailers(stream.context?.trailingMetadata ?? Metadata())
    sendOn(stream)
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
    guard hasRoom else { return fail(stream, Self.answersWaiting) }
    let compresses = stream.head.acceptsGzip && stream.context?.compressesResponses == true
    append(message, compressed: compresses, to: stream)
    sendOn(stream)
  }

  /// Sends what was queued on a streaming call, the response's headers first.
  func sendOn(_ stream: ServerStream) {
    guard !stream.headersSent else { return resume(stream.id) }
    stream.headersSent = true
    let metadata = stream.context?.initialMetadata ?? Metadata()
    if let codec = stream.head.connectCodec {
      let fields = ConnectStreamHead.response(codec, gzip: stream.head.acceptsGzip, metadata)
      return respond(stream.id, HeaderBlock([(":status", "200")] + fields), hasBody: true)
    }
    // Said once for all messages, whichever of them will be compressed.
    respond(
      stream.id, GRPCHeaders.response(gzip: stream.head.acceptsGzip, metadata), hasBody: true)
  }

  /// Ends a call with a status; its handler is cancelled.
  func fail(_ stream: ServerStream, _ error: RPCError) {
    guard !stream.isClosed, stream.failure == nil else { return }
    let error = noted(error, stream)
    stream.failure = error
    stream.task?.cancel()
    stream.wakeReader()
    stream.wakeWriter()
    let metadata = stream.context?.trailingMetadata ?? Metadata()
    if stream.head.connectCodec != nil {
      endConnectStream(stream, error)
    } else if stream.headersSent {
      stream.trailers = GRPCHeaders.trailers(error, metadata)
      resume(stream.id)
    } else if let initial = stream.context?.initialMetadata, !initial.isEmpty {
      stream.trailers = GRPCHeaders.trailers(error, metadata)
      sendOn(stream)
    } else {
      stream.headersSent = true
      respond(stream.id, GRPCHeaders.trailersOnly(error, metadata), hasBody: false)
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
    guard let stream = stream(streamID), !stream.inputEnded else { return }
    guard stream.lingers else { return reset(streamID, NGHTTP2_NO_ERROR) }
    let end = monotonicNanoseconds() + Int64(limits.lingerSeconds) * 1_000_000_000
    loop.schedule(stream, at: end)
  }

  /// The caller must not wait for what will not come.
  override func headersNotSent(_ streamID: Int32) {
    if stream(streamID) != nil { reset(streamID, NGHTTP2_INTERNAL_ERROR) }
  }

  // MARK: - Plain HTTP and Connect

  private func startRequest(_ stream: ServerStream) {
    stream.role = .http
    stream.bodyLimit = dispatcher.bodyLimit(
      path: HTTPDispatch.split(stream.head.target).path, messageBytes: limits.messageBytes)
  }

  /// A request that never got whole.
  func giveUp(_ stream: ServerStream) {
    guard stream.role == .http else {
      return fail(
        stream, RPCError(.deadlineExceeded, "MESSAGE_OVERDUE", "The message did not come in time."))
    }
    stream.role = .refused
    stream.body = []
    note(.messageOverdue)
    answer(stream, .text(408, "The body did not come in time.\n"))
  }

  private func runRequest(_ stream: ServerStream) {
    let head = stream.head
    let (path, query) = HTTPDispatch.split(head.target)
    let request = HTTPRequest(
      method: head.verb, path: path, query: query, headers: head.fields, body: stream.body,
      peer: peer, identity: identity)
    stream.body = []
    guard !dispatcher.counts(request) || enter(stream) else {
      return answer(stream, dispatcher.refuse(request, admission.refusal))
    }
    let dispatcher = dispatcher
    let messageBytes = limits.messageBytes
    let call = LoopBound(stream)
    stream.task = Task(executorPreference: loop) {
      let response = await dispatcher.respond(to: request, messageBytes: messageBytes)
      self.loop.execute {
        self.leave(call.value)
        self.answer(call.value, response)
      }
    }
  }

  func answer(_ stream: ServerStream, _ response: HTTPResponse) {
    guard !stream.isClosed, !stream.headersSent else { return }
    stream.headersSent = true
    stream.lingers = true
    var headers = HeaderBlock([(":status", "\(response.status)")])
    for (name, value) in response.headers { headers.add(name.lowercased(), value) }
    headers.add("content-length", "\(response.body.count)")
    if stream.head.verb != "HEAD" {
      stream.output.append(response.body)
      unsentBytes += response.body.count
    }
    stream.outputEnds = true
    respond(stream.id, headers, hasBody: !stream.output.isEmpty)
  }

  // MARK: - Output

  override func produce(
    _ streamID: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>
  ) -> Production {
    guard let stream = stream(streamID) else { return .reset }
    let count = stream.output.move(into: buffer)
    stream.sentBytes += count
    unsentBytes -= count
    if stream.output.count < limits.unsentBytes { stream.wakeWriter() }
    guard stream.output.isEmpty else { return .bytes(count) }
    if let trailers = stream.trailers { return .trailers(count, trailers) }
    if stream.outputEnds { return .end(count) }
    return count > 0 ? .bytes(count) : .wait
  }
}
