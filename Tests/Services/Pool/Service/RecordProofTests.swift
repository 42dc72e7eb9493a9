import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Sales and holds that are kept, against the ledger. Rows are forged with a right seal, so that only the sum can tell.
@Suite struct RecordProofTests {
  typealias SaleLine = PoolDomain.SaleLine
  typealias Sale = PoolDomain.Sale
  typealias Hold = PoolDomain.Hold

  struct SaleForgery: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout SaleLine) -> Void
  }

  static let saleForgeries = [
    SaleForgery(testDescription: "sold") { $0.sold += 1 },
    SaleForgery(testDescription: "sold by 2^40") { $0.sold += 1 << 40 },
    SaleForgery(testDescription: "cancelled") { $0.cancelled += 1 },
    SaleForgery(testDescription: "shipped") { $0.shipped -= 1 },
    SaleForgery(testDescription: "returned") { $0.returned = 0 },
    SaleForgery(testDescription: "oversold") { $0.oversold += 1 },
    SaleForgery(testDescription: "taken") { $0.allocations[0].taken += 2 },
    SaleForgery(testDescription: "cancelled there") { $0.allocations[0].cancelled = 0 },
    SaleForgery(testDescription: "shipped there") { $0.allocations[0].shipped += 1 },
    SaleForgery(testDescription: "location") {
      $0.allocations = [.init(location: LocationIndex(1), taken: 5, cancelled: 1, shipped: 2)]
    },
    SaleForgery(testDescription: "allotment") { $0.allotments = [] },
    SaleForgery(testDescription: "line") { $0 = $0.copy(id: "2", sku: $0.sku) },
    SaleForgery(testDescription: "SKU") { $0 = $0.copy(id: $0.id, sku: SKUIndex(0)) },
  ]

  /// Goal: whichever count of a sale is not the ledger's, the proof names the order and stops commands.
  @Test(arguments: saleForgeries) func forgedSaleIsNamed(_ forgery: SaleForgery) async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try bench.forgeSale("o-5") { sale in
        var lines = sale.lines
        forgery.change(&lines[0])
        return Sale(
          orderID: sale.orderID, channelID: sale.channelID, source: sale.source, lines: lines,
          bundles: sale.bundles, sequence: sale.sequence, number: sale.number)
      }
      try await Self.expectStopped(bench, "the sale of order o-5 as swept differs")
    }
  }

  struct HoldForgery: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout Hold) -> Void
  }

  static let holdForgeries = [
    HoldForgery(testDescription: "quantity") { $0.lines[0].quantity += 1 },
    HoldForgery(testDescription: "SKU") { $0.lines[0].sku = SKUIndex(0) },
    HoldForgery(testDescription: "location") { $0.lines[0].location = LocationIndex(1) },
    HoldForgery(testDescription: "allotment") {
      $0.lines[0].allotment = .init(PromotionIndex(0), 1)
    },
    HoldForgery(testDescription: "end") { $0.expireTime = $0.expireTime + .seconds(1) },
    HoldForgery(testDescription: "state") { $0.finish(as: .released, at: $0.createTime) },
    HoldForgery(testDescription: "sequence") { $0.sequence -= 1 },
    HoldForgery(testDescription: "what it was first asked for") { $0.firstLines = $0.lines },
  ]

  @Test(arguments: holdForgeries) func forgedHoldIsNamed(_ forgery: HoldForgery) async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      try bench.forgeHold("h-1") { hold in
        var hold = hold
        forgery.change(&hold)
        return hold
      }
      try await Self.expectStopped(bench, "the hold h-1 as swept differs")
    }
  }

  /// Goal: a row that is gone, one too many, and one that claims what never happened are named as well.
  @Test(arguments: [
    (
      "DELETE FROM sale WHERE order_id = 'o-5'",
      "the sale of order o-5 was not swept, which the mark says was"
    ),
    (
      "DELETE FROM hold WHERE hold_id = 'h-1'",
      "the hold h-1 was not swept, which the mark says was"
    ),
    (
      "UPDATE sale SET order_id = 'o-x' WHERE order_id = 'o-5'",
      "the sale of order o-x as swept is not in the ledger"
    ),
    (
      "UPDATE hold SET hold_id = 'h-x' WHERE hold_id = 'h-1'",
      "the hold h-x as swept is not in the ledger"
    ),
    (
      "UPDATE sale SET body = zeroblob(length(body)) WHERE order_id = 'o-5'", "order_id o-5"
    ),
    ("UPDATE hold SET body = zeroblob(length(body)) WHERE hold_id = 'h-1'", "hold_id h-1"),
  ])
  func rowThatIsNotTheLedgersIsNamed(sql: String, words: String) async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      try bench.forge(sql, .sale, .hold)
      try await Self.expectStopped(bench, words)
    }
  }

  @Test func rowsThatClaimTooMuchAreNamed() async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      try bench.forgeSale("o-5") { sale in
        Sale(
          orderID: sale.orderID, channelID: sale.channelID, lines: sale.lines, sequence: 1 << 50,
          number: sale.number)
      }
      try await Self.expectStopped(
        bench, "the sale of order o-5 as swept claims movement \(Int64(1) << 50)")
    }
    try await withBench { bench in
      try await Self.fill(bench)
      try bench.forgeHold("h-1") { hold in
        var hold = hold
        hold.sequence = 1 << 50
        return hold
      }
      try await Self.expectStopped(bench, "the hold h-1 as swept claims movement")
    }
  }

  /// Goal: the proof takes nothing for damage that commands change while it reads. Method: between any two of its parts
  /// sales are shipped and returned, holds are made, changed and ended, all of it swept at once; then one of those rows is
  /// forged, though it has counted movements that the proof had not come to.
  @Test(arguments: [false, true]) func rowsChangeWhileTheyAreProved(isForged: Bool) async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      var proof = LedgerProof(bench.server.view)
      for step in 1...200 where !proof.isFinished {
        proof = try await bench.server.database.read(until: .never) { [proof] transaction in
          var next = proof
          try next.advance(LedgerReader(transaction))
          return next
        }
        guard step < 20 else { continue }
        try await Self.go(on: bench, step)
        if isForged, step == 1 {
          // Of an order that nothing more happens to: its next change would write the row anew, and rightly.
          try bench.forgeSale("o-1") { sale in
            var lines = sale.lines
            lines[0].returned += 1
            return Sale(
              orderID: sale.orderID, channelID: sale.channelID, lines: lines,
              sequence: sale.sequence, number: sale.number)
          }
        }
      }
      #expect(proof.isFinished)
      if isForged {
        #expect(
          proof.difference?.hasPrefix("the sale of order o-1 as swept differs") ?? false,
          "\(proof.difference ?? "nothing")")
      } else {
        #expect(proof.difference == nil)
      }
    }
  }

  /// Changes what there was, and adds to it.
  private static func go(on bench: Bench, _ step: Int) async throws {
    _ = try await bench.client.returnStock(
      .init(
        returnID: "r-\(step)", orderID: "o-5",
        lines: [
          .init(
            sku: "TEE", locationID: "A", quantity: 1, disposition: .quarantine, lineID: "1")
        ]))
    try await bench.sell("n-\(step)", 1)
    _ = try await bench.client.extendHold(
      .init(holdID: "h-1", expireTime: bench.clock.now() + .seconds(100_001 + Int64(step))))
    _ = try await bench.hold("m-\(step)", 1)
    _ = try await bench.client.releaseHold(.init(holdID: "m-\(step)"))
    if step == 1 {
      _ = try await bench.client.shipSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 3)]))
      _ = try await bench.client.commitHold(.init(holdID: "h-2", orderID: "c-2"))
    }
    for _ in 1...3 { await bench.server.tick() }
  }

  /// Goal: what the ledger counts and no sale does is no difference: returns of an order that nobody knows, of another SKU
  /// than was sold, of a line before it was sold; and holds that were forgotten, one of them under an ID that was used again.
  @Test func whatNoRowCountsIsNoDifference() async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      for (order, sku, line) in [
        ("nobody", "TEE", "1"), ("o-5", "CAP", "1"), ("o-5", "TEE", "9"), ("later", "TEE", "1"),
      ] {
        _ = try await bench.client.returnStock(
          .init(
            returnID: "r", orderID: order,
            lines: [
              .init(sku: sku, locationID: "A", quantity: 1, disposition: .restock, lineID: line)
            ]))
      }
      try await bench.sell("later", 1)
      _ = try await bench.client.recordSale(
        .init(
          orderID: "o-5", channelID: "shopee",
          lines: [.init(lineID: "9", sku: "TEE", quantity: 1)]))
      _ = try await bench.hold("again", 1)
      _ = try await bench.client.releaseHold(.init(holdID: "again"))
      bench.clock.advance(by: .seconds(25 * 3600))
      for _ in 1...3 { await bench.server.tick() }
      _ = try await bench.hold("again", 1)
      for _ in 1...3 { await bench.server.tick() }
      let proof = try await bench.client.verifyLedger(.init())
      #expect(proof.proved, "\(proof.difference)")
      try bench.forgeHold("again") { hold in
        var hold = hold
        hold.lines[0].quantity += 1
        return hold
      }
      try await Self.expectStopped(bench, "the hold again as swept differs")
    }
  }

  /// Goal: of sales and holds that began in an archive the ledger does not tell all, and they are no difference; those that
  /// began after it are proved.
  @Test func whatBeganInAnArchiveIsLeftOut() async throws {
    try await withBench { bench in
      try await Self.fill(bench)
      bench.clock.advance(by: .seconds(20 * 3600))
      try await bench.sell("after", 1)
      bench.clock.advance(by: .seconds(6 * 3600))
      for _ in 1...3 { await bench.server.tick() }
      #expect(
        try await bench.client.archiveLedger(
          .init(beforeTime: bench.clock.now() - .seconds(25 * 3600))
        ).archive != nil)
      try await Self.go(on: bench, 1)
      let proof = try await bench.client.verifyLedger(.init())
      #expect(proof.proved && proof.start != nil, "\(proof.difference)")
      try bench.forgeSale("after") { sale in
        var lines = sale.lines
        lines[0].sold += 1
        return Sale(
          orderID: sale.orderID, channelID: sale.channelID, lines: lines, sequence: sale.sequence,
          number: sale.number)
      }
      try await Self.expectStopped(bench, "the sale of order after as swept differs")
    }
  }

  /// Goal: a store of a program that did not keep what holds were first asked for opens, is no difference, and keeps it from
  /// then on. Method: the rows and the mark are made what they were before.
  @Test func holdsOfAnOlderStoreAreNoDifference() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 90])
      func edit(_ id: String) async throws {
        let etag = try await bench.client.getHold(.init(holdID: id)).hold?.etag ?? ""
        _ = try await bench.client.editHold(
          .init(holdID: id, etag: etag, lines: [.init(sku: "TEE", deltaCount: 1)]))
        for _ in 1...3 { await bench.server.tick() }
      }
      for id in ["h-1", "h-2"] {
        _ = try await bench.hold(id, 4, seconds: 1_000)
        try await edit(id)
      }
      await bench.server.close()
      for id in ["h-1", "h-2"] {
        try bench.forgeHold(id) { hold in
          var hold = hold
          #expect(hold.firstLines?.map(\.quantity) == [4])
          hold.firstLines = nil
          return hold
        }
      }
      // As the migration does it.
      try bench.forge(
        "UPDATE history_start SET first_lines_after = (SELECT max(sequence) FROM ledger)",
        .historyStart)
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
      try await edit("h-1")
      _ = try await bench.hold("h-3", 4, seconds: 1_000)
      try await edit("h-3")
      #expect(try await bench.hold("h-3", 4).hold?.lines.map(\.quantity) == [5])
      let proof = try await bench.client.verifyLedger(.init())
      #expect(proof.proved, "\(proof.difference)")
      try bench.forgeHold("h-3") { hold in
        var hold = hold
        hold.firstLines = nil
        return hold
      }
      try await Self.expectStopped(bench, "the hold h-3 as swept differs")
    }
  }

  /// Sales and holds in all states, all of them swept.
  private static func fill(_ bench: Bench) async throws {
    try await bench.fill()
    _ = try await bench.client.setLocation(.init(location: .init(locationID: "Z", rank: 9)))
    try await bench.sell("o-5", 5)
    _ = try await bench.client.cancelSale(
      .init(orderID: "o-5", lines: [.init(lineID: "1", totalCount: 1)]))
    _ = try await bench.client.shipSale(
      .init(orderID: "o-5", lines: [.init(lineID: "1", totalCount: 2)]))
    _ = try await bench.client.returnStock(
      .init(
        returnID: "r", orderID: "o-5",
        lines: [
          .init(sku: "TEE", locationID: "A", quantity: 1, disposition: .restock, lineID: "1")
        ]))
    _ = try await bench.client.recordSale(
      .init(
        orderID: "kit", channelID: "till", lines: [.init(lineID: "1", sku: "KIT", quantity: 2)]))
    _ = try await bench.hold("h-2", 4, seconds: 100_000)
    _ = try await bench.hold("h-3", 2, seconds: 100_000)
    _ = try await bench.client.commitHold(
      .init(holdID: "h-3", orderID: "c-3", lines: [.init(sku: "TEE", quantity: 1)]))
    _ = try await bench.hold("h-4", 1, seconds: 1)
    bench.clock.advance(by: .seconds(2))
    for _ in 1...4 { await bench.server.tick() }
  }

  private static func expectStopped(_ bench: Bench, _ words: String) async throws {
    let proof = try await bench.client.verifyLedger(.init())
    #expect(!proof.proved && proof.difference.contains(words), "\(proof.difference)")
    await expectError(.unavailable, "STORE_UNAVAILABLE") { try await bench.sell("x", 1) }
  }
}

