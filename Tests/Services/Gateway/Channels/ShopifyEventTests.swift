import ChannelAdapter
import Primitives
import RPCCore
import ShopifyChannel
import Testing

@Suite struct ShopifyEventTests {
  let adapter = ShopifyAdapter()
  let account = shopifyAccount()
  let body = SignatureVectorTests.bodyD
  let signature = "aq4Bq1j6xaURtlx8OAH5aL0waSCQgBYpXZ5OdmKbCGs="

  private func parse(
    _ body: String, _ topic: String?, _ headers: [(name: String, value: String)] = []
  ) throws(EventRefusal) -> ChannelEvent {
    let topics = topic.map { [(name: "x-shopify-topic", value: $0)] } ?? []
    return try adapter.parse(post(body, topics + headers), account: account)
  }

  private let order =
    ##"{"id":820982911946154508,"name":"#1001","created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00","line_items":[]}"##

  @Test func signedWebhookIsTaken() throws {
    for prefix in ["x-shopify-", "shopify-"] {
      let request = post(
        body,
        [("\(prefix)hmac-sha256", signature), ("\(prefix)shop-domain", "Demo.myshopify.com")])
      #expect(adapter.verify(request, account: account, hookURL: ""))
      #expect(try adapter.identify(request) == .shop("demo.myshopify.com"))
    }
  }

