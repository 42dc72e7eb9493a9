import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolService

@Suite struct CallsTests {
  @Test func catalogueRoundTrip() async throws {
    try await withBench { bench in
      let client = bench.client
      let first = try #require(
        try await client.setSku(.init(sku: .init(sku: "TEE", displayName: "Tee"))).sku)
      #expect(first.createTime == Bench.start && !first.etag.isEmpty)
      bench.clock.advance(by: .seconds(1))
      let second = try #require(
        try await client.setSku(
          .init(sku: .init(sku: "TEE", displayName: "T-shirt", etag: first.etag))
        ).sku)
      #expect(second.updateTime == bench.clock.now() && second.createTime == Bench.start)
      #expect(try await client.getSku(.init(sku: "TEE")).sku == second)
      await expectError(.aborted, "ETAG_MISMATCH", ["sku": "TEE"]) {
        _ = try await client.setSku(.init(sku: .init(sku: "TEE", etag: first.etag)))
      }
      await expectError(.notFound, "SKU_UNKNOWN", ["sku": "NONE"]) {
        _ = try await client.getSku(.init(sku: "NONE"))
      }
      let place = try #require(
        try await client.setLocation(.init(location: .init(locationID: "A", rank: 4))).location)
      _ = try await client.setLocation(
        .init(location: .init(locationID: "A", rank: 3, etag: place.etag)))
      await expectError(.aborted, "ETAG_MISMATCH", ["locationId": "A"]) {
        _ = try await client.setLocation(.init(location: .init(locationID: "A", etag: place.etag)))
      }
    }
  }

  @Test func listsArePaged() async throws {
    try await withBench { bench in
      let client = bench.client
      for number in [5, 1, 4, 2, 3] {
        _ = try await client.setSku(.init(sku: .init(sku: "S\(number)")))
        _ = try await client.setLocation(
          .init(location: .init(locationID: "L\(number)", rank: Int32(number / 2))))
        _ = try await client.setBuffer(
          .init(buffer: .init(sku: "S\(number)", channelID: "c", margin: .unitCount(1))))
        _ = try await client.receiveStock(
          .init(lines: [.init(sku: "S\(number)", locationID: "L\(number)", quantity: 1)]))
      }
      var skus: [String] = []
      var token = ""
      repeat {
        let page = try await client.listSkus(.init(pageSize: 2, pageToken: token))
        skus += page.skus.map(\.sku)
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(skus == ["S1", "S2", "S3", "S4", "S5"])
      let places = try await client.listLocations(.init(pageSize: 4))
      #expect(places.locations.map(\.locationID) == ["L1", "L2", "L3", "L4"])
      let rest = try await client.listLocations(.init(pageSize: 4, pageToken: places.nextPageToken))
      #expect(rest.locations.map(\.locationID) == ["L5"] && rest.nextPageToken.isEmpty)
      let buffers = try await client.listBuffers(.init(pageSize: 3))
      #expect(buffers.buffers.map(\.sku) == ["S1", "S2", "S3"])
      let more = try await client.listBuffers(.init(pageSize: 3, pageToken: buffers.nextPageToken))
      #expect(more.buffers.map(\.sku) == ["S4", "S5"] && more.nextPageToken.isEmpty)
      #expect(try await client.listBuffers(.init(sku: "S3")).buffers.map(\.sku) == ["S3"])
      let balances = try await client.listBalances(.init(pageSize: 3))
      #expect(balances.balances.map(\.sku) == ["S1", "S2", "S3"])
      let last = try await client.listBalances(
        .init(pageSize: 3, pageToken: balances.nextPageToken))
      #expect(last.balances.map(\.sku) == ["S4", "S5"] && last.nextPageToken.isEmpty)
      #expect(try await client.listBalances(.init(locationID: "L2")).balances.map(\.sku) == ["S2"])
      for wrong in ["x", skus[0], buffers.nextPageToken] {
        await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
          _ = try await client.listSkus(.init(pageToken: wrong))
        }
      }
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await client.listLocations(.init(pageToken: "x"))
      }
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await client.listBuffers(.init(pageToken: "x"))
      }
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await client.listBalances(.init(pageToken: "x"))
      }
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await client.listMovements(.init(pageToken: "x"))
      }
    }
  }

  @Test func wayOfAHold() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      let client = bench.client
      let hold = try #require(try await bench.hold("h-1", 4).hold)
      #expect(
        hold.state == .held && hold.lines == [.init(sku: "TEE", quantity: 4, locationID: "A")])
      #expect(try await bench.available() == 6)
      let commit = try await client.commitHold(
        .init(holdID: "h-1", orderID: "shop/1", channelID: "web", cause: "event"))
      #expect(commit.hold?.state == .committed && commit.hold?.orderID == "shop/1")
      #expect(commit.lines.map(\.lineID) == ["1"] && commit.lines[0].soldCount == 4)
      #expect(try await client.getHold(.init(holdID: "h-1")).hold == commit.hold)
      await expectError(.failedPrecondition, "HOLD_ENDED", ["holdId": "h-1", "state": "COMMITTED"])
      {
        _ = try await client.releaseHold(.init(holdID: "h-1"))
      }
      _ = try await bench.hold("h-2", 2)
      await expectError(
        .failedPrecondition, "LINE_CONFLICT", ["orderId": "shop/1", "lineId": "1"]
      ) { _ = try await client.commitHold(.init(holdID: "h-2", orderID: "shop/1")) }
      #expect(try await client.releaseHold(.init(holdID: "h-2")).hold?.state == .released)
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "availableCount": "6", "requestedCount": "7"]
      ) { _ = try await bench.hold("h-3", 7) }
      await expectError(.alreadyExists, "HOLD_EXISTS", ["holdId": "h-1"]) {
        _ = try await bench.hold("h-1", 1)
      }
      for id in ["h-3", "x"] {
        await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": id]) {
          _ = try await client.getHold(.init(holdID: id))
        }
        await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": id]) {
          _ = try await client.commitHold(.init(holdID: id, orderID: "o"))
        }
        await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": id]) {
          _ = try await client.releaseHold(.init(holdID: id))
        }
      }
    }
  }

  /// Goal: a caller that was away for days hears of its commit. Method: the same call after the hold is forgotten,
  /// from memory, after a restart, and when the sale is on disk only.
  @Test(arguments: [1, 100_000]) func commitIsAnsweredFromTheSale(salesInMemory: Int) async throws {
    let bench = try Bench(salesInMemory: salesInMemory)
    try await bench.stock(["TEE": 10])
    _ = try await bench.hold("h-1", 4)
    let commit = CommitHoldRequest(holdID: "h-1", orderID: "shop/1", requestID: "q-1")
    let first = try await bench.client.commitHold(commit)
    for _ in 1...2 {
      bench.clock.advance(by: .seconds(25 * 3600))
      try await bench.sell("o-\(bench.clock.now().seconds)", 1)
      for _ in 0..<3 { await bench.server.tick() }
      await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": "h-1"]) {
        _ = try await bench.client.getHold(.init(holdID: "h-1"))
      }
      let again = try await bench.client.commitHold(commit)
      #expect(again.lines == first.lines)
      #expect(
        again.hold == PoolAPI.Hold(holdID: "h-1", state: .committed, orderID: "shop/1"))
      await expectError(.notFound, "HOLD_UNKNOWN", ["holdId": "h-1"]) {
        _ = try await bench.client.commitHold(.init(holdID: "h-1", orderID: "shop/2"))
      }
      try await bench.restart()
    }
    #expect(try await bench.available() == 4)
    #expect(try await bench.client.verifyLedger(.init()).proved)
    await bench.end()
  }

  @Test func expiredHoldGivesBack() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      _ = try await bench.hold("h-1", 5)
      #expect(try await bench.available() == 0)
      bench.clock.advance(by: .seconds(60))
      // Read before anything tidied it.
      #expect(try await bench.client.getHold(.init(holdID: "h-1")).hold?.state == .expired)
      await bench.server.tick()
      #expect(try await bench.available() == 5)
      let movements = try await bench.client.listMovements(.init(sku: "TEE")).movements
      #expect(movements.map(\.kind) == [.received, .held, .expired])
      await expectError(.failedPrecondition, "HOLD_ENDED", ["holdId": "h-1", "state": "EXPIRED"]) {
        _ = try await bench.client.releaseHold(.init(holdID: "h-1"))
      }
    }
  }

  @Test func wayOfASale() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      let sale = try await bench.sell("shopee-1/77", 7)
      #expect(sale.oversoldCount == 2 && sale.sequence == 2 && sale.lines[0].oversoldCount == 2)
      #expect(try await bench.available() == -2)
      let cancel = CancelSaleRequest(
        orderID: "shopee-1/77", lines: [.init(lineID: "1", totalCount: 3)], reason: "buyer")
      #expect(try await client.cancelSale(cancel).lines[0].cancelledCount == 3)
      #expect(try await client.cancelSale(cancel).lines[0].cancelledCount == 3)
      let ship = ShipSaleRequest(
        orderID: "shopee-1/77", lines: [.init(lineID: "1", totalCount: 4)])
      #expect(try await client.shipSale(ship).lines[0].shippedCount == 4)
      await expectError(
        .failedPrecondition, "SALE_SHIPPED",
        ["orderId": "shopee-1/77", "lineId": "1", "openCount": "0"]
      ) {
        _ = try await client.cancelSale(
          .init(orderID: "shopee-1/77", lines: [.init(lineID: "1", totalCount: 4)]))
      }
      await expectError(
        .failedPrecondition, "NOT_COMMITTED",
        ["orderId": "shopee-1/77", "lineId": "1", "openCount": "0"]
      ) {
        _ = try await client.shipSale(
          .init(orderID: "shopee-1/77", lines: [.init(lineID: "1", totalCount: 5)]))
      }
      _ = try await client.returnStock(
        .init(
          returnID: "r-1", orderID: "shopee-1/77",
          lines: [
            .init(sku: "TEE", locationID: "A", quantity: 1, disposition: .restock, lineID: "1")
          ]))
      let state = try await client.getSale(.init(orderID: "shopee-1/77"))
      #expect(state.channelID == "shopee" && state.lines[0].returnedCount == 1)
      #expect(state.lines[0].allocations == [.init(locationID: "A", quantity: 4)])
      #expect(try await bench.available() == 2)
      await expectError(
        .failedPrecondition, "LINE_CONFLICT", ["orderId": "shopee-1/77", "lineId": "1"]
      ) { try await bench.sell("shopee-1/77", 6) }
      for call in [
        { _ = try await client.getSale(.init(orderID: "x")) },
        { _ = try await client.cancelSale(.init(orderID: "x", lines: cancel.lines)) },
        { _ = try await client.shipSale(.init(orderID: "x", lines: cancel.lines)) },
      ] {
        await expectError(.notFound, "SALE_UNKNOWN", ["orderId": "x"], call)
      }
      let other = [PoolAPI.LineTotal(lineID: "9", totalCount: 1)]
      for call in [
        { _ = try await client.cancelSale(.init(orderID: "shopee-1/77", lines: other)) },
        { _ = try await client.shipSale(.init(orderID: "shopee-1/77", lines: other)) },
      ] {
        await expectError(
          .notFound, "LINE_UNKNOWN", ["orderId": "shopee-1/77", "lineId": "9"], call)
      }
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "availableCount": "2", "requestedCount": "3"]
      ) {
        _ = try await client.recordSale(
          .init(
            orderID: "o", channelID: "till", lines: [.init(lineID: "1", sku: "TEE", quantity: 3)],
            refuseShortage: true))
      }
    }
  }

  @Test func stockCallsAndTheirRefusals() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      let lost = try await client.adjustStock(
        .init(lines: [.init(sku: "TEE", locationID: "A", deltaCount: -2)], reason: "count"))
      #expect(lost.balances[0].onHandCount == 3 && lost.balances[0].lostCount == 2)
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "locationId": "A", "onHandCount": "3", "requestedCount": "4"]
      ) {
        _ = try await client.adjustStock(
          .init(lines: [.init(sku: "TEE", locationID: "A", deltaCount: -4)], reason: "count"))
      }
      let back = try await client.returnStock(
        .init(
          returnID: "r",
          lines: [.init(sku: "TEE", locationID: "B", quantity: 2, disposition: .quarantine)]))
      #expect(back.balances[0].unavailableCount == 2 && back.balances[0].locationID == "B")
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "locationId": "B", "unavailableCount": "2", "requestedCount": "3"]
      ) {
        _ = try await client.resolveUnavailable(
          .init(
            lines: [.init(sku: "TEE", locationID: "B", quantity: 3)], outcome: .cleared))
      }
      let cleared = try await client.resolveUnavailable(
        .init(lines: [.init(sku: "TEE", locationID: "B", quantity: 1)], outcome: .cleared))
      #expect(cleared.balances[0].onHandCount == 1)
      let stock = try await client.getStock(.init(sku: "TEE"))
      #expect(stock.total?.onHandCount == 4 && stock.total?.locationID == "")
      #expect(stock.balances.map(\.locationID) == ["A", "B"])
      #expect(stock.total?.availableCount == 4 && stock.total?.unavailableCount == 1)
    }
  }

  @Test func unknownNamesInLines() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      func line(_ sku: String, _ place: String) -> [PoolAPI.StockLine] {
        [
          .init(sku: "TEE", locationID: "A", quantity: 1),
          .init(sku: sku, locationID: place, quantity: 1),
        ]
      }
      for (sku, place) in [("NONE", "A"), ("TEE", "NOWHERE")] {
        let calls: [() async throws -> Void] = [
          { _ = try await client.receiveStock(.init(lines: line(sku, place))) },
          {
            _ = try await client.resolveUnavailable(
              .init(lines: line(sku, place), outcome: .scrapped))
          },
          {
            _ = try await client.adjustStock(
              .init(
                lines: line(sku, place).map {
                  .init(sku: $0.sku, locationID: $0.locationID, deltaCount: 1)
                }, reason: "x"))
          },
          {
            _ = try await client.returnStock(
              .init(
                returnID: "r",
                lines: line(sku, place).map {
                  .init(
                    sku: $0.sku, locationID: $0.locationID, quantity: 1, disposition: .restock)
                }))
          },
          {
            _ = try await client.createHold(
              .init(
                holdID: "h", owner: "o",
                lines: line(sku, place).map {
                  .init(sku: $0.sku, quantity: 1, locationID: $0.locationID)
                },
                expireTime: bench.clock.now() + .seconds(9)))
          },
          {
            _ = try await client.recordSale(
              .init(
                orderID: "o", channelID: "c",
                lines: line(sku, place).enumerated().map {
                  .init(
                    lineID: "\($0)", sku: $1.sku, quantity: 1, locationID: $1.locationID)
                }))
          },
        ]
        for call in calls {
          if sku == "NONE" {
            await expectError(
              .invalidArgument, "SKU_UNKNOWN", ["sku": "NONE"], violations: ["lines[1].sku"], call)
          } else {
            await expectError(
              .invalidArgument, "LOCATION_UNKNOWN", ["locationId": "NOWHERE"],
              violations: ["lines[1].location_id"], call)
          }
        }
      }
    }
  }

  @Test func unknownSKUInReads() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      let reads: [() async throws -> Void] = [
        {
          _ = try await client.setBuffer(.init(buffer: .init(sku: "NONE", margin: .unitCount(1))))
        },
        { _ = try await client.getStock(.init(sku: "NONE")) },
        { _ = try await client.getAvailability(.init(sku: "NONE")) },
        { _ = try await client.explainAvailability(.init(sku: "NONE", channelID: "c")) },
      ]
      for call in reads {
        await expectError(.notFound, "SKU_UNKNOWN", ["sku": "NONE"], violations: [], call)
      }
      #expect(try await client.listMovements(.init(sku: "NONE")).movements.isEmpty)
      #expect(try await client.listMovements(.init()).movements.count == 1)
    }
  }

  @Test func availabilityAndItsExplanation() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let client = bench.client
      _ = try await client.setBuffer(.init(buffer: .init(margin: .unitCount(1))))
      let capped = try await client.setBuffer(
        .init(
          buffer: .init(sku: "TEE", channelID: "shopee", margin: .basisPoints(1000), capCount: 5)))
      #expect(capped.buffer?.margin == .basisPoints(1000) && capped.buffer?.capCount == 5)
      _ = try await bench.hold("h-1", 3)
      let answer = try await client.getAvailability(
        .init(sku: "TEE", channelIDs: ["shopee", "lazada"]))
      #expect(answer.channels.map(\.availableToSellCount) == [5, 16])
      #expect(answer.availableCount == 17 && answer.sequence == 2)
      let general = try await client.getAvailability(.init(sku: "TEE"))
      #expect(general.channels == [.init(channelID: "", availableToSellCount: 16)])
      let why = try await client.explainAvailability(.init(sku: "TEE", channelID: "shopee"))
      #expect(why.availableToSellCount == 5 && why.terms.last?.runningCount == 5)
      #expect(why.terms.map(\.name) == ["on_hand", "held", "committed", "buffer", "cap"])
      #expect(why.rules.map(\.won) == [true, false])
      #expect(why.holders.map(\.holdID) == ["h-1"] && why.holders[0].quantity == 3)
      let removed = try await client.setBuffer(
        .init(buffer: .init(sku: "TEE", channelID: "shopee")))
      #expect(removed.buffer?.margin == nil)
      #expect(try await client.listBuffers(.init()).buffers.count == 1)
    }
  }

  /// Goal: a list ends where the view does, since it knows no names beyond. Method: a list through each sequence.
  @Test func movementsEndWhereTheViewDoes() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      _ = try await bench.client.receiveStock(
        .init(lines: [1, 2].map { .init(sku: "TEE", locationID: "A", quantity: $0) }))
      for (through, expected) in [0, 1, 2, 3, 3].enumerated() {
        let filter = MovementFilter(
          after: 0, through: Int64(through), size: 50, skuCount: 9, locationCount: 9)
        let page = try await bench.server.database.read(until: .never) {
          let page = try filter.page(LedgerReader($0))
          return (count: page.movements.count, isLast: page.isLast)
        }
        #expect(page.count == expected && page.isLast)
      }
    }
  }

  @Test func movementsTellWhatHappened() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5, "CAP": 5])
      let client = bench.client
      _ = try await client.recordSale(
        .init(
          orderID: "o-1", channelID: "shopee",
          lines: [
            .init(lineID: "a", sku: "TEE", quantity: 2),
            .init(lineID: "b", sku: "CAP", quantity: 1),
          ], saleTime: Timestamp(seconds: 1_700_000_000), cause: "event-9", requestID: "q-1"))
      try await bench.sell("o-2", 1)
      let all = try await client.listMovements(.init()).movements
      #expect(all.map(\.sequence) == [1, 2, 3, 4, 5])
      let sold = try await client.listMovements(.init(orderID: "o-1")).movements
      #expect(sold.map(\.lineID) == ["a", "b"] && sold.map(\.sku) == ["TEE", "CAP"])
      #expect(sold[0].sourceTime == Timestamp(seconds: 1_700_000_000))
      #expect(sold[0].cause == "event-9" && sold[0].requestID == "q-1")
      #expect(sold[0].channelID == "shopee" && sold[0].kind == .sold && sold[0].locationID == "A")
      #expect(sold[0].commitTime == Bench.start)
      let page = try await client.listMovements(.init(sku: "TEE", pageSize: 2))
      #expect(page.movements.map(\.sequence) == [2, 3])
      let next = try await client.listMovements(
        .init(sku: "TEE", pageSize: 2, pageToken: page.nextPageToken))
      #expect(next.movements.map(\.sequence) == [5] && next.nextPageToken.isEmpty)
      #expect(
        try await client.listMovements(.init(afterSequence: 3)).movements.map(\.sequence) == [4, 5])
      #expect(try await client.listMovements(.init(afterSequence: 99)).movements.isEmpty)
    }
  }
}
