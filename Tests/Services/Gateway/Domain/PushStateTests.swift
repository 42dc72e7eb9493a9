import GatewayDomain
import Primitives
import Testing

@Suite struct PushStateTests {
  static let start = Timestamp(seconds: 1_767_600_000)

  static func at(_ milliseconds: Int64) -> Timestamp { start + .milliseconds(milliseconds) }

  /// A listing that shows `count` as far as anybody knows.
  static func settled(_ count: Quantity, version: Int64 = 1) -> PushState {
    var state = PushState()
    _ = state.want(count, version: PushVersion(pool: version), commitTime: nil)
    push(&state)
    return state
  }

  /// Decides and acknowledges.
  @discardableResult
  static func push(
    _ state: inout PushState, shown: Quantity? = nil, at time: Timestamp = start
  ) -> Quantity? {
    guard case .push(let quantity, _) = state.decide(shown: shown, now: time) else { return nil }
    state.begin(quantity, at: Self.start)
    _ = state.finish(.acknowledged, now: time)
    return quantity
  }

  @Test func firstNumberGoesAtOnce() {
    var state = PushState()
    #expect(state.need(Self.start) == .nothing)
    #expect(state.want(7, version: PushVersion(pool: 1), commitTime: nil) == true)
    #expect(state.need(Self.start) == .lower)
    #expect(Self.push(&state) == 7)
    #expect(state.acknowledged == 7 && !state.isPending)
    #expect(state.need(Self.start) == .nothing)
  }

  @Test(
    arguments: [
      (10, 9, PushState.Need.lower), (10, 0, .lower), (10, 11, .raise), (10, 10, .nothing),
      (0, 1, .raise), (0, 0, .nothing),
    ] as [(Quantity, Quantity, PushState.Need)])
  func needFollowsTheDirection(_ from: Quantity, _ to: Quantity, _ need: PushState.Need) {
    var state = Self.settled(from)
    _ = state.want(to, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(state.need(Self.start) == need)
  }

  @Test func olderVersionNeverReplacesANewer() {
    var state = Self.settled(10, version: 5)
    #expect(state.want(8, version: PushVersion(pool: 7), commitTime: nil) == true)
    #expect(state.want(9, version: PushVersion(pool: 6), commitTime: nil) == false)
    #expect(state.want(9, version: PushVersion(pool: 5, mapping: 99), commitTime: nil) == false)
    #expect(state.wanted == 8)
    #expect(state.want(3, version: PushVersion(pool: 7, mapping: 1), commitTime: nil) == true)
    #expect(state.wanted == 3)
  }

  @Test func newestNumberIsSentWhateverCameBetween() {
    var state = Self.settled(100)
    for count in (1...50).reversed() {
      _ = state.want(
        Quantity(count), version: PushVersion(pool: 100 - Int64(count)), commitTime: nil)
    }
    #expect(Self.push(&state) == 1)
    #expect(state.need(Self.start) == .nothing)
  }

  @Test func changeDuringAPushIsPushedAfterIt() {
    var state = Self.settled(10)
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: Self.at(0))
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(9, at: Self.start)
    _ = state.want(8, version: PushVersion(pool: 3), commitTime: Self.at(5))
    #expect(state.need(Self.start) == .nothing)
    #expect(state.finish(.acknowledged, now: Self.at(20)) == .milliseconds(20))
    #expect(state.need(Self.start) == .lower)
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(8, at: Self.start)
    #expect(state.finish(.acknowledged, now: Self.at(30)) == .milliseconds(25))
  }

