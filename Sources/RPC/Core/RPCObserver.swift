/// Who wants to know of each call: metrics and log. Called on the thread of the call; it must not block.
public protocol RPCObserver: Sendable {
  func callStarted(_ method: MethodDescriptor)
  func callEnded(_ method: MethodDescriptor, code: RPCCode, duration: Duration)
  /// An error that no service's table knows. The caller sees `reference` only.
  func internalError(_ error: any Error, method: MethodDescriptor, reference: String)
}

/// Nobody.
public struct SilentObserver: RPCObserver {
  public init() {}
  public func callStarted(_: MethodDescriptor) {}
  public func callEnded(_: MethodDescriptor, code _: RPCCode, duration _: Duration) {}
  public func internalError(_: any Error, method _: MethodDescriptor, reference _: String) {}
}
