import Primitives
import Testing

@testable import PoolDomain

@Suite struct LotTests {
  @Test func firstExpiredGoesFirst() throws {
    try check(
      """
      receive 5#L2/200            -> ok   lot%L2 5
      receive 4#L1/100 3#LAST 2   -> ok   onHand 14  lot%L1 4  lot%LAST 3
      sell o-1 6                  -> ok   lot%L1 4   lot%L2 5
      ship o-1 6                  -> ok   lot%L1 0   lot%L2 3   lot%LAST 3   onHand 8
      sell o-2 7                  -> ok
      ship o-2 7                  -> ok   lot%L2 0   lot%LAST 0   onHand 1
      receive 1#L3                -> ok   lot%L3 1   onHand 2
      adjust -1                   -> ok   lot%L3 0   onHand 1
      """)
  }

  @Test func timeMakesUnitsUnavailable() throws {
    try check(
      """
      receive 5#L1/100 3#L2/200 2 -> ok   available 10
      sell o-1 4                  -> ok   available 6
      wait 99                     -> ok   onHand 10
      wait 1                      -> ok   onHand 5  unavailable 5  available 1  lot%L1 0
      wait 100                    -> ok   onHand 2  unavailable 8  available -2  lot%L2 0
      scrap 8                     -> ok   unavailable 0  lost 8
      receive 1#L1/300            -> ok   lot%L1 1
      wait 1000                   -> ok   lot%L1 0  onHand 2
      """)
  }

  @Test func whatIsGoneDoesNotExpire() throws {
    try check(
      """
      receive 5#L1/100 2:CAP      -> ok
      sell o-1 5                  -> ok
      ship o-1 5                  -> ok   onHand 0   lot%L1 0
      wait 200                    -> ok   onHand 0   unavailable 0  sequence 4
      """)
  }

  @Test func lotsThatCannotComeIn() throws {
    try check(
      """
      receive 5#L1/0              -> lot:expired         onHand 0
      receive 5 5#L1/0            -> lot:expired         onHand 0
      receive 5#L1/100            -> ok
      receive 5#L1/200            -> lot:expiryDiffers   onHand 5
      receive 5@B#L1/200          -> lot:expiryDiffers
      receive 5#M/200 5#M/300     -> lot:expiryDiffers   onHand 5
      receive 5#M/200 5:CAP#M/300 -> ok                  onHand 10
      adjust -5                   -> ok                  lot%L1 0   lot%M 5   onHand 5
      adjust -5                   -> ok                  onHand 0
      receive 5#L1/100            -> ok
      receive 5@B#L1/100          -> ok                  lot%L1 10  lot@B%L1 5
      receive 5:CAP#L1/200        -> ok
      sell o-1 10                 -> ok
      ship o-1 10                 -> ok                  lot%L1 0
      receive 5#L1/200            -> ok                  lot%L1 5
      """)
  }

  /// Goal: who receives more of a lot need not say again when it expires; a receipt that is repeated stays the same.
  @Test func lotComesInAsItIsKnown() throws {
    try check(
      """
      receive 5#L1/100            -> ok                  lot%L1 5
      receive 2#L1 3@B#L1         -> ok                  lot%L1 10  lot@B%L1 3
      receive 4#M/200 1#M         -> ok                  lot%M 5
      receive 1#N 1#N/200         -> lot:expiryDiffers   lot%N 0
      receive 1:CAP#L1            -> ok
      receive 1:CAP#L1/100        -> lot:expiryDiffers
      po P 9                      -> draft
      place P                     -> ordered
      arrive P r-1 4#L1           -> partiallyReceived   lot%L1 14
      wait 50                     -> ok
      arrive P r-1 4#L1           -> unchanged partiallyReceived
      transfer T A B 11           -> draft
      send T                      -> inTransit           lot%L1 3
      receive 1#L1                -> ok                  lot%L1 4
      wait 50                     -> ok                  lot%L1 0   lot@B%L1 0   lot%M 5
      """)
  }

  /// Goal: units that were shipped before they were booked are of no lot afterwards.
  @Test func lotHasNoMoreThanIsThere() throws {
    try check(
      """
      sell o-1 2                  -> ok   available -2
      ship o-1 2                  -> ok   onHand -2
      receive 5#L1/100            -> ok   onHand 3   lot%L1 3
      sell o-2 4                  -> ok
      ship o-2 4                  -> ok   onHand -1  lot%L1 0
      receive 1#L2/100            -> ok   onHand 0   lot%L2 0
      """)
  }

  @Test func lotsGoWithATransfer() throws {
    try check(
      """
      receive 5#L1/100 3#L2/200 2 -> ok
      transfer T A B 9            -> draft
      send T                      -> inTransit          lot%L1 0  lot%L2 0  onHand 1
      land T r-1 2                -> partiallyReceived  lot@B%L1 2  onHand@B 2
      land T r-2 1!               -> partiallyReceived  lot@B%L1 2  unavailable@B 1
      wait 100                    -> ok                 lot@B%L1 0  unavailable@B 3
      land T r-3 4                -> partiallyReceived  lot@B%L2 2  onHand@B 2  unavailable@B 5
      writeOff T why=lost         -> short              lost@B 2    lot@B%L2 2
      """)
  }

