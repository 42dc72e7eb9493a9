import Primitives
import Testing

@testable import PoolDomain

/// Requests about holds that come a second time without a request ID, after much else has happened.
@Suite struct HoldRepeatTests {
  /// Goal: a hold is known by what it was first asked for, whatever its units have become.
  @Test func firstRequestIsKnownAfterAnEdit() throws {
    try check(
      onHand: 10,
      """
      receive 3:CAP             -> ok
      hold r-1 4 1:CAP on=web   -> held               available 6
      edit r-1 +2 -1:CAP        -> held               available 4   held:CAP 0
      hold r-1 4 1:CAP on=web   -> unchanged held
      hold r-1 3 1 1:CAP on=web -> unchanged held
      hold r-1 6 on=web         -> holdExists
      hold r-1 4 on=web         -> holdExists
      hold r-1 4 1:CAP          -> holdExists
      hold r-1 4 1:CAP on=web by=bert -> holdExists
      edit r-1 -5               -> held               held 1
      hold r-1 4 1:CAP on=web   -> unchanged held
      edit r-1 -1               -> released           held 0
      hold r-1 4 1:CAP on=web   -> unchanged released
      hold r-1 1 on=web         -> holdExists         available 10
      """
    )
  }

  @Test func firstRequestIsKnownAfterACommit() throws {
    try check(
      onHand: 10,
      """
      hold r-1 4            -> held
      commit r-1 o-1 1      -> committed             available 9
      hold r-1 4            -> unchanged committed
      hold r-1 1            -> holdExists
      hold r-2 4            -> held
      commit r-2 o-2        -> committed
      hold r-2 4            -> unchanged committed
      release r-1           -> holdEnded:committed
      commit r-1 o-1 1      -> unchanged committed
      """
    )
  }

  @Test func firstRequestIsKnownAfterATakeOver() throws {
    try check(
      onHand: 5,
      """
      hold r-1 3 by=anna  -> held
      hold r-2 4 by=anna  -> held                   available 0   held 5
      hold r-1 3 by=anna  -> unchanged held
      hold r-1 1 by=anna  -> holdExists
      hold r-3 3 by=anna  -> held                   available 0   held 5
      hold r-1 3 by=anna  -> unchanged released
      hold r-2 4 by=anna  -> unchanged held
      """
    )
  }

  /// Goal: a hold that is taken again elsewhere, or in part, is known by what it was.
  @Test func firstRequestIsKnownAfterARetake() throws {
    try check(
      onHand: 2,
      """
      receive 5@B             -> ok
      hold r-1 2 until=60     -> held                    available@A 0
      hold r-2 1@B until=60   -> held                    available@B 4
      wait 60                 -> ok
      hold r-3 2@A            -> held                    available@A 0
      commit r-1 o-1          -> committed retaken       available@B 3
      hold r-1 2              -> unchanged committed
      hold r-1 2@A            -> unchanged committed
      hold r-1 2@B            -> holdExists
      commit r-2 o-2          -> committed retaken
      hold r-2 1@B            -> unchanged committed
      hold r-2 1@A            -> holdExists
      """
    )
  }

  /// Goal: of a hold of bundles, what was in them when it was made counts, whatever came into it later.
  @Test func firstRequestOfBundlesIsKnown() throws {
    try check(
      onHand: 10, moreSKUs: ["KIT", "BIG"],
      """
      receive 4:CAP 1:BIG     -> ok
      bundle KIT 2 1:CAP      -> bundle
      hold r-1 2:KIT          -> held               held 4   held:CAP 2
      edit r-1 -1:KIT         -> held               held 2   held:CAP 1
      bundle KIT 3            -> bundle
      hold r-1 2:KIT          -> unchanged held
      hold r-1 4 2:CAP        -> unchanged held
      hold r-1 1:KIT          -> holdExists
      hold r-2 1:BIG          -> held               held:BIG 1
      edit r-2 -1:BIG +1      -> held               held:BIG 0
      adjust -1:BIG           -> ok
      bundle BIG 2 1:CAP      -> bundle
      hold r-2 1:BIG          -> unchanged held
      edit r-2 +1:BIG         -> held               held 5   held:CAP 2
      hold r-2 1:BIG          -> unchanged held
      hold r-2 2 1:CAP        -> holdExists
      """
    )
  }

