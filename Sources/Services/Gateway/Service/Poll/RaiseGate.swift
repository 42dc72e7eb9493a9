internal import Kit
internal import Primitives

/// Holds an account's raises back while nobody knows what its channel has sold meanwhile; for a bounded time, so that a channel
/// that cannot be asked does not keep its numbers low for ever. What lowers goes through.
actor RaiseGate {
  private var closed: [AccountID: Deadline] = [:]
  private let signal = FeedSignal()

  /// Closed already, it stays so until the time that it was given first.
  func close(_ accountID: AccountID, atMost span: Duration) {
    if closed[accountID] == nil { closed[accountID] = .after(span) }
  }

  func open(_ accountID: AccountID) {
    closed[accountID] = nil
    signal.raise()
  }

  func isOpen(_ accountID: AccountID) -> Bool { closed[accountID]?.isPast ?? true }

  /// Returns once raises may go.
  func wait(_ accountID: AccountID) async {
    while !Task.isCancelled, let end = closed[accountID], !end.isPast {
      let seen = signal.latest
      await signal.wait(past: seen, atMost: end.remaining)
    }
  }
}
