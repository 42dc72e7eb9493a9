import Primitives
import Testing

@testable import PoolDomain

// peers T36: a shopper was blocked by his own hold, up to 48 hours.
/// An owner's own hold never blocks the owner: what a request of the owner finds missing comes out
/// of the owner's other holds, oldest first, and just as much as is missing.
@Suite struct OwnHoldTests {
  @Test func newHoldTakesWhatIsMissingFromOlderOnes() throws {
    try check(
      onHand: 5,
      """
      hold r-1 2 by=anna  -> held               available 3
      hold r-2 3 by=anna  -> held               available 0
      hold r-3 1 by=bert  -> short:0/1          available 0
      hold r-3 1 by=anna  -> held               available 0   held 5
      edit r-1 -2         -> short:1/2          # one unit went over
      hold r-4 1 by=anna  -> held               available 0
      edit r-1 -1         -> holdEnded:released
      edit r-2 -3         -> released           available 3
      """
    )
  }

  /// Goal: what is free goes first, so that a second hold is a second hold while there is stock.
  @Test func freeUnitsGoFirst() throws {
    try check(
      onHand: 5,
      """
      hold r-1 2 by=anna  -> held               available 3
      hold r-2 4 by=anna  -> held               available 0   held 5
      release r-1  -> released           available 1   held 4
      """
    )
  }

  @Test func moreThanAllOfItIsRefusedAndChangesNothing() throws {
    try check(
      onHand: 5,
      """
      hold r-1 2 by=anna  -> held
      hold r-2 2 by=bert     -> held          available 1
      hold r-3 4 by=anna  -> short:3/4     available 1   held 4
      hold r-3 3 1:CAP by=anna  -> short:0/1     available 1   held 4
      hold r-3 3 by=anna  -> held          available 0   held 5
      release r-1            -> unchanged released
      """
    )
  }

  @Test func saleOfTheOwnerTakesItsUnits() throws {
    try check(
      onHand: 2,
      """
      hold r-1 1 by=anna  -> held                available 1
      hold r-2 1 by=bert   -> held                available 0
      try  o-1 1           -> short:0/1
      try  o-1 1 by=carl   -> short:0/1
      try  o-1 2 by=anna   -> short:1/2           held 2
      try  o-1 1 by=anna   -> ok                  available 0  held 1  committed 1
      commit r-1           -> holdEnded:released
      sell o-2 1 by=anna   -> oversold 1          available -1
      sell o-3 2 by=bert   -> oversold 1          available -2  held 0
      """
    )
  }

  /// Goal: a sale that is short of one SKU all the same takes the owner's units of the others.
  @Test func saleTakesTheOwnersUnitsOfEachSKU() throws {
    try check(
      onHand: 2,
      """
      receive 2:CAP             -> ok
      hold r-1 1 2:CAP by=anna  -> held
      sell o-1 3 2:CAP by=anna  -> oversold 1       held 0   available -1   available:CAP 0
      release r-1               -> unchanged released
      """
    )
  }

  /// Goal: what a named place lacks comes from the owner's units at that place.
  @Test func unitsComeFromTheNamedPlace() throws {
    try check(
      onHand: 2,
      """
      receive 2@B          -> ok
      hold r-1 1@B by=anna  -> held                available@B 1
      hold r-2 2@A by=anna  -> held                available@A 0
      hold r-3 1@A by=anna  -> held                available@A 0   available@B 1
      edit r-2 -1          -> released            available@A 1
      hold r-4 3@B by=anna  -> short:2/3           available@B 1
      """
    )
  }

  /// Goal: a buffer in percent hides a part of what comes free; the least that does is taken.
  @Test func leastThatFitsBehindABuffer() throws {
    try check(
      onHand: 20,
      """
      buffer points=5000         -> ok
      hold r-1 10 by=anna  -> held          ats%shopee 5
      hold r-2 7 on=shopee by=anna  -> held          available 7
      edit r-1 -7                -> short:6/7
      edit r-1 -6                -> released      available 13
      """
    )
  }