  @Test func anyOtherByteIsRefused() {
    for altered in alterations(of: body) {
      var request = post(body, [("x-shopify-hmac-sha256", signature)])
      request.body = altered
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
    for altered in alterations(of: signature) {
      let text = String(decoding: altered, as: UTF8.self)
      let request = post(body, [("x-shopify-hmac-sha256", text)])
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
  }

  @Test func bothSecretsOfARotationAreGood() {
    let request = post(body, [("x-shopify-hmac-sha256", signature)])
    var rotated = account
    rotated.credentials["client_secret"] = "the new one"
    #expect(!adapter.verify(request, account: rotated, hookURL: ""))
    rotated.credentials["client_secret_previous"] = "shopify_client_secret_demo"
    #expect(adapter.verify(request, account: rotated, hookURL: ""))
    rotated.credentials = ["client_secret": "", "client_secret_previous": ""]
    #expect(!adapter.verify(request, account: rotated, hookURL: ""))
    #expect(!adapter.verify(post(body), account: account, hookURL: ""))
    let other = post(body, [("authorization", signature)])
    #expect(!adapter.verify(other, account: account, hookURL: ""))
  }

  @Test(arguments: [
    "orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled",
    "ORDERS/CREATE",
  ])
  func orderTopicIsAnOrder(_ topic: String) throws {
    let event = try parse(order, topic, [("x-shopify-event-id", "e-1")])
    #expect(event.kind == .order)
    #expect(event.subject == "820982911946154508")
    #expect(event.updateTime.seconds == 1_767_582_005)
    #expect(event.key == "e-1:order:820982911946154508:2026-01-05T11:00:05+08:00")
    #expect(event.topic == topic.lowercased())
  }

  @Test func redeliveryHasTheSameKeyAndNewsAnother() throws {
    let event: [(name: String, value: String)] = [("x-shopify-event-id", "e-1")]
    let first = try parse(order, "orders/updated", event + [("x-shopify-webhook-id", "w-1")])
    let again = try parse(order, "orders/updated", event + [("x-shopify-webhook-id", "w-2")])
    #expect(first.key == again.key)
    #expect(try parse(order, "orders/updated", [("x-shopify-event-id", "e-2")]).key != first.key)
    let newer = order.replacing("11:00:05", with: "11:00:06")
    #expect(try parse(newer, "orders/updated", event).key != first.key)
    #expect(
      try parse(order, "orders/updated", [("x-shopify-webhook-id", "w-1")]).key
        == "w-1:order:820982911946154508:2026-01-05T11:00:05+08:00")
    #expect(try parse(order, "orders/updated").key == parse(order, "orders/updated").key)
  }

  private func refund(_ types: String..., fields: String = "") -> String {
    let lines = types.map {
      #"{"id":104689539,"line_item_id":466157049,"location_id":487838322,"quantity":1,"restock_type":"\#($0)"}"#
    }
    return
      #"{"id":509562969,"order_id":450789469,\#(fields)"created_at":"2026-01-06T09:24:45+08:00","restock":true,"refund_line_items":[\#(lines.joined(separator: ","))],"transactions":[]}"#
  }

  @Test func refundOfReturnedGoodsIsAReturn() throws {
    let event = try parse(refund("return"), "refunds/create")
    #expect(event.kind == .return)
    #expect(event.subject == "refund-509562969")
    let linked = try parse(
      refund("no_restock", "return", fields: #""return":{"id":77},"#), "refunds/create")
    #expect(linked.subject == "return-77")
  }

  @Test(arguments: ["cancel", "no_restock", "legacy_restock"])
  func refundOfGoodsThatDidNotComeBackConcernsTheOrder(_ type: String) throws {
    let event = try parse(refund(type), "refunds/create")
    #expect(event.kind == .order)
    #expect(event.subject == "450789469")
  }

  @Test func editedOrderIsNamedInside() throws {
    let event = try parse(#"{"order_edit":{"id":1,"order_id":450789469}}"#, "orders/edited")
    #expect(event.kind == .order)
    #expect(event.subject == "450789469")
  }

  @Test func returnTopicIsAReturn() throws {
    let event = try parse(
      #"{"id":77,"admin_graphql_api_id":"gid://shopify/Return/77","status":"requested"}"#,
      "returns/request", [("x-shopify-triggered-at", "2026-01-06T01:24:45.123Z")])
    #expect(event.kind == .return)
    #expect(event.subject == "return-77")
    #expect(event.updateTime.microseconds == 1_767_662_685_123_000)
  }

  @Test(arguments: [
    "inventory_levels/update", "products/update", "orders/delete", "shop/redact",
  ])
  func otherTopicsAreNothingToWorkOn(_ topic: String) throws {
    let level =
      #"{"inventory_item_id":48513488879793,"location_id":75596366001,"available":null,"updated_at":"2026-01-05T15:35:06+08:00"}"#
    #expect(try parse(level, topic).kind == .other)
    let odd = #"{"id":{"x":1},"updated_at":7,"order_id":[]}"#
    if topic != "orders/delete" { #expect(try parse(odd, topic).kind == .other) }
    #expect(throws: EventRefusal.self) { try parse("not json", topic) }
  }

  @Test(arguments: [
    ("", "orders/create", "the body is empty"), ("nope", "orders/create", "the body is not JSON"),
    ("{}", "orders/create", "id is missing"),
    (#"{"id":1}"#, "orders/create", "updated_at is missing"),
    (
      #"{"id":1,"updated_at":"yesterday"}"#, "orders/create",
      "updated_at is not an ISO 8601 time with an offset"
    ),
    (#"{"id":1,"updated_at":7}"#, "orders/create", "updated_at has the wrong type"),
    ("{}", "refunds/create", "id is missing"),
    (#"{"id":1}"#, "refunds/create", "order_id is missing"),
    (
      #"{"id":1,"order_id":2}"#, "refunds/create",
      "created_at is not an ISO 8601 time with an offset"
    ),
    ("{}", "orders/edited", "order_edit.order_id is missing"),
    ("{}", "returns/request", "id is missing"),
    ("{}", nil, "the header X-Shopify-Topic is missing"),
  ])
  func malformedWebhookSaysWhy(_ body: String, _ topic: String?, _ text: String) {
    #expect(refusal { () throws(EventRefusal) in try parse(body, topic) } == .malformed(text))
  }

  @Test func webhookWithoutAShopIsFromNobody() {
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(post(body)) }
    #expect(refused == .malformed("the header X-Shopify-Shop-Domain is missing"))
  }
}

func shopifyAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "shopify-demo"), channelID: ChannelID(trusted: "shopify"),
    externalID: "demo.myshopify.com",
    baseURL: "http://127.0.0.1:8090/shopify/demo.myshopify.com",
    credentials: [
      "access_token": "shpat_demo", "client_secret": "shopify_client_secret_demo",
      "location_id": "487838322",
    ])
}

func shopifyAPI(_ http: RecordedHTTP, _ more: [String: String] = [:]) -> ChannelAPI {
  var account = shopifyAccount()
  account.credentials.merge(more) { $1 }
  return ChannelAPI(
    account: account, http: http, clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}
