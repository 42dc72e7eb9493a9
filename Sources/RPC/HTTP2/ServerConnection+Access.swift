internal import RPCCore

/// Callers whose rights are taken away while they are served.
extension ServerConnection {
  /// Ends the streams whose callers may not call any more. A unary call that was let in is answered: it is short.
  func askAgain() {
    for stream in streams.all where stream.role == .streaming {
      guard let method = stream.method, let context = stream.context,
        let reason = method.revocation(of: context)
      else { continue }
      fail(stream, reason)
    }
  }
}
