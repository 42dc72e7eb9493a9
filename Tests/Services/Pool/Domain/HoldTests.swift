import Primitives
import Testing

@testable import PoolDomain

@Suite struct HoldTests {
  @Test func holdEndsOnce() throws {
    try check(
      onHand: 10,
      """
      hold    r-1 4 -> held                   available 6   held 4
      commit  r-1   -> committed              available 6   held 0  committed 4
      commit  r-1   -> unchanged committed    available 6
      release r-1   -> holdEnded:committed    available 6
      """
    )
  }

  /// Goal: whoever asks again days later, since it did not hear the answer, hears it from the sale.
  @Test func commitIsRepeatedAfterTheHoldIsForgotten() throws {
    try check(
      onHand: 10,
      """
      hold    r-1 4 1@A       -> held                          available 5
      commit  r-1 o-1         -> committed                     committed 5
      hold    r-2 1           -> held
      release r-2             -> released
      wait 86400              -> ok
      sell    o-1 2=x         -> ok                            available 3
      commit  r-1 o-1         -> unchanged committed former 1 2
      commit  r-1 o-2         -> holdUnknown
      commit  r-2 o-1         -> holdUnknown
      release r-1             -> holdUnknown                   available 3
      """
    )
  }

  @Test func releaseGivesBack() throws {
    try check(
      onHand: 10,
      """
      hold    r-1 4 -> held                  available 6
      release r-1   -> released              available 10  held 0
      release r-1   -> unchanged released    available 10
      commit  r-1   -> holdEnded:released    available 10  committed 0
      """
    )
  }

  @Test func expiryCountsByTimeAtTheDecision() throws {
    try check(
      onHand: 5,
      """
      hold    r-1 5 until=60 -> held       available 0
      wait 59                -> ok         available 0
      hold    r-2 1          -> short:0/1
      wait 1                 -> ok         available 5
      release r-1            -> holdEnded:expired   available 5
      hold    r-2 5          -> held       available 0
      commit  r-1            -> short:0/5  available 0
      """
    )
  }

