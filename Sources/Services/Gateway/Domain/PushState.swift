public import Primitives

/// How far one listing is pushed: what it should show, what was sent, what the channel
/// acknowledged.
///
///     want ──▶ need: lower ──▶ begin ──▶ finish: acknowledged
///          ──▶ need: raise ──▶ (read) ──▶ decide ──▶ begin ──▶ finish: retry, locked, stale ──▶ need …
///          ──▶ need: look  ──▶ read ──▶ decide ──▶ settled     └──▶ refused ──▶ dead ──▶ revive
///                                           └──▶ need: lower, raise
///
/// A channel lowers its own number when it takes an order, before we hear of it. So `expected`
/// follows what the channel would show if it had made no sale but those that were taken in; what it
/// shows below that are sales that are still on their way, and what is pushed leaves them out.
public struct PushState: Equatable, Sendable {
  /// What is to be done.
  public enum Need: Equatable, Sendable {
    case nothing
    /// The channel may show too much: goes at once.
    case lower
    /// The channel shows too little, or nobody knows: first intake catches up and the channel's
    /// number is read.
    case raise
    /// Nothing, as far as was known before a restart: only nobody has looked since.
    case look
  }

  /// What to do about a raise once the channel's number is known, or cannot be.
  public enum Decision: Equatable, Sendable {
    /// The channel shows the right number already.
    case settled
    /// Set this number; `expected` is what the channel is thought to show, for compare-and-set.
    case push(Quantity, expected: Quantity?)
  }

  /// How a push ended.
  public enum Outcome: Equatable, Sendable {
    case acknowledged
    /// Compare-and-set failed; the channel shows this, if it says.
    case stale(shown: Quantity?)
    /// To be tried again after a pause; `arrived` is nil when it may or may not have arrived.
    case retry(String, after: Duration, mayHaveArrived: Bool)
    case locked(String)
    case refused(String)
  }

  /// A push on its way.
  struct Flight: Equatable, Sendable {
    var quantity: Quantity
    /// Units that it leaves out, because the channel has sold them unseen.
    var unseenCount: Quantity
    var version: PushVersion
    var since: Timestamp?
    /// When it went out.
    var sendTime: Timestamp
    /// Units of the channel's own sales that were taken in meanwhile.
    var takenIn: Quantity = 0
    /// The commit of the oldest change after it began.
    @Packed var laterSince: Timestamp?
  }

  /// What the channel has against the number.
  struct Trouble: Equatable, Sendable {
    var lastError = ""
    /// The number that a promotion refused.
    var lockedQuantity: Quantity?
  }

  @Packed public internal(set) var wanted: Quantity?
  public internal(set) var wantedVersion = PushVersion.none
  @Packed public internal(set) var sent: Quantity?
  @Packed public internal(set) var acknowledged: Quantity?
  public internal(set) var acknowledgedVersion = PushVersion.none
  @Packed public internal(set) var acknowledgeTime: Timestamp?
  /// Of the last push that was acknowledged.
  @Packed public internal(set) var lag: Duration?
  @Rare var trouble: Trouble?
  /// Nothing is tried before.
  @Packed public internal(set) var notBefore: Timestamp?
  /// When a number that was kept down for unseen sales is looked at again; other needs do not wait
  /// for it.
  @Packed var recheckTime: Timestamp?

  /// What the channel would show if it had made no sale but those that were taken in; nil when
  /// nothing is known.
  @Packed var expected: Quantity?
  /// What `expected` is if a push arrived whose answer was lost.
  @Packed var uncertain: Quantity?
  /// What the channel said it shows, until something changes it.
  @Packed var shown: Quantity?
  /// Units that the channel has sold and that were not taken in, as far as is known, and since when
  /// there are such.
  var unseenCount: Quantity = 0
  /// Further units of which nobody can tell whether the channel has sold them unseen or never had
  /// them: a raise leaves them out, and nothing is lowered for them.
  var doubtCount: Quantity = 0
  /// Since when there are unseen or doubtful units.
  @Packed var unseenSince: Timestamp?
  @Rare var flight: Flight?
  /// The commit of the oldest change that the channel has not acknowledged.
  @Packed var waitingSince: Timestamp?

