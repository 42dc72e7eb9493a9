import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing
import TikTokShopChannel

@testable import GatewayService

/// Pains of integrators that no test of a single part shows; the numbers are those of `Channels/DESIGN.md`.
@Suite(.timeLimit(.minutes(5))) struct PainTests {
  private static func bench() throws -> GatewayBench {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 50)
    for account in ["acc", "bcc"] { bench.mapping.set(account, item: "i1", takes: [("TEE", 1)]) }
    return bench
  }

  /// 19: a burst of the same event, at once, reserves once.
  @Test func burstOfOneEventTakesOnce() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      let event = try GatewayBench.event("e1", "o1")
      let statuses = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<40 { group.addTask { await GatewayBench.post(run, event).status } }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.allSatisfy { $0 == 202 })
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
      #expect(bench.faults.names.filter { $0 == "recordSale" }.count == 1)
      #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.count == 1)
    }
  }

  /// 28: a cart over two stores is one ID and two orders, in the inbox and in the pool; a cancellation is of one of them.
  @Test func ordersOfTwoStoresMayHaveOneID() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      try await bench.connect(run, account: "bcc", shop: "shop-2")
      func tell(_ key: String, _ account: String, _ shop: String) async throws {
        var event = try GatewayBench.event(key, "o1", shop: shop)
        event = GatewayBench.signed(event.body, account: account)
        #expect(await GatewayBench.post(run, event).status == 202)
      }
      try await tell("e1", "acc", "shop-1")
      try await tell("e1", "bcc", "shop-2")
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3, "bcc/o1 1 TEE": 3])
      bench.order("o1", [("1", "i1", 3, 3)], time: 2, state: .cancelled)
      try await tell("e2", "bcc", "shop-2")
      try await GatewayBench.settled(run)
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
    }
  }

  /// 29: an answer with the status 200 is a failure as long as its `code` is not 0.
  @Test(arguments: [
    (105_002, "tokenExpired"), (36_009_002, "rateLimited"), (36_009_003, "unavailable"),
  ])
  func onlyTheCodeZeroIsASuccess(_ code: Int, _ kind: String) async {
    let http = RecordedHTTP(#"{"code":\#(code),"message":"no","data":{},"request_id":"r"}"#)
    let error = await failure { () async throws(ChannelError) in
      try await TikTokShopAdapter().pushStock(
        [
          StockPush(
            listing: ChannelListing(itemID: "1", variationID: "2", sellerSKU: "S"), quantity: 1,
            idempotencyKey: "k")
        ], api: tikTokShopAPI(http))
    }
    #expect(error?.kind == kind)
  }

  /// 32: two tabs send one queue at the same time; and two tabs that share a numbering lose no sale.
  @Test func twoTabsSellOnceAndLoseNothing() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let queue = TillTests.batch(
        TillTests.sale("s1", TillTests.line("TEE", 2), sequence: 1),
        TillTests.sale("s2", TillTests.line("TEE"), sequence: 2))
      @Sendable func send() async throws -> [String] {
        TillTests.statuses(try await TillTests.post(run, queue))
      }
      async let one = send()
      async let other = send()
      let answers = try await [one, other]
      for answer in answers {
        #expect(answer.allSatisfy { $0.hasSuffix(" accepted") || $0.hasSuffix(" already_known") })
      }
      #expect(bench.pool.net == ["till/s1 1 TEE": 2, "till/s2 1 TEE": 1])
      let shared = try await TillTests.post(
        run, TillTests.batch(TillTests.sale("s3", TillTests.line("TEE"), sequence: 2)))
      #expect(TillTests.statuses(shared) == ["s3 accepted"])
      #expect(bench.pool.net["till/s3 1 TEE"] == 1)
    }
  }

  /// 34: a device that counts anew after it was offline uses an ID for another sale: that one is not swallowed as known, and the
  /// first one stays.
  @Test func usedIDIsRefusedAloud() async throws {
    let bench = try TillTests.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await TillTests.post(
        run, TillTests.batch(TillTests.sale("s1", TillTests.line("TEE", 2))))
      let again = try await TillTests.post(
        run,
        TillTests.batch(
          TillTests.sale("s1", TillTests.line("CAP")), TillTests.sale("s2", TillTests.line("CAP"))))
      #expect(TillTests.statuses(again) == ["s1 rejected SALE_ID_REUSED", "s2 accepted"])
      #expect(bench.pool.net == ["till/s1 1 TEE": 2, "till/s2 1 CAP": 1])
    }
  }
}
