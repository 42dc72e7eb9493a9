public import Primitives

/// What a handler may know of the call beside its messages.
///
/// Cancellation is the task's: `Task.isCancelled` turns true when the caller is gone or the deadline is past.
public struct ServerContext: Sendable {
  public var method: MethodDescriptor
  /// The caller's own entries; those of the protocol are left out.
  public var metadata: Metadata
  /// When the caller stops waiting. `.never` when it has not said.
  public var deadline: Deadline
  /// `address:port` of the caller, or `in-process`.
  public var peer: String

  public init(
    method: MethodDescriptor, metadata: Metadata = Metadata(), deadline: Deadline = .never,
    peer: String = "in-process"
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
  }
}
