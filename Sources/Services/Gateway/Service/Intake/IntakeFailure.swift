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

  /// As the event's row keeps it: code, colon, words.
  var kept: String { "\(code): \(message)" }

  /// Code and words of an event that failed; nil when its row keeps none.
  static func parts(of row: InboxRow) -> (code: String, message: String)? {
    guard let colon = row.lastError.firstIndex(of: ":") else { return nil }
    let words = row.lastError[colon...].dropFirst().drop { $0 == " " }
    return (String(row.lastError[..<colon]), String(words))
  }

  /// How a dead event ended.
  static func outcome(of row: InboxRow) -> WorkOutcome {
    let (code, message) = parts(of: row) ?? ("EVENT_DEAD", row.lastError)
    return .dead(code: code, message)
  }
}
