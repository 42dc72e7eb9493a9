internal import Synchronization

/// A streaming method by the Connect protocol over HTTP/1.1: the caller's messages are all there before it starts, its
/// answers go out as they are made.
final class ConnectStreamCall: ServerCall {
  let context: ServerContext
  let codec: MessageCodec
  private let head: ConnectStreamHead
  private let limit: Int
  private let body: HTTPBodyStream
  private let watch: AuthorizerWatch
  /// What of the request was not taken.
  private let rest: Mutex<ArraySlice<UInt8>>
  private let refused = Mutex<RPCError?>(nil)
  var fault: RPCError? { refused.withLock { $0 } }

  private init(
    _ head: ConnectStreamHead, _ request: HTTPRequest, _ method: ServedMethod, limit: Int
  ) throws(RPCError) {
    self.head = head
    self.limit = limit
    codec = head.codec
    let context = try method.admit(
      metadata: head.metadata, deadline: head.deadline, peer: request.peer,
      identity: request.identity)
    let body = HTTPBodyStream()
    watch = method.watchAuthorizer {
      if let reason = method.revocation(of: context) { body.stop(reason) }
    }
    self.context = context
    self.body = body
    rest = Mutex(request.body[...])
  }

  /// Runs the handler; returns when the headers of its answer are known.
  static func respond(
    to request: HTTPRequest, method: ServedMethod, codec: MessageCodec, messageBytes: Int
  ) async -> HTTPResponse {
    let call: ConnectStreamCall
    do throws(RPCError) {
      let head = try ConnectStreamHead(codec: codec, fields: request.headers)
      call = try ConnectStreamCall(head, request, method, limit: messageBytes)
    } catch {
      // A stream's status is in its body, whatever it is.
      return ConnectStreamHead.failure(method.refused(error, peer: request.peer), codec)
    }
    let task = Task {
      let outcome = await DeadlineRace.run(until: call.context.deadline) {
        await method.streaming(call).map { .failure($0) } ?? .success([])
      }
      call.finish(outcome)
    }
    call.body.onCancel { reason in
      call.finish(.failure(reason))
      task.cancel()
    }
    // Who was let in while that changed is asked for once more: before, there was nobody to stop.
    if let reason = method.revocation(of: call.context) { call.body.stop(reason) }
    await call.body.begun()
    return HTTPResponse(
      status: 200,
      headers: ConnectStreamHead.response(
        codec, gzip: call.head.acceptsGzip, call.context.initialMetadata),
      stream: call.body)
  }

  private func finish(_ outcome: Result<[UInt8], RPCError>) {
    watch.end()
    var failure: RPCError?
    if case .failure(let error) = outcome { failure = error }
    body.end(ConnectEnvelope.end(failure, context.trailingMetadata))
  }

  func nextMessage() async throws(RPCError) -> [UInt8]? {
    do throws(RPCError) {
      let (message, isCompressed) = try takeEnvelope()
      guard let message else { return nil }
      context.noteCompression(isCompressed)
      guard isCompressed else { return message }
      return try ConnectProtocol.decompressed(message, atMost: limit)
    } catch {
      refused.withLock { $0 = error }
      throw error
    }
  }

  private func takeEnvelope() throws(RPCError) -> ([UInt8]?, Bool) {
    let taken = rest.withLock { rest -> Result<([UInt8]?, Bool), RPCError> in
      guard !rest.isEmpty else { return .success((nil, false)) }
      let first = rest.startIndex
      let length = rest.prefix(ConnectEnvelope.prefixBytes).dropFirst()
        .reduce(0) { $0 << 8 | Int($1) }
      let flags = rest[first]
      guard rest.count >= ConnectEnvelope.prefixBytes + length,
        flags == 0 || flags == ConnectEnvelope.compressed && head.takesGzip
      else {
        return .failure(
          RPCError(
            .invalidArgument, "ENVELOPE_MALFORMED",
            "The body must be enveloped messages, whole, compressed only as was said."))
      }
      let message = rest.dropFirst(ConnectEnvelope.prefixBytes).prefix(length)
      rest = rest[message.endIndex...]
      return .success((Array(message), flags == ConnectEnvelope.compressed))
    }
    return try taken.get()
  }

  func send(_ message: [UInt8]) async throws(RPCError) {
    let compresses = head.acceptsGzip && context.compressesResponses
    let payload = compresses ? Gzip.compress(message) : message
    try await body.write(
      ConnectEnvelope.frame(payload, flags: compresses ? ConnectEnvelope.compressed : 0))
  }
}
