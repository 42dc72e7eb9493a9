import Primitives
import Testing

@testable import PoolDomain

/// Buffers that follow the lag that was measured.
@Suite struct MeasuredLagTests {
  @Test func buffersFollowWhatIsMeasured() throws {
    let machine = try Script(onHand: 100)
    for line in [
      "buffer channel=shopee demand=10,10000 measured", "buffer channel=lazada demand=10,10000",
      "buffer sku=CAP demand=10,10000 measured", "buffer channel=web units=3 measured",
    ] { _ = try machine.run(line.words) }
    func lags() -> [String: Double] {
      var found: [String: Double] = [:]
      for buffer in machine.pool.buffers.all {
        guard case .demand(let lag, _) = buffer.margin else { continue }
        found[buffer.scope.channel?.text ?? "all"] = lag.inSeconds
      }
      return found
    }
    try machine.run(
      script: """
        lag lazada=20             -> changed 1
        lag shopee=10             -> changed 1
        lag shopee=11             -> changed 0
        lag shopee=9              -> changed 0
        lag shopee=12             -> changed 2
        """, sourceLocation: #_sourceLocation)
    #expect(lags() == ["shopee": 12, "lazada": 10, "all": 12])
    try machine.run(
      script: """
        lag shopee=30 lazada=60   -> changed 2
        lag shopee=30 lazada=60   -> changed 0
        lag till=1                -> changed 1
        """, sourceLocation: #_sourceLocation)
    #expect(lags() == ["shopee": 30, "lazada": 10, "all": 1])
    #expect(machine.entries.count == 1, "it is no part of the ledger")
    expectFold(machine.pool, machine.entries)
  }

  /// Goal: a longer lag hides more, and those who watch are told.
  @Test func numbersFollow() throws {
    let machine = try Script(onHand: 1_000)
    for line in ["buffer channel=shopee demand=60,10000 measured", "sell o-1 600 on=lazada"] {
      _ = try machine.run(line.words)
    }
    let (tee, shopee) = (SKUIndex(0), ChannelID(trusted: "shopee"))
    let before = machine.pool.availableToSell(tee, on: shopee)
    _ = machine.pool.takeChanges()
    _ = try machine.run(["lag", "shopee=120"])
    let after = machine.pool.availableToSell(tee, on: shopee)
    #expect(before < 400 && after < before)
    let why = Explanation(of: tee, on: shopee, in: machine.pool)
    #expect(
      why.terms.contains { $0.words.contains("in 120 s, rounded up, the time as measured") })
    let changes = machine.pool.takeChanges()
    #expect(changes.setBuffers.count == 1 && changes.turned == [nil])
    _ = try machine.run(["lag", "shopee=121"])
    #expect(!machine.pool.takeChanges().hasCatalog)
  }

  /// Goal: a person reads 100 % and 12.5 %, not more digits than there is anything to say.
  @Test(arguments: [
    ("points=1250", "12.5 % of what is available"), ("points=10000", "100 % of what is available"),
    ("points=5", "0.05 % of what is available"), ("demand=60,10000", "100 % of what sells in 60 s"),
    ("demand=90,15050", "150.5 % of what sells in 90 s"),
  ])
  func numbersArePlain(margin: String, words: String) throws {
    let machine = try Script(onHand: 1_000)
    _ = try machine.run(["buffer", margin])
    let why = Explanation(of: SKUIndex(0), on: ChannelID(trusted: "till"), in: machine.pool)
    #expect(why.terms.contains { $0.words == "\(words), rounded up" })
  }

  @Test func withoutSuchBuffersNothingChanges() throws {
    try check(
      onHand: 5,
      """
      lag shopee=10                            -> changed 0
      buffer channel=shopee demand=60,10000    -> ok
      lag shopee=10                            -> changed 0
      """)
  }
}
