public import Primitives
internal import Synchronization

/// A way to a service: HTTP/2 over a socket, or another part of this process.
public protocol ClientTransport: Sendable {
  /// Makes one call with one message each way.
  ///
  /// - Throws: the server's status; UNAVAILABLE when it was not reached or the connection broke;
  ///   DEADLINE_EXCEEDED and CANCELLED by the caller's own time and task.
  func unary(_ call: OutgoingCall, _ message: [UInt8]) async throws(RPCError) -> [UInt8]
  /// Opens a call whose messages come and go one by one.
  func open(_ call: OutgoingCall) async throws(RPCError) -> any ClientCall
  /// Ends all calls and connections.
  func close() async
}

/// What a transport needs to know of a call beside its messages.
public struct OutgoingCall: Sendable {
  public var method: MethodDescriptor
  public var metadata: Metadata
  public var deadline: Deadline
  /// Whether the message of a unary call goes with gzip.
  public var compresses: Bool
  /// Who wants to know what comes beside the messages.
  public var record: CallRecord?

  public init(
    method: MethodDescriptor, metadata: Metadata = Metadata(), deadline: Deadline = .never,
    compresses: Bool = false, record: CallRecord? = nil
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.compresses = compresses
    self.record = record
  }
}

/// What came with a call beside its messages. Give one to `CallOptions`, read it once the call has ended.
///
/// After a retry it holds what came with the last try.
public final class CallRecord: Sendable {
  private struct State {
    var initialMetadata = Metadata()
    var trailingMetadata = Metadata()
    var wasCompressed = false
  }

  private let state = Mutex(State())

  public init() {}

  /// What the server sent before its first message.
  public var initialMetadata: Metadata { state.withLock { $0.initialMetadata } }
  /// What the server sent with the status.
  public var trailingMetadata: Metadata { state.withLock { $0.trailingMetadata } }
  /// Whether the message that was read last came compressed.
  public var messageWasCompressed: Bool { state.withLock { $0.wasCompressed } }

  package func setInitialMetadata(_ metadata: Metadata) {
    state.withLock { $0.initialMetadata = metadata }
  }

  package func setTrailingMetadata(_ metadata: Metadata) {
    state.withLock { $0.trailingMetadata = metadata }
  }

  package func noteCompression(_ wasCompressed: Bool) {
    state.withLock { $0.wasCompressed = wasCompressed }
  }
}

/// An open call, as its caller sees it.
public protocol ClientCall: Sendable {
  /// Sends a message; suspends while more than the transport's bound is unsent.
  func send(_ message: [UInt8], compressed: Bool) async throws(RPCError)
  /// Says that the last message was sent.
  func finishSending() async throws(RPCError)
  /// The next message; nil when the call ended with OK.
  ///
  /// - Throws: the status it ended with.
  func nextMessage() async throws(RPCError) -> [UInt8]?
  /// Ends the call; the server is told. Harmless after its end.
  func cancel()
}
