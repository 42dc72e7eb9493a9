import Primitives
import Testing

@testable import PoolDomain

@Suite struct StockTests {
  @Test func receiptsAndCounts() throws {
    try check(
      """
      receive 5       -> ok          onHand 5   received 5   available 5
      receive 2 3@B   -> ok          onHand 10  onHand@B 3
      adjust 4        -> ok          onHand 14  found 4
      adjust -6       -> ok          onHand 8   lost 6
      adjust -6       -> short:5/6   onHand 8
      adjust 2 -7     -> ok          onHand 3   found 6   lost 13
      adjust -3@B     -> ok          onHand 0
      adjust -1@B     -> short:0/1
      """
    )
  }

  @Test func adjustmentsAreNettedAndWhole() throws {
    try check(
      onHand: 5,
      """
      adjust -3 -3       -> short:5/6    onHand 5
      adjust -6 2        -> ok           onHand 1   lost 6   found 2
      adjust -1 -1:CAP   -> short:0/1    onHand 1
      """
    )
  }

  /// Goal: what was shipped without being in the books leaves less than nothing on hand, and a count
  /// that contradicts itself about it is refused, not the end of the process.
  @Test func countOfLessThanNothing() throws {
    try check(
      """
      sell o-1 2           -> ok            available -2
      ship o-1 2           -> ok            onHand -2
      adjust 1 -1          -> short:-2/1    onHand -2
      adjust -1            -> short:-2/1
      adjust 2 -1          -> short:-2/1    onHand -2   found 0
      adjust 1:CAP 1 -1    -> short:-2/1    onHand:CAP 0
      adjust 1             -> ok            onHand -1   found 1
      adjust -1 3 -1       -> ok            onHand 0    found 4   lost 2
      """
    )
  }

  @Test func countBelowPromisesIsAFact() throws {
    try check(
      onHand: 5,
      """
      sell o-1 4  -> ok   available 1
      adjust -3   -> ok   available -2  onHand 2
      """
    )
  }

  @Test func returnsGoWhereTheirDispositionSays() throws {
    try check(
      onHand: 5,
      """
      sell o-1 4                    -> ok
      ship o-1 4                    -> ok   onHand 1  available 1
      return restock 1 o-1 1        -> ok   onHand 2  available 2  returned 1
      return quarantine 2 o-1 1     -> ok   onHand 2  unavailable 2  returned 3  available 2
      return writeOff 1 o-1 1       -> ok   onHand 2  returned 4  lost 1
      clear 1                       -> ok   onHand 3  unavailable 1  available 3
      clear 2                       -> short:1/2
      clear 1 1                     -> short:1/2   unavailable 1
      scrap 1                       -> ok   unavailable 0  lost 2  onHand 3
      scrap 1                       -> short:0/1
      """
    )
  }

  @Test func returnsAreNeverRefusedForLackOfSale() throws {
    try check(
      """
      return restock 2              -> ok   onHand 2  returned 2
      return restock 1 o-9 1        -> ok   onHand 3
      sell o-1 1                    -> ok
      return restock 3 o-1 x        -> ok   onHand 6
      return restock 3:CAP o-1 1    -> ok   onHand:CAP 3
      return restock 3 o-1 1        -> ok   onHand 9
      """
    )
  }

  @Test func returnCountsOnItsLineOnly() throws {
    let machine = try Script(onHand: 5)
    try machine.run(
      script: """
        sell o-1 2 1=x               -> ok
        return restock 1 o-1 1       -> ok
        return restock 1:CAP o-1 1   -> ok
        return restock 1 o-1 nobody  -> ok
        """, sourceLocation: #_sourceLocation)
    let sale = try #require(machine.pool.sales[OrderID(trusted: "o-1")])
    #expect(sale.lines.map(\.returned) == [1, 0])
    #expect(sale.lines.count == 2)
    expectFold(machine.pool, machine.entries)
  }

  @Test(arguments: ["receive", "adjust", "clear", "scrap"])
  func unknownNames(verb: String) throws {
    try check(
      onHand: 1,
      """
      \(verb) 1:NONE     -> skuUnknown
      \(verb) 1@NONE     -> locationUnknown
      \(verb) 1 1:NONE   -> skuUnknown    onHand 1
      """
    )
  }

  @Test(arguments: ["restock", "quarantine", "writeOff"])
  func unknownNamesInReturns(disposition: String) throws {
    try check(
      """
      return \(disposition) 1:NONE -> skuUnknown
      return \(disposition) 1@NONE -> locationUnknown
      """
    )
  }

  /// Goal: what each kind of movement does to each count, and that no kind breaks the books.
  @Test(
    arguments: zip(
      Movement.Kind.allCases,
      [
        // on hand, held, committed, unavailable, received, returned, found, shipped, lost,
        // transferred in, transferred out
        [1, 0, 0, 0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 1, 0, 0], [-1, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 0, 0, 0, 0], [0, -1, 0, 0, 0, 0, 0, 0, 0], [0, -1, 0, 0, 0, 0, 0, 0, 0],
        [0, -1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0], [0, 0, -1, 0, 0, 0, 0, 0, 0],
        [-1, 0, -1, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0, 1], [1, 0, 0, -1, 0, 0, 0, 0, 0], [0, 0, 0, -1, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0],
        [-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 1, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 0, 0, 0, 0], [-1, 0, 0, 1, 0, 0, 0, 0, 0],
      ] as [[Quantity]]))
  func everyKindMovesItsCounts(kind: Movement.Kind, steps: [Quantity]) {
    let start = Balance(
      sku: SKUIndex(0), location: LocationIndex(0), onHand: 100, held: 10, committed: 20,
      unavailable: 30, received: 130, returned: 10, found: 10, shipped: 10, lost: 10, sequence: 7)
    var balance = start
    balance.count(Movement(kind, SKUIndex(0), LocationIndex(0), 3), sequence: 8)
    let moved = [
      balance.onHand - start.onHand, balance.held - start.held,
      balance.committed - start.committed, balance.unavailable - start.unavailable,
      balance.received - start.received, balance.returned - start.returned,
      balance.found - start.found, balance.shipped - start.shipped, balance.lost - start.lost,
      balance.transferredIn - start.transferredIn, balance.transferredOut - start.transferredOut,
    ]
    #expect(moved == (steps + [0, 0]).prefix(11).map { $0 * 3 })
    #expect(start.isConsistent && balance.isConsistent && balance.sequence == 8)
  }
}