  /// Goal: the many holds that never change keep nothing of it.
  @Test func holdsThatNeverChangeKeepNothingMore() throws {
    let machine = try Script(onHand: 20)
    for line in [
      "hold h-1 3", "extend h-1 until=90", "hold h-2 3", "commit h-2", "hold h-3 2 1@A",
      "release h-3", "hold h-4 2", "edit h-4 -2", "hold h-5 2 until=5", "hold h-6 2 until=5",
      "wait 5", "commit h-6",
    ] { _ = try machine.run(line.words) }
    #expect(machine.pool.holds.values.allSatisfy { $0.firstLines == nil })
    #expect(MemoryLayout<Hold>.size <= 160, "with 8 bytes more each takes 16 in memory")
    _ = try machine.run("edit h-1 +1".words)
    let changed = try #require(machine.pool.holds[HoldID(trusted: "h-1")])
    #expect(changed.firstLines?.map(\.quantity) == [3] && changed.lines.map(\.quantity) == [4])
  }

  // MARK: Commits

  /// Goal: a commit that names another place than the one that was committed is another commit.
  @Test func commitOfAnotherPlaceIsAnother() throws {
    try check(
      onHand: 2,
      """
      receive 2@B             -> ok
      hold r-1 1@A 1@B        -> held
      commit r-1 o-1 1@A      -> committed               committed 1   available@B 2
      commit r-1 o-1 1@A      -> unchanged committed
      commit r-1 o-1 1        -> unchanged committed
      commit r-1 o-1          -> unchanged committed
      commit r-1 o-1 1@B      -> holdEnded:committed
      commit r-1 o-1 1@NONE   -> holdEnded:committed
      """
    )
  }

  /// Goal: lines that can come from anywhere leave those that name a place what they need, in whatever order they stand.
  @Test func namedPlacesOfACommitComeFirst() throws {
    try check(
      onHand: 1,
      """
      receive 1@B             -> ok
      hold r-1 1@A 1@B        -> held
      commit r-1 o-1 1 1@A    -> committed               committed 2
      ship o-1 1              -> 1[B=1]
      """
    )
  }

  /// Goal: a place that the commit names is kept when the hold has expired, as one that the hold named is.
  @Test func commitIsTakenAgainWhereItIsNamed() throws {
    try check(
      onHand: 2,
      """
      receive 5@B             -> ok
      hold r-1 2 until=60     -> held                    available@A 0
      wait 60                 -> ok
      hold r-2 1@A            -> held                    available@A 1
      commit r-1 o-1 2@A      -> short:1/2               committed 0
      release r-2             -> released
      commit r-1 o-1 2@A      -> committed retaken       available@A 0   available@B 5
      commit r-1 o-1 2@A      -> unchanged committed
      """
    )
  }

  /// Goal: an edit that exchanges SKUs is bound by how many the hold has afterwards.
  @Test func exchangedSKUsAreNotCountedTwice() throws {
    let names = (0...Limits.holdSKUs).map { "S-\($0)" }
    let machine = try Script(moreSKUs: names)
    let all = names.map { "1:\($0)" }
    _ = try machine.run(["receive"] + all)
    _ = try machine.run(["hold", "h"] + all.prefix(Limits.holdSKUs))
    #expect(throws: PoolError.self) {
      try machine.run(["edit", "h", "+1:\(names[Limits.holdSKUs])"])
    }
    _ = try machine.run(["edit", "h", "-1:S-0", "+1:\(names[Limits.holdSKUs])"])
    #expect(machine.pool.holds[HoldID(trusted: "h")]?.lines.count == Limits.holdSKUs)
  }
}
