public import Primitives

extension PushState {
  /// Says what to send, given what the channel shows, if that was read.
  public mutating func decide(shown read: Quantity?, now: Timestamp) -> Decision {
    guard let wanted else { return .settled }
    precondition(flight == nil, "one push of a listing at a time")
    if let read { shown = read }
    if let shown {
      let unseen = unseenUnits(shown)
      // Of the two numbers that a lost answer leaves open, the one that it must be.
      if uncertain != nil { expected = shown + unseen }
      unseenCount = unseen
    }
    unseenSince = unseenCount > 0 ? unseenSince ?? now : nil
    if let since = unseenSince, now - since >= PushLimits.unseenWait {
      // They never came in: somebody changed the number by hand.
      expected = believed
      unseenCount = 0
      unseenSince = nil
    }
    let number = max(0, wanted - unseenCount)
    if let shown, shown == number, uncertain == nil || read != nil {
      settle(number, now)
      return .settled
    }
    return .push(number, expected: comparison)
  }

  /// The push that was decided goes out.
  public mutating func begin(_ quantity: Quantity) {
    precondition(wanted != nil, "nothing is wanted")
    precondition(flight == nil, "one push of a listing at a time")
    flight = Flight(
      quantity: quantity, unseenCount: unseenCount, version: wantedVersion, since: waitingSince)
    sent = quantity
    sentVersion = wantedVersion
    attemptCount += 1
    shown = nil
    notBefore = nil
  }

  /// The push ended. Returns the time from the pool's commit, when it is acknowledged and answers a
  /// change.
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
    // What was left out was sold by the channel already.
    expected = ended.quantity + ended.unseenCount - ended.takenIn
    unseenCount = max(0, ended.unseenCount - max(0, ended.takenIn))
    uncertain = nil
    isUnverified = ended.takenIn != 0
    clearTrouble()
    notBefore = nil
    recheckTime = now + PushLimits.unseenRecheck
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
    expected = number + unseenCount
    uncertain = nil
    isUnverified = false
    clearTrouble()
    notBefore = nil
    recheckTime = now + PushLimits.unseenRecheck
    waitingSince = nil
    laterSince = nil
  }

  private mutating func clearTrouble() {
    attemptCount = 0
    staleCount = 0
    lastError = ""
    isLocked = false
  }

  /// Units that the channel has sold and that we have not taken in: `last sent − sales taken in
  /// since − shown`.
  private func unseenUnits(_ shown: Quantity) -> Quantity {
    guard let expected else { return 0 }
    guard let uncertain, uncertain != expected else { return max(0, expected - shown) }
    let low = min(expected, uncertain)
    let high = max(expected, uncertain)
    // Of two numbers that the channel may have had, the nearest above what it shows now.
    return shown >= high ? 0 : shown > low ? high - shown : low - shown
  }

  /// What to compare with; nil to set whatever the channel shows. A number that must come down does
  /// not wait for a comparison that keeps failing, and zero does not wait for a second one.
  private var comparison: Quantity? {
    let isLowering = wanted.map { wanted in believed.map { wanted < $0 } ?? false } ?? false
    if wanted == 0, staleCount > 0 { return nil }
    if isLowering, staleCount >= PushLimits.staleInARow { return nil }
    if let shown { return shown }
    return uncertain == nil ? believed : nil
  }
}
