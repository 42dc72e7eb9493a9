internal import Primitives
internal import RPCCore

/// Streams by the Connect protocol: gRPC's messages with a status in the body (connectrpc.com/docs/protocol,
/// "Streaming-RPCs").
extension ServerConnection {
  func startConnectStream(
    _ stream: ServerStream, _ method: ServedMethod, _ codec: MessageCodec
  ) throws(RPCError) {
    guard case .streaming = method.body else {
      stream.role = .refused
      note(.mediaTypeUnsupported)
      return answer(stream, ConnectStreamHead.notStreaming)
    }
    let fields = stream.head.metadata.entries.map { ($0.name, $0.value) }
    let head = try ConnectStreamHead(codec: codec, fields: fields)
    stream.head.acceptsGzip = head.acceptsGzip
    if head.takesGzip { stream.input.encoding = .gzip }
    stream.deadline = head.deadline
    if stream.deadline != .never { loop.schedule(stream, at: stream.deadline.nanoseconds) }
    let context = try method.admit(
      metadata: head.metadata, deadline: stream.deadline, peer: peer, identity: identity)
    stream.context = context
    guard enter(stream, method) else { throw admission.refusal }
    stream.role = .streaming
    runStreaming(stream, method, context)
  }

  /// Sends the last message, which has the status.
  func endConnectStream(_ stream: ServerStream, _ error: RPCError?) {
    let metadata = stream.context?.trailingMetadata ?? Metadata()
    stream.output.append(ConnectEnvelope.end(error, metadata))
    stream.outputEnds = true
    sendOn(stream)
  }
}
