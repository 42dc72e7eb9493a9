import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

@Suite struct HoldCallsTests {
  @Test func wayOfAnExtension() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let client = bench.client
      let made = try #require(try await bench.hold("h-1", 4).hold)
      let until = bench.clock.now() + .seconds(600)
      let longer = try await client.extendHold(.init(holdID: "h-1", expireTime: until)).hold
      #expect(longer?.expireTime == until && longer?.etag != made.etag)
      let again = try await client.extendHold(
        .init(holdID: "h-1", expireTime: until - .seconds(1)))
      #expect(again.hold == longer)
      bench.clock.advance(by: .seconds(61))
      await bench.server.tick()
      #expect(try await bench.available() == 6)
      try await bench.restart()
      #expect(try await bench.client.getHold(.init(holdID: "h-1")).hold == longer)
      let movements = try await bench.client.listMovements(.init(sku: "TEE")).movements
      #expect(movements.map(\.kind) == [.received, .held, .extended])
      await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": "x"]) {
        _ = try await bench.client.extendHold(.init(holdID: "x", expireTime: until))
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["expire_time"]) {
        _ = try await bench.client.extendHold(
          .init(holdID: "h-1", expireTime: until + .seconds(8 * 86_400)))
      }
      bench.clock.advance(by: .seconds(600))
      await expectError(.failedPrecondition, "HOLD_ENDED", ["holdId": "h-1", "state": "EXPIRED"]) {
        _ = try await bench.client.extendHold(.init(holdID: "h-1", expireTime: until))
      }
    }
  }

  /// Goal: whoever edits an old version hears how the hold stands now, and nothing changes.
  @Test func wayOfAnEdit() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10, "CAP": 1])
      let client = bench.client
      let made = try #require(try await bench.hold("h-1", 4, by: "cart-1").hold)
      let edit = EditHoldRequest(
        holdID: "h-1", etag: made.etag,
        lines: [.init(sku: "TEE", deltaCount: -1), .init(sku: "CAP", deltaCount: 1)],
        requestID: "q-1")
      let edited = try #require(try await client.editHold(edit).hold)
      #expect(edited.lines.map(\.quantity) == [3, 1] && edited.state == .held)
      #expect(try await client.editHold(edit).hold == edited)
      var stale = edit
      stale.requestID = ""
      await expectError(
        .aborted, "ETAG_MISMATCH",
        [
          "holdId": "h-1", "etag": edited.etag, "state": "HELD", "lines": "3 TEE; 1 CAP",
          "expireTime": "2027-01-15T08:01:00.000000Z",
        ]
      ) { _ = try await client.editHold(stale) }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "heldCount": "3", "requestedCount": "4"]
      ) {
        _ = try await client.editHold(
          .init(
            holdID: "h-1", etag: edited.etag, lines: [.init(sku: "TEE", deltaCount: -4)]))
      }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "CAP", "availableCount": "0", "requestedCount": "1",
          "holders": "1 by cart-1 (h-1) until 2027-01-15T08:01:00.000000Z",
        ]
      ) {
        _ = try await client.editHold(
          .init(holdID: "h-1", etag: edited.etag, lines: [.init(sku: "CAP", deltaCount: 1)]))
      }
      for (sku, place, reason, key) in [
        ("NONE", "", "SKU_UNKNOWN", "lines[0].sku"),
        ("TEE", "NONE", "LOCATION_UNKNOWN", "lines[0].location_id"),
      ] {
        await expectError(.invalidArgument, reason, violations: [key]) {
          _ = try await client.editHold(
            .init(
              holdID: "h-1", etag: edited.etag,
              lines: [.init(sku: sku, deltaCount: 1, locationID: place)]))
        }
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST",
        violations: ["lines[0].sku", "lines[0].delta_count", "hold_id", "etag"]
      ) { _ = try await client.editHold(.init(lines: [.init()])) }
      await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": "x"]) {
        _ = try await client.editHold(
          .init(holdID: "x", etag: "e", lines: [.init(sku: "TEE", deltaCount: 1)]))
      }
      #expect(try await client.getHold(.init(holdID: "h-1")).hold == edited)
    }
  }

  /// Goal: callers at the same time that know the same version change it once.
  @Test func oneOfManyEditsOfAVersionCounts() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 100])
      let etag = try #require(try await bench.hold("h-1", 1).hold?.etag)
      let done = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<50 {
          group.addTask {
            (try? await bench.client.editHold(
              .init(holdID: "h-1", etag: etag, lines: [.init(sku: "TEE", deltaCount: 1)]))) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(done == 1)
      #expect(try await bench.available() == 98)
    }
  }

  @Test func partialCommitReturnsTheRestAtOnce() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let client = bench.client
      _ = try await bench.hold("h-1", 4)
      let commit = CommitHoldRequest(
        holdID: "h-1", orderID: "shop/1", lines: [.init(sku: "TEE", quantity: 3)])
      let answer = try await client.commitHold(commit)
      #expect(answer.lines.map(\.soldCount) == [3] && !answer.retaken)
      #expect(answer.hold?.lines.map(\.quantity) == [3])
      #expect(try await client.commitHold(commit) == answer)
      #expect(try await bench.available() == 7)
      await expectError(.failedPrecondition, "HOLD_ENDED", ["holdId": "h-1", "state": "COMMITTED"])
      {
        _ = try await client.commitHold(
          .init(holdID: "h-1", orderID: "shop/1", lines: [.init(sku: "TEE", quantity: 4)]))
      }
      _ = try await bench.hold("h-2", 2)
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "heldCount": "2", "requestedCount": "3"]
      ) {
        _ = try await client.commitHold(
          .init(holdID: "h-2", orderID: "shop/2", lines: [.init(sku: "TEE", quantity: 3)]))
      }
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["lines[0].sku", "lines[0].quantity"]
      ) {
        _ = try await client.commitHold(.init(holdID: "h-2", orderID: "shop/2", lines: [.init()]))
      }
    }
  }

  /// Goal: who paid too late gets the units when they are there, and hears who has them when not.
  @Test func expiredHoldIsTakenAgain() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 4])
      let client = bench.client
      _ = try await bench.hold("h-1", 4)
      bench.clock.advance(by: .seconds(60))
      _ = try await bench.hold("h-2", 1, by: "cart-2")
      let commit = CommitHoldRequest(holdID: "h-1", orderID: "shop/1", requestID: "q")
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "TEE", "availableCount": "3", "requestedCount": "4", "expiredHoldId": "h-1",
          "holders": "1 by cart-2 (h-2) until 2027-01-15T08:02:00.000000Z",
        ]
      ) { _ = try await client.commitHold(commit) }
      _ = try await client.releaseHold(.init(holdID: "h-2"))
      let answer = try await client.commitHold(commit)
      #expect(answer.retaken && answer.hold?.retaken == true && answer.hold?.state == .committed)
      #expect(answer.lines.map(\.soldCount) == [4])
      let state = await bench.stateInMemory()
      #expect(try bench.stateOfCopy() == state)
      try await bench.restart()
      #expect(try await bench.client.commitHold(commit) == answer)
      #expect(try await bench.client.getHold(.init(holdID: "h-1")).hold == answer.hold)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      let kinds = try await bench.client.listMovements(.init(orderID: "shop/1")).movements
      #expect(kinds.map(\.kind) == [.retaken])
    }
  }

  /// Goal: the answer is the same, whether the writer makes it (for a request with an ID) or the caller's thread.
  @Test func answerIsTheSameWhoeverMakesIt() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 9])
      let client = bench.client
      _ = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "till", strategy: .ranked, locationIDs: ["A"])))
      var made: [(CreateHoldResponse, CommitHoldResponse)] = []
      for requestID in ["", "q"] {
        let id = "h\(requestID)"
        let hold = try await client.createHold(
          .init(
            holdID: id, owner: "anna", lines: [.init(sku: "TEE", quantity: 2)],
            expireTime: bench.clock.now() + .seconds(60), channelID: "till",
            requestID: requestID.isEmpty ? "" : "\(requestID)-1"))
        let commit = try await client.commitHold(
          .init(
            holdID: id, orderID: "o\(requestID)", channelID: "till",
            requestID: requestID.isEmpty ? "" : "\(requestID)-2"))
        made.append((hold, commit))
      }
      #expect(made[0].0.placements.count == 1)
      for index in made.indices {
        made[index].0.hold?.holdID = ""
        made[index].0.hold?.etag = ""
        made[index].1.hold?.holdID = ""
        made[index].1.hold?.etag = ""
        made[index].1.hold?.orderID = ""
      }
      // The second hold found less.
      #expect(made[0].0.hold == made[1].0.hold)
      #expect(made[0].1 == made[1].1)
      #expect(made[0].1.lines.first?.allocations.first?.locationID == "A")
    }
  }

  /// Goal: what is taken over stands in one commit with what takes it. Method: the state read again from the files.
  @Test func ownersHoldsAreNotInTheWay() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 2])
      let client = bench.client
      _ = try await bench.hold("h-1", 2, by: "anna", requestID: "q-1")
      let second = try await bench.hold("h-2", 2, by: "anna", requestID: "q-2")
      #expect(try await bench.hold("h-2", 2, by: "anna", requestID: "q-2") == second)
      #expect(try await client.getHold(.init(holdID: "h-1")).hold?.state == .released)
      let state = await bench.stateInMemory()
      #expect(try bench.stateOfCopy() == state)
      let sale = try await client.recordSale(
        .init(
          orderID: "o", channelID: "till", lines: [.init(lineID: "1", sku: "TEE", quantity: 2)],
          refuseShortage: true, owner: "anna"))
      #expect(sale.oversoldCount == 0)
      #expect(try await bench.available() == 0)
      try await bench.restart()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  @Test func capsAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      await bench.setCaps(HoldCaps(holdsOfOwner: 1, unitsOfOwner: 3, heldPercent: 40))
      _ = try await bench.hold("h-1", 2, by: "anna")
      await expectError(
        .failedPrecondition, "HOLD_LIMIT",
        [
          "limit": "HOLDS_OF_OWNER", "owner": "anna", "maximumCount": "1", "presentCount": "1",
          "requestedCount": "1",
        ]
      ) { _ = try await bench.hold("h-2", 1, by: "anna") }
      await expectError(
        .failedPrecondition, "HOLD_LIMIT",
        [
          "limit": "HELD_UNITS_OF_OWNER", "owner": "bert", "maximumCount": "3",
          "presentCount": "0", "requestedCount": "4", "sku": "TEE",
        ]
      ) { _ = try await bench.hold("h-2", 4, by: "bert") }
      await expectError(
        .failedPrecondition, "HOLD_LIMIT",
        [
          "limit": "HELD_PERCENT", "owner": "bert", "maximumCount": "4", "presentCount": "2",
          "requestedCount": "3", "sku": "TEE",
        ]
      ) { _ = try await bench.hold("h-2", 3, by: "bert") }
      await bench.setCaps(HoldCaps())
      _ = try await bench.hold("h-2", 8, by: "bert")
      await bench.setCaps(HoldCaps(heldPercent: 40))
      do {
        _ = try await bench.hold("h-3", 2, by: "anna")
        Issue.record("more is held than is allowed")
      } catch let error as RPCError {
        #expect(
          error.metadata == [
            "limit": "HELD_PERCENT", "owner": "anna", "maximumCount": "4", "presentCount": "8",
            "requestedCount": "2", "givenUpCount": "2", "sku": "TEE",
          ])
        #expect(
          error.message == "2 more are wanted, 8 units of TEE are held by all, "
            + "without 2 that anna would give up for them, and 4 are allowed.")
      }
    }
  }

  @Test func holdHasNoMoreSKUsThanAreAllowed() async throws {
    try await withBench { bench in
      let names = (0...Limits.holdSKUs).map { "S-\($0)" }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in names {
          group.addTask { _ = try await bench.client.setSku(.init(sku: .init(sku: name))) }
        }
        try await group.waitForAll()
      }
      _ = try await bench.client.setLocation(.init(location: .init(locationID: "A", rank: 1)))
      _ = try await bench.client.receiveStock(
        .init(lines: names.map { .init(sku: $0, locationID: "A", quantity: 1) }))
      let first = names.prefix(Limits.holdLines)
      let made = try await bench.client.createHold(
        .init(
          holdID: "h", owner: "o", lines: first.map { .init(sku: $0, quantity: 1) },
          expireTime: bench.clock.now() + .seconds(9)))
      var etag = try #require(made.hold?.etag)
      for start in stride(from: Limits.holdLines, to: Limits.holdSKUs, by: Limits.holdLines) {
        let more = names[start..<start + Limits.holdLines].map {
          HoldDelta(sku: $0, deltaCount: 1)
        }
        etag = try #require(
          try await bench.client.editHold(.init(holdID: "h", etag: etag, lines: more)).hold?.etag)
      }
      await expectError(
        .failedPrecondition, "HOLD_LIMIT",
        [
          "limit": "SKUS_OF_HOLD", "owner": "o", "maximumCount": "1000", "presentCount": "1000",
          "requestedCount": "1",
        ]
      ) { [etag] in
        _ = try await bench.client.editHold(
          .init(
            holdID: "h", etag: etag, lines: [.init(sku: names[Limits.holdSKUs], deltaCount: 1)]))
      }
    }
  }

  /// Goal: where the named location is short, those are told who hold units there, and no others.
  @Test func holdersOfTheNamedLocationAreTold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      _ = try await bench.client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 10)]))
      func ask(_ id: String, _ units: Int64, at location: String) async throws {
        _ = try await bench.client.createHold(
          .init(
            holdID: id, owner: "o-\(id)",
            lines: [.init(sku: "TEE", quantity: units, locationID: location)],
            expireTime: bench.clock.now() + .seconds(60)))
      }
      try await ask("b", 9, at: "B")
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "locationId": "A", "requestedCount": "11", "availableCount": "10"]
      ) { try await ask("a", 11, at: "A") }
      let until = (bench.clock.now() + .seconds(60)).rfc3339
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "TEE", "locationId": "B", "requestedCount": "2", "availableCount": "1",
          "holders": "9 by o-b (b) until \(until)",
        ]
      ) { try await ask("c", 2, at: "B") }
    }
  }

  /// Goal: whoever asks for a hold again, without a request ID, hears how it stands, whatever has become of its units; through
  /// a crash and a restart.
  @Test func askedAgainAfterItHasChanged() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let made = try #require(try await bench.hold("h-1", 4).hold)
      _ = try await bench.client.editHold(
        .init(holdID: "h-1", etag: made.etag, lines: [.init(sku: "TEE", deltaCount: -1)]))
      _ = try await bench.hold("h-2", 4)
      _ = try await bench.client.commitHold(
        .init(holdID: "h-2", orderID: "o", lines: [.init(sku: "TEE", quantity: 1)]))
      func expectKnown() async throws {
        for id in ["h-1", "h-2"] {
          let known = try await bench.client.getHold(.init(holdID: id)).hold
          #expect(try await bench.hold(id, 4).hold == known)
          for units in [1, 3, 5] as [Int64] {
            await expectError(.alreadyExists, "HOLD_EXISTS", ["holdId": id]) {
              _ = try await bench.hold(id, units)
            }
          }
        }
      }
      try await expectKnown()
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      for _ in 1...3 { await bench.server.tick() }
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      try await bench.restart()
      try await expectKnown()
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }
}
