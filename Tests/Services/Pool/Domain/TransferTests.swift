import Primitives
import Testing

@testable import PoolDomain

@Suite struct TransferTests {
  @Test func unitsOnTheirWayAreNowhere() throws {
    try check(
      onHand: 10,
      """
      transfer T A B 6   -> draft              onHand 10  incoming 0
      send T             -> inTransit          onHand 4   available 4  incoming@B 6  transferredOut@A 6
      sell o-1 5         -> ok oversold 1      available -1
      land T r-1 2       -> partiallyReceived  onHand@B 2  incoming 4  available 1  transferredIn 2
      land T r-2 4       -> received           onHand@B 6  incoming 0  available 5
      """
    )
  }

  /// Goal: a state and what may be done in it. Method: every state, reached by a script, and every verb.
  @Test(arguments: [
    // state, way there, set (other lines), set (other time), send, land, writeOff, recall
    ("draft", "transfer T A B 5", "draft draft inTransit - - cancelled"),
    (
      "inTransit", "transfer T A B 5/send T", "- inTransit inTransit partiallyReceived short -"
    ),
    (
      "partiallyReceived", "transfer T A B 5/send T/land T r 2",
      "- partiallyReceived partiallyReceived partiallyReceived short -"
    ),
    ("received", "transfer T A B 5/send T/land T r 5", "- - received - - -"),
    ("short", "transfer T A B 5/send T/land T r 2/writeOff T why=x", "- - short - short -"),
    ("cancelled", "transfer T A B 5/recall T", "- - - - - cancelled"),
  ])
  func statesAndVerbs(state: String, way: String, outcomes: String) throws {
    let verbs = [
      "transfer T A B 6", "transfer T A B 5 expect=60", "send T", "land T x 1", "writeOff T why=x",
      "recall T",
    ]
    for (verb, outcome) in zip(verbs, outcomes.words) {
      let expected = outcome == "-" ? "wrongState:\(state)" : outcome
      let script = way.split { $0 == "/" }.joined(separator: "\n") + "\n\(verb) -> \(expected)"
      try check(onHand: 10, script)
    }
  }

  @Test func shortageIsAccountedFor() throws {
    try check(
      onHand: 10,
      """
      transfer T A B 6        -> draft
      send T                  -> inTransit
      land T r-1 3 1!         -> partiallyReceived  onHand@B 3  unavailable@B 1  transferredIn@B 4
      land T r-2 3            -> notInTransit:2/3   onHand@B 3
      writeOff T why=stolen   -> short   lost@B 2  incoming 0  transferredIn@B 6  transferredOut 6
      writeOff T why=stolen   -> unchanged short
      land T r-1 3 1!         -> unchanged short
      land T r-2 1            -> wrongState:short
      """
    )
  }

  @Test func promisesStayAtTheSource() throws {
    try check(
      onHand: 10,
      """
      receive 9@B             -> ok
      sell o-1 7@A            -> ok             available@A 3
      transfer T A B 2 2      -> draft
      send T                  -> short:3/4      onHand@A 10
      transfer T A B 2 1      -> draft
      send T                  -> inTransit      available@A 0  onHand@A 7
      transfer U B A 9:CAP    -> draft
      send U                  -> short:0/9
      """
    )
  }

  @Test func whatIsUnknown() throws {
    try check(
      onHand: 10,
      """
      send T                  -> unknown
      land T r-1 1            -> unknown
      transfer T A NONE 1     -> locationUnknown
      transfer T A B 1:NONE   -> skuUnknown
      transfer T A B 1        -> draft
      send T                  -> inTransit
      land T r-1 1=7          -> lineUnknown
      land T r-1 1            -> received
      land T r-1 2            -> receiptExists
      """
    )
  }

  /// Goal: no unit is lost or invented, whatever becomes of transfers. Method: random commands; what left all
  /// locations is what came to all, and what is on its way.
  @Test(arguments: ModelTests.seeds) func unitsAreConserved(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(onHand: 50, locations: [("A", 1), ("B", 2), ("C", 3)])
    var transfers = 0
    var receipts = 0
    for step in 0..<400 {
      let id = "T\(Int.random(in: 0...max(0, transfers - 1), using: &random))"
      let units = Int.random(in: 1...9, using: &random)
      let line = Int.random(in: 1...2, using: &random)
      var command: String
      switch Int.random(in: 0..<9, using: &random) {
      case 0:
        let places = ["A", "B", "C"].shuffled(using: &random)
        command = "transfer T\(transfers) \(places[0]) \(places[1]) \(units) \(line)"
        transfers += 1
      case 1, 2: command = "send \(id)"
      case 3, 4:
        receipts += 1
        command = "land \(id) r-\(receipts) \(units)=\(line)"
      case 5: command = "land \(id) r-\(receipts) \(units)!=\(line)"
      case 6: command = "writeOff \(id) why=lost"
      case 7: command = "sell o-\(step) \(units)"
      default: command = "recall \(id)"
      }
      do { _ = try machine.run(command.words) } catch is PoolError {}
      var sum = Balance(sku: SKUIndex(0), location: LocationIndex(0))
      for balance in machine.pool.balances(of: SKUIndex(0)) { sum.add(balance) }
      let onTheWay = machine.pool.documents.values.flatMap(\.incoming).reduce(Quantity(0)) {
        $0 + $1.incoming.quantity
      }
      let known = machine.pool.incomingUnits(of: SKUIndex(0)).reduce(Quantity(0)) {
        $0 + $1.quantity
      }
      try #require(sum.transferredOut - sum.transferredIn == onTheWay, "step \(step): \(command)")
      try #require(onTheWay == known)
      try #require(sum.onHand + sum.unavailable + onTheWay + sum.lost == 50)
    }
    expectFold(machine.pool, machine.entries)
  }
}
