import ChannelAdapter
import Foundation
import FulfilmentAPI
import GatewayAPI
import Primitives
import RPCCore
import ReturnsAPI
import Testing

@testable import GatewayService

@Suite struct NoticeTests {
  static func shippedBench(_ id: String = "o1") throws -> GatewayBench {
    let bench = try IntakeTests.bench()
    bench.order(id, [("1", "i1", 2, 0), ("2", "set", 1, 0)])
    return bench
  }

  private static func ship(_ bench: GatewayBench, _ id: String = "acc/o1") throws {
    try bench.fulfilment.change(id) {
      $0.state = .shipped
      $0.shipment = Shipment(trackingNumber: "TRK-1", carrier: "post")
    }
  }

  @Test func channelHearsOfAParcelOnce() async throws {
    let bench = try Self.shippedBench()
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      try Self.ship(bench)
      try await eventually("the channel heard of it") {
        bench.channel.with { $0.shipped.count } == 1
      }
      try bench.fulfilment.change("acc/o1") { $0.etag = "again" }
      try await GatewayBench.settled(run)
    }
    let run = try await bench.start()
    try await GatewayBench.settled(run)
    let notices = bench.channel.with { $0.shipped }
    #expect(notices.count == 1)
    #expect(notices.first?.trackingNumber == "TRK-1" && notices.first?.orderExternalID == "o1")
    let lines = notices.first?.lines.map { "\($0.lineID) \($0.quantity)" } ?? []
    #expect(lines.sorted() == ["1 2", "2 1"], "in units of the channel's lines")
    await run.stop()
  }

  @Test func failedNoticeIsTriedAgainAndARefusedOneIsDead() async throws {
    let bench = try Self.shippedBench()
    bench.order("o2", [("1", "i1", 1, 0)])
    bench.channel.with {
      $0.noticeErrors = [.unavailable("HTTP 503"), .refused("order is closed")]
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      try Self.ship(bench)
      try await eventually("it is given up") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind) == ["NOTICE_DEAD"]
      }
      try Self.ship(bench, "acc/o2")
      try await eventually("the other is told") {
        bench.channel.with { $0.shipped.map(\.orderExternalID) } == ["o2"]
      }
      // What was given up is told after all once somebody has it replayed, and once only.
      for count in [1, 0] as [Int64] {
        let answer = try await run.client.replayNotice(
          ReplayNoticeRequest(accountID: "acc", subject: "acc/o1"))
        #expect(answer.replayCount == count)
        try await eventually("it is told") {
          bench.channel.with { $0.shipped.map(\.orderExternalID) } == ["o2", "o1"]
        }
        try await GatewayBench.settled(run)
      }
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
      for (request, wanted) in [
        (ReplayNoticeRequest(accountID: "acc", subject: "acc/none"), "NOTICE_UNKNOWN"),
        (ReplayNoticeRequest(accountID: "b", subject: "acc/o1"), "NOTICE_UNKNOWN"),
        (ReplayNoticeRequest(), "INVALID_REQUEST account_id,subject"),
      ] {
        let reason = await ConnectionTests.reason { try await run.client.replayNotice(request) }
        #expect(reason == wanted)
      }
    }
  }

  @Test func returnIsCreatedAndAnswered() async throws {
    let bench = try Self.shippedBench()
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "o1", state: .requested,
        lines: [
          ChannelReturn.Line(
            lineID: "7", orderLineID: "2", itemID: "set", variationID: "", sellerSKU: "",
            quantity: 1)
        ], reason: "too small", updateTime: Timestamp(seconds: 5))
    }
    try await bench.run { run in
      // The return comes first: its order is fetched.
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "r1", kind: "return"))
      try await eventually("it is created") { bench.returns.found("acc/r1") != nil }
      let found = try #require(bench.returns.found("acc/r1"))
      #expect(found.orderID == "acc/o1" && found.reason == "too small")
      #expect(
        found.lines.map { "\($0.lineID) \($0.sku) \($0.quantity) \($0.orderLineID)" }
          == ["7/TEE TEE 1 2/TEE", "7/CAP CAP 2 2/CAP"])
      #expect(!bench.pool.net.isEmpty)
      try bench.returns.change("acc/r1") { found in
        for index in found.lines.indices {
          found.lines[index].disposals = [
            Disposal(disposition: .restock, quantity: found.lines[index].quantity)
          ]
        }
        found.state = .inspected
      }
      try await eventually("it is answered") { bench.channel.with { $0.answers.count } == 1 }
      let answer = try #require(bench.channel.with { $0.answers.first })
      #expect(answer.accepted && answer.returnExternalID == "r1" && answer.orderExternalID == "o1")
      #expect(answer.lines.map { "\($0.lineID) \($0.quantity) \($0.restocked)" } == ["7 1 true"])
    }
  }

  @Test func returnThatTheChannelRestockedIsNotAnswered() async throws {
    let bench = try Self.shippedBench()
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "o1", state: .restocked,
        lines: [
          ChannelReturn.Line(
            lineID: "7", itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
        ], updateTime: Timestamp(seconds: 5))
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "r1", kind: "return"))
      try await eventually("it is inspected") {
        bench.returns.found("acc/r1")?.state == .inspected
      }
      try await GatewayBench.settled(run)
      #expect(bench.channel.with { $0.answers.isEmpty })
    }
  }

  @Test func withdrawnReturnIsCancelledAndLateRequestsAreIgnored() async throws {
    let bench = try Self.shippedBench()
    let line = ChannelReturn.Line(
      lineID: "7", itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
    func set(_ state: ChannelReturn.State, _ time: Int64) {
      bench.channel.with {
        $0.returns["r1"] = ChannelReturn(
          externalID: "r1", orderExternalID: "o1", state: state, lines: [line],
          updateTime: Timestamp(seconds: time))
      }
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      set(.requested, 5)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "r1", kind: "return"))
      try await GatewayBench.settled(run)
      set(.closed, 7)
      _ = await GatewayBench.post(run, try GatewayBench.event("e3", "r1", kind: "return"))
      try await GatewayBench.settled(run)
      #expect(bench.returns.found("acc/r1")?.state == .cancelled)
      set(.requested, 6)
      _ = await GatewayBench.post(run, try GatewayBench.event("e4", "r1", kind: "return"))
      try await GatewayBench.settled(run)
      #expect(bench.returns.found("acc/r1")?.state == .cancelled)
    }
  }

  /// Goal: goods that a refund put back are on sale, though the return was closed and cancelled
  /// before. Method: the refund's lines have other names, as Shopify's have.
  @Test(arguments: [6, 8] as [Int64])
  func refundHeardOfAfterTheCloseIsRestocked(_ refundTime: Int64) async throws {
    let bench = try Self.shippedBench()
    func set(_ state: ChannelReturn.State, _ line: String, _ time: Int64) {
      bench.channel.with {
        $0.returns["r1"] = ChannelReturn(
          externalID: "r1", orderExternalID: "o1", state: state,
          lines: [
            ChannelReturn.Line(
              lineID: line, itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
          ], updateTime: Timestamp(seconds: time))
      }
    }
    try await bench.run { run in
      for (event, state, line, time) in [
        ("e2", .requested, "7", 5), ("e3", .closed, "7", 7), ("e4", .restocked, "99", refundTime),
      ] as [(String, ChannelReturn.State, String, Int64)] {
        set(state, line, time)
        _ = await GatewayBench.post(run, try GatewayBench.event(event, "r1", kind: "return"))
        try await GatewayBench.settled(run)
      }
      #expect(bench.returns.found("acc/r1")?.state == .cancelled)
      let again = try #require(bench.returns.found("acc/r1/again"))
      #expect(again.state == .inspected && again.lines.map(\.lineID) == ["99"])
      #expect(bench.channel.with { $0.answers.isEmpty })
    }
  }

  /// Goal: a return that was asked for under other lines than those that came back is restocked.
  @Test func refundOfARequestedReturnIsRestocked() async throws {
    let bench = try Self.shippedBench()
    func set(_ state: ChannelReturn.State, _ line: String, _ quantity: Quantity, _ time: Int64) {
      bench.channel.with {
        $0.returns["r1"] = ChannelReturn(
          externalID: "r1", orderExternalID: "o1", state: state,
          lines: [
            ChannelReturn.Line(
              lineID: line, itemID: "i1", variationID: "", sellerSKU: "", quantity: quantity)
          ], updateTime: Timestamp(seconds: time))
      }
    }
    try await bench.run { run in
      set(.requested, "7", 2, 5)
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "r1", kind: "return"))
      try await GatewayBench.settled(run)
      set(.restocked, "99", 1, 6)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "r1", kind: "return"))
      try await GatewayBench.settled(run)
      let found = try #require(bench.returns.found("acc/r1"))
      #expect(found.state == .inspected)
      #expect(
        found.lines.map { $0.disposals.map { "\($0.disposition) \($0.quantity)" } }
          == [["restock 1", "quarantine 1"]])
    }
  }

  /// Goal: a return that a channel tells of before our parcel is booked is taken once it is.
  @Test func returnBeforeTheParcelIsTakenLater() async throws {
    let bench = try Self.shippedBench()
    bench.returns.state.withLock { $0.unshippedOrders = ["acc/o1"] }
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "o1", state: .requested,
        lines: [
          ChannelReturn.Line(
            lineID: "7", itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
        ], updateTime: Timestamp(seconds: 5))
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "r1", kind: "return"))
      try await eventually("it is put off") {
        let request = ListInboxEventsRequest(state: .retrying)
        return try await run.client.listInboxEvents(request).events.count == 1
      }
      bench.returns.state.withLock { $0.unshippedOrders = [] }
      try await eventually("it is created") { bench.returns.found("acc/r1")?.orderID == "acc/o1" }
    }
  }

  /// Goal: a return that was taken without the link, whose answer was lost, does not die once its
  /// order is known.
  @Test func unlinkedReturnSurvivesItsOrderBecomingKnown() async throws {
    let bench = try Self.shippedBench()
    bench.returns.state.withLock { $0.knownOrders = [] }
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "o1", state: .restocked,
        lines: [
          ChannelReturn.Line(
            lineID: "7", itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
        ], updateTime: Timestamp(seconds: 5))
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      bench.faults.plan(failAt: bench.faults.names.count + 2, .afterItIsDone)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "r1", kind: "return"))
      try await eventually("the answer is lost") { bench.faults.hasHit }
      #expect(bench.returns.found("acc/r1")?.orderID == "")
      bench.returns.state.withLock { $0.knownOrders = nil }
      bench.faults.mend()
      try await GatewayBench.settled(run)
      #expect(bench.returns.found("acc/r1")?.state == .inspected)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  @Test func returnOfAnOrderThatNobodyHasIsTakenUnlinked() async throws {
    let bench = try Self.shippedBench()
    bench.returns.state.withLock { $0.knownOrders = [] }
    bench.channel.with {
      $0.returns["r1"] = ChannelReturn(
        externalID: "r1", orderExternalID: "", state: .requested,
        lines: [
          ChannelReturn.Line(
            lineID: "7", itemID: "i1", variationID: "", sellerSKU: "", quantity: 1)
        ], updateTime: Timestamp(seconds: 5))
    }
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "r1", kind: "return"))
      try await eventually("it is created") {
        bench.returns.found("acc/r1")?.lines.map(\.sku) == ["TEE"]
      }
      #expect(bench.returns.found("acc/r1")?.orderID == "")
    }
  }
}