extension PoolDomain.SaleLine {
  fileprivate func copy(id: String, sku: SKUIndex) -> Self {
    Self(
      id: id, sku: sku, sold: sold, cancelled: cancelled, shipped: shipped, returned: returned,
      oversold: oversold, allocations: allocations, allotments: allotments)
  }
}

extension Bench {
  fileprivate func forgeSale(
    _ order: String, _ change: (PoolDomain.Sale) -> PoolDomain.Sale
  ) throws {
    let store = try PoolStore(path: path)
    defer { store.close() }
    var found: PoolDomain.Sale?
    try store.connection.scan(.sale, "WHERE order_id = ?", [.text(order)]) { row in
      found = try SaleSQL.sale(row, OrderID(trusted: order))
      return false
    }
    let sale = change(try #require(found))
    try store.put(
      [.integer(sale.number), .text(sale.orderID.text), .blob(sale.bytes)], in: .sale)
  }

  fileprivate func forgeHold(
    _ id: String, _ change: (PoolDomain.Hold) -> PoolDomain.Hold
  ) throws {
    let store = try PoolStore(path: path)
    defer { store.close() }
    var found: PoolDomain.Hold?
    try store.connection.scan(.hold, "WHERE hold_id = ? ORDER BY hold_number DESC", [.text(id)]) {
      row in
      found = try PoolDomain.Hold(
        id: HoldID(trusted: id), number: row.int64(0), bytes: row.bytes(2))
      return false
    }
    let hold = change(try #require(found))
    try store.put([.integer(hold.number), .text(hold.id.text), .blob(hold.bytes)], in: .hold)
  }
}
