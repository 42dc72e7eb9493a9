import Primitives
import Testing

@testable import PoolDomain

@Suite struct PurchaseOrderTests {
  @Test func goodsComeInParts() throws {
    try check(
      """
      po P 10 5:CAP at=B -> draft              incoming 0   onHand 0
      place P            -> ordered            incoming 10  incoming:CAP@B 5   available 0
      arrive P r-1 4=1   -> partiallyReceived  incoming 6   onHand@B 4   received 4
      arrive P r-2 6=1   -> partiallyReceived  incoming 0   onHand 10
      arrive P r-3 5=2   -> received           incoming:CAP 0   onHand:CAP 5
      close P            -> closed
      """
    )
  }

  /// Goal: a state and what may be done in it. Method: every state, reached by a script, and every verb.
  @Test(arguments: [
    // state, way there, set (other lines), set (other time), place, arrive, close, close with reason, withdraw
    ("draft", "po P 5", "draft draft ordered - - - cancelled"),
    ("ordered", "po P 5/place P", "- ordered ordered partiallyReceived short closed cancelled"),
    (
      "partiallyReceived", "po P 5/place P/arrive P r 2",
      "- partiallyReceived partiallyReceived partiallyReceived short closed -"
    ),
    ("received", "po P 5/place P/arrive P r 5", "- received received over closed closed -"),
    ("closed", "po P 5/place P/arrive P r 5/close P", "- - closed - closed closed -"),
    ("cancelled", "po P 5/withdraw P", "- - - - - - cancelled"),
  ])
  func statesAndVerbs(state: String, way: String, outcomes: String) throws {
    let verbs = [
      "po P 6", "po P 5 expect=60", "place P", "arrive P x 1", "close P", "close P why=gone",
      "withdraw P",
    ]
    for (verb, outcome) in zip(verbs, outcomes.words) {
      let expected =
        switch outcome {
        case "-": "wrongState:\(state)"
        case "short": "deviation:1:\(state == "ordered" ? 0 : 2)/5±0"
        case "over": "deviation:1:6/5±0"
        default: outcome
        }
      let script = way.split { $0 == "/" }.joined(separator: "\n") + "\n\(verb) -> \(expected)"
      try check(script)
    }
  }

  @Test func repeatsChangeNothing() throws {
    try check(
      """
      po P 5            -> draft
      po P 5            -> unchanged draft
      place P           -> ordered
      place P           -> unchanged ordered      incoming 5
      arrive P r-1 2    -> partiallyReceived      onHand 2
      arrive P r-1 2    -> unchanged partiallyReceived   onHand 2
      arrive P r-1 3    -> receiptExists          onHand 2
      arrive P r-2 3    -> received               onHand 5
      arrive P r-1 2    -> unchanged received     onHand 5
      close P           -> closed
      arrive P r-2 3    -> unchanged closed       onHand 5
      arrive P r-3 1    -> wrongState:closed      onHand 5
      close P           -> unchanged closed
      """
    )
  }

  @Test func deviationsWantTheirReason() throws {
    try check(
      """
      po P 10 over=1000 under=2000  -> draft
      place P                       -> ordered
      arrive P r-1 12               -> deviation:1:12/10±1   onHand 0
      arrive P r-1 12 why=extra     -> received      onHand 12  incoming 0
      po Q 10 over=1000 under=2000  -> draft
      place Q                       -> ordered
      arrive Q r-1 7                -> partiallyReceived
      close Q                       -> deviation:1:7/10±2    incoming 3
      arrive Q r-2 1                -> partiallyReceived
      close Q                       -> closed        incoming 0
      po R 1 under=9999             -> draft
      place R                       -> ordered
      close R                       -> deviation:1:0/1±0
      close R why=supplier_gone     -> closed
      """
    )
  }

  @Test func damagedGoodsAreNotSold() throws {
    try check(
      """
      po P 5              -> draft
      place P             -> ordered
      arrive P r-1 3 2!   -> received   onHand 3  available 3  unavailable 2  received 5
      clear 2             -> ok         onHand 5
      """
    )
  }

  @Test func whatIsUnknown() throws {
    try check(
      """
      place P            -> unknown
      arrive P r-1 1     -> unknown
      po P 5:NONE        -> skuUnknown
      po P 5 at=NONE     -> locationUnknown
      po P 5 etag=r1     -> changed
      po P 5             -> draft
      po P 6 etag=r2     -> changed
      po P 6 etag=r1     -> draft
      place P            -> ordered
      arrive P r-1 1=1 1=9  -> lineUnknown   onHand 0
      """
    )
  }

