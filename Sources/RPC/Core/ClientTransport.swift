public import Primitives

/// A way to a service: HTTP/2 over a socket, or another part of this process.
public protocol ClientTransport: Sendable {
  /// Makes one call with one message each way.
  ///
  /// - Throws: the server's status; UNAVAILABLE when it was not reached or the connection broke;
  ///   DEADLINE_EXCEEDED and CANCELLED by the caller's own time and task.
  func unary(
    _ method: MethodDescriptor, _ message: [UInt8], metadata: Metadata, deadline: Deadline
  ) async throws(RPCError) -> [UInt8]
  /// Opens a call whose messages come and go one by one.
  func open(
    _ method: MethodDescriptor, metadata: Metadata, deadline: Deadline
  ) async throws(RPCError) -> any ClientCall
  /// Ends all calls and connections.
  func close() async
}

/// An open call, as its caller sees it.
public protocol ClientCall: Sendable {
  /// Sends a message; suspends while more than the transport's bound is unsent.
  func send(_ message: [UInt8]) async throws(RPCError)
  /// Says that the last message was sent.
  func finishSending() async throws(RPCError)
  /// The next message; nil when the call ended with OK.
  ///
  /// - Throws: the status it ended with.
  func nextMessage() async throws(RPCError) -> [UInt8]?
  /// Ends the call; the server is told. Harmless after its end.
  func cancel()
}
