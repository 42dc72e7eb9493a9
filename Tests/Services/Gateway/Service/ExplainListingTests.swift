import ChannelAdapter
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct ExplainListingTests {
  private static func explain(
    _ run: GatewayBench.Run, _ listing: String = "acc/i1/", at time: Timestamp? = nil
  ) async throws -> ExplainListingResponse {
    try await run.client.explainListing(ExplainListingRequest(listingID: listing, time: time))
  }

  /// Goal: one answer says what the listing shows, what it was sent and why, and what it should show;
  /// it is known over a restart, and of the past.
  @Test func listingIsExplainedNowAndInThePast() async throws {
    let bench = try PushTests.bench()
    let run = try await bench.start()
    try await bench.connect(run)
    try await PushTests.shows(bench, "i1", 10)
    try await GatewayBench.settled(run)
    try await eventually("it is kept") { try await Self.explain(run).shownCount == 10 }
    let between = SystemClock().now()
    bench.channel.with { $0.pushResults["i1"] = [.retry("busy", after: nil)] }
    bench.pool.receive("TEE", 5)
    try await PushTests.shows(bench, "i1", 15)
    try await eventually("it is kept") { try await Self.explain(run).shownCount == 15 }
    await run.stop()

    let again = try await bench.start()
    try await eventually("the listing is known") {
      await again.gateway.planner.pusher(of: ListingID(trusted: "acc/i1/")) != nil
    }
    let now = try await Self.explain(again)
    #expect(now.shouldShowCount == 15 && now.shownCount == 15 && now.showTime != nil)
    #expect(now.components.map(\.sku) == ["TEE"] && now.components.map(\.unitCount) == [1])
    #expect(now.explanation == "It showed 15, as it should.")
    let pushes = now.events.filter { $0.kind != .read }
    #expect(pushes.map(\.kind).contains(.retry) && pushes.contains { $0.message == "busy" })
    let taken = try #require(pushes.first { $0.kind == .acknowledged && $0.count == 15 })
    #expect(taken.wantedCount == 15 && taken.poolSequence > 0 && taken.commitTime != nil)
    #expect(try #require(taken.sendTime) <= #require(taken.time))

    bench.pool.state.withLock { $0.pastAvailable["TEE"] = 12 }
    let past = try await Self.explain(again, at: between)
    #expect(past.time == between && past.shouldShowCount == 12 && past.shownCount == 10)
    #expect(past.events.allSatisfy { $0.time.map { $0 <= between } ?? false })
    #expect(past.explanation.hasPrefix("It showed 10 and should have shown 12"))
    let before = try await Self.explain(again, at: Timestamp(seconds: 1))
    #expect(before.shownCount == -1 && before.events.isEmpty)
    await again.stop()
  }

  @Test func refusedPushIsNamed() async throws {
    let bench = try PushTests.bench()
    try await bench.run { run in
      try await PushTests.shows(bench, "i1", 10)
      bench.channel.with { $0.pushResults["i1"] = [.refused("no such item")] }
      bench.pool.receive("TEE", 5)
      try await eventually("it is kept") {
        try await Self.explain(run).explanation.hasSuffix("the channel refused the last push.")
      }
    }
  }

  @Test func wrongQuestionsAreRefused() async throws {
    let bench = try PushTests.bench()
    try await bench.run { run in
      for (request, wanted) in [
        (ExplainListingRequest(), "INVALID_REQUEST listing_id"),
        (
          ExplainListingRequest(listingID: "acc/i1/", eventCount: 201),
          "INVALID_REQUEST event_count"
        ),
        (
          ExplainListingRequest(listingID: "acc/i1/", eventCount: -1), "INVALID_REQUEST event_count"
        ),
        (ExplainListingRequest(listingID: "acc/none/"), "LISTING_UNKNOWN"),
      ] {
        let reason = await ConnectionTests.reason { try await run.client.explainListing(request) }
        #expect(reason == wanted)
      }
    }
  }

  @Test func oldHistoryIsForgotten() async throws {
    let bench = try PushTests.bench()
    try await bench.run { run in
      let store = run.gateway.store
      let id = ListingID(trusted: "x/1/")
      // Of now: the patrol forgets what is old by itself.
      let base = SystemClock().now().seconds
      let rows = (1...5).map {
        HistoryRow(
          listingID: id, time: Timestamp(seconds: base + Int64($0)), kind: .read, quantity: 1,
          wanted: 1,
          poolVersion: 1)
      }
      try await store.save([], rows)
      try await store.pruneHistory(before: Timestamp(seconds: base + 3))
      let left = try await store.history(of: id, upTo: Timestamp(seconds: base + 9), limit: 9)
      #expect(left.map(\.time.seconds) == [5, 4, 3].map { base + $0 })
    }
  }
}
