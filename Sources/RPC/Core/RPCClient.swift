internal import Primitives
public import Protobuf

/// What one call may say of itself.
public struct CallOptions: Sendable {
  /// How long the caller waits. Nil: the client's own figure; a stream's is then without end.
  public var timeout: Duration?
  public var metadata: Metadata
  /// Whether messages are sent with gzip; a stream's may say otherwise one by one.
  public var compresses: Bool
  /// Learns what comes beside the messages.
  public var record: CallRecord?

  public init(
    timeout: Duration? = nil, metadata: Metadata = Metadata(), compresses: Bool = false,
    record: CallRecord? = nil
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.compresses = compresses
    self.record = record
  }
}

/// Makes calls over a transport: always with a deadline, and again where that is safe.
public final class RPCClient: Sendable {
  /// How long a unary call waits when nobody has said.
  public static let defaultTimeout = Duration.seconds(10)
  /// How often the call was tried before (gRFC A6, "Exposed Retry Metadata").
  private static let previousAttempts = "grpc-previous-rpc-attempts"

  private let transport: any ClientTransport
  private let timeout: Duration
  private let retry: RetryPolicy
  private let metadata: Metadata
  private let retryByMethod: [String: RetryPolicy]
  private let throttle: RetryThrottle
  private let sleep: @Sendable (Duration) async throws -> Void

  /// - Parameters:
  ///   - retry: for each method that may be repeated.
  ///   - retryByMethod: for single ones, by path (`/onepool.pool.v1.PoolService/GetStock`), whatever their proto says.
  ///   - budget: what retries may add to the load of a server that fails.
  ///   - metadata: goes with every call, before the call's own.
  public convenience init(
    transport: any ClientTransport, timeout: Duration = RPCClient.defaultTimeout,
    retry: RetryPolicy = RetryPolicy(), retryByMethod: [String: RetryPolicy] = [:],
    budget: RetryBudget = RetryBudget(), metadata: Metadata = Metadata()
  ) {
    self.init(
      transport: transport, timeout: timeout, retry: retry, retryByMethod: retryByMethod,
      budget: budget, metadata: metadata
    ) { try await Task.sleep(for: $0) }
  }

  /// - Parameter sleep: waits between tries, as a test wants it.
  package init(
    transport: any ClientTransport, timeout: Duration, retry: RetryPolicy,
    retryByMethod: [String: RetryPolicy], budget: RetryBudget, metadata: Metadata = Metadata(),
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.transport = transport
    self.timeout = timeout
    self.retry = retry
    self.metadata = metadata
    self.retryByMethod = retryByMethod
    self.sleep = sleep
    throttle = RetryThrottle(budget)
  }

