/// Who wants to know of each call: metrics and log. Called on the thread of the call; it must not block.
public protocol RPCObserver: Sendable {
  /// Who is told of each call of a method. Asked for once, when a server is made, so that a call costs no look-up.
  func calls(of method: MethodDescriptor) -> any MethodObserver
  /// An error that no service's table knows. The caller sees `reference` only.
  func internalError(_ error: any Error, method: MethodDescriptor, reference: String)
  /// A caller at `peer` did something wrong in one call; `method` is nil when it is not known. The connection goes on.
  func callFault(_ fault: CallFault, method: MethodDescriptor?, peer: String)
  /// A server ended a connection. `peer` is its address; empty when it has none.
  func connectionEnded(_ reason: ConnectionEnd, peer: String)
  /// A connection from `peer` (`address:port`) that came to nothing in its TLS handshake, and why.
  func handshakeFailed(_ problem: String, peer: String)
}

extension RPCObserver {
  public func callFault(_: CallFault, method _: MethodDescriptor?, peer _: String) {}
  public func connectionEnded(_: ConnectionEnd, peer _: String) {}
  public func handshakeFailed(_: String, peer _: String) {}
}

extension RPCObserver {
  /// Tells of what a caller did wrong, once: from then on the error has a domain.
  func noted(_ error: RPCError, method: MethodDescriptor?, peer: String) -> RPCError {
    guard let fault = CallFault(error) else { return error }
    callFault(fault, method: method, peer: peer)
    return error.owned(by: RPCError.transportDomain)
  }
}

/// Who is told of each call of one method. Called on the thread of the call; it must not block.
public protocol MethodObserver: Sendable {
  func callStarted()
  func callEnded(_ context: ServerContext, code: RPCCode, duration: Duration)
}

/// Nobody.
public struct SilentObserver: RPCObserver, MethodObserver {
  public init() {}
  public func calls(of _: MethodDescriptor) -> any MethodObserver { self }
  public func callStarted() {}
  public func callEnded(_: ServerContext, code _: RPCCode, duration _: Duration) {}
  public func internalError(_: any Error, method _: MethodDescriptor, reference _: String) {}
}