  /// Goal: nobody can tell units of one lot with two expiries apart, so a lot is known on its way, too, until its time is over.
  @Test func lotInTransitIsKnown() throws {
    try check(
      """
      receive 5#L1/100            -> ok
      transfer T A B 5            -> draft
      send T                      -> inTransit           lot%L1 0
      receive 2#L1/200            -> lot:expiryDiffers   onHand 0
      receive 2@B#L1/200          -> lot:expiryDiffers
      adjust 2#L1/200             -> lot:expiryDiffers
      return restock 1#L1/200     -> lot:expiryDiffers
      return restock 1#L1         -> ok                  lot%L1 1
      receive 2:CAP#L1/200        -> ok
      receive 2@B#L1/100          -> ok                  lot@B%L1 2
      land T r-1 3                -> partiallyReceived   lot@B%L1 5
      wait 100                    -> ok                  lot@B%L1 0  unavailable@B 5
      receive 4@B#L1/300          -> ok                  lot@B%L1 4
      land T r-2 2                -> received            lot@B%L1 4  unavailable@B 7
      """)
  }

  @Test func lotsComeWithAnOrder() throws {
    try check(
      """
      po P 9                      -> draft
      place P                     -> ordered
      arrive P r-1 4#L1/100       -> partiallyReceived   lot%L1 4
      arrive P r-1 4#L1/100       -> unchanged partiallyReceived
      arrive P r-1 4              -> receiptExists       lot%L1 4
      arrive P r-2 1#L1/7         -> lot:expiryDiffers   onHand 4
      arrive P r-2 2#L2 2#L1/100 1!#L1/100  -> received  lot%L1 6  lot%L2 2  unavailable 1
      """)
  }

  /// Goal: the ledger says of every lot what came and went: its sum is what is there. Method: random commands; after each,
  /// lots are never more than is on hand, none has expired, and the entries add up to them.
  @Test(arguments: ModelTests.seeds) func ledgerAddsUpToLots(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(locations: [("A", 1), ("B", 2)])
    for step in 0..<400 {
      let units = Int.random(in: 1...9, using: &random)
      let place = Bool.random(using: &random) ? "A" : "B"
      // A lot's name says when it expires.
      let time = 100 * Int.random(in: 1...8, using: &random)
      let command: String
      switch Int.random(in: 0..<12, using: &random) {
      case 0, 1: command = "receive \(units)@\(place)#L\(time)/\(time)"
      case 2: command = "receive \(units)@\(place)"
      case 3: command = "adjust -\(units)@\(place)"
      case 4: command = "wait \(units)"
      case 5: command = "transfer T\(step) \(place) \(place == "A" ? "B" : "A") \(units)"
      case 6: command = "send T\(Int.random(in: 0...step, using: &random))"
      case 8: command = "return restock \(units)@\(place)#L\(time)/\(time)"
      case 9: command = "adjust \(units)@\(place)#L\(time)/\(time)"
      case 10: command = "adjust -\(units)@\(place)#L\(time) 1@\(place)#L\(time)/\(time)"
      case 7: command = "land T\(Int.random(in: 0...step, using: &random)) r\(step) \(units)"
      default:
        _ = try machine.run("sell o-\(step) \(units)@\(place)".words)
        command = "ship o-\(step) \(units)"
      }
      do { _ = try machine.run(command.words) } catch is PoolError {}
      let pool = machine.pool
      let isSound = pool.lots.all.allSatisfy { lot in
        lot.quantity > 0 && (lot.tag.expireTime ?? .distantFuture) > pool.now
      }
      try #require(isSound, "step \(step): \(command)")
    }
    var sums: [Lot.Key: Quantity] = [:]
    for entry in machine.entries {
      for units in entry.details.lots {
        let movement = entry.movements[units.movement]
        let key = Lot.Key(sku: movement.sku, location: movement.location, id: units.tag.id)
        let isComing = [.received, .transferredIn, .found, .restocked].contains(movement.kind)
        sums[key, default: 0] += isComing ? units.quantity : -units.quantity
      }
    }
    let there = Dictionary(
      uniqueKeysWithValues: machine.pool.lots.all.map { ($0.key, $0.quantity) })
    #expect(sums.filter { $0.value != 0 } == there)
    expectFold(machine.pool, machine.entries)
  }

  @Test func lotsAreBounded() throws {
    let machine = try Script()
    for number in 0..<Limits.lotsOfPlace {
      _ = try machine.run("receive 1#L\(number)".words)
    }
    try machine.run(
      script: """
        receive 1#MORE   -> lot:tooMany
        receive 1#L7     -> ok             lot%L7 2
        receive 1@B#MORE -> ok
        receive 1        -> ok
        """, sourceLocation: #_sourceLocation)
  }
}
