import ChannelAdapter
import Primitives
import RPCCore
import Testing
import WooCommerceChannel

@Suite struct WooCommerceEventTests {
  let adapter = WooCommerceAdapter()
  let account = wooCommerceAccount()
  let body = SignatureVectorTests.bodyE
  let signature = "XlSyGr6+QROrD7Mqjh03GRiXfbXcy5eH2+1mByD2sIE="

  private func parse(
    _ body: String, _ topic: String? = "order.updated"
  ) throws(EventRefusal) -> ChannelEvent {
    let headers = topic.map { [(name: "x-wc-webhook-topic", value: $0)] } ?? []
    return try adapter.parse(post(body, headers), account: account)
  }

  @Test func signedWebhookIsTaken() throws {
    let request = post(
      body,
      [
        ("x-wc-webhook-signature", signature),
        ("x-wc-webhook-source", "https://Shop.example.com/"),
      ])
    #expect(adapter.verify(request, account: account, hookURL: ""))
    #expect(try adapter.identify(request) == .shop("shop.example.com"))
    for (source, site) in [
      ("http://example.com/shop/", "example.com/shop"), ("shop.example.com", "shop.example.com"),
    ] {
      let other = post(body, [("x-wc-webhook-source", source)])
      #expect(try adapter.identify(other) == .shop(site))
    }
  }

