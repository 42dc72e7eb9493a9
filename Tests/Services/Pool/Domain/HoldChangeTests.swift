import Primitives
import Testing

@testable import PoolDomain

@Suite struct HoldChangeTests {
  // MARK: Extend

  @Test func extendingMovesTheEnd() throws {
    try check(
      onHand: 5,
      """
      hold   r-1 5 until=60    -> held s2              available 0
      extend r-1 until=120     -> held s3              available 0
      extend r-1 until=120     -> unchanged held s3
      extend r-1 until=90      -> unchanged held s3    # never shortens
      wait 60                  -> ok                   available 0
      hold   r-2 1             -> short:0/1
      wait 59                  -> ok                   available 0
      extend r-1 until=2       -> held                 available 0
      wait 2                   -> ok                   available 5
      extend r-1 until=60      -> holdEnded:expired    available 5
      extend r-9 until=60      -> holdUnknown
      """
    )
  }

  @Test func holdLastsSevenDaysHoweverOftenItIsExtended() throws {
    try check(
      onHand: 5,
      """
      hold   r-1 1 until=60     -> held
      extend r-1 until=604801   -> expiryOutOfRange
      extend r-1 until=604800   -> held      held 1
      wait 86400                -> ok        held 1
      extend r-1 until=604800   -> expiryOutOfRange
      wait 518400               -> ok        held 0
      """
    )
  }

  /// Goal: a cart that asks for its hold again, after it was extended, has it.
  @Test func creatingAgainAfterAnExtensionIsTheSameHold() throws {
    try check(
      onHand: 5,
      """
      hold   r-1 5 until=60   -> held s2
      extend r-1 until=600    -> held s3
      hold   r-1 5 until=60   -> unchanged held s3   available 0
      """
    )
  }

  // MARK: Edit

  @Test func editsAreDeltasOnAKnownVersion() throws {
    try check(
      onHand: 10,
      """
      receive 2:CAP               -> ok
      hold r-1 4                  -> held s3           available 6
      edit r-1 +2 etag=s3         -> held s4           available 4
      edit r-1 +2 etag=s3         -> holdChanged:s4    available 4
      edit r-1 -3 +1:CAP etag=s4  -> held s6           available 7   available:CAP 1
      edit r-1 +8                 -> short:7/8         available 7
      edit r-1 -4                 -> short:3/4         available 7
      edit r-1 -1 -1 -2           -> short:3/4
      edit r-1 +1 -1              -> unchanged held s6
      edit r-1 +1:NONE            -> skuUnknown
      edit r-1 +1@NONE            -> locationUnknown
      edit r-9 +1                 -> holdUnknown
      commit r-1 o-1              -> committed         committed 3   committed:CAP 1
      edit r-1 +1                 -> holdEnded:committed
      """
    )
  }

  @Test func editThatLeavesNothingReleases() throws {
    try check(
      onHand: 10,
      """
      hold r-1 4 2:TEE@A   -> held                   available 4
      edit r-1 -6          -> released               available 10  held 0
      edit r-1 +1          -> holdEnded:released
      release r-1          -> unchanged released
      """
    )
  }

  @Test func editsMoveUnitsBetweenPlaces() throws {
    try check(
      onHand: 2,
      """
      receive 2@B          -> ok
      hold r-1 2@A         -> held        available@A 0  available@B 2
      edit r-1 -1@A +1@B   -> held        available@A 1  available@B 1
      edit r-1 -1@A +2@B   -> short:1/2   available@A 1
      edit r-1 -2@A        -> short:1/2   available@A 1
      hold r-2 2           -> held        available 0
      edit r-1 -1@A +1@A   -> unchanged held
      """
    )
  }

  /// Goal: the channel's number bounds what an edit adds, as it bounded the hold.
  @Test func editOfAChannelsHoldIsBoundByItsNumber() throws {
    try check(
      onHand: 10,
      """
      buffer units=3           -> ok
      hold r-1 5 on=shopee     -> held        ats%shopee 2
      edit r-1 +3              -> short:2/3
      edit r-1 +2              -> held        ats%shopee 0   available 3
      """
    )
  }

  // MARK: Commit

  @Test func partOfAHoldIsCommittedAndTheRestReturns() throws {
    try check(
      onHand: 10,
      """
      receive 3:CAP            -> ok
      hold r-1 4 3:CAP         -> held                  available 6   available:CAP 0
      commit r-1 o-1 5         -> short:4/5             held 4
      commit r-1 o-1 1 1:NONE  -> skuUnknown            held 4
      commit r-1 o-1 1@B       -> short:0/1             held 4
      commit r-1 o-1 1 2:CAP   -> committed             available 9   committed 1   available:CAP 1
      commit r-1 o-1 1 2:CAP   -> unchanged committed
      commit r-1 o-1           -> unchanged committed
      commit r-1 o-1 2 2:CAP   -> holdEnded:committed
      commit r-1 o-2 1 2:CAP   -> holdEnded:committed
      sell o-1 1=1 2:CAP=2     -> unchanged             committed 1   committed:CAP 2
      """
    )
  }

  // peers T12: paid, then out of stock.
  @Test func expiredHoldIsTakenAgainAndSaysSo() throws {
    try check(
      onHand: 5,
      """
      hold r-1 3 2 until=60    -> held
      wait 60                  -> ok                            available 5
      commit r-1 o-1           -> committed retaken             available 0   committed 5  held 0
      commit r-1 o-1           -> unchanged committed retaken
      commit r-1 o-2           -> holdEnded:committed
      release r-1              -> holdEnded:committed
      ship o-1 3 2=2           -> ok                            onHand 0
      wait 86400               -> ok
      commit r-1 o-1           -> unchanged committed former 1 2 retaken
      """
    )
  }

