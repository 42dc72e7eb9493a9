internal import Primitives
public import RPCCore
public import RPCTLS

/// gRPC over HTTP/2 to one service. A lost connection is made again by itself; calls wait for it within their deadline.
public final class HTTP2ClientTransport: ClientTransport {
  private let balancer: ClientBalancer

  /// - Parameters:
  ///   - target: `host:port`, or several with commas between them; a name may have several addresses.
  ///   - connections: how many to keep to an address; calls go round them.
  ///   - options: how to choose among the addresses, and how to keep connections.
  ///   - tls: what to secure them with; nil for plaintext.
  /// - Throws: `TransportError.address` when the target makes no sense.
  public init(
    target: String, connections: Int = 1, limits: TransportLimits = TransportLimits(),
    options: ClientOptions = ClientOptions(), tls: TLSCredentials? = nil
  ) throws {
    precondition(connections > 0, "a client has a connection")
    precondition(tls?.isServer != true, "a client's credentials are made for one")
    var options = options
    options.tls = tls
    balancer = ClientBalancer(
      targets: try HostPort.list(target), connections: connections,
      loop: EventLoopGroup.shared.nextLoop(), limits: limits, options: options)
  }

  /// The loop of the client's connections. A call that is made there, and all that follows it, crosses no thread.
  public var executor: any TaskExecutor { balancer.loop }

  public func unary(
    _ call: OutgoingCall, _ message: [UInt8]
  ) async throws(RPCError) -> [UInt8] {
    let balancer = balancer
    let box = StreamBox(
      ClientStream(call, isUnary: true, messageBytes: balancer.limits.messageBytes))
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        balancer.loop.execute {
          let stream = box.stream
          stream.unary = continuation
          stream.append(message, compressed: call.compresses)
          stream.outputEnded = true
          if box.isCancelled {
            balancer.cancel(stream, RPCError(.cancelled, "", "The caller's task was cancelled."))
          } else {
            balancer.start(stream)
          }
        }
      }
    } onCancel: {
      balancer.loop.execute {
        box.isCancelled = true
        guard box.stream.unary != nil else { return }
        balancer.cancel(box.stream, RPCError(.cancelled, "", "The caller's task was cancelled."))
      }
    }
    return try result.get()
  }

  public func open(_ call: OutgoingCall) async throws(RPCError) -> any ClientCall {
    let balancer = balancer
    let box = StreamBox(
      ClientStream(call, isUnary: false, messageBytes: balancer.limits.messageBytes))
    balancer.loop.execute { balancer.start(box.stream) }
    return HTTP2ClientCall(
      transport: self, loop: balancer.loop, limits: balancer.limits, owner: balancer, box: box)
  }

  public func close() async { closeAll() }

  deinit { closeAll() }

  private func closeAll() {
    balancer.loop.execute { [balancer] in balancer.close() }
  }
}

/// Carries a call to its client's loop.
final class StreamBox: @unchecked Sendable {
  // Sendable: both fields are touched on the client's loop only.
  let stream: ClientStream
  var isCancelled = false

  init(_ stream: ClientStream) {
    self.stream = stream
  }
}

/// A streaming call, as its caller holds it.
final class HTTP2ClientCall: ClientCall {
  /// Held: a transport that nobody holds any more ends its calls.
  private let transport: HTTP2ClientTransport?
  private let loop: EventLoop
  private let limits: TransportLimits
  private let owner: any ChannelOwner
  private let box: StreamBox

  init(
    transport: HTTP2ClientTransport?, loop: EventLoop, limits: TransportLimits,
    owner: any ChannelOwner, box: StreamBox
  ) {
    self.transport = transport
    self.loop = loop
    self.limits = limits
    self.owner = owner
    self.box = box
  }

  func send(_ message: [UInt8], compressed: Bool) async throws(RPCError) {
    let failure: RPCError? = await onLoop { stream in
      if case .failure(let error) = stream.end { return error }
      stream.append(message, compressed: compressed)
      if let streamID = stream.streamID { stream.connection?.resume(streamID) }
      return nil
    }
    if let failure { throw failure }
    await wait(for: \.writer) { [limits] stream in
      stream.end != nil || stream.output.count < limits.unsentBytes
    }
  }

  func finishSending() async throws(RPCError) {
    let _: Bool = await onLoop { stream in
      stream.outputEnded = true
      if let streamID = stream.streamID { stream.connection?.resume(streamID) }
      return true
    }
  }

  func nextMessage() async throws(RPCError) -> [UInt8]? {
    while true {
      switch await onLoop({ self.take($0) }) {
      case .success(.some(let message)): return message
      case .success(.none): return nil
      case .failure(let error): throw error
      case nil:
        await wait(for: \.reader) { stream in stream.end != nil || stream.input.hasMessage }
      }
    }
  }

  func cancel() {
    let owner = owner
    let box = box
    loop.execute {
      owner.cancel(box.stream, RPCError(.cancelled, "", "The caller ended the call."))
    }
  }

  /// The next message, the end, or nil when there is neither yet.
  private func take(_ stream: ClientStream) -> Result<[UInt8]?, RPCError>? {
    do {
      if let message = try stream.input.next() {
        stream.connection?.giveRoom(stream, message.wireBytes)
        stream.call.record?.noteCompression(message.wasCompressed)
        return .success(message.bytes)
      }
    } catch {
      owner.cancel(stream, error)
      return .failure(error)
    }
    switch stream.end {
    case .success: return .success(nil)
    case .failure(let error): return .failure(error)
    case nil: return nil
    }
  }

  private func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (ClientStream) -> Value
  ) async -> Value {
    let box = box
    if loop.isCurrent { return body(box.stream) }
    return await withCheckedContinuation { continuation in
      loop.execute { continuation.resume(returning: body(box.stream)) }
    }
  }

  /// Suspends until the stream wakes `slot`, unless `isOver` holds already. A cancelled task ends the call.
  private func wait(
    for slot: ReferenceWritableKeyPath<ClientStream, CheckedContinuation<Void, Never>?> & Sendable,
    unless isOver: @escaping @Sendable (ClientStream) -> Bool
  ) async {
    let box = box
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        loop.execute {
          if isOver(box.stream) {
            continuation.resume()
          } else {
            precondition(box.stream[keyPath: slot] == nil, "one reader and one writer at a time")
            box.stream[keyPath: slot] = continuation
            if box.stream.reader != nil { box.stream.connection?.giveRoom(box.stream) }
          }
        }
      }
    } onCancel: {
      cancel()
    }
  }
}
