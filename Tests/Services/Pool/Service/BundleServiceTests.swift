import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Bundles over the services, on a real store.
@Suite struct BundleServiceTests {
  /// A KIT of two TEEs and a CAP.
  static let kit = PoolAPI.Bundle(
    sku: "KIT", components: [.init(sku: "TEE", unitCount: 2), .init(sku: "CAP", unitCount: 1)])

  private func withKit(_ body: (Bench) async throws -> Void) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 4, "KIT": 0])
      _ = try await bench.assortment.setBundle(.init(bundle: Self.kit))
      try await body(bench)
    }
  }

  private func shown(_ bench: Bench, _ sku: String = "KIT") async throws -> Int64 {
    try await bench.client.getAvailability(.init(sku: sku, channelIDs: ["shopee"]))
      .channels[0].availableToSellCount
  }

  /// Goal: a channel's number for a bundle is what its components' numbers make, with the bundle's own rule on top.
  @Test func channelSeesWhatComponentsMake() async throws {
    try await withKit { bench in
      #expect(try await shown(bench) == 4)
      #expect(try await bench.available("KIT") == 4)
      func set(_ sku: String, _ units: Int64?, cap: Int64? = nil) async throws {
        _ = try await bench.client.setBuffer(
          .init(buffer: .init(sku: sku, margin: units.map { .unitCount($0) }, capCount: cap)))
      }
      try await set("", 1)
      #expect(try await shown(bench) == 3, "the rule for all counts once, in the components")
      try await set("TEE", 5)
      #expect(try await shown(bench) == 2)
      try await set("KIT", 1)
      #expect(try await shown(bench) == 1)
      let why = try await bench.client.explainAvailability(.init(sku: "KIT", channelID: "shopee"))
      #expect(why.availableToSellCount == 1)
      #expect(why.terms.map(\.name) == ["component", "component", "buffer"])
      #expect(why.terms.map(\.runningCount) == [2, 2, 1])
      try await set("KIT", nil, cap: 0)
      #expect(try await shown(bench) == 0)
    }
  }

  /// Goal: a watcher hears of a bundle whatever changes it: a component's stock, its rule, the bundle's definition.
  @Test(.timeLimit(.minutes(1))) func watcherHearsOfBundles() async throws {
    try await withKit { bench in
      let changes = bench.client.watchAvailability(.init(channelIDs: ["c"], skus: ["KIT"]))
      let heard = changes.makeAsyncIterator()
      func next() async throws -> Int64? {
        while let change = try await heard.next() {
          if change.sku == "KIT" { return change.channels[0].availableToSellCount }
        }
        return nil
      }
      #expect(try await next() == 4)
      try await bench.sell("o-1", 5)
      #expect(try await next() == 2)
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(sku: "CAP", margin: .unitCount(3))))
      #expect(try await next() == 1)
      _ = try await bench.assortment.setBundle(
        .init(bundle: .init(sku: "KIT", components: [.init(sku: "TEE", unitCount: 1)])))
      #expect(try await next() == 5)
    }
  }

  @Test func saleOfABundleFromBeginningToEnd() async throws {
    try await withKit { bench in
      let client = bench.client
      let sale = try await client.recordSale(
        .init(
          orderID: "o-1", channelID: "c",
          lines: [
            .init(lineID: "1", sku: "KIT", quantity: 3),
            .init(lineID: "2", sku: "CAP", quantity: 1),
          ]))
      #expect(sale.lines.map(\.sku) == ["KIT", "CAP"] && sale.lines[0].soldCount == 3)
      #expect(
        sale.lines[0].components == [
          .init(sku: "TEE", soldCount: 6, allocations: [.init(locationID: "A", quantity: 6)]),
          .init(sku: "CAP", soldCount: 3, allocations: [.init(locationID: "A", quantity: 3)]),
        ])
      let movements = try await client.listMovements(.init(orderID: "o-1")).movements
      #expect(movements.map(\.lineID) == ["1", "1", "2"])
      let crashed = try bench.stateOfCopy()
      #expect(await bench.stateInMemory() == crashed)
      try await bench.restart()
      _ = try await bench.client.cancelSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 1)]))
      _ = try await bench.client.shipSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 2)]))
      await expectError(
        .failedPrecondition, "NOT_COMMITTED",
        ["orderId": "o-1", "lineId": "1", "openCount": "0"]
      ) {
        _ = try await bench.client.shipSale(
          .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 3)]))
      }
      _ = try await bench.client.returnStock(
        .init(
          returnID: "r", orderID: "o-1",
          lines: [
            .init(sku: "KIT", locationID: "A", quantity: 1, disposition: .restock, lineID: "1")
          ]))
      let line = try await bench.client.getSale(.init(orderID: "o-1")).lines.last
      #expect(line?.lineID == "1" && line?.soldCount == 3 && line?.cancelledCount == 1)
      #expect(line?.shippedCount == 2 && line?.returnedCount == 1)
      #expect(try await bench.available("TEE") == 8)
      #expect(try await bench.available("CAP") == 2)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
    }
  }

  @Test func definitionsAreKept() async throws {
    try await withKit { bench in
      let first = try await bench.assortment.getBundle(.init(sku: "KIT")).bundle
      #expect(first?.etag == "r1" && first?.components == Self.kit.components)
      var other = Self.kit
      other.components[0].unitCount = 3
      other.etag = "r1"
      _ = try await bench.assortment.setBundle(.init(bundle: other))
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      let list = try await bench.assortment.listBundles(.init()).bundles
      #expect(list.map(\.etag) == ["r2"] && list[0].components[0].unitCount == 3)
      _ = try await bench.assortment.setBundle(.init(bundle: .init(sku: "KIT")))
      try await bench.restart()
      let none = try await bench.assortment.listBundles(.init()).bundles
      #expect(none.isEmpty)
      try await bench.receive("KIT", 2)
      #expect(try await shown(bench) == 2)
    }
  }

  /// Goal: each component has its own terms, and it is told which one bounds the bundle; then the bundle's own rules, each
  /// by itself.
  @Test func explanationSaysWhichComponentBinds() async throws {
    try await withKit { bench in
      func why() async throws -> ExplainAvailabilityResponse {
        try await bench.client.explainAvailability(.init(sku: "KIT", channelID: "shopee"))
      }
      _ = try await bench.client.setBuffer(.init(buffer: .init(sku: "TEE", margin: .unitCount(5))))
      _ = try await bench.hold("h", 1)
      var found = try await why()
      #expect(found.components.map(\.sku) == ["TEE", "CAP"])
      #expect(found.components.map(\.unitCount) == [2, 1])
      #expect(found.components.map(\.availableToSellCount) == [4, 4])
      #expect(found.components.map(\.bundleCount) == [2, 4])
      #expect(found.components.map(\.binds) == [true, false])
      let terms = found.components[0].terms
      #expect(terms.map(\.name) == ["on_hand", "held", "committed", "buffer"])
      #expect(terms.map(\.deltaCount) == [10, -1, 0, -5])
      #expect(found.components[0].rules.map(\.won) == [true] && found.components[1].rules.isEmpty)
      #expect(found.components[0].balances.map(\.heldCount) == [1])
      try await bench.sell("o", 2, of: "CAP")
      #expect(try await why().components.map(\.binds) == [true, true])
      _ = try await bench.client.setBuffer(
        .init(buffer: .init(sku: "KIT", margin: .unitCount(0), capCount: 1)))
      _ = try await bench.client.setLastUnits(
        .init(lastUnits: .init(sku: "KIT", channelID: "till", unitCount: 2)))
      found = try await why()
      #expect(
        found.terms.map(\.name) == ["component", "component", "buffer", "cap", "last_units"])
      #expect(found.terms.map(\.runningCount) == [2, 2, 2, 1, 0])
      #expect(found.locks.map(\.won) == [true] && found.rules.map(\.won) == [true])
      #expect(try await shown(bench) == found.availableToSellCount)
    }
  }

  /// Goal: of a past instant, a bundle is what it consisted of then, also when it is an ordinary SKU now; what was not kept
  /// is not guessed.
  @Test func pastOfABundleIsThatOfItsPartsThen() async throws {
    try await withKit { bench in
      bench.clock.advance(by: .seconds(10))
      try await bench.sell("o", 1, of: "KIT")
      bench.clock.advance(by: .seconds(10))
      _ = try await bench.assortment.setBundle(.init(bundle: .init(sku: "KIT")))
      func past(_ seconds: Int64) async throws -> [Int64] {
        try await bench.client.getStockAt(
          .init(sku: "KIT", time: Bench.start + .seconds(seconds), channelIDs: ["till"])
        ).channels.map(\.availableToSellCount)
      }
      for (seconds, units) in [(0, 4), (9, 4), (10, 3), (20, 0)] as [(Int64, Int64)] {
        #expect(try await past(seconds) == [units], "\(seconds)")
      }
      let why = try await bench.client.explainAvailability(
        .init(sku: "KIT", channelID: "till", time: Bench.start + .seconds(10)))
      #expect(why.components.map(\.bundleCount) == [4, 3])
      try bench.forge(
        "UPDATE history_start SET assortment_time = \(bench.clock.now().microseconds)",
        .historyStart)
      #expect(try await past(20) == [0])
      await expectError(.failedPrecondition, "BUNDLE_UNKNOWN", ["sku": "KIT"]) {
        _ = try await past(19)
      }
    }
  }

  /// Goal: nobody is told to order what has no stock of its own.
  @Test func bundleHasNoReorderPoint() async throws {
    try await withKit { bench in
      _ = try await bench.client.setSku(.init(sku: .init(sku: "BOX")))
      _ = try await bench.assortment.setReorderPoint(
        .init(reorderPoint: .init(sku: "BOX", pointCount: 1)))
      #expect(
        try await bench.assortment.listReorderPoints(.init(dueOnly: true)).reorderPoints.map(\.sku)
          == ["BOX"])
      _ = try await bench.assortment.setBundle(
        .init(bundle: .init(sku: "BOX", components: [.init(sku: "TEE", unitCount: 1)])))
      for _ in 1...2 {
        #expect(try await bench.assortment.listReorderPoints(.init()).reorderPoints.isEmpty)
        #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
        try await bench.restart()
      }
    }
  }

  @Test func errors() async throws {
    try await withKit { bench in
      let assortment = bench.assortment
      func set(_ bundle: PoolAPI.Bundle) async throws {
        _ = try await assortment.setBundle(.init(bundle: bundle))
      }
      await expectError(.notFound, "BUNDLE_UNKNOWN", ["sku": "TEE"]) {
        _ = try await assortment.getBundle(.init(sku: "TEE"))
      }
      await expectError(.notFound, "SKU_UNKNOWN", ["sku": "X"]) {
        _ = try await assortment.getBundle(.init(sku: "X"))
      }
      await expectError(.invalidArgument, "SKU_UNKNOWN", ["sku": "X"]) {
        try await set(.init(sku: "KIT", components: [.init(sku: "X", unitCount: 1)]))
      }
      await expectError(.aborted, "ETAG_MISMATCH", ["sku": "KIT"]) {
        try await set(.init(sku: "KIT", etag: "r9"))
      }
      await expectError(.failedPrecondition, "BUNDLE_CYCLE", ["sku": "KIT", "componentSku": "KIT"])
      {
        try await set(.init(sku: "KIT", components: [.init(sku: "KIT", unitCount: 1)]))
      }
      await expectError(
        .failedPrecondition, "BUNDLE_HAS_STOCK",
        [
          "sku": "CAP", "onHandCount": "4", "heldCount": "0", "committedCount": "0",
          "unavailableCount": "0",
        ]
      ) { try await set(.init(sku: "CAP", components: [.init(sku: "TEE", unitCount: 1)])) }
      _ = try await bench.client.setSku(.init(sku: .init(sku: "BOX")))
      _ = try await bench.promotions.setPromotion(
        .init(
          promotion: .init(
            promotionID: "p", channelIDs: ["till"], strategy: .regular, startTime: Bench.start,
            endTime: Bench.start + .seconds(60), lines: [.init(sku: "BOX", allottedCount: 1)])))
      await expectError(
        .failedPrecondition, "BUNDLE_IN_PROMOTION", ["sku": "BOX", "promotionId": "p"]
      ) { try await set(.init(sku: "BOX", components: [.init(sku: "TEE", unitCount: 1)])) }
      await expectError(
        .invalidArgument, "BUNDLE_HAS_NO_STOCK", ["sku": "KIT"], violations: ["lines[0].sku"]
      ) { try await bench.receive("KIT", 1) }
      await expectError(.invalidArgument, "BUNDLE_HAS_NO_STOCK", ["sku": "KIT"]) {
        _ = try await assortment.setReorderPoint(
          .init(reorderPoint: .init(sku: "KIT", pointCount: 1)))
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST",
        violations: [
          "bundle.sku", "bundle.components[0].unit_count", "bundle.components[1].sku",
          "bundle.components[1].unit_count",
        ]
      ) {
        try await set(
          .init(
            components: [.init(sku: "TEE"), .init(sku: "TEE", unitCount: 1_001)]))
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["bundle"]) {
        _ = try await assortment.setBundle(.init())
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["bundle.components"]) {
        try await set(
          .init(
            sku: "KIT", components: (0...50).map { .init(sku: "S\($0)", unitCount: 1) }))
      }
    }
  }
}
