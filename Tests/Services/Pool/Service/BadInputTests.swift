import PoolAPI
import Primitives
import Protobuf
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// What no caller may send: refused as a whole, with the path of every field that is wrong, and
/// nothing changes.
@Suite struct BadInputTests {
  /// Expects INVALID_REQUEST with violations of these fields.
  private func expectViolations(
    _ fields: [String], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
  ) async {
    do {
      try await body()
      Issue.record("expected violations of \(fields)", sourceLocation: sourceLocation)
    } catch let error as RPCError {
      #expect(error.code == .invalidArgument, "\(error)", sourceLocation: sourceLocation)
      #expect(error.reason == "INVALID_REQUEST", "\(error)", sourceLocation: sourceLocation)
      #expect(error.violations.map(\.field) == fields, "\(error)", sourceLocation: sourceLocation)
    } catch {
      Issue.record("unexpected \(error)", sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [0, -1, 1_000_000_001, Int64.min, Int64.max])
  func quantitiesOutsideTheirRange(quantity: Int64) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      await expectViolations(["lines[0].quantity"]) { try await bench.sell("o", quantity) }
      await expectViolations(["lines[0].quantity"]) { try await bench.receive("TEE", quantity) }
      await expectViolations(["lines[0].quantity"]) { _ = try await bench.hold("h", quantity) }
      await expectViolations(["lines[0].quantity"]) {
        _ = try await client.resolveUnavailable(
          .init(lines: [.init(sku: "TEE", locationID: "A", quantity: quantity)], outcome: .cleared))
      }
      await expectViolations(["lines[0].quantity"]) {
        _ = try await client.returnStock(
          .init(
            returnID: "r",
            lines: [
              .init(sku: "TEE", locationID: "A", quantity: quantity, disposition: .restock)
            ]))
      }
      #expect(try await client.listMovements(.init()).movements.count == 1)
    }
  }