  /// Goal: a decision never counts a hold whose time is over, even when nobody has tidied it.
  @Test func stateOfAHoldIsThatOfItsTime() throws {
    let hold = Hold(
      id: try HoldID("h"), owner: "a", createTime: .zero, expireTime: Timestamp(seconds: 60))
    #expect(hold.state(at: Timestamp(seconds: 59)) == .held)
    #expect(hold.state(at: Timestamp(seconds: 60)) == .expired)
    #expect(throws: PoolError.holdEnded(hold.id, .expired)) {
      try hold.canFinish(as: .committed, at: Timestamp(seconds: 60))
    }
    #expect(try !hold.canFinish(as: .expired, at: Timestamp(seconds: 60)))
  }

  @Test(arguments: Hold.State.allCases, Hold.State.allCases)
  func everyStateAndEnd(from start: Hold.State, to end: Hold.State) throws {
    guard end != .held else { return }
    var hold = Hold(
      id: try HoldID("h"), owner: "a", createTime: .zero, expireTime: Timestamp(seconds: 60))
    if start != .held { hold.finish(as: start, at: .zero) }
    switch (start, end) {
    case (.held, _): #expect(try hold.canFinish(as: end, at: .zero))
    case _ where start == end: #expect(try !hold.canFinish(as: end, at: .zero))
    default:
      #expect(throws: PoolError.holdEnded(hold.id, start)) {
        try hold.canFinish(as: end, at: .zero)
      }
    }
  }

  // peers T2: lines of one SKU were each checked against the same number.
  @Test func linesOfOneSKUAreNetted() throws {
    try check(
      onHand: 5,
      """
      hold r-1 3 3 -> short:5/6   available 5  held 0
      hold r-1 3 2 -> held        available 0
      hold r-2 1   -> short:0/1
      """
    )
  }

  @Test func allLinesOrNone() throws {
    try check(
      onHand: 5,
      """
      hold r-1 3 1:CAP -> short:0/1   available 5  held 0
      receive 1:CAP    -> ok
      hold r-1 3 1:CAP -> held        available 2  available:CAP 0
      release r-1      -> released    available 5  available:CAP 1
      """
    )
  }

  // peers T1, T7, T14, T19: the last unit was sold twice.
  @Test func lastUnitIsHeldOnce() throws {
    try check(
      onHand: 1,
      """
      hold r-1 1 -> held        available 0
      hold r-2 1 -> short:0/1   available 0
      try  o-1 1 -> short:0/1   available 0
      """
    )
  }

  // peers T36: a shopper was blocked by his own hold.
  @Test func ownHoldIsNeverInTheWay() throws {
    try check(
      onHand: 1,
      """
      hold r-1 1                -> held             available 0
      hold r-1 1                -> unchanged held   available 0
      sell o-9 1                -> oversold 1       available -1
      commit r-1                -> committed        available -1
      """
    )
  }

  @Test func sameNameForAnotherHoldIsRefused() throws {
    try check(
      onHand: 10,
      """
      hold r-1 4 at=1800000060         -> held             available 6
      hold r-1 5 at=1800000060         -> holdExists       available 6
      hold r-1 4 at=1800000061         -> unchanged held
      hold r-1 4 on=shopee             -> holdExists
      hold r-1 4 at=1800000060 by=bert -> holdExists
      hold r-1 4:CAP at=1800000060     -> holdExists
      hold r-1 4@B at=1800000060       -> holdExists
      hold r-1 4@A at=1800000060       -> unchanged held
      hold r-1 3 1 at=1800000060       -> unchanged held   available 6
      """
    )
  }

  @Test func unknownHoldsAndNames() throws {
    try check(
      onHand: 10,
      """
      commit  r-1       -> holdUnknown
      release r-1       -> holdUnknown
      hold r-1 1:NONE   -> skuUnknown
      hold r-1 1@NONE   -> locationUnknown
      hold r-1 1 1:NONE -> skuUnknown   held 0
      """
    )
  }

  @Test func holdLastsSevenDaysAtMost() throws {
    try check(
      onHand: 10,
      """
      hold r-1 1 until=0      -> expiryOutOfRange
      hold r-1 1 until=-1     -> expiryOutOfRange
      hold r-1 1 until=604801 -> expiryOutOfRange
      hold r-1 1 until=604800 -> held   held 1
      hold r-2 1 until=1      -> held   held 2
      """
    )
  }

  @Test func endedHoldIsForgottenAfterADay() throws {
    try check(
      onHand: 10,
      """
      hold r-1 1   -> held
      release r-1  -> released
      wait 86399   -> ok
      release r-1  -> unchanged released
      wait 1       -> ok
      release r-1  -> holdUnknown
      hold r-1 2   -> held   available 8
      """
    )
  }

  @Test func committingToAnotherOrderIsRefused() throws {
    try check(
      onHand: 10,
      """
      hold   r-1 1     -> held
      commit r-1 o-1   -> committed
      commit r-1 o-2   -> holdEnded:committed
      hold   r-2 1     -> held
      commit r-2 o-1   -> lineTaken            held 1  committed 1
      commit r-2 o-2   -> committed            held 0  committed 2
      """
    )
  }

  @Test func committedHoldIsASale() throws {
    try check(
      onHand: 10,
      """
      hold   r-1 4 1    -> held
      commit r-1 o-1    -> committed         committed 5
      sell   o-1 4=1    -> unchanged         committed 5
      ship   o-1 4      -> 1[A=4]            onHand 6  committed 1
      cancel o-1 1=2    -> 2[A=1]            onHand 6  committed 0  available 6
      """
    )
  }

  @Test func channelHoldsNoMoreThanItShows() throws {
    try check(
      onHand: 10,
      """
      buffer units=3                   -> ok          ats%shopee 7
      hold r-1 8 on=shopee             -> short:7/8
      hold r-1 4 4 on=shopee           -> short:7/8   available 10
      hold r-1 7 on=shopee             -> held        available 3   ats%shopee 0
      hold r-2 1 on=shopee             -> short:0/1
      hold r-3 3                       -> held        available 0
      commit r-1                       -> committed   available 0
      """
    )
  }

  @Test func holdPrefersLowRanks() throws {
    try check(
      onHand: 3,
      """
      receive 4@B      -> ok          available 7
      hold r-1 5       -> held        available@A 0  available@B 2
      hold r-2 3@B     -> short:2/3   available 2
      hold r-2 2@B     -> held        available 0
      """
    )
  }

  /// Goal: lines that name a place are served before those that can go anywhere.
  @Test func namedPlacesComeFirst() throws {
    try check(
      onHand: 5,
      """
      receive 5@B        -> ok
      hold r-1 5 5@A     -> held      available@A 0  available@B 0
      """
    )
    try check(
      onHand: 5,
      """
      receive 5@B        -> ok
      hold r-1 6 5@A     -> short:10/11   available 10
      """
    )
  }

  /// Goal: a unit that is owed elsewhere is not promised a second time.
  @Test func owedUnitsAreNotHeld() throws {
    try check(
      """
      receive 5@B    -> ok
      sell o-1 1@A   -> oversold 1   available@A -1  available 4
      hold r-1 5     -> short:4/5
      hold r-1 5@B   -> short:4/5
      hold r-1 4@B   -> held         available 0
      """
    )
  }
}