  @Test func lagCountsFromTheOldestChangeThatWasNotSent() {
    var state = Self.settled(10)
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: Self.at(0))
    _ = state.want(8, version: PushVersion(pool: 3), commitTime: Self.at(40))
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(8, at: Self.start)
    #expect(state.finish(.acknowledged, now: Self.at(50)) == .milliseconds(50))
    #expect(state.lag == .milliseconds(50))
  }

  @Test func failedPushKeepsItsClock() {
    var state = Self.settled(10)
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: Self.at(0))
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(9, at: Self.start)
    #expect(
      state.finish(.retry("500", after: .milliseconds(10), mayHaveArrived: true), now: Self.at(5))
        == nil)
    #expect(state.need(Self.at(10)) == .nothing, "not before its pause is over")
    #expect(state.need(Self.at(15)) == .lower)
    #expect(state.attemptCount == 1 && state.lastError == "500")
    _ = state.decide(shown: nil, now: Self.at(15))
    state.begin(9, at: Self.start)
    #expect(state.finish(.acknowledged, now: Self.at(25)) == .milliseconds(25))
    #expect(state.lastError.isEmpty && state.attemptCount == 0)
  }

  /// The channel lowered its own number when it took the order: nothing is put back on sale.
  @Test func ownSaleIsLookedAtAndNotPushed() {
    var state = Self.settled(10)
    state.takeIn(1)
    state.openIntake()
    #expect(state.need(Self.start) == .nothing, "no raise before the pool's answer is back")
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: Self.start)
    state.closeIntake()
    #expect(state.need(Self.start) == .raise)
    #expect(state.decide(shown: 9, now: Self.start) == .settled)
    #expect(!state.isPending && state.acknowledged == 9)
  }

  /// Our push was on its way when the channel took the order: it shows too much and is set right.
  @Test func ownSaleThatAPushOverwroteIsSetRight() {
    var state = Self.settled(10)
    state.takeIn(1)
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(state.decide(shown: 10, now: Self.start) == .push(9, expected: 10))
  }

  @Test func raiseLeavesOutWhatTheChannelHasSoldUnseen() {
    var state = Self.settled(10)
    _ = state.want(15, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(state.need(Self.start) == .raise)
    // It shows 8: two units were sold of which no event has told yet.
    #expect(Self.push(&state, shown: 8) == 13)
    #expect(state.isPending, "it is looked at again")
    #expect(state.need(Self.start) == .nothing)
    #expect(state.need(Self.at(1000)) == .raise)
    // The events come in: availability falls by two, and what is shown is right.
    state.takeIn(2)
    _ = state.want(13, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(state.need(Self.at(1000)) == .raise)
    #expect(state.decide(shown: 13, now: Self.at(1000)) == .settled)
    #expect(!state.isPending)
  }

  @Test func lastUnitIsNotPutBackOnSale() {
    var state = Self.settled(1)
    // Sold on the channel, and not heard of; meanwhile a return elsewhere makes two.
    _ = state.want(2, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(Self.push(&state, shown: 0) == 1)
  }

  @Test func unseenSalesThatNeverComeAreGivenUp() {
    var state = Self.settled(10)
    _ = state.want(12, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(Self.push(&state, shown: 5) == 7)
    #expect(state.decide(shown: 7, now: Self.at(1000)) == .settled)
    #expect(state.isPending)
    #expect(state.decide(shown: 7, now: Self.at(15_001)) == .push(12, expected: 7))
  }

  @Test func lowerPushKeepsUnseenSalesOut() {
    var state = Self.settled(10)
    _ = state.want(12, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(Self.push(&state, shown: 8) == 10)
    _ = state.want(9, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(state.need(Self.at(1)) == .nothing || state.need(Self.at(1)) == .lower)
    #expect(state.decide(shown: nil, now: Self.at(1001)) == .push(7, expected: 10))
  }

  @Test func zeroAlwaysWins() {
    var state = Self.settled(10)
    _ = state.want(12, version: PushVersion(pool: 2), commitTime: Self.start)
    #expect(Self.push(&state, shown: 8) == 10)
    _ = state.want(0, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(state.need(Self.at(1001)) == .lower)
    #expect(state.decide(shown: nil, now: Self.at(1001)) == .push(0, expected: 10))
    var stale = state
    stale.begin(0, at: Self.start)
    _ = stale.finish(.stale(shown: 9), now: Self.at(1002))
    #expect(stale.decide(shown: nil, now: Self.at(1002)) == .push(0, expected: nil))
    state.begin(0, at: Self.start)
    _ = state.finish(.acknowledged, now: Self.at(1002))
    #expect(!state.isPending)
  }

  @Test func moreSoldThanWantedShowsNothing() {
    var state = Self.settled(10)
    _ = state.want(11, version: PushVersion(pool: 2), commitTime: nil)
    #expect(Self.push(&state, shown: 2) == 3)
    _ = state.want(2, version: PushVersion(pool: 3), commitTime: nil)
    #expect(Self.push(&state, at: Self.at(1001)) == 0)
    #expect(state.need(Self.at(1500)) == .nothing, "no push without end")
  }

  @Test func timedOutRaiseIsReadBeforeItIsMadeAgain() {
    var state = Self.settled(5)
    _ = state.want(10, version: PushVersion(pool: 2), commitTime: nil)
    #expect(state.decide(shown: 5, now: Self.start) == .push(10, expected: 5))
    state.begin(10, at: Self.start)
    _ = state.finish(.retry("timeout", after: .zero, mayHaveArrived: true), now: Self.start)
    #expect(state.need(Self.start) == .raise)
    // It arrived, and the channel has sold one since.
    var arrived = state
    #expect(arrived.decide(shown: 9, now: Self.start) == .settled)
    // It did not arrive, and the channel has sold one; or it arrived, and the channel has sold six.
    var unclear = state
    #expect(unclear.decide(shown: 4, now: Self.start) == .settled)
    #expect(unclear.isPending, "nothing is put back on sale, and it is looked at again")
    #expect(unclear.need(Self.at(1000)) == .raise)
    var sold = unclear
    sold.takeIn(6)
    _ = sold.want(4, version: PushVersion(pool: 3), commitTime: nil)
    #expect(sold.decide(shown: 4, now: Self.at(1000)) == .settled)
    #expect(!sold.isPending)
    var lost = unclear
    let end = Self.at(15_001)
    #expect(lost.decide(shown: 4, hasOpenEvents: true, now: end) == .settled, "may still come")
    #expect(lost.decide(shown: 4, now: end) == .push(10, expected: 4))
    // It arrived as it was sent.
    #expect(state.decide(shown: 10, now: Self.start) == .settled)
    #expect(!state.isPending)
  }

  @Test func timedOutLoweringPushIsMadeAgain() {
    var state = Self.settled(10)
    _ = state.want(4, version: PushVersion(pool: 2), commitTime: nil)
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(4, at: Self.start)
    _ = state.finish(.retry("timeout", after: .zero, mayHaveArrived: true), now: Self.start)
    #expect(state.need(Self.start) == .lower)
    #expect(Self.push(&state) == 4)
    #expect(!state.isPending)
  }

  /// The raise arrived, its answer did not: with compare-and-set, too, the channel is asked what it
  /// shows, and two units that buyers took meanwhile are not put back.
  @Test func timedOutRaiseIsNeverSetBlindly() {
    var state = Self.settled(5)
    _ = state.want(10, version: PushVersion(pool: 2), commitTime: nil)
    #expect(!state.wantsReading(raises: true, comparesStock: true))
    #expect(state.decide(shown: nil, now: Self.start) == .push(10, expected: 5))
    state.begin(10, at: Self.start)
    _ = state.finish(.retry("timeout", after: .zero, mayHaveArrived: true), now: Self.start)
    #expect(state.wantsReading(raises: true, comparesStock: true))
    #expect(state.wantsReading(raises: false, comparesStock: false), "a lowering one, too")
    #expect(state.decide(shown: 8, now: Self.start) == .settled)
    _ = state.want(0, version: PushVersion(pool: 3), commitTime: nil)
    #expect(!state.wantsReading(raises: false, comparesStock: true), "zero is right anyway")
  }

  /// A raise that left out unseen sales was lost: what it left out counts when it is read.
  @Test func lostRaiseRemembersWhatItLeftOut() {
    var state = Self.settled(10)
    _ = state.want(15, version: PushVersion(pool: 2), commitTime: nil)
    #expect(state.decide(shown: 8, now: Self.start) == .push(13, expected: 8))
    state.begin(13, at: Self.start)
    _ = state.finish(.retry("timeout", after: .zero, mayHaveArrived: true), now: Self.start)
    // It arrived, and one more was sold.
    #expect(state.decide(shown: 12, now: Self.start) == .settled)
    state.takeIn(3)
    _ = state.want(12, version: PushVersion(pool: 3), commitTime: nil)
    #expect(state.decide(shown: 12, now: Self.at(1000)) == .settled)
    #expect(!state.isPending)
  }

  @Test func raiseThatMayHaveArrivedCountsAsShown() {
    var state = Self.settled(5)
    _ = state.want(10, version: PushVersion(pool: 2), commitTime: nil)
    _ = state.decide(shown: 5, now: Self.start)
    state.begin(10, at: Self.start)
    _ = state.finish(.retry("timeout", after: .zero, mayHaveArrived: true), now: Self.start)
    _ = state.want(5, version: PushVersion(pool: 3), commitTime: nil)
    #expect(state.need(Self.start) == .lower, "the channel may show 10")
  }

  @Test func compareAndSetThatFailedIsWorkedOutAgain() {
    var state = Self.settled(10)
    _ = state.want(9, version: PushVersion(pool: 2), commitTime: nil)
    #expect(state.decide(shown: nil, now: Self.start) == .push(9, expected: 10))
    state.begin(9, at: Self.start)
    // The channel has sold two of its own.
    _ = state.finish(.stale(shown: 8), now: Self.start)
    #expect(state.need(Self.start) == .lower)
    #expect(state.decide(shown: nil, now: Self.start) == .push(7, expected: 8))
    state.begin(7, at: Self.start)
    _ = state.finish(.acknowledged, now: Self.start)
    state.takeIn(2)
    _ = state.want(7, version: PushVersion(pool: 3), commitTime: nil)
    #expect(state.decide(shown: nil, now: Self.at(1001)) == .push(7, expected: 7))
  }

  @Test func compareAndSetThatKeepsFailingLowersAnyway() {
    var state = Self.settled(10)
    _ = state.want(4, version: PushVersion(pool: 2), commitTime: nil)
    for _ in 0..<3 {
      guard case .push(let quantity, _) = state.decide(shown: nil, now: Self.start) else { break }
      state.begin(quantity, at: Self.start)
      _ = state.finish(.stale(shown: nil), now: Self.start)
      #expect(state.wantsLook)
    }
    #expect(state.decide(shown: nil, now: Self.start) == .push(4, expected: nil))
  }

  @Test func promotionHoldsTheNumber() {
    var state = Self.settled(10)
    _ = state.want(4, version: PushVersion(pool: 2), commitTime: Self.start)
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(4, at: Self.start)
    _ = state.finish(.locked("in a flash sale"), now: Self.start)
    #expect(state.isLocked && state.need(Self.at(59_000)) == .nothing)
    #expect(state.need(Self.at(60_000)) == .lower)
    #expect(Self.push(&state, at: Self.at(60_000)) == 4)
    #expect(!state.isLocked)
  }

  /// A settled listing whose lowering to `count` a promotion refused.
  private static func locked(at count: Quantity) -> PushState {
    var state = settled(10)
    _ = state.want(count, version: PushVersion(pool: 2), commitTime: start)
    _ = state.decide(shown: nil, now: start)
    state.begin(count, at: Self.start)
    _ = state.finish(.locked("in a flash sale"), now: start)
    return state
  }

  /// Goal: a promotion is no failure: it is waited for, as long as it lasts, and counts as no try.
  @Test func promotionIsWaitedForAndNoFailure() {
    var state = Self.locked(at: 4)
    #expect(state.attemptCount == 0 && state.lastError == "in a flash sale")
    state.holdLocked(until: Self.start + .seconds(7200))
    #expect(state.need(Self.start + .seconds(7199)) == .nothing)
    _ = state.want(3, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(state.need(Self.start + .seconds(7199)) == .nothing, "lower still is locked, too")
    #expect(state.need(Self.start + .seconds(7200)) == .lower)
    #expect(Self.push(&state, at: Self.start + .seconds(7200)) == 3)
    #expect(!state.isLocked && state.lastError.isEmpty)
  }

  @Test func promotionStopsNeitherZeroNorARaise() {
    var sold = Self.locked(at: 4)
    sold.holdLocked(until: Self.start + .seconds(7200))
    _ = sold.want(0, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(sold.need(Self.start) == .lower)
    _ = sold.decide(shown: nil, now: Self.start)
    sold.begin(0, at: Self.start)
    _ = sold.finish(.locked("in a flash sale"), now: Self.start)
    sold.holdLocked(until: Self.start + .seconds(7200))
    #expect(sold.need(Self.start + .seconds(59)) == .nothing)
    #expect(sold.need(Self.start + .seconds(60)) == .lower, "zero does not wait for the end")
    var delivered = Self.locked(at: 4)
    delivered.holdLocked(until: Self.start + .seconds(7200))
    _ = delivered.want(12, version: PushVersion(pool: 3), commitTime: Self.start)
    #expect(delivered.need(Self.start) == .raise)
  }

  /// Goal: what was read with nothing on its way is set right: what is too much at once, what is too little after a look.
  @Test(
    arguments: [(25, .lower, 10), (3, .raise, 10), (-1, .raise, 10)]
      as [(Quantity, PushState.Need, Quantity)])
  func numberThatWasChangedElsewhereIsSetRight(
    _ shown: Quantity, _ need: PushState.Need, _ sent: Quantity
  ) {
    var state = Self.settled(10)
    state.correct(shown: shown)
    #expect(state.isPending && state.need(Self.start) == need)
    #expect(Self.push(&state, shown: max(0, shown)) == sent)
    #expect(!state.isPending && state.need(Self.start + .seconds(60)) == .nothing)
  }

  @Test func refusedPushIsDeadUntilItIsRevived() {
    var state = Self.settled(10)
    _ = state.want(4, version: PushVersion(pool: 2), commitTime: nil)
    _ = state.decide(shown: nil, now: Self.start)
    state.begin(4, at: Self.start)
    _ = state.finish(.refused("no such item"), now: Self.start)
    #expect(state.isDead && !state.isPending)
    _ = state.want(3, version: PushVersion(pool: 3), commitTime: nil)
    #expect(state.need(Self.start) == .nothing)
    state.revive()
    #expect(state.need(Self.start) == .lower)
    #expect(Self.push(&state) == 3)
  }

  @Test func restartLooksAtWhatWasOnItsWay() {
    var state = PushState(
      acknowledged: 10, version: PushVersion(pool: 4), time: Self.start, lag: nil, isDead: false,
      lastError: "")
    #expect(state.need(Self.start) == .nothing, "nothing is wanted yet")
    _ = state.want(10, version: PushVersion(pool: 5), commitTime: nil)
    #expect(state.need(Self.start) == .look)
    #expect(state.decide(shown: 12, now: Self.start) == .push(10, expected: 12))
    #expect(state.need(Self.start) == .lower, "it shows too much")
  }

  /// Goal: after a restart what nothing has happened to is only looked at, at zero too; what should show another number, may
  /// have been raised or sells is pushed by the usual rules.
  @Test(
    arguments: [
      (10, 10, 10, 0, PushState.Need.look), (0, 0, 0, 0, .look), (10, 10, 12, 0, .raise),
      (10, 10, 8, 0, .lower), (10, 10, 0, 0, .lower), (0, 0, 3, 0, .raise), (0, 5, 0, 0, .lower),
      (5, 10, 5, 0, .lower), (5, 10, 10, 0, .look), (10, 10, 9, 1, .raise), (1, 1, 0, 1, .lower),
    ] as [(Quantity, Quantity, Quantity, Quantity, PushState.Need)])
  func restartPushesOnlyWhatIsNotAsItShouldBe(
    _ acknowledged: Quantity, _ highest: Quantity, _ wanted: Quantity, _ sold: Quantity,
    _ need: PushState.Need
  ) {
    var state = PushState(
      acknowledged: acknowledged, highest: highest, version: PushVersion(pool: 4),
      time: Self.start, lag: nil, isDead: false, lastError: "")
    if sold > 0 { state.takeIn(sold) }
    _ = state.want(wanted, version: PushVersion(pool: 5), commitTime: nil)
    #expect(state.need(Self.start) == need)
    guard need == .look else { return }
    #expect(state.isPending, "until somebody has looked")
    var right = state
    #expect(right.decide(shown: wanted, now: Self.start) == .settled)
    #expect(right.need(Self.start) == .nothing && !right.isPending)
    // It shows less: a lowering that was not kept, or units sold unseen. Nothing is pushed over them.
    guard wanted > 0 else { return }
    #expect(state.decide(shown: wanted - 1, now: Self.start) == .settled)
    #expect(state.isKeptDown && state.need(Self.at(15_001)) == .raise)
  }

  /// A raise to 10 was kept before it went out; then the gateway was killed, and buyers took two.
  @Test func restartDoesNotForgetARaiseOnItsWay() {
    var state = Self.settled(5)
    _ = state.want(10, version: PushVersion(pool: 2), commitTime: nil)
    guard case .push(let quantity, _) = state.decide(shown: 5, now: Self.start) else {
      Issue.record("nothing is pushed")
      return
    }
    #expect(state.isRaised(by: quantity))
    state.begin(quantity, at: Self.start)
    #expect(state.highest == 10)
    var restored = PushState(
      acknowledged: 5, highest: state.highest, version: PushVersion(pool: 1), time: nil, lag: nil,
      isDead: false, lastError: "")
    _ = restored.want(10, version: PushVersion(pool: 2), commitTime: nil)
    #expect(restored.wantsReading(raises: true, comparesStock: true))
    #expect(restored.decide(shown: 8, now: Self.start) == .settled)
    _ = restored.want(9, version: PushVersion(pool: 3), commitTime: nil)
    #expect(restored.decide(shown: 8, now: Self.at(1000)) == .settled, "still two unseen")
  }

  /// A push that lowered from 10 to 5 was acknowledged and not kept: nothing is raised for it, and
  /// nothing lowered.
  @Test func restartBearsAForgottenLowering() {
    var state = PushState(
      acknowledged: 10, highest: 10, version: PushVersion(pool: 4), time: Self.start, lag: nil,
      isDead: false, lastError: "")
    _ = state.want(5, version: PushVersion(pool: 5), commitTime: nil)
    #expect(state.need(Self.start) == .lower)
    #expect(state.wantsReading(raises: false, comparesStock: false))
    var sold = state
    #expect(sold.decide(shown: 4, now: Self.start) == .settled)
    #expect(state.decide(shown: 5, now: Self.start) == .settled)
    #expect(state.decide(shown: 5, now: Self.at(15_001)) == .settled)
    #expect(!state.isPending)
  }

  @Test func withdrawnListingIsLeftAlone() {
    var state = Self.settled(10)
    _ = state.want(4, version: PushVersion(pool: 2), commitTime: nil)
    state.withdraw()
    #expect(state.need(Self.start) == .nothing && !state.isPending)
    _ = state.want(4, version: PushVersion(pool: 3), commitTime: nil)
    #expect(state.need(Self.start) == .lower)
  }
}