  // The small ones stand together.
  @Small public internal(set) var attemptCount = 0
  @Small var staleCount = 0
  /// Sales of the channel's own on their way into the pool: no raise meanwhile.
  @Small var openIntakes = 0
  /// How often sales were taken in: a reading from before is not to be used.
  @Small public internal(set) var intakeCount = 0
  public internal(set) var isDead = false
  public internal(set) var isLocked = false
  /// Taken over from before a restart and not read since: pushes that lowered may be unknown.
  var isUnread = false
  /// The channel's number is to be looked at, though it should be right.
  var isUnverified = false

  public init() {}

  /// As it was when the gateway stopped. Pushes that lowered may have followed, so it is looked at
  /// again.
  ///
  /// - Parameter highest: what `highest` was.
  public init(
    acknowledged: Quantity?, highest: Quantity? = nil, version: PushVersion, time: Timestamp?,
    lag: Duration?, isDead: Bool, lastError: String
  ) {
    self.acknowledged = acknowledged
    sent = acknowledged
    acknowledgedVersion = version
    acknowledgeTime = time
    self.lag = lag
    expected = highest ?? acknowledged
    isUnread = expected != nil
    isUnverified = isUnread
    self.isDead = isDead
    note(lastError)
  }

  public var isInFlight: Bool { flight != nil }

  /// What the channel last said against the number; empty after an acknowledgement.
  public var lastError: String { trouble?.lastError ?? "" }

  mutating func note(_ error: String) {
    guard error != lastError else { return }
    trouble = Trouble(lastError: error, lockedQuantity: trouble?.lockedQuantity)
  }

  /// Whether the channel is not yet known to show what it should.
  public var isPending: Bool {
    guard let wanted, !isDead else { return false }
    return acknowledged != wanted || isUnverified || uncertain != nil || flight != nil
      || (unseenSince != nil && wanted > 0)
  }

  /// What is to be done now.
  public func need(_ now: Timestamp) -> Need {
    guard let wanted, !isDead, flight == nil else { return .nothing }
    if let notBefore, now < notBefore { return .nothing }
    guard let believed else { return .lower }
    if isUnread, intakeCount == 0, uncertain == nil, target(wanted) == believed { return .look }
    if wanted == 0 {
      return believed != 0 || isUnverified || uncertain != nil ? .lower : .nothing
    }
    let target = target(wanted)
    let highest = max(believed, uncertain.map { $0 - unseenCount } ?? believed)
    if target < highest { return .lower }
    let isRight = target == believed && !isUnverified && uncertain == nil
    let isRecheck = isKeptDown && (recheckTime.map { $0 <= now } ?? true)
    return (isRight && !isRecheck) || openIntakes > 0 ? .nothing : .raise
  }

  /// When there may be something to do though nothing has happened.
  public var wakeTime: Timestamp? { notBefore ?? (unseenSince == nil ? nil : recheckTime) }

  /// What the channel should be showing, its unseen sales taken off.
  var believed: Quantity? { expected.map { max(0, $0 - unseenCount) } }

  /// The most that the channel may be showing together with what it has sold unseen: kept over a
  /// restart, and before a push goes out that raises it.
  public var highest: Quantity? {
    let known = [expected, uncertain, flight.map { $0.quantity + $0.unseenCount - $0.takenIn }]
    return known.compactMap { $0 }.max().map { $0 + doubtCount }
  }

  /// The number to show when `wanted` is: unseen sales are left out; doubtful ones only keep it
  /// from rising.
  func target(_ wanted: Quantity) -> Quantity {
    let number = max(0, wanted - unseenCount)
    guard let believed, number > believed else { return number }
    return max(believed, number - doubtCount)
  }

  /// Whether this number is more than the channel is known to show.
  public func isRaised(by quantity: Quantity) -> Bool {
    believed.map { quantity > $0 } ?? true
  }

  /// Whether unseen or doubtful units keep the number down.
  public var isKeptDown: Bool { unseenSince != nil }

  /// Whether the channel's number is to be read before a push, where it can be. Compare-and-set
  /// needs no look, unless it failed and the channel did not say what it shows. Whatever it is, a
  /// number that nobody can be sure of is read first; zero is right in any case.
  public func wantsReading(raises: Bool, comparesStock: Bool) -> Bool {
    if wantsLook || (raises && !comparesStock) { return true }
    return wanted != 0 && (uncertain != nil || isUnread)
  }

