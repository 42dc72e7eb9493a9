import ChannelAdapter
import ChannelRegistry
import GatewayAPI
import Kit
import Primitives
import RPCCore
import Testing

@testable import GatewayService
@testable import SandboxServer

/// Goal: what a channel has signed and nobody can read, or nobody knows, is acknowledged, kept to be looked at, told once,
/// and takes nothing off any stock.
@Suite(.timeLimit(.minutes(5))) struct UnreadableEventTests {
  private static let publicURL = "https://gw.example.com"

  private func with(
    _ channel: String, _ body: (GatewayBench, GatewayBench.Run) async throws -> Void
  ) async throws {
    let adapter = ConversationWorld.adapter(channel)
    let bench = try GatewayBench(others: [adapter])
    let run = try await bench.start { $0.publicURL = Self.publicURL }
    let account = ConversationWorld.account(channel)
    do {
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: "acc", channelID: channel, externalID: account.externalID,
            baseURL: account.baseURL, credentials: account.credentials, locationID: "MAIN")))
      try await body(bench, run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  @Test(arguments: ConversationWorld.channels)
  func isKeptAndToldOnce(_ channel: String) async throws {
    try await with(channel) { bench, run in
      let adapter = ConversationWorld.adapter(channel)
      let (order, unknown) = Self.topics(channel)
      for count in 0..<3 {
        for topic in [order, unknown] {
          let request = Self.signed(channel, topic, more: #""n":\#(count)"#)
          let answer = await GatewayBench.post(run, request, suffix: channel)
          #expect(answer.status == adapter.traits.acknowledgement.status, "\(topic)")
          #expect(answer.body == adapter.traits.acknowledgement.body)
        }
      }
      try await GatewayBench.settled(run)
      let events = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(events.filter { $0.kind == "unreadable" && $0.state == .dead }.count == 3)
      #expect(events.filter { $0.kind == "unknown" && $0.state == .done }.count == 3)
      let dead = try #require(events.first { $0.state == .dead })
      #expect(dead.lastError.hasPrefix("EVENT_MALFORMED: "), "\(dead.lastError)")
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind).sorted() == ["EVENT_UNKNOWN", "EVENT_UNREADABLE"])
      #expect(alerts.map(\.raiseCount) == [3, 3])
      #expect(bench.pool.net.isEmpty)
      // Replayed, it is what it was.
      _ = try await run.client.replayInboxEvent(ReplayInboxEventRequest(inboxID: dead.inboxID))
      try await GatewayBench.settled(run)
      let again = try await run.client.listInboxEvents(ListInboxEventsRequest()).events
      #expect(again.first { $0.inboxID == dead.inboxID }?.state == .dead)
    }
  }

  @Test(arguments: ConformanceTable.able(.hearsDeauthorisation))
  func deauthorisationIsAnAlert(_ channel: String) async throws {
    try await with(channel) { bench, run in
      let topic = ["shopee": "2", "tiktok": "6", "shopify": "app/uninstalled"][channel] ?? ""
      let request = Self.signed(channel, topic, more: #""n":1"#)
      for _ in 0..<2 {
        #expect(await GatewayBench.post(run, request, suffix: channel).status < 300)
      }
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["ACCOUNT_SUSPENDED"] && alerts.map(\.raiseCount) == [1])
    }
  }

  /// A topic of orders, whose body then has no order, and one that nobody knows.
  private static func topics(_ channel: String) -> (order: String, unknown: String) {
    switch channel {
    case "shopee": ("3", "999")
    case "lazada": ("0", "999")
    case "tiktok": ("1", "999")
    case "shopify": ("orders/create", "apples/ripe")
    case "woocommerce": ("order.created", "apple.ripe")
    case "square": ("order.created", "apple.ripe")
    default: ("receipts.update", "apples.update")
    }
  }

  /// An event of the shop without what it should be about, signed as the channel signs.
  private static func signed(_ channel: String, _ topic: String, more: String) -> HTTPRequest {
    let account = ConversationWorld.account(channel)
    let shop = account.externalID
    func secret(_ name: String) -> String { account.credentials[name] ?? "" }
    var request =
      switch channel {
      case "shopee": post(#"{"shop_id":\#(shop),"code":\#(topic),"data":{},\#(more)}"#)
      case "lazada": post(#"{"seller_id":"\#(shop)","message_type":\#(topic),"data":{},\#(more)}"#)
      case "tiktok": post(#"{"type":\#(topic),"shop_id":"\#(shop)","data":{},\#(more)}"#)
      case "shopify":
        post("{\(more)}", [("x-shopify-topic", topic), ("x-shopify-shop-domain", shop)])
      case "woocommerce":
        post(
          "{\(more)}", [("x-wc-webhook-topic", topic), ("x-wc-webhook-source", "https://\(shop)")])
      case "square":
        post(#"{"location_id":"\#(shop)","type":"\#(topic)","data":{},\#(more)}"#)
      default:
        post(#"{"type":"\#(topic)","receipts":[{"store_id":"\#(shop)"}],\#(more)}"#)
      }
    let body = request.body
    let url = "\(publicURL)/hooks/\(channel)"
    let signature: (String, String) =
      switch channel {
      case "shopee":
        (
          "authorization",
          ChannelSignature.hex(key: secret("push_partner_key"), Array("\(url)|".utf8) + body)
        )
      case "lazada", "tiktok":
        (
          "authorization",
          ChannelSignature.hex(key: secret("app_secret"), Array(secret("app_key").utf8) + body)
        )
      case "shopify":
        ("x-shopify-hmac-sha256", ChannelSignature.base64(key: secret("client_secret"), body))
      case "woocommerce":
        ("x-wc-webhook-signature", ChannelSignature.base64(key: secret("webhook_secret"), body))
      case "square":
        (
          "x-square-hmacsha256-signature",
          ChannelSignature.base64(
            key: secret("webhook_signature_key"), Array(url.utf8) + body)
        )
      default:
        (
          "x-loyverse-signature",
          Hex.encode(HMAC.sha1(key: Array(secret("client_secret").utf8), body))
        )
      }
    request.headers.append(signature)
    return request
  }
}
