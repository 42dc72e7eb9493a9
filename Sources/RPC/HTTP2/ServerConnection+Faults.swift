internal import RPCCore

/// What callers do wrong in single calls, for those who count and log it.
extension ServerConnection {
  func note(_ fault: CallFault) {
    dispatcher.observer.callFault(fault, method: nil, peer: peer)
  }

  /// Tells of a call that is ended with `error`: nobody else does when its handler has not begun.
  ///
  /// - Returns: the error as the caller is told it.
  func noted(_ error: RPCError, _ stream: ServerStream) -> RPCError {
    guard let method = stream.method else { return dispatcher.noted(error, peer: peer) }
    guard !stream.isBegun else { return method.noted(error, peer: peer) }
    return method.refused(error, peer: peer, context: stream.context)
  }
}