  /// Goal: of an order of which one SKU is short all the same, the others still come out of the owner's holds.
  @Test func oneShortSKUKeepsNoOtherFromItsOwner() throws {
    try check(
      onHand: 2,
      """
      receive 2:CAP        -> ok
      hold r-1 1 by=anna   -> held
      hold r-2 1 by=bert   -> held              available 0
      hold r-3 2:CAP by=anna  -> held           available:CAP 0
      try  o-1 2 2:CAP by=anna  -> short:1/2    held 2  held:CAP 2
      sell o-1 2 2:CAP by=anna  -> oversold 1   held 1  held:CAP 0   available -1  available:CAP 0
      """
    )
  }

  /// Goal: a hold gives up its last line first, as an edit takes it, so that what goes back to an allotment is what was
  /// taken out of it. Method: a hold of which one line came out of an allotment whole, the other in part.
  @Test func allottedUnitsGoBackWithTheLineTheyAreIn() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 5 on=shopee to=100   -> draft
      schedule p                   -> active
      hold r-1 2 2 on=shopee by=anna  -> held  left%p 1
      edit r-1 +4                  -> held     left%p 0   held 8
      hold r-2 12 by=bert          -> held     available 0
      hold r-3 4 on=shopee by=anna -> held     held 20    left%p 0
      release r-3                  -> released left%p 4
      release r-1                  -> released left%p 5
      """
    )
  }

  @Test func editTakesFromOtherHoldsOfTheOwner() throws {
    try check(
      onHand: 4,
      """
      hold r-1 2 by=anna  -> held
      hold r-2 2 by=anna  -> held               available 0
      edit r-2 +1      -> held               available 0
      edit r-2 +2      -> short:1/2          available 0
      commit r-1       -> committed          committed 1
      commit r-2       -> committed          committed 4
      """
    )
  }

  @Test func expiredHoldIsTakenAgainFromItsSuccessor() throws {
    try check(
      onHand: 2,
      """
      hold r-1 2 until=60 by=anna  -> held
      wait 60                -> ok
      hold r-2 2 by=anna  -> held                   available 0
      commit r-1 o-1         -> committed retaken      available 0   held 0   committed 2
      commit r-2 o-2         -> holdEnded:released
      """
    )
  }

  /// Goal: the ledger says where the units went.
  @Test func ledgerNamesWhoTookOver() throws {
    let machine = try Script(onHand: 1)
    _ = try machine.run(["hold", "r-1", "1", "by=anna"])
    _ = try machine.run(["hold", "r-2", "1", "by=anna"])
    let entry = machine.entries[machine.entries.count - 2]
    #expect(entry.holdID?.text == "r-1" && entry.cause == "r-2")
    #expect(entry.reason == "taken_over" && entry.actor == "anna")
    #expect(entry.movements.map(\.kind) == [.released])
  }

  /// Goal: no unit is told twice: what the owner's other holds would give up is available, and is in no holder.
  @Test func ownUnitsAreNotAmongTheHolders() throws {
    let machine = try Script(onHand: 5)
    for line in ["hold r-1 2 by=anna", "hold r-2 2 by=bert", "receive 3@B", "hold r-3 2@B by=anna"]
    {
      _ = try machine.run(line.words)
    }
    func expect(_ present: Quantity, _ holders: [String], _ words: String) throws {
      do {
        _ = try machine.run(words.words)
        Issue.record("\(words) is short")
      } catch PoolError.insufficientStock(let shortage) {
        #expect(shortage.present == present, "\(words)")
        #expect(shortage.holders.map { "\($0.holdID) \($0.quantity)" } == holders, "\(words)")
      }
    }
    // 8 on hand, 4 of anna's and 2 of bert's held.
    try expect(6, ["r-2 2"], "hold r-4 7 by=anna")
    try expect(6, ["r-2 2"], "try o-1 7 by=anna")
    try expect(2, ["r-1 2", "r-2 2", "r-3 2"], "try o-1 3")
    try expect(3, [], "hold r-4 4@B by=anna")
    try expect(3, ["r-2 2"], "hold r-4 4@A by=anna")
    // What the hold itself has is not there for more of it.
    try expect(4, ["r-1 2", "r-2 2"], "edit r-1 +5")
    _ = try machine.run("hold r-4 3 by=bert until=5".words)
    _ = try machine.run("wait 5".words)
    _ = try machine.run("hold r-5 2 by=carl".words)
    try expect(2, ["r-1 2", "r-3 2", "r-5 2"], "commit r-4 o-4 3")
  }

  /// Goal: a cap counts what is held without what goes over, and says so.
  @Test func capsSayWhatGoesOver() throws {
    let machine = try Script(onHand: 4)
    _ = try machine.run("hold r-1 2 by=anna".words)
    _ = try machine.run("hold r-2 2 by=bert".words)
    func excess(_ words: String) throws -> HoldCaps.Excess? {
      do {
        _ = try machine.run(words.words)
        return nil
      } catch PoolError.holdLimit(let excess) { return excess }
    }
    _ = try machine.run("caps percent=25".words)
    let share = try #require(try excess("hold r-3 2 by=anna"))
    #expect(share.measure == .heldUnits && share.maximum == 1)
    #expect(share.present == 2 && share.givenUp == 2 && share.requested == 2)
    _ = try machine.run("caps units=1".words)
    let units = try #require(try excess("hold r-3 2 by=anna"))
    #expect(units.measure == .unitsOfOwner && units.present == 0 && units.givenUp == 2)
  }

  /// Goal: a hold that only moves within the owner's is not refused by the owner's caps.
  @Test func capsCountWhatTheOwnerThenHas() throws {
    try check(
      onHand: 2,
      """
      caps holds=1 units=2   -> ok
      hold r-1 2 by=anna  -> held
      hold r-2 1 by=anna  -> holdsOfOwner:1/1     held 2
      hold r-2 2 by=anna  -> held                 held 2
      commit r-1             -> holdEnded:released
      """
    )
  }

  /// Goal: a request of an owner fits just when it does without the owner's other holds. Method: random holds of three
  /// owners against their sums.
  @Test(arguments: ModelTests.seeds) func fitsAsIfTheOwnersHoldsWereNotThere(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(onHand: 20)
    for step in 1...400 {
      let owner = "o-\(Int.random(in: 1...3, using: &random))"
      let quantity = Quantity.random(in: 1...9, using: &random)
      let pool = machine.pool
      let own = pool.holds.values.filter { $0.state == .held && $0.owner == owner }
      let free = pool.available(SKUIndex(0))
      let reach = max(0, free) + own.reduce(0) { $0 + $1.quantity(of: SKUIndex(0)) }
      let others = pool.holds.dictionary.filter { $0.value.owner != owner }
      let words =
        Bool.random(using: &random)
        ? ["hold", "h-\(step)", "\(quantity)", "by=\(owner)", "until=\(20 * quantity)"]
        : ["try", "s-\(step)", "\(quantity)", "by=\(owner)"]
      let isDone = (try? machine.run(words)) != nil
      #expect(isDone == (quantity <= reach), "step \(step)")
      #expect(
        pool.holds.dictionary.filter { $0.value.owner != owner } == others, "others lose nothing")
      // What is free is used before a hold gives anything up.
      if isDone { #expect(pool.available(SKUIndex(0)) == max(0, free - quantity)) }
      if words[0] == "try", isDone { _ = try machine.run(["cancel", words[1], "\(quantity)"]) }
      _ = try machine.run(["wait", "3"])
    }
    expectFold(machine.pool, machine.entries)
  }
}
