import Kit
import ReturnsAPI
import Testing

/// Goal: the pool is told of each inspected line, surely and once in effect, whatever fails on the way.
@Suite struct PoolToldTests {
  @Test func poolThatIsDownIsToldWhenItIsUp() async throws {
    var bench = try Bench()
    try await Self.receive("r1", bench)
    bench.pool.be(then: .down)
    let outcome = await refusal { [bench] in
      try await bench.inspect("r1", Self.decisions, requestID: "q")
    }
    #expect(
      outcome == "UNAVAILABLE/POOL_UNAVAILABLE problem=UNAVAILABLE returnId=r1")
    #expect(try await bench.order("r1").state == .inspected)
    bench = try await bench.restarted()
    bench.pool.be(.down, .deaf, then: .well)
    try await bench.untilTold()
    #expect(bench.pool.effects.sorted() == Self.effects)
    let again = await refusal { [bench] in
      try await bench.inspect("r1", Self.decisions, requestID: "q")
    }
    #expect(again == "OK")
    #expect(bench.pool.effects.count == 3)
  }

  /// Method: two lines of the same SKU and quantity, so that only the line tells the requests apart; all answers
  /// are lost at first.
  @Test func lostAnswersHaveNoSecondEffect() async throws {
    let bench = try Bench()
    try await Self.receive("r1", bench)
    bench.pool.be(.deaf, .deaf, .deaf, .deaf, then: .well)
    for _ in 0..<2 { _ = await refusal { try await bench.inspect("r1", Self.decisions) } }
    #expect(await refusal { try await bench.inspect("r1", Self.decisions) } == "OK")
    #expect(bench.pool.effects.sorted() == Self.effects)
  }

  /// Method: the pool refuses the first line it hears of; the others are told all the same.
  @Test func refusedLineHoldsUpNoOther() async throws {
    let bench = try Bench()
    try await Self.receive("r1", bench)
    bench.pool.be(.refusing, then: .well)
    let outcome = await refusal { try await bench.inspect("r1", Self.decisions) }
    #expect(outcome.hasPrefix("UNAVAILABLE/POOL_UNAVAILABLE problem=NOT_FOUND/SALE_UNKNOWN"))
    #expect(bench.pool.effects.count == 2)
    try await bench.untilTold()
    #expect(bench.pool.effects.sorted() == Self.effects)
  }

  private static let decisions: [(String, [(Disposition, Int64)])] = [
    ("1", [(.restock, 2)]), ("2", [(.restock, 2)]), ("3", [(.quarantine, 1)]),
  ]

  private static let effects = [
    "return r1 of  CAP=1 quarantine at north line ",
    "return r1 of  TEE=2 restock at north line ",
    "return r1 of  TEE=2 restock at north line ",
  ]

  private static func receive(_ id: String, _ bench: Bench) async throws {
    try await bench.create(
      Bench.order(id, [("1", "TEE", 2, ""), ("2", "TEE", 2, ""), ("3", "CAP", 1, "")]))
    try await bench.receive(id)
  }
}
