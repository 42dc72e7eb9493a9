import PoolAPI
import Primitives
import StorageCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct PastStockTests {
  /// What was to be seen at a moment.
  private struct Seen {
    var time: Timestamp
    var stocks: [String: GetStockResponse] = [:]
    var channels: [String: [ChannelAvailability]] = [:]
    var explanations: [String: [ExplainAvailabilityResponse.Term]] = [:]
    var components: [String: [ExplainAvailabilityResponse.Component]] = [:]

    func later(by span: Duration) -> Seen {
      var copy = self
      copy.time = time + span
      // Numbers that follow demand fall with time alone, in steps.
      if copy.time.rateStep != time.rateStep { copy.channels = [:] }
      return copy
    }
  }

  private let skus = ["TEE", "CAP", "KIT"]
  private let channels = ["shopee", "till"]

  private func look(_ bench: Bench) async throws -> Seen {
    // What time alone has changed is seen with the next batch.
    _ = try await bench.client.setSku(.init(sku: .init(sku: "FILL")))
    var seen = Seen(time: bench.clock.now())
    for sku in skus {
      seen.stocks[sku] = try await bench.client.getStock(.init(sku: sku))
      seen.channels[sku] = try await bench.client.getAvailability(
        .init(sku: sku, channelIDs: channels)
      ).channels
      let why = try await bench.client.explainAvailability(.init(sku: sku, channelID: "till"))
      seen.explanations[sku] = why.terms
      seen.components[sku] = named(why.components)
    }
    return seen
  }

  /// Without the order of the locations, which is that of their creation in the past.
  private func named(
    _ components: [ExplainAvailabilityResponse.Component]
  ) -> [ExplainAvailabilityResponse.Component] {
    components.map { component in
      var component = component
      component.balances.sort { $0.locationID < $1.locationID }
      component.places.sort { $0.locationID < $1.locationID }
      return component
    }
  }

  private func expect(_ seen: Seen, _ bench: Bench) async throws {
    for sku in skus {
      let past = try await bench.client.getStockAt(
        .init(sku: sku, time: seen.time, channelIDs: channels))
      func sorted(_ balances: [PoolAPI.Balance]?) -> [PoolAPI.Balance] {
        (balances ?? []).sorted { $0.locationID < $1.locationID }
      }
      #expect(sorted(past.balances) == sorted(seen.stocks[sku]?.balances), "\(sku) at \(seen.time)")
      #expect(past.total == seen.stocks[sku]?.total)
      guard let channels = seen.channels[sku] else { continue }
      #expect(past.channels == channels, "\(sku) at \(seen.time)")
      let explained = try await bench.client.explainAvailability(
        .init(sku: sku, channelID: "till", time: seen.time))
      #expect(explained.terms == seen.explanations[sku])
      #expect(named(explained.components) == seen.components[sku])
      #expect(explained.availableToSellCount == channels[1].availableToSellCount)
    }
  }

  /// Moves the ledger on by movements of another SKU.
  private func fill(_ bench: Bench) async throws {
    let line = PoolAPI.StockLine(sku: "FILL", locationID: "A", quantity: 1)
    _ = try await bench.client.receiveStock(.init(lines: Array(repeating: line, count: 9_000)))
  }

  private func step(_ bench: Bench, _ number: Int, _ random: inout SeededRandom) async throws {
    let sku = skus.dropLast().randomElement(using: &random)!
    let place = ["A", "B"].randomElement(using: &random)!
    let units = Int64.random(in: 1...5, using: &random)
    let client = bench.client
    switch Int.random(in: 0..<15, using: &random) {
    case 11: try await setBundle(bench, sku, units)
    case 12, 13: await promote(bench, sku, units, number)
    case 14:
      let lines = [PoolAPI.LineTotal(lineID: "1", totalCount: units)]
      _ = try? await client.cancelSale(.init(orderID: "o-\(number - 1)", lines: lines))
    case 0:
      _ = try await client.receiveStock(
        .init(lines: [.init(sku: sku, locationID: place, quantity: units)]))
    case 1, 2: try await bench.sell("o-\(number)", units, of: sku)
    case 3: _ = try? await bench.hold("h-\(number)", units, seconds: units * 7)
    case 4:
      let lines = [PoolAPI.LineTotal(lineID: "1", totalCount: units)]
      _ = try? await client.shipSale(.init(orderID: "o-\(number - 1)", lines: lines))
    case 5, 9: _ = try await client.setBuffer(.init(buffer: buffer(sku, units, bench, &random)))
    case 10: try await setRule(bench, sku, place, units)
    case 6: try await fill(bench)
    case 7: await bench.server.tick()
    default: break
    }
  }

  /// A bundle, of one or two SKUs, or none any more.
  private func setBundle(_ bench: Bench, _ sku: String, _ units: Int64) async throws {
    var components = [PoolAPI.Bundle.Component(sku: sku, unitCount: (units + 1) / 2)]
    if units > 3 { components.append(.init(sku: sku == "TEE" ? "CAP" : "TEE", unitCount: 1)) }
    if units == 3 { components = [] }
    _ = try await bench.assortment.setBundle(
      .init(bundle: .init(sku: "KIT", components: components)))
  }

  /// A promotion is made, or the last one gets more or ends; what the pool refuses is not done.
  private func promote(_ bench: Bench, _ sku: String, _ units: Int64, _ number: Int) async {
    let client = bench.promotions
    let last = "p-\(number - number % 8)"
    let kinds: [PoolAPI.PromotionClash.Kind] = [.overPromised, .buffer]
    switch units {
    case 1: _ = try? await client.endPromotion(.init(promotionID: last))
    case 2:
      _ = try? await client.topUpPromotion(
        .init(
          promotionID: last, lines: [.init(sku: sku, allottedCount: 2)], acceptedClashes: kinds))
    default:
      let promotion = PoolAPI.Promotion(
        promotionID: last, channelIDs: [units == 3 ? "till" : "shopee"],
        strategy: units == 5 ? .ironReserve : .regular,
        startTime: bench.clock.now() + .milliseconds(1_500),
        endTime: bench.clock.now() + .milliseconds(24_000),
        lines: [.init(sku: sku, allottedCount: units)])
      _ = try? await client.setPromotion(.init(promotion: promotion))
      _ = try? await client.schedulePromotion(
        .init(promotionID: last, acceptedClashes: kinds))
    }
  }

  /// A buffer of some scope with some margin; for a unit, none.
  private func buffer(
    _ sku: String, _ units: Int64, _ bench: Bench, _ random: inout SeededRandom
  ) -> PoolAPI.Buffer {
    let margins: [PoolAPI.Buffer.Margin?] = [
      nil, .unitCount(units), .basisPoints(2_000),
      .tiers(.init(thresholdCount: 4, aboveCount: 2, belowCount: 1)),
      .demand(.init(lag: .seconds(3_600), factorBasisPoints: 20_000)),
    ]
    let scope = Int.random(in: 0..<4, using: &random)
    var buffer = PoolAPI.Buffer(
      sku: scope < 2 ? sku : "", channelID: Bool.random(using: &random) ? "till" : "",
      margin: margins.randomElement(using: &random)!, capCount: units == 5 ? 3 : nil,
      skuGroup: scope == 2 ? "shirts" : "")
    if scope == 0, units == 2 { (buffer.channelID, buffer.listingID) = ("till", "L-1") }
    if units == 3 {
      // At the steps of the test's clock, between two looks.
      buffer.startTime = bench.clock.now() + .milliseconds(3_000)
      buffer.endTime = bench.clock.now() + .milliseconds(9_000)
    }
    return buffer
  }

  private func setRule(
    _ bench: Bench, _ sku: String, _ place: String, _ units: Int64
  ) async throws {
    let client = bench.client
    switch units {
    case 1:
      _ = try await client.setSku(
        .init(sku: .init(sku: sku, skuGroup: place == "A" ? "shirts" : "")))
    case 2: _ = try await client.setChannelSourcing(.init(sourcing: .init(channelID: "till")))
    case 3:
      _ = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "till", strategy: .ranked, locationIDs: [place])))
    default:
      _ = try await client.setLastUnits(
        .init(
          lastUnits: .init(
            sku: place == "A" ? sku : "", channelID: "shopee", unitCount: units - 4)))
    }
  }

  /// Goal: what was to be seen at any moment is told later, whatever the sweep has kept by then.
  /// Method: random steps with long stretches of other movements between them, each looked at.
  @Test(.timeLimit(.minutes(3)), arguments: [1, 2] as [UInt64])
  func pastIsWhatWasSeen(seed: UInt64) async throws {
    print("seed \(seed)")
    try await withBench { bench in
      var random = SeededRandom(seed: seed)
      var seen = [try await emptyLook(bench)]
      for number in 1...160 {
        bench.clock.advance(by: .milliseconds(1_500))
        try await step(bench, number, &random)
        seen.append(try await look(bench))
        if number % 60 == 0 { try await bench.restart() }
      }
      let kept = try await bench.server.database.read(until: .never) {
        try $0.int64("SELECT count(*) FROM balance_history WHERE sequence > 0")
      }
      #expect((kept ?? 0) > 3, "some of it was swept more than once")
      let taken = try await bench.server.database.read(until: .never) {
        try $0.int64("SELECT count(*) FROM allotment WHERE sequence > 0")
      }
      #expect((taken ?? 0) > 1, "some was sold out of allotments")
      for moment in seen { try await expect(moment, bench) }
      for moment in seen { try await expect(moment.later(by: .milliseconds(700)), bench) }
    }
  }

  private func emptyLook(_ bench: Bench) async throws -> Seen {
    try await bench.stock(["TEE": 0, "CAP": 0, "FILL": 0, "KIT": 0])
    return try await look(bench)
  }

  /// Goal: what is still to come is not foretold; a clock that is a little ahead is told of now.
  @Test func beginningIsAnsweredAndTheFutureIsNot() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let early = try await bench.client.getStockAt(
        .init(sku: "TEE", time: Bench.start - .seconds(1)))
      #expect(early.balances.isEmpty && early.total?.onHandCount == 0 && early.sequence == 0)
      _ = try await bench.client.setBuffer(
        .init(
          buffer: .init(
            channelID: "till", margin: .unitCount(2), startTime: Bench.start + .seconds(3))))
      let ahead = Bench.start + .seconds(5)
      let now = try await bench.client.getStockAt(
        .init(sku: "TEE", time: ahead, channelIDs: ["till"]))
      #expect(now.total?.onHandCount == 5 && now.sequence == 1)
      #expect(now.channels == [.init(channelID: "till", availableToSellCount: 5)])
      let why = try await bench.client.explainAvailability(
        .init(sku: "TEE", channelID: "till", time: ahead))
      #expect(why.availableToSellCount == 5)
      let future = ahead + .microseconds(1)
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["time"]) {
        _ = try await bench.client.getStockAt(.init(sku: "TEE", time: future))
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["time"]) {
        _ = try await bench.client.explainAvailability(
          .init(sku: "TEE", channelID: "till", time: future))
      }
      await expectError(.notFound, "SKU_UNKNOWN") {
        _ = try await bench.client.getStockAt(.init(sku: "CAP", time: Bench.start))
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["sku", "time"]) {
        _ = try await bench.client.getStockAt(.init())
      }
    }
  }

  /// Goal: what is durable already and not shown yet, a location that is new with its first units, ends no process. Method:
  /// the past of now, and views that lack the location, or the SKU.
  @Test func placesThatAreNotShownYetAreNotNamed() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let stock = try await bench.server.database.read(until: .never) { transaction in
        var stock = PastStock([SKUIndex(0)], at: Bench.start)
        try stock.begin(LedgerReader(transaction))
        while !stock.isFinished { try stock.advance(LedgerReader(transaction)) }
        return stock
      }
      let rules = try await bench.server.database.read(until: .never) {
        try PastRules([SKUIndex(0)], [], at: Bench.start, LedgerReader($0))
      }
      let past = PastAvailability(SKUIndex(0), stock, rules, PastBundles(), PastPromotions())
      let view = bench.server.view
      #expect(view.read { past.isNamed(by: $0) })
      #expect(
        !view.read { state in
          var earlier = state
          earlier.locations = []
          return past.isNamed(by: earlier)
        })
      #expect(!past.isNamed(by: ReadModel.State()))
    }
  }

  /// Goal: the ledger's own times can be asked about, though the clock was set back behind them.
  @Test func ledgerIsNoFutureWhenTheClockIsSetBack() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      bench.clock.advance(by: .seconds(-3_600))
      let then = try await bench.client.getStockAt(.init(sku: "TEE", time: Bench.start))
      #expect(then.total?.onHandCount == 5)
    }
  }

  @Test func rulesBeforeTheirHistoryAreNotGuessed() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      try bench.forge(
        "UPDATE history_start SET rule_time = \(Bench.start.microseconds)", .historyStart)
      let before = Bench.start - .seconds(1)
      await expectError(.failedPrecondition, "RULES_UNKNOWN") {
        _ = try await bench.client.getStockAt(
          .init(sku: "TEE", time: before, channelIDs: ["till"]))
      }
      _ = try await bench.client.getStockAt(.init(sku: "TEE", time: before))
      let answer = try await bench.client.getStockAt(
        .init(sku: "TEE", time: Bench.start, channelIDs: ["till"]))
      #expect(answer.channels == [.init(channelID: "till", availableToSellCount: 5)])
    }
  }

  /// Goal: what would take too much reading is refused, and says how much. Method: a store without any
  /// history, and a small limit.
  @Test func longReadsAreRefused() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 50])
      for number in 1...6 {
        bench.clock.advance(by: .seconds(1))
        try await bench.sell("o-\(number)", 1)
      }
      await bench.server.tick()
      try bench.change("DELETE FROM balance_history")
      func begin(_ rowLimit: Int64) async throws {
        _ = try await bench.server.database.read(until: .never) { transaction in
          var stock = PastStock(
            [SKUIndex(0)], at: Bench.start + .seconds(4), rowLimit: rowLimit)
          try stock.begin(LedgerReader(transaction))
        }
      }
      try await begin(5)
      do {
        try await begin(4)
        Issue.record("five rows are more than four")
      } catch let error as LedgerError {
        #expect(error.rpcError.reason == "HISTORY_TOO_LONG")
        #expect(error.rpcError.metadata == ["rowCount": "5", "limitRowCount": "4"])
      }
    }
  }
}
