internal import ChannelAdapter
internal import RPCCore
internal import StorageCore

extension IntakeFailure {
  /// What an error of any layer below means for the event.
  init(_ error: any Error) {
    switch error {
    case let failure as IntakeFailure: self = failure
    case let error as RPCError: self.init(error)
    case let error as ChannelError: self.init(error)
    case is StorageError: self.init(kind: .peerAway, code: "STORE_UNAVAILABLE", message: "\(error)")
    case is CancellationError: self.init(kind: .peerAway, code: "STOPPING", message: "stopping")
    default: self.init(kind: .channel, code: "INTERNAL", message: "\(error)")
    }
  }

  private init(_ error: RPCError) {
    if error.reason == "ORDER_NOT_SHIPPED" {
      // The channel may hear of a parcel before we do.
      self.init(kind: .channelAway, code: error.reason, message: error.description)
      return
    }
    switch error.code {
    case .unavailable, .deadlineExceeded, .cancelled, .resourceExhausted, .aborted, .unknown, .ok:
      self.init(kind: .peerAway, code: error.reason, message: error.description)
    case .internalError, .dataLoss, .unimplemented, .unauthenticated, .permissionDenied:
      // Somebody must mend it; until then it is tried now and then.
      self.init(kind: .channel, code: error.reason, message: error.description)
    case .invalidArgument, .notFound, .alreadyExists, .failedPrecondition, .outOfRange:
      self.init(kind: .final, code: error.reason, message: error.description)
    }
  }

  private init(_ error: ChannelError) {
    switch error {
    case .rateLimited(let after):
      self.init(
        kind: .notYet(after ?? GatewayLimits.turnWait), code: "RATE_LIMITED", message: error.text)
    case .unavailable, .tokenExpired, .unauthorised, .suspended:
      self.init(kind: .channelAway, code: "CHANNEL_UNAVAILABLE", message: error.text)
    case .malformed, .notFound:
      // An order may be announced before it can be fetched.
      self.init(kind: .channel, code: "CHANNEL_ANSWER", message: error.text)
    case .refused:
      self.init(kind: .final, code: "CHANNEL_REFUSED", message: error.text)
    }
  }
}