  /// Goal: charges come to their amounts, to the last minor unit, whatever the parts in which goods come.
  @Test(arguments: [1, 2, 3, 5, 8] as [UInt64]) func chargesAddUp(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    for round in 0..<50 {
      let machine = try Script()
      let quantities = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        Quantity.random(in: 1...40, using: &random)
      }
      let freight = Int64.random(in: 1...1_000, using: &random)
      let duty = Int64.random(in: 1...1_000, using: &random)
      let costs = quantities.map { _ in Int64.random(in: 0...50, using: &random) }
      let lines = quantities.map { "\($0)" }.joined(separator: " ")
      let prices = costs.map { "\($0)" }.joined(separator: ",")
      _ = try machine.run(
        "po P \(lines) cost=\(prices) freight=\(freight) dutyByValue=\(duty)".words)
      _ = try machine.run("place P".words)
      var left = quantities
      var number = 0
      while let place = left.indices.filter({ left[$0] > 0 }).randomElement(using: &random) {
        number += 1
        let part = Quantity.random(in: 1...left[place], using: &random)
        left[place] -= part
        _ = try machine.run("arrive P r-\(number) \(part)=\(place + 1)".words)
      }
      let borne = machine.entries.flatMap(\.details.costs)
      #expect(borne.reduce(0) { $0 + $1.charges } == freight + duty, "round \(round)")
      #expect(
        borne.reduce(0) { $0 + $1.goods } == zip(quantities, costs).reduce(0) { $0 + $1.0 * $1.1 })
      #expect(borne.allSatisfy { $0.charges >= 0 })
    }
  }

  @Test func costGoesWithItsUnits() throws {
    let machine = try Script()
    for line in [
      "po P 3 1:CAP cost=1000,5000 freight=100 dutyByValue=80", "place P", "arrive P r-1 2=1",
      "arrive P r-2 2=1 1=2 why=extra",
    ] {
      _ = try machine.run(line.words)
    }
    // Freight by units: 75 and 25; duty by value 3000 : 5000: 30 and 50. Line 1 bears 105, its fourth unit nothing.
    #expect(
      machine.entries.map(\.details.costs) == [
        [LandedCost(goods: 2000, charges: 70)],
        [LandedCost(goods: 2000, charges: 35), LandedCost(goods: 5000, charges: 75)],
      ])
    #expect(machine.entries[1].details.document == DocumentKey(.purchaseOrder, "P"))
    #expect(machine.entries[1].reason == "extra" && machine.entries[1].cause == "r-2")
    #expect(LandedCost(goods: 2000, charges: 70).unitMicros(of: 2) == 1_035_000_000)
    #expect(LandedCost(goods: 1, charges: 1).unitMicros(of: 3) == 666_667)
    #expect(LandedCost(goods: .max, charges: .max).unitMicros(of: 1) == .max)
  }

  @Test func largestOrderIsCounted() throws {
    let terms = PurchaseOrder.Terms(
      supplier: "", location: LocationIndex(0), currency: "EUR",
      lines: (1...Limits.documentLines).map {
        PurchaseOrder.Line(
          lineID: "\($0)", sku: SKUIndex(0), quantity: Limits.lineUnits, unitCost: Limits.unitCost)
      },
      charges: (1...Limits.charges).map { _ in
        PurchaseOrder.Charge(kind: .other, amount: Limits.chargeAmount, basis: .value)
      }, overTolerance: Limits.basisPoints, underTolerance: 0, expectTime: nil)
    let order = PurchaseOrder(
      id: PurchaseOrderID(trusted: "P"), terms: terms, header: DocumentHeader(now: .zero))
    let shares = order.chargesOfLines
    #expect(shares.reduce(0, +) == Int64(Limits.charges) * Limits.chargeAmount)
    let cost = order.landed(
      terms.lines[0], charges: shares[0], before: 0, units: Limits.lineUnits)
    #expect(cost.charges == shares[0] && cost.goods == Limits.unitCost * Limits.lineUnits)
  }

  @Test func receiptsAreBounded() throws {
    let machine = try Script()
    for line in ["po P 1000", "place P"] { _ = try machine.run(line.words) }
    for number in 1...Limits.documentReceipts {
      _ = try machine.run("arrive P r-\(number) 1".words)
    }
    try machine.run(
      script: """
        arrive P one-more 1  -> tooManyReceipts       onHand 200
        arrive P r-7 1       -> unchanged             onHand 200
        """, sourceLocation: #_sourceLocation)
  }
}