  @Test(arguments: [0, 1_000_000_001, -1_000_000_001] as [Int64])
  func adjustmentsOutsideTheirRange(delta: Int64) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      await expectViolations(["lines[0].delta_count"]) {
        _ = try await bench.client.adjustStock(
          .init(lines: [.init(sku: "TEE", locationID: "A", deltaCount: delta)], reason: "x"))
      }
    }
  }

  @Test func tooManyOrNoLines() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      let one = PoolAPI.StockLine(sku: "TEE", locationID: "A", quantity: 1)
      for lines in [[], Array(repeating: one, count: 10_001)] {
        await expectViolations(["lines"]) { _ = try await client.receiveStock(.init(lines: lines)) }
        await expectViolations(["lines"]) {
          _ = try await client.resolveUnavailable(.init(lines: lines, outcome: .cleared))
        }
        let sold = lines.indices.map { PoolAPI.SaleLine(lineID: "\($0)", sku: "TEE", quantity: 1) }
        await expectViolations(["lines"]) {
          _ = try await client.recordSale(.init(orderID: "o", channelID: "c", lines: sold))
        }
        let totals = lines.indices.map { PoolAPI.LineTotal(lineID: "\($0)", totalCount: 1) }
        await expectViolations(["lines"]) {
          _ = try await client.cancelSale(.init(orderID: "o", lines: totals))
        }
        await expectViolations(["lines"]) {
          _ = try await client.shipSale(.init(orderID: "o", lines: totals))
        }
      }
      let held = Array(repeating: HoldLine(sku: "TEE", quantity: 1), count: 201)
      await expectViolations(["lines"]) {
        _ = try await client.createHold(
          .init(
            holdID: "h", owner: "o", lines: held, expireTime: bench.clock.now() + .seconds(5)))
      }
      let most = (0..<10_000).map { PoolAPI.SaleLine(lineID: "\($0)", sku: "TEE", quantity: 1) }
      let sale = try await client.recordSale(.init(orderID: "o", channelID: "c", lines: most))
      #expect(sale.lines.count == 10_000 && sale.oversoldCount == 9_995)
    }
  }

  /// Goal: the largest request that is allowed can be decoded.
  @Test func longestNamesOfAllLinesFit() throws {
    let lines = (0..<Limits.lines).map { number in
      let line = String(repeating: "l", count: Limits.lineIDBytes - 5) + "\(10_000 + number)"
      return PoolAPI.SaleLine(
        lineID: line, sku: String(repeating: "s", count: SKU.maximumBytes), quantity: 1_000_000_000,
        locationID: String(repeating: "p", count: LocationID.maximumBytes))
    }
    let sale = RecordSaleRequest(orderID: "o", channelID: "c", lines: lines)
    #expect(try RecordSaleRequest(serialized: sale.serialized()) == sale)
    #expect(try RecordSaleRequest(json: sale.json()) == sale)
  }

  @Test(arguments: [
    "", " x", "x ", "a\u{1}b", "a\nb", "\u{7F}", String(repeating: "x", count: 300),
  ])
  func namesThatAreNone(text: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      await expectViolations(["sku.sku"]) {
        _ = try await client.setSku(.init(sku: .init(sku: text)))
      }
      await expectViolations(["location.location_id"]) {
        _ = try await client.setLocation(.init(location: .init(locationID: text)))
      }
      await expectViolations(["lines[0].line_id", "lines[0].sku", "order_id", "channel_id"]) {
        _ = try await client.recordSale(
          .init(
            orderID: text, channelID: text, lines: [.init(lineID: text, sku: text, quantity: 1)]))
      }
      await expectViolations([
        "lines[0].sku", "lines[0].quantity", "hold_id", "owner", "expire_time",
      ]) {
        _ = try await client.createHold(
          .init(holdID: text, owner: text, lines: [.init(sku: text, quantity: 0)]))
      }
      await expectViolations(["hold_id", "order_id"]) {
        _ = try await client.commitHold(.init(holdID: text, orderID: text))
      }
      await expectViolations(["sku"]) { _ = try await client.getStock(.init(sku: text)) }
      await expectViolations(["sku", "channel_id"]) {
        _ = try await client.explainAvailability(.init(sku: text, channelID: text))
      }
      guard !text.isEmpty else { return }
      await expectViolations(["request_id"]) { try await bench.sell("o", 1, requestID: text) }
      await expectViolations(["buffer.sku", "buffer.channel_id"]) {
        _ = try await client.setBuffer(.init(buffer: .init(sku: text, channelID: text)))
      }
    }
  }

  @Test func everyViolationAtOnce() async throws {
    try await withBench { bench in
      await expectViolations([
        "lines[0].sku", "lines[1].quantity", "lines[2].line_id", "lines[2].quantity",
        "lines[3].line_id", "order_id",
      ]) {
        _ = try await bench.client.recordSale(
          .init(
            channelID: "c",
            lines: [
              .init(lineID: "1", quantity: 1), .init(lineID: "2", sku: "T", quantity: -4),
              .init(sku: "T"), .init(lineID: "1", sku: "T", quantity: 1),
            ]))
      }
    }
  }

  @Test func fieldsOfTheOtherRequests() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 5])
      let client = bench.client
      await expectViolations(["sku"]) { _ = try await client.setSku(.init()) }
      await expectViolations(["location"]) { _ = try await client.setLocation(.init()) }
      await expectViolations(["buffer"]) { _ = try await client.setBuffer(.init()) }
      await expectViolations(["location.rank"]) {
        _ = try await client.setLocation(.init(location: .init(locationID: "A", rank: -1)))
      }
      await expectViolations(["sku.display_name"]) {
        _ = try await client.setSku(
          .init(sku: .init(sku: "S", displayName: String(repeating: "x", count: 201))))
      }
      await expectViolations(["buffer.unit_count", "buffer.cap_count"]) {
        _ = try await client.setBuffer(.init(buffer: .init(margin: .unitCount(-1), capCount: -1)))
      }
      await expectViolations(["buffer.basis_points"]) {
        _ = try await client.setBuffer(.init(buffer: .init(margin: .basisPoints(10_001))))
      }
      await expectViolations(["reason"]) {
        _ = try await client.adjustStock(
          .init(lines: [.init(sku: "TEE", locationID: "A", deltaCount: 1)]))
      }
      await expectViolations(["outcome"]) {
        _ = try await client.resolveUnavailable(
          .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 1)]))
      }
      await expectViolations(["lines[0].disposition", "return_id"]) {
        _ = try await client.returnStock(
          .init(
            lines: [
              .init(sku: "TEE", locationID: "A", quantity: 1, disposition: .unrecognized(77))
            ]))
      }
      await expectViolations(["lines[0].total_count", "lines[1].line_id"]) {
        _ = try await client.cancelSale(
          .init(
            orderID: "o",
            lines: [.init(lineID: "1", totalCount: -1), .init(lineID: "1", totalCount: 1)]))
      }
      for seconds in [-1, 0, 7 * 86_400 + 1] as [Int64] {
        await expectViolations(["expire_time"]) {
          _ = try await bench.hold("h", 1, seconds: seconds)
        }
      }
      await expectViolations(["page_size"]) { _ = try await client.listSkus(.init(pageSize: -1)) }
      await expectViolations(["channel_ids"]) {
        _ = try await client.getAvailability(
          .init(sku: "TEE", channelIDs: (0...100).map { "c\($0)" }))
      }
      await expectViolations(["after_sequence"]) {
        _ = try await client.listMovements(.init(afterSequence: -1))
      }
    }
  }
}