  /// Sets what the listing should show. An older version never replaces a newer one.
  ///
  /// - Parameter commitTime: when the pool made the change durable; nil when it is not a change,
  ///   such as a snapshot.
  /// - Returns: false when the version was older.
  public mutating func want(
    _ quantity: Quantity, version: PushVersion, commitTime: Timestamp?
  ) -> Bool {
    precondition(quantity >= 0, "a listing never shows less than nothing")
    guard wanted == nil || version >= wantedVersion else { return false }
    let isChange = quantity != wanted
    wanted = quantity
    if isChange, isLocked, quantity == 0 || quantity > trouble?.lockedQuantity ?? 0 {
      // A promotion that lets no number fall may let it rise, and nothing is left untried for zero.
      notBefore = nil
    }
    wantedVersion = version
    if isChange, let commitTime {
      if flight == nil {
        waitingSince = waitingSince ?? commitTime
      } else if flight?.laterSince == nil {
        flight?.laterSince = commitTime
      }
    }
    if !isChange, !isPending { acknowledgedVersion = version }
    return true
  }

  /// The listing takes nothing from the pool any more: nothing is pushed until it is wanted again.
  public mutating func withdraw() {
    wanted = nil
    waitingSince = nil
    flight?.laterSince = nil
  }

  /// The listing is linked to nothing any more. What its number was given up for, or held by, is over: linked again, it is
  /// tried anew.
  public mutating func unlink() {
    withdraw()
    isDead = false
    isLocked = false
    trouble = nil
    attemptCount = 0
    notBefore = nil
  }

  /// The channel has sold `units` itself (cancelled: negative), and so changed its own number; the
  /// pool is about to know.
  public mutating func takeIn(_ units: Quantity) {
    // It is one of the unseen sales, else one of the doubtful ones, else a new one.
    let certain = min(max(0, units - unseenCount), doubtCount)
    doubtCount -= certain
    unseenCount += certain
    flight?.unseenCount += certain
    // What was sold unseen is not taken off a second time.
    unseenCount -= min(unseenCount, max(0, units))
    if let known = expected { expected = known + certain - units }
    if let known = uncertain { uncertain = known + certain - units }
    if unseenCount == 0, doubtCount == 0 { unseenSince = nil }
    isUnverified = true
    shown = nil
    flight?.takenIn += units
    intakeCount += 1
  }

  /// Holds raises back until the pool's answer to a sale has come back as a change of availability.
  public mutating func openIntake() { openIntakes += 1 }
  public mutating func closeIntake() { openIntakes = max(0, openIntakes - 1) }

  mutating func forgetUnseen() {
    unseenCount = 0
    doubtCount = 0
    unseenSince = nil
  }

  /// Tries again at once, whatever was sent before and however it ended.
  public mutating func revive() {
    isDead = false
    isLocked = false
    trouble?.lockedQuantity = nil
    expected = nil
    uncertain = nil
    shown = nil
    notBefore = nil
    forgetUnseen()
    isUnread = false
    recheckTime = nil
    attemptCount = 0
  }
}

extension PushState {
  /// Compare-and-set failed and the channel did not say what it shows.
  public var wantsLook: Bool { staleCount > 0 && shown == nil }

  /// Until when the promotion that holds the number lasts. Zero is tried all the same.
  public mutating func holdLocked(until end: Timestamp) {
    guard isLocked, flight == nil, wanted != 0, let time = notBefore else { return }
    notBefore = max(time, end)
  }

  /// The channel was read while nothing was on its way, and shows `shown` for another reason than a sale: the next push sets it
  /// right. What it shows too much of goes at once, like any lowering.
  public mutating func correct(shown: Quantity) {
    precondition(flight == nil, "a push that is on its way ends by itself")
    expected = max(0, shown)
    uncertain = nil
    forgetUnseen()
    doubt()
  }

  /// The channel shows something else than it acknowledged: the next raise or zero looks at it.
  public mutating func doubt() {
    isUnverified = true
    shown = nil
  }

  /// Puts the next try off.
  public mutating func putOff(_ reason: String, until time: Timestamp) {
    precondition(flight == nil, "a push that is on its way ends by itself")
    note(reason)
    attemptCount += 1
    notBefore = time
  }
}
