import PoolAPI
import Primitives
import StorageSQLite
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

/// Who holds units of a SKU, however many hold some and however many others there are.
@Suite struct HoldersTests {
  /// Goal: a look takes a bounded number of holds at a time, and those of other SKUs none at all. Method: 3,000 holds on a
  /// SKU, of which 500 ended, among 2,000 on another.
  @Test func looksAtAFewAtATime() throws {
    let machine = try Script(onHand: 10_000)
    _ = try machine.run("receive 10000:CAP".words)
    for number in 1...3_000 {
      _ = try machine.run("hold h-\(number) 1 by=\(number % 7) until=\(number + 60)".words)
      if number % 3 != 0 { _ = try machine.run("hold c-\(number) 1:CAP".words) }
      if number % 6 == 0 { _ = try machine.run("release h-\(number)".words) }
    }
    let model = ReadModel()
    model.reset(to: machine.pool, SaleNumbers(), hasUnloadedSales: false)
    var holders = model.readRecords { records, _ in Holders(of: SKUIndex(0), records) }
    var looks = 0
    while !holders.isFinished {
      model.readRecords { records, _ in holders.advance(records) }
      looks += 1
    }
    #expect(looks == 3)
    let found = holders.messages()
    #expect(found.count == 2_500 && found.allSatisfy { $0.quantity == 1 })
    #expect(Set(found.map(\.holdID)).count == 2_500)
    #expect(found.first?.holdID == "h-1")
    #expect(found.map(\.holdID).allSatisfy { $0.hasPrefix("h-") })
  }

