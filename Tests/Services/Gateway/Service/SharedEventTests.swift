import ChannelAdapter
import GatewayAPI
import Kit
import LoyverseChannel
import Primitives
import RPCCore
import SquareChannel
import Testing

@testable import GatewayService

/// One call of a channel tells of several accounts: each gets its own at once.
@Suite(.timeLimit(.minutes(5))) struct SharedEventTests {
  private static let secret = "shared"

  private func bench() throws -> GatewayBench {
    let bench = try GatewayBench(others: [LoyverseAdapter(), SquareAdapter()])
    bench.pool.receive("TEE", 10)
    return bench
  }

  private func connect(
    _ run: GatewayBench.Run, _ bench: GatewayBench, _ account: String, _ channel: String,
    shop: String, _ credentials: [String: String]
  ) async throws {
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: account, channelID: channel, externalID: shop, baseURL: "https://api.test",
          credentials: credentials.merging(["access_token": "t"]) { old, _ in old },
          locationID: "MAIN")))
    bench.mapping.set(account, item: "i-1", variation: "v-1", takes: [("TEE", 1)])
  }

  private func connectStores(
    _ run: GatewayBench.Run, _ bench: GatewayBench, secrets: [String]
  ) async throws {
    for (number, secret) in secrets.enumerated() {
      try await connect(
        run, bench, "lv\(number + 1)", "loyverse", shop: "s-\(number + 1)",
        ["client_secret": secret])
    }
  }

  private static func receipt(_ number: String, _ store: String, _ count: Int) -> String {
    #"{"receipt_number":"\#(number)","receipt_type":"SALE","store_id":"\#(store)","created_at":"2026-01-05T02:59:58Z","receipt_date":"2026-01-05T02:00:00Z","updated_at":"2026-01-05T03:00:00Z","line_items":[{"id":"l-1","item_id":"i-1","variant_id":"v-1","sku":"TEE","item_name":"Tee","variant_name":"M","quantity":\#(count)}]}"#
  }

  private static func receipts(_ all: String...) -> HTTPRequest {
    let body =
      #"{"merchant_id":"m-1","type":"receipts.update","created_at":"2026-01-05T03:00:00Z","receipts":[\#(all.joined(separator: ","))]}"#
    let code = HMAC.sha1(key: Array(secret.utf8), Array(body.utf8))
    return HTTPRequest(
      method: "POST", path: "/hooks/loyverse",
      headers: [("content-type", "application/json"), ("x-loyverse-signature", Hex.encode(code))],
      body: Array(body.utf8))
  }

  private static let three = receipts(
    receipt("1-1", "s-1", 1), receipt("2-1", "s-2", 2), receipt("9-1", "s-9", 4),
    receipt("1-2", "s-1", 1))

  /// No event waits any more; pushes do, since nothing answers them here.
  private func takenIn(_ run: GatewayBench.Run) async throws {
    try await eventually("the inbox is empty") {
      try await run.client.getBacklog(GetBacklogRequest()).inboxCount == 0
    }
  }

  private func withGateway(
    _ bench: GatewayBench, _ body: (GatewayBench.Run) async throws -> Void
  ) async throws {
    // Before the receipts: what had left when an account is connected is left alone.
    let run = try await bench.start { $0.clock = ManualClock(Timestamp(seconds: 1_767_571_200)) }
    do {
      try await body(run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  @Test func eachStoreOfOneCallGetsItsReceiptsAtOnceAndOnce() async throws {
    let bench = try bench()
    try await withGateway(bench) { run in
      try await connectStores(run, bench, secrets: [Self.secret, Self.secret])
      for _ in 0..<2 {
        let answer = await GatewayBench.post(run, Self.three, suffix: "loyverse")
        #expect(answer.status == 200)
      }
      try await takenIn(run)
      let expected: [String: Quantity] = [
        "lv1/1-1 l-1 TEE": 1, "lv1/1-2 l-1 TEE": 1, "lv2/2-1 l-1 TEE": 2,
      ]
      #expect(bench.pool.net == expected)
    }
  }

  /// Goal: the parts of one call are stored together or not at all, so that a refusal has nothing half done.
  @Test func callThatIsNotStoredIsRefusedForAll() async throws {
    let bench = try bench()
    try await withGateway(bench) { run in
      try await connectStores(run, bench, secrets: [Self.secret, Self.secret])
      run.database.be(full: true)
      #expect(await GatewayBench.post(run, Self.three, suffix: "loyverse").status == 503)
      run.database.be(full: false)
      #expect(try await run.client.listInboxEvents(ListInboxEventsRequest()).events.isEmpty)
      #expect(await GatewayBench.post(run, Self.three, suffix: "loyverse").status == 200)
      try await takenIn(run)
      #expect(bench.pool.net.count == 3)
    }
  }

  /// Goal: an account takes nothing whose signature its own secret does not make.
  @Test func accountWithAnotherSecretTakesNothing() async throws {
    let bench = try bench()
    try await withGateway(bench) { run in
      try await connectStores(run, bench, secrets: ["another", Self.secret])
      #expect(await GatewayBench.post(run, Self.three, suffix: "loyverse").status == 200)
      try await takenIn(run)
      #expect(bench.pool.net == ["lv2/2-1 l-1 TEE": 2])
      let alerts = try await run.client.listAlerts(ListAlertsRequest(kind: "SIGNATURE_REFUSED"))
      #expect(alerts.alerts.map(\.subject) == ["lv1"])
      var forged = Self.three
      forged.body += [0x20]
      #expect(await GatewayBench.post(run, forged, suffix: "loyverse").status == 401)
      let foreign = Self.receipts(Self.receipt("8-1", "s-8", 1), Self.receipt("9-1", "s-9", 1))
      #expect(await GatewayBench.post(run, foreign, suffix: "loyverse").status == 404)
    }
  }

  private func square(_ type: String, merchant: String, key: String = "sq-key") -> HTTPRequest {
    let body =
      #"{"merchant_id":"\#(merchant)","type":"\#(type)","event_id":"e-\#(merchant)","created_at":"2026-01-05T03:00:01Z","data":{"type":"revocation","id":"r-1","object":{"revocation":{"revoked_at":"2026-01-05T03:00:00Z","revoker_type":"MERCHANT"}}}}"#
    let signed = Array("\(GatewayBench.hookURL)/hooks/square".utf8) + Array(body.utf8)
    return HTTPRequest(
      method: "POST", path: "/hooks/square",
      headers: [
        ("content-type", "application/json"),
        (
          "x-square-hmacsha256-signature",
          Base64.encode(HMAC.sha256(key: Array(key.utf8), signed))
        ),
      ], body: Array(body.utf8))
  }

  /// Goal: a merchant who takes our authorisation away closes all of his locations, and nobody else's.
  @Test func revokedAuthorisationIsOfAllLocationsOfTheMerchant() async throws {
    let bench = try bench()
    try await withGateway(bench) { run in
      for (account, merchant) in [("sq1", "ML1"), ("sq2", "ML1"), ("sq3", "ML2")] {
        try await connect(
          run, bench, account, "square", shop: "L-\(account)",
          ["webhook_signature_key": "sq-key", "merchant_id": merchant])
      }
      func suspended() async throws -> [String] {
        try await run.client.listAlerts(ListAlertsRequest(kind: "ACCOUNT_SUSPENDED")).alerts
          .map(\.subject).sorted()
      }
      let revoked = "oauth.authorization.revoked"
      let forged = square(revoked, merchant: "ML1", key: "other")
      #expect(await GatewayBench.post(run, forged, suffix: "square").status == 401)
      #expect(try await suspended().isEmpty)
      for _ in 0..<2 {
        let told = square(revoked, merchant: "ML1")
        #expect(await GatewayBench.post(run, told, suffix: "square").status == 200)
      }
      #expect(try await suspended() == ["sq1", "sq2"])
      // A merchant whom nobody knows, and what is about no location: taken, since Square turns off a URL that refuses.
      for other in [
        square(revoked, merchant: "ML9"), square("catalog.version.updated", merchant: "ML1"),
      ] {
        #expect(await GatewayBench.post(run, other, suffix: "square").status == 200)
      }
      #expect(try await suspended() == ["sq1", "sq2"])
    }
  }
}
