import Primitives
import Testing

@testable import PoolDomain

@Suite struct AvailabilityTests {
  @Test func mostSpecificRuleWinsAsAWhole() throws {
    try check(
      onHand: 100,
      """
      buffer units=1                               -> ok  ats%shopee 99  ats%lazada 99  ats 99
      buffer channel=shopee units=2                -> ok  ats%shopee 98  ats%lazada 99  ats 99
      buffer sku=TEE units=3 cap=50                -> ok  ats%shopee 50  ats%lazada 50  ats 50
      buffer sku=TEE channel=shopee units=4        -> ok  ats%shopee 96  ats%lazada 50  ats 50
      buffer sku=TEE                               -> ok  ats%shopee 96  ats%lazada 99  ats 99
      buffer sku=TEE channel=shopee                -> ok  ats%shopee 98
      buffer channel=shopee                        -> ok  ats%shopee 99
      buffer                                       -> ok  ats%shopee 100  ats 100
      buffer sku=NONE units=1                      -> skuUnknown
      """
    )
  }

  @Test func channelSeesNothingBelowNothing() throws {
    try check(
      onHand: 2,
      """
      buffer units=5     -> ok          ats%shopee 0
      sell o-1 4         -> oversold 2  ats%shopee 0  available -2
      buffer points=5000 -> ok          ats%shopee 0
      buffer cap=0       -> ok          ats%shopee 0
      """
    )
  }

  @Test(
    arguments: [
      (0, 5000, 0), (1, 1, 1), (1, 10_000, 1), (10, 1000, 1), (11, 1000, 2), (99, 0, 0),
      (10_001, 3333, 3334), (-5, 5000, 0), (1_000_000_000_000, 1, 100_000_000),
      (9_000_000_000_000_000_000, 10_000, 9_000_000_000_000_000_000),
    ] as [(Quantity, Int32, Quantity)])
  func partIsRoundedUp(available: Quantity, points: Int32, hidden: Quantity) {
    #expect(Buffer.Margin.basisPoints(points).units(of: available) == hidden)
  }

  @Test func explanationAddsUp() throws {
    let machine = try Script(onHand: 20)
    try machine.run(
      script: """
        hold r-1 3                             -> held
        sell o-1 2                             -> ok
        buffer units=1                         -> ok
        buffer sku=TEE points=2000 cap=10      -> ok
        """, sourceLocation: #_sourceLocation)
    let sku = SKUIndex(0)
    let explanation = Explanation(of: sku, on: try ChannelID("shopee"), in: machine.pool)
    #expect(explanation.terms.map(\.name) == ["on_hand", "held", "committed", "buffer", "cap"])
    #expect(explanation.terms.map(\.delta) == [20, -3, -2, -3, -2])
    #expect(explanation.terms.map(\.running) == [20, 17, 15, 12, 10])
    #expect(explanation.rules.map(\.won) == [true, false])
    #expect(explanation.availableToSell == 10)
    #expect(
      explanation.availableToSell
        == machine.pool.availableToSell(sku, on: try ChannelID("shopee")))
  }

  @Test func explanationOfAnOversoldSKUEndsAtTheFloor() throws {
    let machine = try Script(onHand: 1)
    _ = try machine.run(["sell", "o-1", "4"])
    let explanation = Explanation(of: SKUIndex(0), on: try ChannelID("till"), in: machine.pool)
    #expect(explanation.terms.last?.name == "floor" && explanation.availableToSell == 0)
    #expect(explanation.rules.isEmpty)
  }
}