  /// Goal: what is told stands with what readers know, whatever became of holds: made, edited, taken over, committed, over.
  @Test func toldAsTheyStand() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 50, "CAP": 50])
      func told(_ sku: String = "TEE") async throws -> [String] {
        let why = try await bench.client.explainAvailability(.init(sku: sku, channelID: "c"))
        #expect(why.holdCount == Int64(why.holders.count))
        #expect(
          why.owners.reduce(0) { $0 + $1.quantity } == why.holders.reduce(0) { $0 + $1.quantity })
        return why.holders.map { "\($0.holdID) \($0.quantity)" }
      }
      let first = try #require(try await bench.hold("h-1", 3, seconds: 600).hold)
      _ = try await bench.hold("h-2", 2)
      bench.clock.advance(by: .seconds(1))
      _ = try await bench.hold("h-0", 1)
      #expect(try await told() == ["h-1 3", "h-2 2", "h-0 1"])
      _ = try await bench.client.editHold(
        .init(
          holdID: "h-1", etag: first.etag,
          lines: [.init(sku: "TEE", deltaCount: -3), .init(sku: "CAP", deltaCount: 4)]))
      #expect(try await told() == ["h-2 2", "h-0 1"])
      #expect(try await told("CAP") == ["h-1 4"])
      let second = try #require(
        try await bench.client.getHold(.init(holdID: "h-1")).hold)
      _ = try await bench.client.editHold(
        .init(
          holdID: "h-1", etag: second.etag, lines: [.init(sku: "TEE", deltaCount: 5)]))
      #expect(try await told() == ["h-1 5", "h-2 2", "h-0 1"], "it comes once")
      _ = try await bench.client.commitHold(.init(holdID: "h-2", orderID: "o"))
      try await bench.restart()
      #expect(try await told() == ["h-1 5", "h-0 1"])
      bench.clock.advance(by: .seconds(61))
      await bench.server.tick()
      #expect(try await told() == ["h-1 5"])
    }
  }

  /// Goal: whoever reads holds and stock together sees both as they were after the same batch, though the writer leaves the holds
  /// to others. Method: holds come, change and end while readers compare their units with the stock's, and bring what waits up
  /// to date at any moment.
  @Test(arguments: [1, 2] as [UInt64])
  func holdsAndStockAreOfOneBatch(seed: UInt64) async throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let script = try Script(onHand: 100_000)
    let pool = script.pool
    _ = pool.takeChanges()
    let view = ReadModel()
    view.reset(to: pool, SaleNumbers(), hasUnloadedSales: false)
    let problems = Mutex<[String]>([])
    let isOver = Atomic(false)
    @Sendable func problem() -> String? {
      view.readRecords { records, state in
        var holders = Holders(of: SKUIndex(0), records)
        while !holders.isFinished { holders.advance(records) }
        let units = holders.messages().reduce(0) { $0 + $1.quantity }
        let held = state.stocks[0].balances.reduce(0) { $0 + $1.held }
        return units == held ? nil : "\(units) units of \(held) at \(state.sequence)"
      }
    }
    let workers = (0..<2).map { number in
      Worker.start {
        while !isOver.load(ordering: .relaxed) {
          if number == 0 { view.settle() }
          if let problem = problem() { problems.withLock { $0.append(problem) } }
        }
      }
    }
    var open: [String] = []
    for batch in 0..<100 {
      for step in 0..<Int.random(in: 1...4, using: &random) {
        if open.count > 20 || (!open.isEmpty && Bool.random(using: &random)) {
          let hold = open.remove(at: Int.random(in: 0..<open.count, using: &random))
          _ = try script.run(
            Bool.random(using: &random) ? ["release", hold] : ["commit", hold, "o-\(hold)"])
        } else {
          open.append("h-\(batch)-\(step)")
          _ = try script.run([
            "hold", "h-\(batch)-\(step)", "\(Int.random(in: 1...9, using: &random))",
          ])
        }
      }
      _ = view.publish(pool.takeChanges(), pool)
      #expect(problem() == nil)
      // Other tests run on the same few threads.
      await Task.yield()
    }
    isOver.store(true, ordering: .relaxed)
    for worker in workers { await worker.ended() }
    #expect(problems.withLock(\.self) == [])
  }

  /// Goal: of more than are looked at together, all are counted all the same.
  @Test func manyAreCounted() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5_000])
      let count = ServiceLimits.holdsAtOnce + 100
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
          group.addTask { _ = try await bench.hold("h-\(number)", 1, by: "\(number % 30)") }
        }
        try await group.waitForAll()
      }
      let why = try await bench.client.explainAvailability(.init(sku: "TEE", channelID: "c"))
      #expect(why.holdCount == Int64(count) && why.ownerCount == 30)
      #expect(why.holders.count == Limits.explainedHolds)
      #expect(why.owners.count == Limits.explainedOwners)
    }
  }

  /// Goal: who holds units is told of those that make the term, and of no others: where some locations do not feed the
  /// channel, and of each component of a bundle.
  @Test func holdersMakeTheTerm() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 9, "KIT": 0])
      _ = try await bench.client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 10)]))
      _ = try await bench.assortment.setBundle(.init(bundle: BundleServiceTests.kit))
      _ = try await bench.client.setChannelSourcing(
        .init(sourcing: .init(channelID: "web", strategy: .ranked, locationIDs: ["A"])))
      func hold(_ id: String, by owner: String, _ lines: [HoldLine]) async throws {
        _ = try await bench.client.createHold(
          .init(
            holdID: id, owner: owner, lines: lines, expireTime: bench.clock.now() + .seconds(60)))
      }
      try await hold("h-1", by: "anna", [.init(sku: "TEE", quantity: 2, locationID: "B")])
      try await hold("h-2", by: "bert", [.init(sku: "KIT", quantity: 2, locationID: "A")])
      try await hold(
        "h-3", by: "anna",
        [
          .init(sku: "TEE", quantity: 1, locationID: "B"),
          .init(sku: "TEE", quantity: 3, locationID: "A"),
        ])
      try await hold("h-4", by: "carl", [.init(sku: "CAP", quantity: 1)])
      func told(_ sku: String, on channel: String) async throws -> ExplainAvailabilityResponse {
        try await bench.client.explainAvailability(.init(sku: sku, channelID: channel))
      }
      func words(_ holders: [ExplainAvailabilityResponse.Holder]) -> [String] {
        holders.map { "\($0.holdID) \($0.quantity)" }
      }
      let all = try await told("TEE", on: "shopee")
      #expect(all.terms[1].deltaCount == -10)
      #expect(words(all.holders) == ["h-1 2", "h-2 4", "h-3 4"])
      let fed = try await told("TEE", on: "web")
      #expect(fed.terms[1].deltaCount == -7)
      #expect(words(fed.holders) == ["h-2 4", "h-3 3"] && fed.holdCount == 2)
      #expect(fed.owners.map(\.owner) == ["bert", "anna"] && fed.owners.map(\.quantity) == [4, 3])
      for (channel, tees) in [
        ("shopee", ["h-1 2", "h-2 4", "h-3 4"]), ("web", ["h-2 4", "h-3 3"]),
      ] {
        let kit = try await told("KIT", on: channel)
        #expect(kit.holders.isEmpty && kit.owners.isEmpty && kit.holdCount == 0)
        #expect(kit.components.map(\.sku) == ["TEE", "CAP"])
        #expect(words(kit.components[0].holders) == tees)
        #expect(words(kit.components[1].holders) == ["h-2 2", "h-4 1"])
        for component in kit.components {
          let units = component.owners.reduce(0) { $0 + $1.quantity }
          #expect(component.terms[1].name == "held" && component.terms[1].deltaCount == -units)
          #expect(component.holdCount == Int64(component.holders.count))
          #expect(component.ownerCount == Int64(component.owners.count))
        }
      }
    }
  }

  /// Goal: of the components of a bundle together no more holds are looked at while everybody waits than of one SKU.
  @Test func componentsAreLookedAtAFewAtATime() throws {
    let machine = try Script(onHand: 10_000)
    _ = try machine.run("receive 10000:CAP".words)
    for number in 1...700 {
      _ = try machine.run("hold h-\(number) 1 by=\(number)".words)
      _ = try machine.run("hold c-\(number) 1:CAP by=\(number)".words)
    }
    let model = ReadModel()
    model.reset(to: machine.pool, SaleNumbers(), hasUnloadedSales: false)
    let skus = [SKUIndex(0), SKUIndex(1)]
    var search = model.readRecords { records, _ in HolderSearch(of: skus, records) }
    #expect(search.isLong)
    model.readRecords { records, _ in search.advance(records) }
    #expect(!search.isLong)
    model.readRecords { records, _ in search.finish(of: skus, records) }
    #expect(search.all.map { $0.messages().count } == [700, 700])
    model.readRecords { records, _ in search.finish(of: [SKUIndex(1)], records) }
    #expect(search.all.map { $0.messages().map(\.holdID).first } == ["c-1"])
  }
}
