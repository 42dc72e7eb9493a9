import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// What the ledger tells of why there is a movement, who asked for it, and because of what.
@Suite struct MovementAccountTests {
  private func accounts(_ bench: Bench) async throws -> [String] {
    try await bench.client.listMovements(.init(pageSize: 1_000)).movements.map {
      "\($0.kind) \($0.reason) by \($0.actor.isEmpty ? "–" : $0.actor) of "
        + ($0.cause.isEmpty ? "–" : $0.cause)
    }
  }

  private func line(_ units: Int64) -> PoolAPI.HoldLine { .init(sku: "TEE", quantity: units) }

  /// Goal: where a caller says nothing, the row tells what it is, by itself. Method: each kind of call without a reason,
  /// actor or cause.
  @Test func silentCallsAreExplained() async throws {
    try await withBench { bench in
      let client = bench.client
      try await bench.stock(["TEE": 50])
      try await bench.sell("o-1", 5)
      _ = try await client.cancelSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 1)]))
      _ = try await client.shipSale(
        .init(orderID: "o-1", lines: [.init(lineID: "1", totalCount: 4)]))
      _ = try await client.returnStock(
        .init(
          returnID: "r-1", orderID: "o-1",
          lines: [
            .init(
              sku: "TEE", locationID: "A", quantity: 1, disposition: .quarantine, lineID: "1")
          ]))
      _ = try await client.resolveUnavailable(
        .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 1)], outcome: .cleared))
      _ = try await bench.hold("h-1", 3, by: "anna")
      _ = try await client.extendHold(
        .init(holdID: "h-1", expireTime: bench.clock.now() + .seconds(90)))
      _ = try await client.commitHold(
        .init(holdID: "h-1", orderID: "o-2", channelID: "web", lines: [line(2)]))
      _ = try await bench.hold("h-2", 3, by: "bo")
      _ = try await client.releaseHold(.init(holdID: "h-2"))
      _ = try await bench.hold("h-3", 1, by: "cy")
      bench.clock.advance(by: .seconds(100))
      await bench.server.tick()
      #expect(
        try await accounts(bench) == [
          "received receipt by – of –", "sold sale by channel shopee of o-1",
          "cancelled cancellation by – of o-1", "shipped shipment by – of o-1",
          "quarantined return by – of r-1", "cleared cleared by – of –",
          "held hold by anna of h-1", "extended hold_extended by anna of h-1",
          "committed sale by channel web of o-2", "released sale by channel web of o-2",
          "held hold by bo of h-2", "released hold_released by bo of h-2",
          "held hold by cy of h-3", "expired hold_expired by pool of h-3",
        ])
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: what callers say of stock and sales is kept, word for word, and the time of its source, too.
  @Test func whatCallersSayIsKept() async throws {
    try await withBench { bench in
      let client = bench.client
      try await bench.stock(["TEE": 0])
      let time = Bench.start - .seconds(60)
      let place = PoolAPI.StockLine(sku: "TEE", locationID: "A", quantity: 9)
      _ = try await client.receiveStock(
        .init(lines: [place], cause: "note 7", actor: "dee", sourceTime: time))
      _ = try await client.adjustStock(
        .init(
          lines: [.init(sku: "TEE", locationID: "A", deltaCount: -1)], reason: "broken",
          actor: "dee", cause: "e-1", sourceTime: time))
      _ = try await client.recordSale(
        .init(
          orderID: "o-1", channelID: "till", lines: [.init(lineID: "1", sku: "TEE", quantity: 4)],
          saleTime: time, cause: "e-2", actor: "eve"))
      _ = try await client.cancelSale(
        .init(
          orderID: "o-1", lines: [.init(lineID: "1", totalCount: 1)], reason: "regret",
          cause: "e-3", actor: "eve", sourceTime: time))
      _ = try await client.shipSale(
        .init(
          orderID: "o-1", lines: [.init(lineID: "1", totalCount: 3)], cause: "T-1", actor: "fay",
          sourceTime: time))
      _ = try await client.returnStock(
        .init(
          returnID: "r-1",
          lines: [.init(sku: "TEE", locationID: "A", quantity: 2, disposition: .quarantine)],
          actor: "fay", reason: "too_small", sourceTime: time))
      _ = try await client.resolveUnavailable(
        .init(
          lines: [.init(sku: "TEE", locationID: "A", quantity: 1)], outcome: .scrapped,
          reason: "stained", actor: "gus", cause: "i-1", sourceTime: time))
      #expect(
        try await accounts(bench) == [
          "received receipt by dee of note 7", "lost broken by dee of e-1",
          "sold sale by eve of e-2", "cancelled regret by eve of e-3",
          "shipped shipment by fay of T-1", "quarantined too_small by fay of r-1",
          "scrapped stained by gus of i-1",
        ])
      let times = try await client.listMovements(.init()).movements.map(\.sourceTime)
      #expect(times.allSatisfy { $0 == time })
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test func whatCallersSayOfHoldsIsKept() async throws {
    try await withBench { bench in
      let client = bench.client
      try await bench.stock(["TEE": 9])
      let time = Bench.start - .seconds(60)
      _ = try await client.createHold(
        .init(
          holdID: "h-1", owner: "anna", lines: [line(1)],
          expireTime: bench.clock.now() + .seconds(60), actor: "gus", cause: "e-4"))
      _ = try await client.extendHold(
        .init(
          holdID: "h-1", expireTime: bench.clock.now() + .seconds(90), actor: "hal", cause: "e-5"))
      let etag = try #require(try await client.getHold(.init(holdID: "h-1")).hold?.etag)
      _ = try await client.editHold(
        .init(
          holdID: "h-1", etag: etag, lines: [.init(sku: "TEE", deltaCount: 1)], actor: "ida",
          cause: "e-6"))
      _ = try await client.releaseHold(
        .init(holdID: "h-1", reason: "cart_left", actor: "jo", cause: "e-7"))
      _ = try await bench.hold("h-2", 1)
      _ = try await client.commitHold(
        .init(
          holdID: "h-2", orderID: "o-2", channelID: "web", cause: "e-8", actor: "kim",
          sourceTime: time))
      #expect(
        try await accounts(bench).dropFirst() == [
          "held hold by gus of e-4", "extended hold_extended by hal of e-5",
          "held hold by ida of e-6", "released cart_left by jo of e-7",
          "held hold by owner of h-2 of h-2", "committed sale by kim of e-8",
        ])
      let last = try await client.listMovements(.init()).movements.last
      #expect(last?.sourceTime == time)
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test func oversoldUnitsAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 2])
      try await bench.sell("o-1", 5)
      let movements = try await bench.client.listMovements(.init(orderID: "o-1")).movements
      #expect(movements.map(\.quantity).reduce(0, +) == 5)
      #expect(movements.map(\.oversoldCount).reduce(0, +) == 3)
    }
  }

  /// Goal: nobody pays for what can be told without it. Method: the entries of the hot calls, whose callers say nothing.
  @Test func hotEntriesKeepNothingMore() throws {
    let machine = try Script(onHand: 10)
    for line in ["sell o-1 2", "hold h-1 2", "commit h-1"] { _ = try machine.run(line.words) }
    let entries = machine.entries.suffix(3)
    #expect(entries.map { $0.movements[0].kind } == [.sold, .held, .committed])
    for entry in entries {
      #expect(entry.actor.isEmpty && entry.reason.isEmpty && entry.cause.isEmpty)
      #expect(entry.sourceTime == nil && !entry.hasDetails)
    }
  }

  @Test(arguments: PoolDomain.Movement.Kind.allCases)
  func everyKindHasAReason(kind: PoolDomain.Movement.Kind) {
    let movement = PoolDomain.Movement(kind, SKUIndex(0), LocationIndex(0), 1)
    let entry = LedgerEntry(movements: [movement])
    #expect(!entry.toldReason(of: movement).isEmpty && entry.toldCause.isEmpty)
  }
}
