import Foundation
import PoolAPI
import Primitives
import RPCCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Groups, locations, sourcings, buffers and locks on last units, as callers set and see them.
@Suite struct RuleCallsTests {
  @Test func everythingOutlivesARestart() async throws {
    try await withBench { bench in
      try await bench.stock(["CAP": 5, "TEE": 50])
      let client = bench.client
      let sku = try await client.setSku(.init(sku: .init(sku: "TEE", skuGroup: "shirts")))
      #expect(sku.sku?.skuGroup == "shirts")
      let store = try await client.setLocation(
        .init(
          location: .init(
            locationID: "B", rank: 2, kind: .store, zones: ["north", "south"],
            offersPickup: true)))
      #expect(store.location?.kind == .store && store.location?.zones == ["north", "south"])
      #expect(store.location?.offersPickup == true)
      let sourcing = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "shopee", strategy: .nearest, locationIDs: ["B", "A"])))
      #expect(sourcing.sourcing?.locationIDs == ["B", "A"])
      for channel in ["lazada", "tiktok"] {
        _ = try await client.setChannelSourcing(
          .init(sourcing: .init(channelID: channel, strategy: .mostStock)))
      }
      let gone = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "tiktok")))
      #expect(gone.sourcing == .init(channelID: "tiktok"))
      let lock = PoolAPI.LastUnits(sku: "TEE", channelID: "till", unitCount: 3)
      _ = try await client.setLastUnits(.init(lastUnits: lock))
      _ = try await client.setLastUnits(
        .init(lastUnits: .init(skuGroup: "shirts", channelID: "till", unitCount: 2)))
      for buffer in Self.buffers(bench.clock.now()) {
        let set = try await client.setBuffer(.init(buffer: buffer))
        var answered = try #require(set.buffer)
        answered.updateTime = nil
        #expect(answered == buffer)
      }
      try await bench.sell("o-1", 3)
      let state = await bench.stateInMemory()
      try await bench.restart()
      #expect(await bench.stateInMemory() == state)
      try await expectLists(bench)
    }
  }

  /// Each way to write a buffer, in the order in which they are listed.
  private static func buffers(_ now: Timestamp) -> [PoolAPI.Buffer] {
    [
      .init(capCount: 70),
      .init(
        margin: .basisPoints(100), name: "peak", minimumCount: 2, maximumCount: 9,
        startTime: now + .seconds(60), endTime: now + .seconds(120)),
      .init(margin: .unitCount(4), skuGroup: "shirts"),
      .init(
        channelID: "shopee",
        margin: .tiers(.init(thresholdCount: 10, aboveCount: 3, belowCount: 1)),
        skuGroup: "shirts"),
      .init(
        sku: "TEE", margin: .demand(.init(lag: .milliseconds(1500), factorBasisPoints: 20_000))),
      .init(sku: "TEE", channelID: "shopee", margin: .unitCount(1), listingID: "L-1"),
    ]
  }

  private func expectLists(_ bench: Bench) async throws {
    var found: [PoolAPI.Buffer] = []
    var token = ""
    repeat {
      let page = try await bench.client.listBuffers(.init(pageSize: 1, pageToken: token))
      found += page.buffers
      token = page.nextPageToken
    } while !token.isEmpty
    for index in found.indices { found[index].updateTime = nil }
    #expect(found == Self.buffers(bench.clock.now()))
    let ofTEE = try await bench.client.listBuffers(.init(sku: "TEE")).buffers
    #expect(ofTEE.map(\.listingID) == ["", "L-1"])
    let first = try await bench.client.listChannelSourcings(.init(pageSize: 1))
    #expect(first.sourcings.map(\.channelID) == ["lazada"])
    let second = try await bench.client.listChannelSourcings(
      .init(pageSize: 1, pageToken: first.nextPageToken))
    #expect(second.sourcings.map(\.channelID) == ["shopee"] && second.nextPageToken.isEmpty)
    let lock = try await bench.client.listLastUnits(.init(pageSize: 1))
    #expect(lock.lastUnits.map(\.skuGroup) == ["shirts"])
    let next = try await bench.client.listLastUnits(
      .init(pageSize: 1, pageToken: lock.nextPageToken))
    #expect(next.lastUnits.map(\.sku) == ["TEE"] && next.nextPageToken.isEmpty)
    let locations = try await bench.client.listLocations(.init()).locations
    #expect(locations.map(\.kind) == [.warehouse, .store])
  }

  /// Goal: a store of before there were groups and windows keeps its buffers.
  @Test func olderStoreKeepsItsBuffers() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("older-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let older = try SQLiteDatabase(
      path: folder.appendingPathComponent("pool.db").path,
      migrations: Array(Schema.migrations.prefix(2)), observer: SilentStorage())
    try await older.write(until: .never) { transaction in
      try transaction.execute("INSERT INTO sku VALUES (0, 'TEE', '', 1, 1, 1)")
      try transaction.execute("INSERT INTO location VALUES (0, 'A', '', 3, 1, 1, 1)")
      try transaction.execute("INSERT INTO buffer VALUES ('TEE', 'shopee', NULL, 250, 9, 1)")
      try transaction.execute("INSERT INTO buffer VALUES ('', '', 4, NULL, NULL, 1)")
    }
    await older.close()
    let server = try Bench.serve(
      folder, ManualClock(Bench.start), Bench.PageLimit())
    let buffers = try await Bench.client(server).listBuffers(.init()).buffers
    let location = try await Bench.client(server).listLocations(.init()).locations.first
    await server.close()
    let old = Timestamp(microseconds: 1)
    #expect(
      buffers == [
        .init(margin: .unitCount(4), updateTime: old),
        .init(
          sku: "TEE", channelID: "shopee", margin: .basisPoints(250), capCount: 9, updateTime: old),
      ])
    #expect(location?.rank == 3 && location?.kind == .warehouse)
  }

  @Test func choiceOfLocationIsExplained() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      _ = try await client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 5)]))
      let plain = try await bench.sell("o-0", 1)
      #expect(plain.placements.isEmpty)
      _ = try await client.setLocation(
        .init(location: .init(locationID: "B", rank: 2, zones: ["north"])))
      _ = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "shopee", strategy: .nearest)))
      let request = RecordSaleRequest(
        orderID: "o-1", channelID: "shopee",
        lines: [.init(lineID: "1", sku: "TEE", quantity: 6)], requestID: "r-1", zone: "north")
      let answer = try await client.recordSale(request)
      #expect(answer.lines[0].allocations.map(\.locationID) == ["B", "A"])
      #expect(
        answer.placements == [
          .init(
            lineIndex: 0, strategy: .nearest,
            considered: [
              .init(locationID: "B", freeCount: 5, takenCount: 5, outcome: .taken),
              .init(locationID: "A", freeCount: 4, takenCount: 1, outcome: .taken),
            ])
        ])
      #expect(try await client.recordSale(request) == answer)
      let hold = CreateHoldRequest(
        holdID: "h-1", owner: "anna", lines: [.init(sku: "TEE", quantity: 1)],
        expireTime: bench.clock.now() + .seconds(60), channelID: "shopee", zone: "north")
      let held = try await client.createHold(hold)
      #expect(held.hold?.lines.map(\.locationID) == ["A"])
      #expect(held.placements.first?.considered.map(\.outcome) == [.empty, .taken])
      #expect(try await client.createHold(hold).placements.isEmpty)
    }
  }

  @Test func locationThatDoesNotServe() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      _ = try await bench.client.setChannelSourcing(
        .init(sourcing: .init(channelID: "shopee", strategy: .ranked, locationIDs: ["A"])))
      let metadata = ["locationId": "B", "channelId": "shopee"]
      await expectError(.failedPrecondition, "LOCATION_NOT_SERVING", metadata) {
        _ = try await bench.client.createHold(
          .init(
            holdID: "h-1", owner: "anna", lines: [.init(sku: "TEE", quantity: 1, locationID: "B")],
            expireTime: bench.clock.now() + .seconds(60), channelID: "shopee"))
      }
      await expectError(.failedPrecondition, "LOCATION_NOT_SERVING", metadata) {
        _ = try await bench.client.recordSale(
          .init(
            orderID: "o-1", channelID: "shopee",
            lines: [.init(lineID: "1", sku: "TEE", quantity: 1, locationID: "B")],
            refuseShortage: true))
      }
      await expectError(.notFound, "LOCATION_UNKNOWN", ["locationId": "X"]) {
        _ = try await bench.client.setChannelSourcing(
          .init(sourcing: .init(channelID: "shopee", strategy: .ranked, locationIDs: ["X"])))
      }
      await expectError(.notFound, "SKU_UNKNOWN", ["sku": "NONE"]) {
        _ = try await bench.client.setLastUnits(
          .init(lastUnits: .init(sku: "NONE", channelID: "till", unitCount: 1)))
      }
    }
  }

  @Test func explanationNamesRulesPlacesAndOwners() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 60])
      let client = bench.client
      _ = try await client.receiveStock(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 7)]))
      _ = try await client.setChannelSourcing(
        .init(sourcing: .init(channelID: "shopee", strategy: .ranked, locationIDs: ["A"])))
      _ = try await client.setLastUnits(.init(lastUnits: .init(channelID: "till", unitCount: 30)))
      _ = try await client.setBuffer(
        .init(buffer: .init(margin: .unitCount(1), startTime: bench.clock.now() + .seconds(5))))
      _ = try await client.setBuffer(
        .init(buffer: .init(margin: .unitCount(2), name: "b", endTime: bench.clock.now())))
      _ = try await client.setBuffer(.init(buffer: .init(margin: .unitCount(3), name: "c")))
      _ = try await client.setBuffer(.init(buffer: .init(margin: .unitCount(4), name: "d")))
      for number in 0..<25 {
        _ = try await client.createHold(
          .init(
            holdID: "h-\(number)", owner: "owner-\(number / 2)",
            lines: [.init(sku: "TEE", quantity: 1)],
            expireTime: bench.clock.now() + .seconds(60)))
      }
      let why = try await client.explainAvailability(.init(sku: "TEE", channelID: "shopee"))
      #expect(why.terms.map(\.name) == ["on_hand", "held", "committed", "buffer", "last_units"])
      #expect(why.terms.map(\.runningCount) == [60, 35, 35, 32, 12])
      #expect(why.availableToSellCount == 12)
      #expect(why.rules.map(\.buffer?.name) == ["", "b", "c", "d"])
      #expect(why.rules.map(\.won) == [false, false, true, false])
      #expect(
        why.rules.map { $0.explanation.split(separator: ": ").last } == [
          "it begins later", "it has ended", "the most specific rule that counts now",
          "a rule of the same scope comes before it",
        ])
      #expect(why.locks.map(\.won) == [true] && why.locks[0].lastUnits?.unitCount == 30)
      #expect(why.places.map(\.counts) == [true, false])
      #expect(why.places.map(\.availableCount) == [35, 7])
      #expect(why.places.map(\.explanation) == ["feeds shopee", "does not feed shopee"])
      #expect(why.holdCount == 25 && why.ownerCount == 13 && why.owners.count == 13)
      #expect(why.owners[0] == .init(owner: "owner-0", quantity: 2, holdCount: 2))
      #expect(why.owners[12] == .init(owner: "owner-12", quantity: 1, holdCount: 1))
      let number = try await client.getAvailability(.init(sku: "TEE", channelIDs: ["shopee"]))
      #expect(number.channels[0].availableToSellCount == 12)
    }
  }

  @Suite struct Refused {
    @Test func fieldsThatAreWrong() async throws {
      try await withBench { bench in
        try await bench.stock(["TEE": 1])
        let client = bench.client
        let now = bench.clock.now()
        let buffers: [(PoolAPI.Buffer, [String])] = [
          (.init(sku: "TEE", margin: .unitCount(1), skuGroup: "g"), ["buffer.sku_group"]),
          (.init(margin: .unitCount(1), listingID: "L"), ["buffer.listing_id"]),
          (.init(sku: "TEE", margin: .unitCount(1), listingID: "L"), ["buffer.listing_id"]),
          (.init(margin: .unitCount(1), minimumCount: -1), ["buffer.minimum_count"]),
          (
            .init(margin: .unitCount(1), minimumCount: 5, maximumCount: 4), ["buffer.maximum_count"]
          ),
          (.init(minimumCount: 1), ["buffer.minimum_count"]),
          (.init(capCount: 1, maximumCount: 1), ["buffer.maximum_count"]),
          (.init(margin: .unitCount(1), startTime: now, endTime: now), ["buffer.end_time"]),
          (.init(margin: .unitCount(1), name: String(repeating: "n", count: 65)), ["buffer.name"]),
          (
            .init(margin: .tiers(.init(thresholdCount: -1, aboveCount: -1, belowCount: -1))),
            [
              "buffer.tiers.threshold_count", "buffer.tiers.above_count",
              "buffer.tiers.below_count",
            ]
          ),
          (.init(margin: .demand(.init())), ["buffer.demand.lag"]),
          (.init(margin: .demand(.init(lag: .zero))), ["buffer.demand.lag"]),
          (.init(margin: .demand(.init(lag: .seconds(90_000)))), ["buffer.demand.lag"]),
          (
            .init(margin: .demand(.init(lag: .seconds(1), factorBasisPoints: -1))),
            ["buffer.demand.factor_basis_points"]
          ),
        ]
        for (buffer, fields) in buffers {
          await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
            _ = try await client.setBuffer(.init(buffer: buffer))
          }
        }
        #expect(try await client.listBuffers(.init()).buffers.isEmpty)
      }
    }

    @Test func sourcingsAndPlacesThatAreWrong() async throws {
      try await withBench { bench in
        try await bench.stock(["TEE": 1])
        let client = bench.client
        let sourcings: [(ChannelSourcing?, [String])] = [
          (nil, ["sourcing", "sourcing.channel_id"]),
          (.init(strategy: .ranked), ["sourcing.channel_id"]),
          (.init(channelID: "c", locationIDs: ["A"]), ["sourcing.strategy"]),
          (.init(channelID: "c", strategy: .unrecognized(9)), ["sourcing.strategy"]),
          (
            .init(channelID: "c", strategy: .ranked, locationIDs: ["A", "A", ""]),
            ["sourcing.location_ids[1]", "sourcing.location_ids[2]"]
          ),
          (
            .init(channelID: "c", strategy: .ranked, locationIDs: (0..<1001).map { "L\($0)" }),
            ["sourcing.location_ids"]
          ),
        ]
        for (sourcing, fields) in sourcings {
          await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
            _ = try await client.setChannelSourcing(.init(sourcing: sourcing))
          }
        }
        let locations: [(PoolAPI.Location, [String])] = [
          (.init(locationID: "A", kind: .unrecognized(7)), ["location.kind"]),
          (.init(locationID: "A", zones: ["n", "n"]), ["location.zones[1]"]),
          (.init(locationID: "A", zones: ["a\nb"]), ["location.zones[0]"]),
          (.init(locationID: "A", zones: (0..<101).map { "z\($0)" }), ["location.zones"]),
        ]
        for (location, fields) in locations {
          await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
            _ = try await client.setLocation(.init(location: location))
          }
        }
        let locks: [(PoolAPI.LastUnits?, [String])] = [
          (nil, ["last_units", "last_units.channel_id"]),
          (
            .init(sku: "TEE", skuGroup: "g", channelID: "c", unitCount: -1),
            ["last_units.sku_group", "last_units.unit_count"]
          ),
        ]
        for (lock, fields) in locks {
          await expectError(.invalidArgument, "INVALID_REQUEST", violations: fields) {
            _ = try await client.setLastUnits(.init(lastUnits: lock))
          }
        }
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["sku.sku_group"]) {
          _ = try await client.setSku(.init(sku: .init(sku: "TEE", skuGroup: " g")))
        }
        await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["zone"]) {
          _ = try await client.recordSale(
            .init(
              orderID: "o", channelID: "c", lines: [.init(lineID: "1", sku: "TEE", quantity: 1)],
              zone: String(repeating: "z", count: 33)))
        }
      }
    }

    @Test func oneBufferTooMany() async throws {
      try await withBench { bench in
        for number in 0..<Limits.buffersInScope {
          _ = try await bench.client.setBuffer(
            .init(buffer: .init(margin: .unitCount(1), name: "n\(number)")))
        }
        await expectError(.failedPrecondition, "TOO_MANY_BUFFERS", ["limit": "32"]) {
          _ = try await bench.client.setBuffer(
            .init(buffer: .init(margin: .unitCount(1), name: "more")))
        }
      }
    }
  }
}
