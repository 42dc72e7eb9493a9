import Primitives
import Testing

@testable import PoolDomain

@Suite struct CountTests {
  @Test func whatDiffersIsBooked() throws {
    try check(
      onHand: 10,
      """
      receive 4:CAP              -> ok
      count C A TEE CAP          -> open
      report C r-1 8 5:CAP       -> open             onHand 10
      submit C                   -> submitted
      approve C                  -> variance:TEE:8/10±0   onHand 10
      approve C why=miscounted   -> posted           onHand 8  lost 2  onHand:CAP 5  found:CAP 1
      """
    )
  }

  /// Goal: sales, shipments and receipts before, between and after the looks make no difference.
  @Test func movementsDuringTheCountAreAccountedFor() throws {
    try check(
      onHand: 10,
      """
      receive 10:CAP             -> ok
      count C A                  -> open
      sell o-1 3                 -> ok               # on the shelf still
      report C r-1 9             -> open             # one is missing
      ship o-1 3                 -> ok               onHand 7
      receive 5                  -> ok               onHand 12
      sell o-2 4:CAP             -> ok
      ship o-2 4                 -> ok               onHand:CAP 6
      report C r-2 6:CAP         -> open             # all are there
      submit C                   -> submitted
      receive 1:CAP              -> ok
      approve C why=x            -> posted           onHand 11  onHand:CAP 7  lost 1  lost:CAP 0  found:CAP 0
      """
    )
  }

  /// Goal: a state and what may be done in it. Method: every state, reached by a script, and every verb.
  @Test(arguments: [
    // state, way there, open again, report, submit, recount, approve, cancel
    ("open", "count C A TEE/report C r 5", "open open submitted open - cancelled"),
    (
      "submitted", "count C A TEE/report C r 5/submit C",
      "submitted - submitted open posted cancelled"
    ),
    (
      "posted", "count C A TEE/report C r 5/submit C/approve C",
      "posted - posted - posted -"
    ),
    ("cancelled", "count C A TEE/drop C", "cancelled - - - - cancelled"),
  ])
  func statesAndVerbs(state: String, way: String, outcomes: String) throws {
    let verbs = [
      "count C A TEE", "report C x 5", "submit C", "recount C TEE", "approve C", "drop C",
    ]
    for (verb, outcome) in zip(verbs, outcomes.words) {
      let expected = outcome == "-" ? "wrongState:\(state)" : outcome
      let script = way.split { $0 == "/" }.joined(separator: "\n") + "\n\(verb) -> \(expected)"
      try check(onHand: 5, script)
    }
  }

