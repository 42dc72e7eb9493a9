import Primitives
import Testing

@testable import PoolDomain

/// Corrections and returns that name a lot.
@Suite struct NamedLotTests {
  @Test func correctionsNameALot() throws {
    try check(
      """
      receive 5#L1/100 4#L2/200 3 -> ok               onHand 12
      adjust -2#L2                -> ok               lot%L2 2    lot%L1 5   onHand 10  lost 2
      adjust -3#L2                -> lot:tooFew       lot%L2 2
      adjust -1#L2 -2#L2          -> lot:tooFew       lot%L2 2
      adjust 9#L2 -3#L2           -> lot:tooFew       lot%L2 2
      adjust -1#NONE              -> lot:unknown      onHand 10
      adjust -1@B#L1 1@B          -> lot:unknown      onHand 10
      adjust +2#L1                -> ok               lot%L1 7    onHand 12  found 2
      adjust 1#L1/100             -> ok               lot%L1 8
      adjust 1#L1/300             -> lot:expiryDiffers
      adjust -1#L1/300            -> lot:expiryDiffers
      adjust -1#L1/100 1#L1       -> ok               lot%L1 8    onHand 13
      adjust 1#NEW                -> lot:unknown      onHand 13
      adjust 1#NEW/300 1#NEW      -> ok               lot%NEW 2   onHand 15
      adjust 1#NEW/300 1#OLD/0    -> lot:expired      lot%NEW 2
      adjust 1@B#L1               -> ok               lot@B%L1 1  onHand 16
      adjust -8 -1#L2             -> ok               lot@A%L1 0  lot%L2 1   onHand 7
      adjust 1:CAP#L1             -> lot:unknown
      """)
  }

  /// Goal: units that are found and lost in one correction are those of their lots, whatever is on hand.
  @Test func foundAndLostTogether() throws {
    try check(
      """
      receive 5#L1/100            -> ok   onHand 5
      adjust 2#L1 -3#L1           -> ok   onHand 4   lot%L1 4
      adjust -3#L1 2#L1           -> ok   onHand 3   lot%L1 3
      adjust 2 -4                 -> ok   onHand 1   lot%L1 0
      sell o-1 3                  -> ok
      ship o-1 3                  -> ok   onHand -2
      adjust 5#L2/100             -> ok   onHand 3   lot%L2 3
      """)
  }

  @Test func returnsGoBackIntoTheirLot() throws {
    try check(
      """
      receive 5#L1/100                   -> ok
      sell o-1 5                         -> ok
      ship o-1 5                         -> ok                  onHand 0   lot%L1 0
      return restock 1#L1 o-1 1          -> lot:unknown         returned 0
      return restock 1#L1/100 o-1 1      -> ok                  lot%L1 1   onHand 1   returned 1
      return restock 1#L1                -> ok                  lot%L1 2
      return restock 1#L1/101            -> lot:expiryDiffers   onHand 2
      return restock 1                   -> ok                  lot%L1 2   onHand 3
      return restock 1@B#L1              -> ok                  lot@B%L1 1
      wait 100                           -> ok                  lot%L1 0   unavailable 3   onHand 1
      return restock 1#L1/100            -> lot:expired
      return restock 1#L1                -> lot:unknown         onHand 1
      """)
  }

  @Test func lotsOfAPlaceAreBounded() throws {
    let machine = try Script()
    for number in 0..<Limits.lotsOfPlace { _ = try machine.run("receive 1#L\(number)".words) }
    try machine.run(
      script: """
        adjust 1#MORE/9          -> lot:tooMany
        return restock 1#MORE/9  -> lot:tooMany
        adjust 1#L7              -> ok             lot%L7 2
        return restock 1#L7      -> ok             lot%L7 3
        """, sourceLocation: #_sourceLocation)
  }
}
