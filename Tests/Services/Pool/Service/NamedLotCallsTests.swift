import Kit
import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Corrections and returns that name a lot, over the services, on a real store.
@Suite struct NamedLotCallsTests {
  private let expiry = Bench.start + .seconds(1_000)

  private func withLot(_ body: (Bench) async throws -> Void) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 2])
      _ = try await bench.client.receiveStock(
        .init(lines: [
          .init(sku: "TEE", locationID: "A", quantity: 5, lotID: "L1", lotExpireTime: expiry),
          .init(
            sku: "TEE", locationID: "A", quantity: 4, lotID: "L0",
            lotExpireTime: Bench.start + .seconds(500)),
        ]))
      try await body(bench)
    }
  }

  private func lots(_ bench: Bench) async throws -> [String] {
    try await bench.client.getStock(.init(sku: "TEE")).lots.map {
      "\($0.lotID) \($0.onHandCount)"
    }
  }

  private func adjust(
    _ bench: Bench, _ units: Int64, _ lot: String, _ expireTime: Timestamp? = nil,
    at location: String = "A", requestID: String = ""
  ) async throws {
    _ = try await bench.client.adjustStock(
      .init(
        lines: [
          .init(
            sku: "TEE", locationID: location, deltaCount: units, lotID: lot,
            lotExpireTime: expireTime)
        ], requestID: requestID, reasonCode: .countCorrection))
  }

  private func takeBack(
    _ bench: Bench, _ units: Int64, _ lot: String, _ expireTime: Timestamp? = nil,
    _ disposition: ReturnLine.Disposition = .restock
  ) async throws {
    _ = try await bench.client.returnStock(
      .init(
        returnID: "r",
        lines: [
          .init(
            sku: "TEE", locationID: "A", quantity: units, disposition: disposition, lotID: lot,
            lotExpireTime: expireTime)
        ]))
  }

  @Test func lotsMoveAsTheyAreNamed() async throws {
    try await withLot { bench in
      // Without the name it would be the one that expires first.
      for _ in 1...2 { try await adjust(bench, -2, "L1", requestID: "q") }
      #expect(try await lots(bench) == ["L0 4", "L1 3"])
      try await adjust(bench, 1, "L1", expiry)
      try await takeBack(bench, 2, "L1")
      try await takeBack(bench, 1, "OLD", Bench.start + .seconds(100))
      #expect(try await lots(bench) == ["OLD 1", "L0 4", "L1 6"])
      let movements = try await bench.client.listMovements(.init()).movements.suffix(4)
      #expect(movements.map(\.kind) == [.lost, .found, .restocked, .restocked])
      #expect(movements.map { $0.lots.map(\.lotID) } == [["L1"], ["L1"], ["L1"], ["OLD"]])
      #expect(movements.map { $0.lots.map(\.quantity) } == [[2], [1], [2], [1]])
      #expect(movements.map { $0.lots[0].expireTime }.prefix(3).allSatisfy { $0 == expiry })
      #expect(try bench.stateOfCopy() == (await bench.stateInMemory()))
      bench.clock.advance(by: .seconds(100))
      await bench.server.tick()
      #expect(try await lots(bench) == ["L0 4", "L1 6"])
      try await bench.restart()
      #expect(try await lots(bench) == ["L0 4", "L1 6"])
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: who is refused hears the expiry that is there; who names none gets the lot with it.
  @Test func expiryThatIsKnownIsTold() async throws {
    try await withLot { bench in
      func receive(_ lot: String, _ expireTime: Timestamp?) async throws {
        _ = try await bench.client.receiveStock(
          .init(lines: [
            .init(sku: "TEE", locationID: "A", quantity: 1, lotID: lot, lotExpireTime: expireTime)
          ]))
      }
      try await receive("L1", nil)
      #expect(try await lots(bench) == ["L0 4", "L1 6"])
      let last = try await bench.client.listMovements(.init()).movements.last
      #expect(last?.lots.map(\.expireTime) == [expiry])
      try await receive("ever", nil)
      for (lot, words) in [("L1", "expires at \(expiry.rfc3339)"), ("ever", "does not expire")] {
        let error = await #expect(throws: RPCError.self) {
          try await receive(lot, expiry + .seconds(1))
        }
        #expect(
          error?.message
            == "Lot \(lot) is known, and \(words); leave its expiry out to take it so.")
      }
    }
  }

  @Test func refusals() async throws {
    try await withLot { bench in
      let before = await bench.stateInMemory()
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        [
          "sku": "TEE", "locationId": "A", "lotId": "L1", "onHandCount": "5",
          "requestedCount": "6",
        ]
      ) { try await adjust(bench, -6, "L1") }
      for (lot, place, units) in [("X", "A", -1), ("X", "A", 1)] as [(String, String, Int64)] {
        await expectError(
          .failedPrecondition, "LOT_UNKNOWN",
          ["lotId": lot, "sku": "TEE", "locationId": place]
        ) { try await adjust(bench, units, lot, at: place) }
      }
      await expectError(.failedPrecondition, "LOT_UNKNOWN") { try await takeBack(bench, 1, "X") }
      for units in [1, -1] as [Int64] {
        await expectError(
          .failedPrecondition, "LOT_EXPIRY_DIFFERS",
          [
            "lotId": "L1", "knownExpireSeconds": "\(expiry.seconds)",
            "knownExpireTime": expiry.rfc3339,
          ]
        ) { try await adjust(bench, units, "L1", expiry + .seconds(1)) }
      }
      await expectError(.failedPrecondition, "LOT_EXPIRED") {
        try await takeBack(bench, 1, "X", Bench.start)
      }
      for lot in ["", " x", String(repeating: "x", count: 65)] {
        let time = lot.isEmpty ? expiry : nil
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["lines[0].lot_id"]) {
          try await adjust(bench, 1, lot, time)
        }
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["lines[0].lot_id"]) {
          try await takeBack(bench, 1, lot, time)
        }
      }
      for disposition in [.quarantine, .writeOff] as [ReturnLine.Disposition] {
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["lines[0].lot_id"]) {
          try await takeBack(bench, 1, "L1", nil, disposition)
        }
      }
      #expect(await bench.stateInMemory() == before)
    }
  }
}
