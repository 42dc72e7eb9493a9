public import Primitives

extension PushState {
  /// Says what to send, given what the channel shows, if that was read.
  ///
  /// - Parameter hasOpenEvents: events of the account are stored and not taken in yet, so unseen
  ///   sales may still be among them.
  public mutating func decide(
    shown read: Quantity?, hasOpenEvents: Bool = false, now: Timestamp
  ) -> Decision {
    guard let wanted else { return .settled }
    precondition(flight == nil, "one push of a listing at a time")
    if let read { shown = read }
    if let shown { compare(shown) }
    unseenSince = unseenCount > 0 || doubtCount > 0 ? unseenSince ?? now : nil
    if let since = unseenSince, now - since >= PushLimits.unseenWait, !hasOpenEvents {
      // They never came in: somebody changed the number by hand.
      expected = believed
      forgetUnseen()
    }
    let number = target(wanted)
    if let shown, shown == number {
      settle(number, now)
      return .settled
    }
    if wanted == 0, shown == nil, uncertain != nil || isUnread, let highest {
      // Zero is set whatever is shown, and what was sold unseen cannot be told from it any more.
      doubtCount = max(0, highest - unseenCount)
      unseenSince = unseenSince ?? now
    }
    return .push(number, expected: comparison)
  }

  /// Works out what the channel has sold unseen: `last sent − sales taken in since − shown`.
  ///
  /// A lost answer leaves two numbers that it may have had. Where it shows more than the lower one,
  /// it had the higher. Where it does not, nobody can tell, and what lies between is doubtful. After
  /// a restart all of it is: a push that lowered need not have been kept.
  private mutating func compare(_ shown: Quantity) {
    if isUnread || (expected == nil && uncertain != nil) {
      isUnread = false
      doubtCount = max(0, max(expected ?? shown, uncertain ?? shown) - shown)
      unseenCount = 0
      expected = shown
    } else if let known = expected, let other = uncertain {
      let low = min(known, other)
      let high = max(known, other)
      if shown > low || low == high {
        unseenCount = max(0, high - shown)
      } else {
        unseenCount = low - shown
        doubtCount += high - low
      }
      expected = shown + unseenCount
    } else if let known = expected {
      unseenCount = max(0, known - shown)
      // More than was thought: so much of what was doubtful is there.
      let found = min(doubtCount, max(0, shown - known))
      doubtCount -= found
      expected = known + found
    } else {
      unseenCount = 0
    }
    uncertain = nil
  }

  /// The push that was decided goes out.
  public mutating func begin(_ quantity: Quantity, at now: Timestamp) {
    precondition(wanted != nil, "nothing is wanted")
    precondition(flight == nil, "one push of a listing at a time")
    flight = Flight(
      quantity: quantity, unseenCount: unseenCount, version: wantedVersion, since: waitingSince,
      sendTime: now)
    sent = quantity
    attemptCount += 1
    shown = nil
    notBefore = nil
  }

  /// Of the push on its way.
  public struct Cause {
    /// Of the oldest change that it answers.
    public var commitTime: Timestamp?
    public var sendTime: Timestamp
    /// Units that it leaves out.
    public var unseenCount: Quantity
    /// What its number was worked out from.
    public var version: PushVersion
  }

  public var flightCause: Cause? {
    flight.map {
      Cause(
        commitTime: $0.since, sendTime: $0.sendTime, unseenCount: $0.unseenCount,
        version: $0.version)
    }
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
    isUnread = false
    isUnverified = ended.takenIn != 0
    clearTrouble()
    notBefore = nil
    recheckTime = now + PushLimits.unseenRecheck
    waitingSince = ended.laterSince
    let span = ended.since.map { max(.zero, now - $0) }
    if let span { lag = span }
    return span
  }

  private mutating func fail(_ ended: Flight, _ outcome: Outcome, _ now: Timestamp) {
    waitingSince = ended.since ?? ended.laterSince
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
      note(message)
      notBefore = now + pause
      if mayHaveArrived {
        let arrived = ended.quantity + ended.unseenCount - ended.takenIn
        uncertain = max(arrived, uncertain ?? arrived)
        isUnverified = true
      }
    case .locked(let message):
      trouble = Trouble(lastError: message, lockedQuantity: ended.quantity)
      isLocked = true
      isUnverified = true
      // It is no fault of the push.
      attemptCount = max(0, attemptCount - 1)
      notBefore = now + PushLimits.lockedPause
    case .refused(let message):
      note(message)
      isDead = true
    }
    if wanted == nil { unlink() }
  }

  /// The channel shows `number`, which is what it should.
  private mutating func settle(_ number: Quantity, _ now: Timestamp) {
    acknowledged = number
    acknowledgedVersion = wantedVersion
    acknowledgeTime = now
    expected = number + unseenCount
    uncertain = nil
    isUnread = false
    isUnverified = false
    clearTrouble()
    notBefore = nil
    recheckTime = now + PushLimits.unseenRecheck
    waitingSince = nil
  }

  private mutating func clearTrouble() {
    attemptCount = 0
    staleCount = 0
    isLocked = false
    trouble = nil
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
