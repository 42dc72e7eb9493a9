import Primitives
import Testing

@testable import PoolDomain

@Suite struct SaleTests {
  @Test func saleTakesAndShips() throws {
    try check(
      onHand: 10,
      """
      sell o-1 4 -> ok         available 6  committed 4  onHand 10
      ship o-1 1 -> ok         available 6  committed 3  onHand 9   shipped 1
      ship o-1 1 -> unchanged  available 6  committed 3  onHand 9
      ship o-1 4 -> ok         available 6  committed 0  onHand 6   shipped 4
      ship o-1 5 -> notCommitted:0
      ship o-1 3 -> unchanged  shipped 4
      """
    )
  }

  // peers T40, T22: webhook and browser both completed the order.
  @Test func knownLineChangesNothing() throws {
    try check(
      onHand: 10,
      """
      sell o-1 4   -> ok                available 6
      sell o-1 4   -> unchanged         available 6
      sell o-1 6   -> ok                available 4
      sell o-1 5   -> lineConflict      available 4
      sell o-1 6:CAP -> lineConflict    available 4
      sell o-1 6 2=x -> ok              available 2
      sell o-1 2=x 6=1 -> unchanged     available 2
      """
    )
  }

  @Test func marketplaceSaleIsAFact() throws {
    try check(
      onHand: 3,
      """
      sell o-1 5 -> oversold 2   available -2  onHand 3   committed 5
      sell o-2 1 -> oversold 1   available -3
      cancel o-1 5 -> ok         available 2   committed 1
      ship o-2 1 -> ok           onHand 2
      """
    )
  }

  @Test func onHandFallsBelowZeroByShippingOnly() throws {
    try check(
      """
      sell o-1 2  -> oversold 2   available -2  onHand 0
      ship o-1 2  -> ok           available -2  onHand -2  shipped 2
      adjust -1   -> short:-2/1   onHand -2
      receive 3   -> ok           onHand 1      available 1
      """
    )
  }

  @Test func refusedShortageTakesNothing() throws {
    try check(
      onHand: 3,
      """
      try o-1 4         -> short:3/4   available 3
      try o-1 2 2       -> short:3/4   available 3   # T2
      try o-1 1 1:CAP   -> short:0/1   available 3
      try o-1 3         -> ok          available 0
      try o-1 3         -> unchanged   available 0   # its own units are no shortage
      try o-1 4         -> short:0/1   available 0
      """
    )
  }

  @Test func linesOfOneSKUSeeEachOther() throws {
    try check(
      onHand: 3,
      """
      sell o-1 2 2 -> oversold 1   available -1  committed 4
      """
    )
  }

  // peers T5: going back a step was refused for lack of stock. T6: every step has its inverse.
  @Test func goingBackIsNeverRefused() throws {
    try check(
      onHand: 1,
      """
      sell o-1 1                 -> ok          available 0
      sell o-2 3                 -> oversold 3  available -3
      cancel o-2 3               -> ok          available 0
      adjust -1                  -> ok          onHand 0   available -1
      cancel o-1 1               -> ok          available 0
      return restock 1 o-1 1     -> ok          available 1
      """
    )
  }

  @Test func cancelIsATotal() throws {
    try check(
      onHand: 10,
      """
      sell   o-1 5 -> ok            available 5
      cancel o-1 2 -> ok            available 7
      cancel o-1 2 -> unchanged     available 7
      cancel o-1 1 -> unchanged     available 7
      ship   o-1 2 -> ok            available 7  committed 1
      cancel o-1 4 -> saleShipped:1 available 7
      cancel o-1 3 -> ok            available 8  committed 0
      ship   o-1 3 -> notCommitted:0
      """
    )
  }

  // peers T38: shipped items were still allocated.
  @Test func cancelOfShippedIsRefused() throws {
    try check(
      onHand: 10,
      """
      sell   o-1 5 -> ok
      ship   o-1 5 -> ok              committed 0  onHand 5
      cancel o-1 1 -> saleShipped:0   committed 0  onHand 5
      """
    )
  }

  @Test func unknownOrdersAndLines() throws {
    try check(
      onHand: 10,
      """
      cancel o-1 1     -> saleUnknown
      ship   o-1 1     -> saleUnknown
      sell   o-1 1     -> ok
      cancel o-1 1=x   -> lineUnknown
      ship   o-1 1=x   -> lineUnknown
      ship   o-1 1 1=x -> lineUnknown       shipped 0
      sell   o-2 1:NONE -> skuUnknown
      sell   o-2 1@NONE -> locationUnknown
      cancel o-2 0     -> saleUnknown
      cancel o-1 0     -> unchanged
      """
    )
  }

  @Test func saleWithoutAnyLocationIsRefused() throws {
    try check(
      locations: [],
      """
      sell o-1 1 -> locationUnknown
      """
    )
  }

  @Test func saleSpreadsByRank() throws {
    try check(
      onHand: 2, locations: [("A", 5), ("B", 1), ("C", 3)],
      """
      receive 1@B 3@C -> ok
      sell o-1 5      -> 1[B=1,C=3,A=1]   available 1  available@A 1
      cancel o-1 2    -> ok               available@A 2  available@C 1  available@B 0
      ship o-1 2      -> ok               shipped@B 1  shipped@C 1
      rank A 0        -> ok
      sell o-2 3      -> 1[A=2,C=1]       available 0
      sell o-3 1      -> 1[A=1] oversold 1
      """
    )
  }

  @Test func shortUnitsGoToTheFirstPlace() throws {
    try check(
      onHand: 2,
      """
      receive 1@B   -> ok
      sell o-1 5    -> 1[A=4,B=1] oversold 2   available@A -2  available@B 0
      sell o-2 2@B  -> 1[B=2] oversold 2       available@B -2
      """
    )
  }

  @Test func newPlaceServesWhatWasNeverThere() throws {
    try check("sell o-1 1:CAP -> 1[A=1] oversold 1  available:CAP -1")
  }

  @Test func saleOfTenThousandLines() throws {
    let machine = try Script(onHand: 20_000)
    let lines = (1...10_000).map {
      DemandLine(lineID: "l-\($0)", sku: SKU(trusted: "TEE"), quantity: 2)
    }
    let sale = RecordSale(
      orderID: try OrderID("big"), channelID: try ChannelID("shopee"), lines: lines)
    guard case .sale(let states, let oversold) = try machine.pool.apply(.recordSale(sale)) else {
      Issue.record("a sale answers with its lines")
      return
    }
    #expect(states.count == 10_000 && oversold == 0)
    #expect(states.map(\.id) == lines.map(\.lineID))
    #expect(machine.pool.available(SKUIndex(0)) == 0)
  }
}