  @Test func anyOtherByteIsRefused() {
    for altered in alterations(of: body) {
      var request = post(body, [("x-wc-webhook-signature", signature)])
      request.body = altered
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
    for altered in alterations(of: signature) {
      let text = String(decoding: altered, as: UTF8.self)
      let request = post(body, [("x-wc-webhook-signature", text)])
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
    #expect(!adapter.verify(post(body), account: account, hookURL: ""))
  }

  @Test func bothSecretsOfARotationAreGoodAndNoneIsNot() {
    let request = post(body, [("x-wc-webhook-signature", signature)])
    var rotated = account
    rotated.credentials["webhook_secret"] = "another"
    #expect(!adapter.verify(request, account: rotated, hookURL: ""))
    rotated.credentials["webhook_secret_previous"] = "woo_webhook_secret_demo"
    #expect(adapter.verify(request, account: rotated, hookURL: ""))
    rotated.credentials = ["webhook_secret": "", "webhook_secret_previous": ""]
    // What an empty key would sign.
    let empty = post(
      body,
      [("x-wc-webhook-signature", ChannelSignature.base64(key: "", Array(body.utf8)))])
    #expect(!adapter.verify(empty, account: rotated, hookURL: ""))
  }

  private func form(_ body: String, _ headers: [(name: String, value: String)] = []) -> HTTPRequest
  {
    HTTPRequest(
      method: "POST", path: "/hooks",
      headers: [("content-type", "application/x-www-form-urlencoded")] + headers,
      body: Array(body.utf8))
  }

  /// A new webhook's first delivery: a form, unsigned, from no shop.
  @Test func pingIsAnsweredAndNothingElseLikeIt() throws {
    #expect(try adapter.identify(form("webhook_id=12")) == .test)
    #expect(adapter.traits.acknowledgement.status == 200)
    for body in ["webhook_id=", "webhook_id=12&order=1", "webhook_id=x", "", "id=12"] {
      let refused = refusal { () throws(EventRefusal) in try adapter.identify(form(body)) }
      #expect(refused != nil, "\(body)")
    }
    let signed = form("webhook_id=12", [("x-wc-webhook-signature", "x")])
    #expect(refusal { () throws(EventRefusal) in try adapter.identify(signed) } != nil)
    let sourceless = refusal { () throws(EventRefusal) in try adapter.identify(post(body)) }
    #expect(sourceless == .malformed("the header X-WC-Webhook-Source is missing"))
  }

  @Test(arguments: ["order.created", "order.updated", "order.restored", "ORDER.UPDATED"])
  func orderTopicIsAnOrder(_ topic: String) throws {
    let event = try parse(wooOrder(), topic)
    #expect(event.kind == .order && event.subject == "727")
    #expect(event.updateTime.seconds == 1_767_582_002)
    #expect(event.topic == topic.lowercased())
  }

  /// WooCommerce sends many deliveries of one change: those that say the same are one event.
  @Test func sameNewsHasTheSameKey() throws {
    let first = try parse(wooOrder()).key
    #expect(try parse(wooOrder(), "order.created").key == first)
    #expect(try parse(wooOrder(), "order.updated").key == first)
    let spaced = wooOrder().replacing(":", with: ": ").replacing("T03: 00: 0", with: "T03:00:0")
    #expect(try parse(spaced).key == first, "another spelling of the same order")
    let others = [
      wooOrder(status: "completed"), wooOrder(modified: "2026-01-05T03:00:03"),
      wooOrder(lines: [wooLine(quantity: 3)]), wooOrder(more: #","refunds":[{"id":730}]"#),
      wooOrder(lines: [
        wooLine(meta: #"[{"key":"_restock_refunded_items","value":"1"}]"#)
      ]),
      wooOrder(id: "728"),
    ]
    let keys = try Set(others.map { try parse($0).key })
    #expect(keys.count == others.count && !keys.contains(first))
  }

  /// The clock ticks in seconds: what comes later in an order's life is newer within one.
  @Test func statusesOfOneSecondAreInTheOrderOfLife() throws {
    let statuses = ["checkout-draft", "pending", "processing", "completed", "refunded"]
    let times = try statuses.map { try parse(wooOrder(status: $0)).updateTime }
    #expect(times == times.sorted() && Set(times).count == statuses.count)
    #expect(Set(times.map(\.seconds)) == [1_767_582_002])
    #expect(try parse(wooOrder(status: "failed")).updateTime == times[1])
    #expect(try parse(wooOrder(status: "a-plugins-own")).updateTime == times[2])
  }

  @Test func deletedOrderHasAnIDAlone() throws {
    let event = try parse(#"{"id":727}"#, "order.deleted")
    #expect(event.kind == .order && event.subject == "727")
    #expect(adapter.companions(of: event).isEmpty)
  }

  /// Five refusals turn a webhook off, so what has an ID is taken and fetched.
  @Test(arguments: [
    #"{"id":727}"#, #"{"id":"727","status":null,"line_items":{}}"#,
    #"{"id":727,"status":"processing","date_created_gmt":"yesterday","date_modified_gmt":7}"#,
    #"{"id":727,"status":"processing","date_created_gmt":"x","date_modified_gmt":"x","line_items":[]}"#,
  ])
  func orderThatCannotBeReadIsTakenToBeFetched(_ body: String) throws {
    let event = try parse(body)
    #expect(event.kind == .order && event.subject == "727")
  }

  @Test(arguments: [
    ("", "order.updated", "the body is empty"), ("nope", "order.updated", "the body is not JSON"),
    ("{}", "order.updated", "id is missing"), (#"{"id":0}"#, "order.created", "id is missing"),
    (#"{"id":null}"#, "order.deleted", "id is null"),
    ("[]", "order.updated", "the body has the wrong type"),
    ("{}", nil, "the header X-WC-Webhook-Topic is missing"),
    ("[]", "product.updated", "the body is not a JSON object"),
  ])
  func malformedWebhookSaysWhy(_ body: String, _ topic: String?, _ text: String) {
    #expect(refusal { () throws(EventRefusal) in try parse(body, topic) } == .malformed(text))
  }

  @Test(arguments: ["product.updated", "customer.created", "coupon.deleted", "action.anything"])
  func otherTopicsAreNothingToWorkOn(_ topic: String) throws {
    #expect(try parse(#"{"id":{"x":1}}"#, topic).kind == .other)
  }

  @Test func refundsOfAnOrderThatLeftAreCompanions() throws {
    let refunds =
      #","date_completed_gmt":"2026-01-05T04:00:00","refunds":[{"id":730},{"id":731},{"id":730}]"#
    let event = try parse(wooOrder(status: "completed", more: refunds))
    let companions = adapter.companions(of: event)
    #expect(companions.map(\.subject) == ["727-730", "727-731"])
    #expect(companions.map(\.key) == ["refund:727-730", "refund:727-731"])
    #expect(companions.allSatisfy { $0.kind == .return })
    // Before it left, a refund is the order's own affair.
    let waiting = try parse(wooOrder(more: #","refunds":[{"id":730}]"#))
    #expect(adapter.companions(of: waiting).isEmpty)
    #expect(adapter.companions(of: try parse(wooOrder(status: "completed"))).isEmpty)
  }
}

func wooLine(
  id: Int = 315, product: String = "93", variation: String = "95", quantity: Int = 2,
  sku: String = #""TEE-BLK-M""#, meta: String = "[]"
) -> String {
  #"{"id":\#(id),"name":"Tee","product_id":\#(product),"variation_id":\#(variation),"quantity":\#(quantity),"sku":\#(sku),"meta_data":\#(meta)}"#
}

func wooOrder(
  id: String = "727", status: String = "processing", modified: String = "2026-01-05T03:00:02",
  lines: [String] = [wooLine()], more: String = ""
) -> String {
  #"{"id":\#(id),"status":"\#(status)","date_created_gmt":"2026-01-05T03:00:00","date_modified_gmt":"\#(modified)","line_items":[\#(lines.joined(separator: ","))]\#(more)}"#
}

func wooCommerceAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "woo-demo"), channelID: ChannelID(trusted: "woocommerce"),
    externalID: "shop.example.com", baseURL: "https://shop.example.com",
    credentials: [
      "consumer_key": "ck_demo", "consumer_secret": "cs_demo",
      "webhook_secret": "woo_webhook_secret_demo",
    ])
}

func wooCommerceAPI(_ http: any ChannelHTTP, baseURL: String? = nil) -> ChannelAPI {
  var account = wooCommerceAccount()
  account.baseURL = baseURL ?? account.baseURL
  return ChannelAPI(
    account: account, http: http, clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}
