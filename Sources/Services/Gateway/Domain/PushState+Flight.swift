public import Primitives

extension PushState {
  /// Says what to send, given what the channel shows, if that was read.
  public mutating func decide(shown read: Quantity?, now: Timestamp) -> Decision {
    guard let wanted else { return .settled }
    precondition(flight == nil, "one push of a listing at a time")
    if let read { shown = read }
    var unseen = unseenCount
    if let shown {
      unseen = unseenUnits(shown)
      unseenSince = unseen > 0 ? unseenSince ?? now : nil
      if let since = unseenSince, now - since >= PushLimits.unseenWait {
        // They never came in: somebody changed the number by hand.
        unseen = 0
        unseenSince = nil
      }
    }
    let number = max(0, wanted - (wanted == 0 ? 0 : unseen))
    unseenCount = wanted - number
    if unseenCount == 0 { unseenSince = nil }
    if let shown, shown == number, uncertain == nil || read != nil {
      settle(number, now)
      return .settled
    }
    return .push(number, expected: wanted == 0 ? nil : believedShown)
  }

  /// The push that was decided goes out.
  public mutating func begin(_ quantity: Quantity) {
    guard let wanted else { preconditionFailure("nothing is wanted") }
    precondition(flight == nil, "one push of a listing at a time")
    flight = Flight(
      quantity: quantity, wanted: wanted, version: wantedVersion, since: waitingSince)
    sent = quantity
    sentVersion = wantedVersion
    attemptCount += 1
    shown = nil
    notBefore = nil
  }

  /// The push ended. Returns the time from the pool's commit, when it is acknowledged and answers a change.
  public mutating func finish(_ outcome: Outcome, now: Timestamp) -> Duration? {
    guard let ended = flight else { preconditionFailure("no push is on its way") }
    flight = nil
    guard outcome == .acknowledged else {
      fail(ended, outcome, now)
      return nil
    }
    acknowledged = ended.quantity
    acknowledgedVersion = ended.version
    acknowledgeTime = now
    // `wanted` rather than what was sent: the rest was sold by the channel already.
    expected = ended.wanted - ended.takenIn
    uncertain = nil
    isUnverified = ended.takenIn != 0
    clearTrouble()
    notBefore = unseenSince == nil ? nil : now + PushLimits.unseenRecheck
    waitingSince = laterSince
    laterSince = nil
    let span = ended.since.map { max(.zero, now - $0) }
    if let span { lag = span }
    return span
  }

  private mutating func fail(_ ended: Flight, _ outcome: Outcome, _ now: Timestamp) {
    waitingSince = ended.since ?? laterSince
    laterSince = nil
    switch outcome {
    case .acknowledged:
      preconditionFailure("handled by finish")
    case .stale(let known):
      staleCount += 1
      isUnverified = true
      shown = ended.takenIn == 0 ? known : nil
      if staleCount > PushLimits.staleInARow {
        notBefore = now + PushLimits.stalePause * min(staleCount - PushLimits.staleInARow, 20)
      }
    case .retry(let message, let pause, let mayHaveArrived):
      lastError = message
      notBefore = now + pause
      if mayHaveArrived {
        let arrived = ended.quantity - ended.takenIn
        uncertain = max(arrived, uncertain ?? arrived)
        isUnverified = true
      }
    case .locked(let message):
      lastError = message
      isLocked = true
      isUnverified = true
      notBefore = now + PushLimits.lockedPause
    case .refused(let message):
      lastError = message
      isDead = true
    }
  }

  /// The channel shows `number`, which is what it should.
  private mutating func settle(_ number: Quantity, _ now: Timestamp) {
    acknowledged = number
    acknowledgedVersion = wantedVersion
    acknowledgeTime = now
    expected = wanted
    uncertain = nil
    isUnverified = false
    clearTrouble()
    notBefore = unseenSince == nil ? nil : now + PushLimits.unseenRecheck
    waitingSince = nil
    laterSince = nil
  }

  private mutating func clearTrouble() {
    attemptCount = 0
    staleCount = 0
    lastError = ""
    isLocked = false
  }

  /// Units that the channel has sold and that we have not taken in: `last sent − sales taken in since − shown`.
  private func unseenUnits(_ shown: Quantity) -> Quantity {
    guard let expected else { return 0 }
    guard let uncertain, uncertain != expected else { return max(0, expected - shown) }
    let low = min(expected, uncertain)
    let high = max(expected, uncertain)
    // Of two numbers that the channel may have had, the nearest above what it shows now.
    return shown >= high ? 0 : shown > low ? high - shown : low - shown
  }

  /// What the channel should show now, for compare-and-set; nil to set whatever it shows.
  private var believedShown: Quantity? {
    if let shown { return shown }
    guard let expected, uncertain == nil else { return nil }
    if staleCount >= PushLimits.staleInARow, let wanted, wanted < expected { return nil }
    return max(0, expected - unseenCount)
  }
}