  @Test func countPostsOnce() throws {
    let machine = try Script(onHand: 10)
    try machine.run(
      script: """
        receive 4:CAP            -> ok
        count C A TEE CAP units=5 -> open
        report C r-1 8 6:CAP     -> open
        submit C                 -> submitted
        approve C                -> posted             onHand 8  onHand:CAP 6
        approve C                -> unchanged posted   onHand 8
        approve C why=again      -> unchanged posted   onHand 8
        report C r-2 1           -> wrongState:posted
        report C r-1 8 6:CAP     -> unchanged posted
        """, sourceLocation: #_sourceLocation)
    let booked = machine.entries.filter { $0.details.document != nil }
    #expect(booked.count == 1 && booked[0].movements.count == 2)
    #expect(booked[0].reason == "stock_count" && booked[0].cause == "C")
    expectFold(machine.pool, machine.entries)
  }

  @Test func linesAreCountedAgain() throws {
    try check(
      onHand: 10,
      """
      count C A TEE       -> open
      submit C            -> countIncomplete:TEE:1
      report C r-1 7      -> open
      submit C            -> submitted
      recount C TEE       -> open
      submit C            -> countIncomplete:TEE:1
      submit C leave      -> countIncomplete:TEE:1
      report C r-2 9      -> open
      submit C            -> submitted
      approve C           -> posted     onHand 9   lost 1
      """
    )
  }

  @Test func toleranceIsTheLargerOfTwo() throws {
    try check(
      onHand: 100,
      """
      receive 10:CAP               -> ok
      count C A units=2 points=500 -> open
      report C r-1 94 8:CAP        -> open
      submit C                     -> submitted
      approve C                    -> variance:TEE:94/100±5
      recount C TEE                -> open
      report C r-2 95              -> open
      submit C                     -> submitted
      approve C                    -> posted   onHand 95  onHand:CAP 8
      """
    )
  }

  @Test func wholeLocationTakesWhatNobodyExpected() throws {
    try check(
      onHand: 3,
      """
      count C A                -> open
      report C r-1 2:CAP       -> open
      submit C                 -> countIncomplete:TEE:1
      submit C leave           -> submitted
      approve C why=found      -> posted    onHand 3   onHand:CAP 2  found:CAP 2
      count D A TEE            -> open
      report D r-1 2:CAP       -> lineUnknown
      report D r-1 2:NONE      -> skuUnknown
      """
    )
  }

  /// Goal: the same loss is never booked twice, and none that is not there any more.
  @Test func noLossTwice() throws {
    try check(
      onHand: 10,
      """
      count C A TEE        -> open
      count D A TEE CAP    -> countOverlaps
      count D A CAP        -> open
      count E A            -> countOverlaps
      count E B            -> open
      report C r-1 4       -> open
      report C r-1 5       -> reportExists
      submit C             -> submitted
      count F A TEE        -> countOverlaps
      sell o-1 6           -> ok
      ship o-1 6           -> ok            onHand 4
      approve C why=x      -> short:4/6     onHand 4
      recount C TEE        -> open
      report C r-2 4       -> open
      submit C             -> submitted
      approve C            -> posted        onHand 4  lost 0
      count F A TEE        -> open
      drop D               -> cancelled
      count D A CAP        -> unchanged cancelled
      """
    )
  }

  @Test func lessThanNothingIsMadeGood() throws {
    try check(
      """
      sell o-1 2           -> ok
      ship o-1 2           -> ok       onHand -2
      count C A TEE        -> open
      report C r-1 0       -> open
      submit C             -> submitted
      approve C why=books  -> posted   onHand 0   found 2
      """
    )
  }

  @Test func whatIsUnknown() throws {
    try check(
      """
      report C r-1 1       -> unknown
      approve C            -> unknown
      count C NONE         -> locationUnknown
      count C A NONE       -> skuUnknown
      count C A TEE        -> open
      count C A CAP        -> countExists
      count C A            -> countExists
      recount C CAP        -> lineUnknown
      """
    )
  }

  /// Goal: after a count, the books say what people saw, whatever moves meanwhile. Method: a shelf whose true content differs
  /// from the books, random sales, shipments and receipts on both, and looks at random moments.
  @Test(arguments: ModelTests.seeds) func booksSayWhatIsThere(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(onHand: 500)
    _ = try machine.run("receive 500:CAP".words)
    // Units that are really there: some were lost, or found, and nobody knows.
    var shelf: [String: Quantity] = [
      "TEE": 500 + Quantity.random(in: -50...50, using: &random),
      "CAP": 500 + Quantity.random(in: -50...50, using: &random),
    ]
    _ = try machine.run("count C A".words)
    var reports = 0
    for step in 0..<60 {
      let sku = Bool.random(using: &random) ? "TEE" : "CAP"
      let units = Quantity.random(in: 1...5, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        reports += 1
        _ = try machine.run("report C r-\(reports) \(shelf[sku]!):\(sku)".words)
      case 1:
        _ = try machine.run("receive \(units):\(sku)".words)
        shelf[sku]! += units
      default:
        _ = try machine.run("sell o-\(step) \(units):\(sku)@A".words)
        guard Bool.random(using: &random) else { continue }
        _ = try machine.run("ship o-\(step) \(units)".words)
        shelf[sku]! -= units
      }
    }
    _ = try machine.run("report C last-1 \(shelf["TEE"]!)".words)
    _ = try machine.run("receive 7".words)
    shelf["TEE"]! += 7
    _ = try machine.run("report C last-2 \(shelf["CAP"]!):CAP".words)
    _ = try machine.run("submit C".words)
    _ = try machine.run("approve C why=seen".words)
    for (number, sku) in ["TEE", "CAP"].enumerated() {
      let onHand = machine.pool.balances(of: SKUIndex(number)).reduce(0) { $0 + $1.onHand }
      #expect(onHand == shelf[sku])
    }
    expectFold(machine.pool, machine.entries)
  }
}
