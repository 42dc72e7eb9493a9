import ChannelAdapter
import Primitives
import Testing

@testable import SandboxServer

/// What listings show, and what a channel makes of being told.
@Suite(.timeLimit(.minutes(5))) struct ConformanceStockTests {
  private func list(_ talk: ConformanceTalk, _ listings: [JSONValue]) async throws {
    try await talk.world.control(
      "listings",
      [
        "channel": .string(talk.channel), "shop": .string(talk.account.externalID),
        "listings": .array(listings),
      ])
  }

  @Test(arguments: ConformanceTable.able(.importsPages))
  func importsPages(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let skus = (0..<260).map { "SKU-\($0)" }
      try await list(
        talk,
        skus.enumerated().map { index, sku in
          [
            "item_id": .string(String(5_000 + index)),
            "variation_id": .string(String(7_000 + index)),
            "sku": .string(sku), "title": .string("Thing \(index)"), "stock": 3,
          ]
        })
      let found = try await talk.listings()
      #expect(found.map(\.sellerSKU).sorted() == (skus + ["TEE & \"M\""]).sorted())
      #expect(Set(found.map { "\($0.itemID)/\($0.variationID)" }).count == 261)
      #expect(found.allSatisfy { $0.state == .live && !$0.itemID.isEmpty })
      let first = try await talk.adapter.fetchListings(after: nil, api: talk.api)
      #expect(first.nextCursor != nil, "there is more than one page")
    }
  }

  @Test(arguments: ConformanceTable.able(.pushesAndReads))
  func pushesAndReads(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      #expect(listing.sellerSKU == "TEE & \"M\"" && listing.state == .live)
      #expect(try await talk.shown(listing) == 10)
      let most = talk.adapter.traits.maximumQuantity
      for quantity: Quantity in [7, 0, 999, most, 0, 1] {
        talk.world.clock.advance(by: .seconds(1))
        #expect(try await talk.push(quantity, listing) == [.acknowledged], "\(quantity)")
        #expect(try await talk.shown(listing) == quantity)
      }
      // A number that is shown can be bought, and no more.
      _ = try await talk.buy(1)
      await #expect(throws: ChannelError.self) { _ = try await talk.buy(1) }
      #expect(try await talk.shown(listing) == 0)
    }
  }

  @Test(arguments: ConformanceTable.able(.pushesBatch))
  func pushesBatch(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let count = min(talk.adapter.traits.pushBatch, 20)
      try await list(
        talk,
        (0..<count).map { index in
          [
            "item_id": "777", "variation_id": .string(String(7_000 + index)),
            "sku": .string("B-\(index)"), "title": "Batch", "stock": 3,
          ]
        })
      let found = try await talk.listings().filter { $0.sellerSKU.hasPrefix("B-") }
      #expect(found.count == count)
      #expect(Set(found.map { talk.adapter.groupKey($0) }).count == 1, "they go in one call")
      let pushes = found.enumerated().map { index, listing in
        StockPush(listing: listing, quantity: Quantity(index * 2), idempotencyKey: "k-\(index)")
      }
      let results = try await talk.adapter.pushStock(pushes, api: talk.api)
      #expect(results == Array(repeating: .acknowledged, count: count))
      let shown = try await talk.adapter.readStock(found, api: talk.api)
      #expect(shown == pushes.map(\.quantity), "in order")
    }
  }

  /// Goal: one wrong listing is told apart, or nothing of its call is done.
  @Test(arguments: ConformanceTable.able(.refusesUnknownListing))
  func refusesUnknownListing(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      var unknown = listing
      if unknown.variationID.isEmpty { unknown.itemID = "999" } else { unknown.variationID = "999" }
      for name in ["inventory_item_id", "sku_id"] where unknown.attributes[name] != nil {
        unknown.attributes[name] = "999"
      }
      let pushes = [unknown, listing].map {
        StockPush(listing: $0, quantity: 5, idempotencyKey: "k-\($0.variationID)")
      }
      var shown: Quantity = 5
      do {
        let results = try await talk.adapter.pushStock(pushes, api: talk.api)
        #expect(results.map(\.kind) == ["refused", "acknowledged"])
      } catch {
        #expect(["refused", "notFound"].contains((error as? ChannelError)?.kind))
        shown = 10
      }
      let numbers = try await talk.adapter.readStock([listing, unknown], api: talk.api)
      #expect(numbers == [shown, nil], "what is not known shows nothing, which is not zero")
    }
  }

  /// Goal: a failure that hides in a success is found, and told as one that may pass.
  @Test(arguments: ConformanceTable.able(.meansRefusedEntry))
  func meansRefusedEntry(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      try await talk.world.setFaults(channel, ["partial_failure_percent": 100])
      do {
        #expect(try await talk.push(5, listing).map(\.kind) == ["retry"])
      } catch {
        // Where the channel says it of the whole call.
        #expect((error as? ChannelError)?.kind == "unavailable")
      }
      #expect(try await talk.shown(listing) == 10)
      try await talk.world.setFaults(channel, ["partial_failure_percent": 0])
      talk.world.clock.advance(by: .seconds(1))
      #expect(try await talk.push(5, listing) == [.acknowledged])
    }
  }

  @Test(arguments: ConformanceTable.able(.holdsPromotion))
  func holdsPromotion(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      func reserve(_ count: Int64) async throws {
        try await list(
          talk, [["item_id": "234234234", "variation_id": "234", "reserved": .integer(count)]])
      }
      try await reserve(5)
      #expect(try await talk.push(3, listing).map(\.kind) == ["locked"])
      #expect(try await talk.push(12, listing) == [.acknowledged], "it may rise")
      try await reserve(0)
      #expect(try await talk.push(3, listing) == [.acknowledged])
      #expect(try await talk.shown(listing) == 3)
    }
  }

  @Test(arguments: ConformanceTable.able(.readsReserved))
  func readsReserved(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let adapter = try #require(talk.adapter as? any ReservedStockReading)
      try await list(talk, [["item_id": "234234234", "variation_id": "234", "reserved": 4]])
      let listing = try await talk.listing()
      let reserved = try await adapter.readReserved([listing], api: talk.api)
      #expect(reserved.map { $0?.map(\.quantity) } == [[4]])
      #expect(try await talk.shown(listing) == 10)
    }
  }

  @Test(arguments: ConformanceTable.able(.comparesFirst))
  func comparesFirst(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      func push(_ quantity: Quantity, _ expected: Quantity) async throws -> [PushResult] {
        try await talk.adapter.pushStock(
          [
            StockPush(
              listing: listing, quantity: quantity, expected: expected, idempotencyKey: "k")
          ], api: talk.api)
      }
      #expect(try await push(4, 9) == [.stale(shown: 10)])
      #expect(try await push(4, 10) == [.acknowledged])
      // The same call again brings its first answer, though the number is no longer 10.
      #expect(try await push(4, 10) == [.acknowledged])
      #expect(try await talk.shown(listing) == 4)
    }
  }
}