  /// Makes a unary call. One that the proto marks idempotent or without side effects is made again after
  /// UNAVAILABLE, and after RESOURCE_EXHAUSTED with a RetryInfo, while attempts, budget and time last.
  public func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions
  ) async throws(RPCError) -> Response {
    let call = outgoing(method, options, deadline: .after(options.timeout ?? timeout))
    let message = request.serialized()
    let policy = policy(of: method)
    var attempt = 1
    while true {
      do {
        var numbered = call
        if attempt > 1 { numbered.metadata.add(Self.previousAttempts, "\(attempt - 1)") }
        let answer = try await transport.unary(numbered, message)
        throttle.succeeded()
        return try Self.parse(answer)
      } catch {
        attempt += 1
        guard let wait = wait(before: attempt, after: error, policy),
          wait < call.deadline.remaining, (try? await sleep(wait)) != nil
        else { throw error }
      }
    }
  }

  /// Opens a server stream; it starts when it is iterated.
  public func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions
  ) -> ResponseStream<Response> {
    let transport = transport
    let message = request.serialized()
    let outgoing = outgoing(method, options)
    return ResponseStream {
      () async throws(RPCError) -> any ClientCall in
      let call = try await transport.open(outgoing)
      try await call.send(message, compressed: options.compresses)
      try await call.finishSending()
      return call
    }
  }

  /// Opens a call in which the caller sends many messages; used by client and bidirectional streaming.
  public func bidirectional<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _: Request.Type, _: Response.Type, options: CallOptions
  ) async throws(RPCError) -> DuplexCall<Request, Response> {
    DuplexCall(
      call: try await transport.open(outgoing(method, options)), compresses: options.compresses)
  }

  /// A call made for another one ends with it, and belongs to its trace.
  private func outgoing(
    _ method: MethodDescriptor, _ options: CallOptions, deadline: Deadline? = nil
  ) -> OutgoingCall {
    var call = OutgoingCall(
      method: method, metadata: options.metadata,
      deadline: deadline ?? options.timeout.map { .after($0) } ?? .never,
      compresses: options.compresses, record: options.record)
    if !metadata.isEmpty {
      var all = metadata
      all.add(call.metadata)
      call.metadata = all
    }
    if let outer = ServerContext.current {
      call.deadline = min(call.deadline, outer.deadline)
      if call.metadata[TraceContext.headerName] == nil {
        call.metadata.add(TraceContext.headerName, outer.trace.child().text)
      }
    }
    return call
  }

  public func close() async {
    await transport.close()
  }

  static func parse<Response: Message>(_ bytes: [UInt8]) throws(RPCError) -> Response {
    do {
      return try Response(serialized: bytes)
    } catch {
      throw RPCError(.internalError, "", "The server's message cannot be read: \(error)")
    }
  }

  private func policy(of method: MethodDescriptor) -> RetryPolicy {
    if !retryByMethod.isEmpty, let own = retryByMethod[method.path] { return own }
    return method.idempotency == .unknown ? .never : retry
  }

  /// How long to wait before another try; nil when there is to be none.
  private func wait(
    before attempt: Int, after error: RPCError, _ policy: RetryPolicy
  ) -> Duration? {
    let passes = policy.retries(error)
    // gRFC A6: a push-back that says never counts as a failure, whatever the code.
    guard passes || error.pushback == .never else { return nil }
    let isWithinBudget = throttle.failed()
    guard passes, isWithinBudget, attempt <= policy.attempts, !Task.isCancelled else { return nil }
    switch error.pushback {
    case .never: return nil
    case .after(let wait): return wait
    case nil:
      let jittered = policy.bound(before: attempt) * Double.random(in: 0...1)
      return max(jittered, error.retryAfter ?? .zero)
    }
  }
}

/// A server's messages, in order. Iterating it makes the call; leaving the loop ends it.
public struct ResponseStream<Response: Message>: AsyncSequence, Sendable {
  public typealias Element = Response
  let open: @Sendable () async throws(RPCError) -> any ClientCall

  public init(open: @escaping @Sendable () async throws(RPCError) -> any ClientCall) {
    self.open = open
  }

  public final class AsyncIterator: AsyncIteratorProtocol {
    private let open: @Sendable () async throws(RPCError) -> any ClientCall
    private var call: (any ClientCall)?

    init(open: @escaping @Sendable () async throws(RPCError) -> any ClientCall) {
      self.open = open
    }

    deinit {
      call?.cancel()
    }

    public func next() async throws -> Response? {
      let current: any ClientCall
      if let call {
        current = call
      } else {
        current = try await open()
        call = current
      }
      guard let bytes = try await current.nextMessage() else { return nil }
      let message: Response = try RPCClient.parse(bytes)
      return message
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(open: open)
  }
}

/// A call in which both sides send many messages.
public struct DuplexCall<Request: Message, Response: Message>: Sendable {
  let call: any ClientCall
  private let compresses: Bool

  public init(call: any ClientCall, compresses: Bool = false) {
    self.call = call
    self.compresses = compresses
  }

  /// Sends a message; suspends while too much is unsent.
  ///
  /// - Parameter compressed: whether it goes with gzip; nil: as the call's options say.
  public func send(_ request: Request, compressed: Bool? = nil) async throws(RPCError) {
    try await call.send(request.serialized(), compressed: compressed ?? compresses)
  }

  public func finishSending() async throws(RPCError) {
    try await call.finishSending()
  }

  /// The next message; nil when the call ended with OK.
  public func next() async throws(RPCError) -> Response? {
    guard let bytes = try await call.nextMessage() else { return nil }
    return try RPCClient.parse(bytes)
  }

  public func cancel() {
    call.cancel()
  }
}
