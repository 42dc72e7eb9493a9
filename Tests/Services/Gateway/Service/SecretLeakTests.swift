import ChannelAdapter
import Foundation
import GatewayAPI
import Kit
import LazadaChannel
import LoyverseChannel
import Primitives
import RPCCore
import ShopeeChannel
import ShopifyChannel
import SquareChannel
import Synchronization
import Testing
import TikTokShopChannel
import WooCommerceChannel

@testable import GatewayService

@Suite struct SecretLeakTests {
  /// A channel that answers every call with all that it was sent: each account in another of the ways
  /// in which channels fail.
  private struct Echo: ChannelHTTP {
    static let ways = 5

    func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
      let headers = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: " ")
      let body = String(decoding: request.body, as: UTF8.self)
      // The body first: texts are cut.
      let heard = "\(body) \(headers) \(request.url)"
      let object: [String: Any] = [
        "error": "error_param", "code": "IllegalParameter", "message": heard, "errors": heard,
        "request_id": heard,
      ]
      let json = [UInt8]((try? JSONSerialization.data(withJSONObject: object)) ?? Data())
      let path = request.url.split(separator: "/").dropFirst(2).first ?? ""
      switch Int(path) {
      case 1: return ChannelReply(status: 200, body: json)
      case 2: return ChannelReply(status: 400, body: json)
      case 3: return ChannelReply(status: 401, body: Array(heard.utf8))
      case 4: return ChannelReply(status: 500, body: Array(heard.utf8))
      default: throw .unavailable("no answer from \(heard)")
      }
    }
  }

  private static let credentials: [String: [String: String]] = [
    "shopee": [
      "partner_id": "2001887", "partner_key": "shopee-partner-key/1+a",
      "push_partner_key": "shpk-shopee-push-key", "access_token": "shopee-access-token=1",
      "refresh_token": "shopee-refresh-token/2",
    ],
    "lazada": [
      "app_key": "123456", "app_secret": "lazada-app-secret+1",
      "access_token": "lazada-access-token/1=", "refresh_token": "lazada-refresh-token=",
    ],
    "shopify": [
      "access_token": "shpat-shopify-access-token", "client_secret": "shopify-client-secret",
      "client_id": "shopify-client", "refresh_token": "shopify-refresh-token/9",
      "location_id": "77",
    ],
    "tiktok": [
      "app_key": "fake_app_key", "app_secret": "tiktok-app-secret/1+",
      "access_token": "tiktok-access-token=1", "refresh_token": "tiktok-refresh-token/1",
      "shop_cipher": "tiktok-shop-cipher+1",
    ],
    "woocommerce": [
      "consumer_key": "ck_woo-consumer-key-1", "consumer_secret": "cs_woo-consumer-secret/1",
      "webhook_secret": "woo-webhook-secret-1",
    ],
    "square": [
      "access_token": "EAAA-square-access-token", "refresh_token": "EQAA-square-refresh-token",
      "client_id": "sq0idp-demo", "client_secret": "sq0csp-square-client-secret",
      "webhook_signature_key": "square-signature-key/1",
    ],
    "loyverse": [
      "access_token": "loyverse-access-token-1", "refresh_token": "loyverse-refresh-token-1",
      "client_id": "lv_client", "client_secret": "loyverse-client-secret/1",
      "hook_token": "loyverse-hook-token-1",
    ],
    "till": ["token": "till-bearer-token-1"],
  ]

  /// What must not be seen anywhere: each secret as it is and as URLs, JSON, Base64 and hex have it;
  /// its first bytes, since texts are cut.
  private static var forms: [[UInt8]] {
    let secrets =
      credentials.values.flatMap { account in
        account.filter { !["partner_id", "app_key", "location_id", "client_id"].contains($0.key) }
          .values
      } + ["authorisation-code-1"]
    return secrets.flatMap { secret -> [String] in
      let start = String(secret.prefix(12))
      let encoded = secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret
      return [
        start, String(encoded.prefix(16)), Data(secret.utf8).base64EncodedString(),
        Hex.encode(Array(secret.utf8)),
      ]
    }.map { Array($0.utf8) }
  }

  private static func expectNone(in bytes: [UInt8], _ place: String) {
    let data = Data(bytes)
    for form in forms where data.range(of: Data(form)) != nil {
      Issue.record("\(place) shows \(String(decoding: form, as: UTF8.self))")
    }
  }

  /// Accounts of each channel, one a way of failing.
  private static var accounts: [(id: String, channel: String, way: Int)] {
    credentials.keys.sorted().flatMap { channel in
      (1...Echo.ways).map { ("\(channel)-\($0)", channel, $0) }
    }
  }

  /// The addresses at which codes are given up that were traded by hand: each channel that trades them.
  private static func tradeCodes(_ run: GatewayBench.Run) async -> [String] {
    var texts: [String] = []
    for account in accounts where !["till", "woocommerce"].contains(account.channel) {
      var given = credentials[account.channel] ?? [:]
      given["auth_code"] = "authorisation-code-1"
      let request = ConnectAccountRequest(
        connection: Connection(
          accountID: "new-\(account.id)", channelID: account.channel,
          externalID: "\(account.way)99", baseURL: "https://api.example.com/\(account.way)",
          credentials: given, locationID: "MAIN"))
      do {
        texts.append("\(try await run.client.connectAccount(request))")
      } catch {
        texts.append("\(error) \(error.message) \(error.metadata)")
      }
    }
    return texts
  }

  private static func connect(_ run: GatewayBench.Run) async throws {
    for account in accounts {
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: account.id, channelID: account.channel, externalID: "\(account.way)00200300",
            baseURL: "https://api.example.com/\(account.way)",
            credentials: credentials[account.channel] ?? [:], locationID: "MAIN")))
    }
  }

  /// What operators are told by RPC, in words, once they have asked every channel for its listings.
  /// All at once: an account whose token was refused is left alone for a while, and its import waits.
  private static func answers(_ run: GatewayBench.Run) async -> [String] {
    await withTaskGroup(of: String.self) { group in
      for account in accounts {
        group.addTask {
          do throws(RPCError) {
            let request = ImportListingsRequest(accountID: account.id)
            return "\(try await run.client.importListings(request))"
          } catch {
            return "\(error) \(error.message) \(error.metadata) \(error.reason)"
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  private static func lists(_ run: GatewayBench.Run) async throws -> [String] {
    [
      "\(try await run.client.listConnections(ListConnectionsRequest()))",
      "\(try await run.client.listAlerts(ListAlertsRequest(includeResolved: true)))",
      "\(try await run.client.listInboxEvents(ListInboxEventsRequest()))",
      "\(try await run.client.listListingPushes(ListListingPushesRequest()))",
    ]
  }

  /// Goal: no secret is in the log, an error, an answer, an alert, the metrics or the store, whatever
  /// a channel repeats of it. Method: channels that answer with all that they were sent.
  @Test func noSecretIsSeenAnywhere() async throws {
    let bench = try GatewayBench(
      others: [
        ShopeeAdapter(), LazadaAdapter(), ShopifyAdapter(), TikTokShopAdapter(),
        WooCommerceAdapter(), SquareAdapter(), LoyverseAdapter(),
      ])
    bench.pool.receive("TEE", 9)
    let written = Mutex<[UInt8]>([])
    let webhook = RecordedHTTP(Array(repeating: ChannelReply(status: 200), count: 1000))
    let run = try await bench.start {
      $0.http = Echo()
      $0.log = Log(level: .debug, format: .logfmt, clock: SystemClock()) { line in
        written.withLock { $0 += line }
      }
      $0.alertWebhook = AlertWebhook(
        url: "https://ops.example.com", secret: Secret("webhook-secret-9"), http: webhook,
        repeatAfter: .seconds(3600))
    }
    try await Self.connect(run)
    for text in await Self.tradeCodes(run) { Self.expectNone(in: Array(text.utf8), "a refusal") }
    for text in await Self.answers(run) { Self.expectNone(in: Array(text.utf8), "an answer") }
    for account in Self.accounts where account.channel != "till" {
      bench.mapping.set(account.id, item: "1", variation: "7", takes: [("TEE", 1)])
      bench.mapping.state.withLock {
        $0.listings["\(account.id)/1/7"]?.attributes = [
          "inventory_item_id": "gid://shopify/InventoryItem/1", "location_id": "77",
        ]
      }
    }
    try await eventually("every channel has refused something") {
      let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
      let failed = pushes.filter { !$0.lastError.isEmpty }
      return Set(failed.map { $0.accountID.split(separator: "-").first }).count == 7
    }
    for text in try await Self.lists(run) { Self.expectNone(in: Array(text.utf8), "a list") }
    await run.gateway.teller.look()
    for request in webhook.requests { Self.expectNone(in: request.body, "the webhook") }
    Self.expectNone(in: Array(run.metrics.exposition().utf8), "/metrics")
    let log = written.withLock { $0 }
    #expect(String(decoding: log, as: UTF8.self).contains("(secret)"), "something was hidden")
    Self.expectNone(in: log, "the log")
    let folder = bench.folder
    func readStore(_ place: String) throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
        Self.expectNone(in: [UInt8](data), "\(name) \(place)")
      }
    }
    try readStore("while it runs")
    await run.stop()
    try readStore("afterwards")
  }
}
