/// Why a step of intake did not work, by what can be done about it.
struct IntakeFailure: Error, Equatable {
  enum Kind: Sendable, Equatable {
    /// One of our own services is away: tried as often as it takes.
    case peerAway
    /// The account's turn is not yet: tried then, as often as it takes.
    case notYet(Duration)
    /// The channel cannot be reached: tried for a day.
    case channelAway
    /// The channel's answer makes no sense: tried for some minutes.
    case channel
    /// It will never work like this.
    case final
  }

  var kind: Kind
  var code: String
  var message: String
}