  @Test func expiredHoldWhoseUnitsAreGoneIsRefused() throws {
    try check(
      onHand: 5,
      """
      hold r-1 3 until=60   -> held
      wait 60               -> ok                   available 5
      hold r-2 3            -> held                 available 2
      commit r-1 o-1        -> short:2/3            available 2   committed 0
      commit r-1 o-1 2      -> committed retaken    available 0   committed 2
      """
    )
  }

  /// Goal: a hold at one shop is not taken again at another.
  @Test func expiredHoldIsTakenAgainWhereItWasNamed() throws {
    try check(
      onHand: 2,
      """
      receive 5@B              -> ok
      hold r-1 2@A until=60    -> held
      hold r-2 2 until=60      -> held                         available@B 3
      wait 60                  -> ok                           available 7
      hold r-3 2@A             -> held                         available@A 0
      commit r-1               -> short:0/2
      commit r-2               -> committed retaken            available@B 3
      """
    )
  }

  @Test func retakenHoldNeedsFreeNamesInItsOrder() throws {
    try check(
      onHand: 5,
      """
      hold r-1 1 until=60 by=anna  -> held
      wait 60                      -> ok
      hold r-2 5 by=anna           -> held            available 0
      sell o-1 1:CAP=1             -> oversold 1
      commit r-1 o-1               -> lineTaken       held 5   available 0
      """
    )
  }

  // MARK: Who holds it

  @Test func refusalSaysWhoHoldsIt() throws {
    let machine = try Script(onHand: 5)
    for number in 1...8 {
      try machine.run(
        script: "hold h-\(number) 1 by=cart-\(number) until=\(100 - number)",
        sourceLocation: #_sourceLocation)
      if number == 4 { _ = try machine.run(["receive", "3"]) }
    }
    _ = try machine.run(["release", "h-2"])
    do {
      _ = try machine.run(["try", "o-1", "3"])
      Issue.record("it is short")
    } catch PoolError.insufficientStock(let shortage) {
      #expect(shortage.present == 1 && shortage.requested == 3 && shortage.location == nil)
      #expect(shortage.holders.map(\.owner) == ["cart-1", "cart-3", "cart-4", "cart-5", "cart-6"])
      #expect(shortage.holders[0].expireTime == machine.now + .seconds(99))
      #expect(shortage.holders.allSatisfy { $0.quantity == 1 })
    }
    do {
      _ = try machine.run(["hold", "h-9", "1@B"])
      Issue.record("it is short")
    } catch PoolError.insufficientStock(let shortage) {
      #expect(shortage.location?.text == "B" && shortage.present == 0)
    }
  }

  /// Goal: the list of a hot SKU's holds does not grow with those that have ended.
  @Test func endedHoldsLeaveTheList() throws {
    let machine = try Script(onHand: 5)
    for number in 1...200 {
      _ = try machine.run(["hold", "h-\(number)", "1", "by=\(number)"])
      _ = try machine.run(["release", "h-\(number)"])
    }
    _ = try machine.run(["hold", "last", "1", "by=last"])
    #expect(machine.pool.holdLists.places(of: SKUIndex(0)).count <= 32)
    #expect(machine.pool.holdIndex.holds(of: "7").isEmpty)
    let found = machine.pool.holdIndex.holders(
      of: SKUIndex(0), in: machine.pool.holds
    ) { $0.quantity(of: SKUIndex(0)) }
    #expect(found.map(\.hold.id.text) == ["last"])
  }

  // MARK: Caps

  @Test func capsBoundWhatIsSetAside() throws {
    try check(
      onHand: 10,
      """
      receive 4:CAP          -> ok
      caps holds=2           -> ok
      hold r-1 1 by=anna  -> held
      hold r-2 1 by=anna  -> held
      hold r-3 1 by=anna  -> holdsOfOwner:2/2       held 2
      hold r-2 1 by=anna  -> unchanged held
      edit r-2 +1            -> held                   held 3
      hold r-4 1 by=bert     -> held
      release r-1            -> released
      hold r-3 1 by=anna  -> held                   held 4
      caps units=3           -> ok
      hold r-5 1 by=anna  -> unitsOfOwner:3/3       held 4
      edit r-3 +1            -> unitsOfOwner:3/3
      hold r-5 1:CAP by=anna  -> held                   held:CAP 1
      caps percent=50        -> ok
      hold r-6 1 1 by=carl   -> heldUnits:4/5          held 4
      hold r-6 1 by=carl     -> held                   held 5
      edit r-6 +1            -> heldUnits:5/5
      sell o-1 5             -> ok                     available 0
      hold r-7 1:CAP by=anna  -> held                   held:CAP 2
      hold r-8 1:CAP by=anna  -> heldUnits:2/2
      """
    )
  }

  /// Goal: a share of one unit is that unit, so that the last one can be held.
  @Test func shareIsRoundedUp() throws {
    try check(
      onHand: 1,
      """
      caps percent=1   -> ok
      hold r-1 1       -> held   available 0
      """
    )
  }

  /// Goal: a repeat of what was granted is not refused by a cap that came later.
  @Test func capsNeverTakeAway() throws {
    try check(
      onHand: 10,
      """
      hold r-1 6              -> held
      caps holds=1 percent=10 -> ok
      hold r-1 6              -> unchanged held
      extend r-1 until=600    -> held
      edit r-1 -1             -> held                held 5
      commit r-1              -> committed           committed 5
      """
    )
  }
}
