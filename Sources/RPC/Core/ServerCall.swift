public import Protobuf

/// One call as a transport carries it to a streaming handler.
public protocol ServerCall: Sendable {
  var context: ServerContext { get }
  /// How the caller writes its messages, and wants ours.
  var codec: MessageCodec { get }
  /// The next message of the caller; nil when it has sent its last. Suspends until there is one, and lets the
  /// caller send more only as messages are taken.
  func nextMessage() async throws(RPCError) -> [UInt8]?
  /// Sends a message; suspends while more than the transport's bound is unsent.
  func send(_ message: [UInt8]) async throws(RPCError)
  /// What was wrong with the caller's input, once `nextMessage` has thrown it: nobody need look for a mistake of ours.
  var fault: RPCError? { get }
}

extension ServerCall {
  public var codec: MessageCodec { .proto }
  public var fault: RPCError? { nil }
}

/// Where a handler writes its messages, one after another.
public struct ResponseWriter<Response: Message>: Sendable {
  let call: any ServerCall

  public init(call: any ServerCall) {
    self.call = call
  }

  /// Sends a message. Returns when there is room for the next: a slow reader slows the writer down.
  ///
  /// - Throws: CANCELLED when the caller is gone, DEADLINE_EXCEEDED when its time is over.
  public func write(_ message: Response) async throws(RPCError) {
    try await call.send(MethodHandler.bytes(message, call.codec))
  }
}

/// The caller's messages, in order.
public struct RequestStream<Request: Message>: AsyncSequence, Sendable {
  public typealias Element = Request
  let call: any ServerCall

  public init(call: any ServerCall) {
    self.call = call
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let call: any ServerCall

    public mutating func next() async throws -> Request? {
      guard let bytes = try await call.nextMessage() else { return nil }
      return try MethodHandler.parse(bytes, call.codec)
    }
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(call: call)
  }
}
