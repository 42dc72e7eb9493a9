import ChannelAdapter
import Foundation
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct HookTests {
  @Test func goodEventIsStoredAnsweredAndTakenIn() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      let response = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      #expect(response.status == 202 && response.body.isEmpty)
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
      #expect(bench.fulfilment.net("acc/o1") == ["1": 3])
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.map(\.state) == [.done] && events.first?.orderID == "acc/o1")
    }
  }

  @Test func redeliveryChangesNothing() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      for _ in 0..<5 {
        #expect(await GatewayBench.post(run, try GatewayBench.event("e1", "o1")).status == 202)
      }
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
      #expect(bench.faults.names.filter { $0 == "recordSale" }.count == 1)
      #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.count == 1)
    }
  }

  /// Goal: what is not verified or not sound is refused with its reason, counted, and never stored.
  @Test func badEventsAreRefusedAndNotStored() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let good = try GatewayBench.event("e1", "o1")
      var forged = good
      forged.headers =
        forged.headers.filter { $0.name != "x-signature" }
        + [("x-signature", "00")]
      var altered = good
      altered.body = Array(
        String(decoding: good.body, as: UTF8.self).replacing("o1", with: "o2").utf8)
      var unsigned = good
      unsigned.headers = [("content-type", "application/json")]
      var typed = good
      typed.headers = [("content-type", "text/plain")]
      var huge = good
      huge.body = Array(repeating: 0x20, count: GatewayLimits.hookBytes + 1)
      let cases: [(String, HTTPRequest, Int)] = [
        ("forged", forged, 401), ("altered", altered, 401), ("unsigned", unsigned, 401),
        ("content type", typed, 415), ("huge", huge, 413),
        ("not JSON", GatewayBench.signed(Array("{".utf8)), 400),
        ("empty", GatewayBench.signed([]), 400),
        ("other shop", try GatewayBench.event("e1", "o1", shop: "shop-9"), 404),
      ]
      for (name, request, status) in cases {
        let response = await GatewayBench.post(run, request)
        #expect(response.status == status, "\(name)")
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.contains("\"error\"") && text.contains("\"message\""), "\(name): \(text)")
      }
      #expect(await GatewayBench.post(run, good, suffix: "nowhere").status == 404)
      #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.isEmpty)
      let text = run.metrics.exposition()
      #expect(text.contains("result=\"signature_wrong\""))
      #expect(text.contains("result=\"account_unknown\""))
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["SIGNATURE_REFUSED"], "one alert, not one for each")
    }
  }

  /// Goal: what is authentic and makes no sense is acknowledged, kept for inspection and told once.
  @Test func authenticEventsThatMakeNoSenseAreKept() async throws {
    let bench = try GatewayBench()
    let nameless = try GatewayBench.event("", "o1")
    try await bench.run { run in
      for request in [
        nameless, try GatewayBench.event("e1", ""),
        try GatewayBench.event("e1", String(repeating: "x", count: 300)), nameless,
      ] { #expect(await GatewayBench.post(run, request).status == 202) }
      try await GatewayBench.settled(run)
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.map(\.state) == [.dead, .dead, .dead])
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["EVENT_UNREADABLE"] && alerts.map(\.raiseCount) == [3])
    }
  }

  @Test func testOfTheChannelIsAnsweredAndNotStored() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let response = await GatewayBench.post(run, try GatewayBench.event("e1", "o1", shop: ""))
      #expect(response.status == 202)
      #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.isEmpty)
    }
  }

  @Test func eventOfNoConcernIsKeptAndDone() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let request = try GatewayBench.event("e1", "", kind: "other")
      #expect(await GatewayBench.post(run, request).status == 202)
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.map(\.state) == [.done] && events.first?.kind == "other")
    }
  }

  /// Goal: what a full disk does not take is not acknowledged; sent again, it is taken in once.
  @Test func fullDiskIsToldAndLosesNothing() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    for id in ["o1", "o2"] { bench.order(id, [("1", "i1", 1, 0)]) }
    try await bench.run { run in
      #expect(await GatewayBench.post(run, try GatewayBench.event("e1", "o1")).status == 202)
      run.database.be(full: true)
      let refused = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      #expect(refused.status == 503)
      #expect(String(decoding: refused.body, as: UTF8.self).contains("STORE_UNAVAILABLE"))
      run.database.be(full: false)
      #expect(await GatewayBench.post(run, try GatewayBench.event("e2", "o2")).status == 202)
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 1, "acc/o2 1 TEE": 1])
    }
  }

  /// Goal: 400 events at once are all stored, many of them by one commit. Method: the writer is held
  /// while they come.
  @Test func manyEventsShareCommits() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 1000)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    for number in 0..<400 { bench.order("o\(number)", [("1", "i1", 1, 0)]) }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      let gate = DispatchSemaphore(value: 0)
      let isHeld = FeedSignal()
      let come = FeedSignal()
      try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask {
          try await run.database.write(until: .after(.seconds(60))) { _ in
            isHeld.raise()
            gate.wait()
          }
          return 202
        }
        await isHeld.wait(past: 0)
        for number in 0..<400 {
          group.addTask {
            let request = try GatewayBench.event("e\(number)", "o\(number)")
            come.raise()
            return await GatewayBench.post(run, request).status
          }
        }
        await come.wait(past: 399)
        gate.signal()
        for try await status in group { #expect(status == 202) }
      }
      try await GatewayBench.settled(run)
      #expect(run.commits.mostWrites > 50, "\(run.commits.mostWrites) at most in one commit")
      #expect(bench.pool.available("TEE") == 600)
      let lag = try await run.client.getLag(GetLagRequest())
      #expect(lag.webhook?.count == 400)
    }
  }
}
