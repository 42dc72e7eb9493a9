public import RPCCore

extension OutboxOutcome {
  /// What a peer's error means for a message that must arrive: whether time alone may help.
  public init(_ error: RPCError) {
    let text = "\(error)"
    switch error.code {
    case .ok, .unavailable, .deadlineExceeded, .cancelled, .resourceExhausted, .aborted, .unknown,
      .internalError:
      self = .failed(text)
    case .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition,
      .outOfRange, .unimplemented, .dataLoss, .unauthenticated:
      self = .refused(text)
    }
  }

  /// What went wrong as a caller may know it: the peer's code and reason, and nothing of its words, which may name
  /// addresses. Empty when nothing did.
  public var problem: String {
    switch self {
    case .delivered: ""
    case .failed(let problem), .refused(let problem): String(problem.prefix { $0 != ":" })
    }
  }
}
