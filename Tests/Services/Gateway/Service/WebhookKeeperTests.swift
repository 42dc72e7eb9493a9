import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import Testing
import WooCommerceChannel

@testable import GatewayService

/// Webhooks that a channel turns off, and what one delivery may hold beside its event.
@Suite struct WebhookKeeperTests {
  private static let hook = "\(GatewayBench.hookURL)/hooks/woocommerce"

  private func webhooks(_ status: String) -> String {
    let topics = ["order.created", "order.updated", "order.deleted", "order.restored"]
    let rows = topics.enumerated().map { index, topic in
      #"{"id":\#(index),"status":"\#(index == 1 ? status : "active")","topic":"\#(topic)","delivery_url":"\#(Self.hook)"}"#
    }
    return "[\(rows.joined(separator: ","))]"
  }

  private func session(_ run: GatewayBench.Run, _ http: RecordedHTTP) -> AccountSession {
    let now = run.gateway.store.clock.now()
    return AccountSession(
      ConnectionRow(
        account: wooCommerceAccount(), callsPerSecond: 1_000, locationID: "", updateTime: now,
        connectTime: now), adapter: WooCommerceAdapter(),
      AccountSession.Surroundings(
        http: http, store: run.gateway.store, keys: run.gateway.keys, alerts: run.gateway.alerts,
        metrics: GatewayMetrics(Metrics()), log: .silent, background: run.background,
        wantsAddresses: false))
  }

  @Test func webhookThatWasTurnedOffIsAnAlertUntilAllIsWell() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let http = RecordedHTTP(webhooks("disabled"), #"{"id":1}"#, webhooks("active"))
      let session = session(run, http)
      let keeper = WebhookKeeper(
        directory: run.gateway.directory, alerts: run.gateway.alerts,
        publicURL: GatewayBench.hookURL, log: .silent)
      #expect(await keeper.check(session))
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.map(\.kind) == ["WEBHOOK_DISABLED"])
      #expect(alerts.first?.message.contains("order.updated") == true)
      #expect(http.requests.map(\.method) == ["GET", "PUT"])
      await keeper.check(session)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
      // A channel that does not answer changes nothing, and is soon asked again.
      #expect(await keeper.check(session) == false)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  /// The order and the refund in it are two events, each stored once.
  @Test func companionsOfAnEventAreStoredWithIt() async throws {
    let bench = try GatewayBench(others: [WooCommerceAdapter()])
    try await bench.run { run in
      let account = wooCommerceAccount()
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: account.accountID.text, channelID: "woocommerce",
            externalID: account.externalID, baseURL: account.baseURL,
            credentials: account.credentials, locationID: "MAIN")))
      let body = wooOrder(
        status: "completed",
        more: #","date_completed_gmt":"2026-01-05T04:00:00","refunds":[{"id":730}]"#)
      let signature = ChannelSignature.base64(key: "woo_webhook_secret_demo", Array(body.utf8))
      let request = post(
        body,
        [
          ("x-wc-webhook-source", "https://shop.example.com/"),
          ("x-wc-webhook-topic", "order.updated"), ("x-wc-webhook-signature", signature),
        ])
      for _ in 0..<2 {
        #expect(await GatewayBench.post(run, request, suffix: "woocommerce").status == 200)
      }
      let events = try await run.client.listInboxEvents(
        ListInboxEventsRequest(accountID: account.accountID.text)
      ).events
      #expect(Set(events.map(\.eventKey)).contains("refund:727-730"))
      #expect(events.count == 2)
    }
  }
}
