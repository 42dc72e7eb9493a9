import ChannelAdapter
import Primitives
import Testing

@testable import WooCommerceChannel

/// Keys, parcels, sweeps and webhooks.
@Suite struct WooCommerceServiceTests {
  let adapter = WooCommerceAdapter()

  // MARK: Keys

  private func ask(_ http: RecordedHTTP, baseURL: String? = nil) async -> ChannelError? {
    await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: nil, api: wooCommerceAPI(http, baseURL: baseURL))
    }
  }

  @Test func keysGoIntoTheHeaderOverTLS() async throws {
    let http = RecordedHTTP("[]")
    #expect(await ask(http) == nil)
    let request = http.requests[0]
    // "ck_demo:cs_demo"
    #expect(
      request.headers.first { $0.name == "authorization" }?.value == "Basic Y2tfZGVtbzpjc19kZW1v")
    #expect(request.parameters["consumer_key"] == nil)
  }

  @Test func keysGoIntoTheQueryWhereAHostStripsTheHeader() async throws {
    let http = RecordedHTTP("[]")
    var api = wooCommerceAPI(http)
    api.account.credentials["keys_in_query"] = "true"
    _ = try await adapter.fetchListings(after: nil, api: api)
    let request = http.requests[0]
    #expect(request.parameters["consumer_key"] == "ck_demo")
    #expect(request.parameters["consumer_secret"] == "cs_demo")
    #expect(!request.headers.contains { $0.name == "authorization" })
  }

  @Test func withoutTLSCallsAreSignedAndTheSecretStaysHere() async throws {
    let http = RecordedHTTP("[]", "[]")
    for _ in 0..<2 { #expect(await ask(http, baseURL: "http://shop.example.com") == nil) }
    let parameters = http.requests.map(\.parameters)
    #expect(parameters[0]["oauth_timestamp"] == "1700000000")
    #expect(parameters[0]["oauth_nonce"] != parameters[1]["oauth_nonce"])
    let signed = parameters[0].filter { $0.key != "oauth_signature" }
    #expect(
      parameters[0]["oauth_signature"]
        == WooCommerceSigning.sign(
          method: "GET", url: http.requests[0].path, parameters: signed.map { ($0.key, $0.value) },
          consumerSecret: "cs_demo"))
    for request in http.requests {
      #expect(!request.url.contains("cs_demo"))
      #expect(!request.headers.contains { $0.name == "authorization" })
    }
  }

  @Test(arguments: [
    (401, #"{"code":"woocommerce_rest_cannot_view","message":"Sorry"}"#, "unauthorised"),
    (401, "<html>", "unauthorised"),
    (403, #"{"code":"rest_forbidden","message":"x"}"#, "unauthorised"),
    (403, "<html>blocked</html>", "unauthorised"),
    (404, #"{"code":"rest_no_route","message":"x"}"#, "notFound"),
    (400, #"{"code":"rest_invalid_param","message":"x"}"#, "refused"),
    (413, #"{"code":"woocommerce_rest_request_entity_too_large","message":"x"}"#, "refused"),
    (429, #"{"code":"too_many","message":"x"}"#, "rateLimited"), (429, "", "rateLimited"),
    (500, #"{"code":"internal_server_error","message":"x"}"#, "unavailable"),
    (503, "<html>", "unavailable"), (301, "", "refused"), (200, "<html>", "malformed"),
    (200, #"{"id":1}"#, "malformed"),
  ])
  func answerSaysWhatCanBeDone(_ status: Int, _ body: String, _ kind: String) async {
    #expect(await ask(RecordedHTTP([ChannelReply(status, body)]))?.kind == kind)
  }

  @Test func missingKeysAreSomebodysTask() async throws {
    var api = wooCommerceAPI(RecordedHTTP())
    api.account.credentials["consumer_secret"] = ""
    let asked = api
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: nil, api: asked)
    }
    #expect(error?.kind == "unauthorised")
    #expect(try await adapter.refreshCredentials(api: api) == nil)
  }

  // MARK: Parcels

  private func ship(
    _ lines: [(lineID: String, quantity: Quantity)], tracking: String = "TRK1", _ http: RecordedHTTP
  ) async throws(ChannelError) {
    try await adapter.markShipped(
      ShippedNotice(
        orderExternalID: "727", trackingNumber: tracking, carrier: "Ninja", lines: lines),
      api: wooCommerceAPI(http))
  }

  private let saved = #"{"id":727}"#

  @Test func wholeOrderIsCompletedAndTheCustomerTold() async throws {
    let http = RecordedHTTP(wooOrder(), saved, "[]", #"{"id":9}"#)
    try await ship([("315", 2)], http)
    #expect(http.requests.map(\.method) == ["GET", "PUT", "GET", "POST"])
    #expect(http.requests[1].text.contains(#""status":"completed""#))
    #expect(http.requests[1].text.contains(#""value":"315:2""#))
    #expect(http.requests[3].text == #"{"customer_note":true,"note":"Shipped: Ninja TRK1"}"#)
  }

  @Test func tellingItTwiceIsASuccessAndOneNote() async throws {
    let note = #"[{"id":9,"note":"Shipped: Ninja TRK1","customer_note":true}]"#
    let http = RecordedHTTP(wooOrder(status: "completed"), note)
    try await ship([("315", 2)], http)
    #expect(http.requests.map(\.method) == ["GET", "GET"])
  }

  /// Goal: of an order that left and came back the answer may be heard late; one that never left cannot be told.
  @Test func tellingItAgainAfterTheGoodsCameBackIsASuccess() async throws {
    let note = #"[{"id":9,"note":"Shipped: Ninja TRK1","customer_note":true}]"#
    let left = #","date_completed_gmt":"2026-01-05T03:00:01""#
    let http = RecordedHTTP(wooOrder(status: "refunded", more: left), note)
    try await ship([("315", 2)], http)
    #expect(http.requests.map(\.method) == ["GET", "GET"])
    let kept = RecordedHTTP(wooOrder(status: "refunded"))
    let error = await #expect(throws: ChannelError.self) { try await ship([("315", 2)], kept) }
    #expect(error?.kind == "refused")
  }

  /// The order is completed by its last parcel, whichever is told twice.
  @Test func partsCompleteItTogether() async throws {
    let first = RecordedHTTP(wooOrder(), saved, "[]", #"{"id":9}"#)
    try await ship([("315", 1)], first)
    #expect(!first.requests[1].text.contains("completed"))
    let change = first.requests[1].text
    let meta = String(change.dropFirst(#"{"meta_data":"#.count).dropLast())
    let known = wooOrder(more: #","meta_data":\#(meta)"#)
    let again = RecordedHTTP(known, saved, "[]", #"{"id":9}"#)
    try await ship([("315", 1)], again)
    #expect(again.requests[1].text == change)
    let second = RecordedHTTP(known, saved, "[]", #"{"id":10}"#)
    try await ship([("315", 1)], tracking: "TRK2", second)
    #expect(second.requests[1].text.contains(#""status":"completed""#))
  }

  /// What a parcel held is read again however many lines it had.
  @Test func partsOfManyLinesCompleteItTogether() async throws {
    let lines = (1...60).map { wooLine(id: 300_000 + $0, quantity: 1) }
    func part(_ range: ClosedRange<Int>) -> [(lineID: String, quantity: Quantity)] {
      range.map { (String(300_000 + $0), 1) }
    }
    let first = RecordedHTTP(wooOrder(lines: lines), saved, "[]", #"{"id":9}"#)
    try await ship(part(1...40), first)
    let meta = first.requests[1].text.dropFirst(#"{"meta_data":"#.count).dropLast()
    let known = wooOrder(lines: lines, more: #","meta_data":\#(meta)"#)
    let second = RecordedHTTP(known, saved, "[]", #"{"id":10}"#)
    try await ship(part(41...60), tracking: "TRK2", second)
    #expect(second.requests[1].text.contains(#""status":"completed""#))
  }

  @Test func refundedUnitsNeedNoParcel() async throws {
    let refunds =
      #"[{"id":730,"date_created_gmt":"2026-01-05T04:00:00","line_items":[{"id":8,"quantity":-1,"meta_data":[{"key":"_refunded_item_id","value":"315"}]}]}]"#
    let http = RecordedHTTP(
      wooOrder(more: #","refunds":[{"id":730}]"#), refunds, saved, "[]", #"{"id":9}"#)
    try await ship([("315", 1)], http)
    #expect(http.requests[2].text.contains(#""status":"completed""#))
  }

  @Test func orderThatEndedIsNotShipped() async {
    for status in ["cancelled", "refunded", "trash"] {
      let error = await failure { () async throws(ChannelError) in
        try await ship([("315", 2)], RecordedHTTP(wooOrder(status: status)))
      }
      #expect(error?.kind == "refused")
    }
  }

  // MARK: Cancelling

  private func cancel(
    _ lines: [(lineID: String, quantity: Quantity)], _ http: RecordedHTTP
  ) async throws(ChannelError) {
    try await adapter.cancelOrder(
      OrderCancellation(orderExternalID: "727", lines: lines), api: wooCommerceAPI(http))
  }

  @Test func wholeOrderIsCancelledByItsStatus() async throws {
    for lines: [(lineID: String, quantity: Quantity)] in [[], [("315", 2)]] {
      let http = RecordedHTTP(wooOrder(), saved)
      try await cancel(lines, http)
      #expect(http.requests.map(\.method) == ["GET", "PUT"])
      #expect(http.requests[1].text == #"{"status":"cancelled"}"#)
    }
  }

  /// A target in all, so that a repeat takes nothing more; no money is moved.
  @Test func partIsCancelledOnce() async throws {
    let http = RecordedHTTP(wooOrder(), #"{"id":730}"#)
    try await cancel([("315", 1)], http)
    #expect(http.requests[1].path.hasSuffix("/orders/727/refunds"))
    #expect(
      http.requests[1].text
        == #"{"amount":"0.00","api_refund":false,"api_restock":true,"line_items":[{"id":315,"quantity":1,"refund_total":0}],"reason":"out of stock"}"#
    )
    let refunds =
      #"[{"id":730,"date_created_gmt":"2026-01-05T04:00:00","line_items":[{"id":8,"quantity":-1,"meta_data":[{"key":"_refunded_item_id","value":"315"}]}]}]"#
    let again = RecordedHTTP(wooOrder(more: #","refunds":[{"id":730}]"#), refunds)
    try await cancel([("315", 1)], again)
    #expect(again.requests.map(\.method) == ["GET", "GET"])
  }

  @Test func whatIsOverIsCancelledAndWhatLeftIsNot() async throws {
    let over = RecordedHTTP(wooOrder(status: "cancelled"))
    try await cancel([], over)
    #expect(over.requests.count == 1)
    let error = await failure { () async throws(ChannelError) in
      try await cancel([], RecordedHTTP(wooOrder(status: "completed")))
    }
    #expect(error?.kind == "refused")
  }

  // MARK: Sweeps

  private func orders(_ range: ClosedRange<Int>, _ modified: (Int) -> String) -> String {
    "[" + range.map { wooOrder(id: String($0), modified: modified($0)) }.joined(separator: ", ")
      + "]"
  }

  private func sweep(
    _ http: RecordedHTTP
  ) async throws(ChannelError) -> [ChannelEvent] {
    var events: [ChannelEvent] = []
    var cursor: String?
    repeat {
      let page = try await adapter.changedOrders(
        since: Timestamp(seconds: 1_767_582_000), after: cursor, api: wooCommerceAPI(http))
      events += page.events
      cursor = page.nextCursor
    } while cursor != nil
    return events
  }

  @Test func sweepBringsWhatTheWebhookWouldHave() async throws {
    let left = wooOrder(
      id: "728", status: "completed",
      more: #","date_completed_gmt":"2026-01-05T04:00:00","refunds":[{"id":730}]"#)
    let http = RecordedHTTP("[\(wooOrder()), 7, {}, \(left)]")
    let events = try await sweep(http)
    let sent = try adapter.parse(
      post(wooOrder(), [("x-wc-webhook-topic", "order.updated")]), account: wooCommerceAccount())
    #expect(events.map(\.subject) == ["727", "728", "728-730"])
    #expect(events[0] == sent)
    let parameters = http.requests[0].parameters
    #expect(parameters["modified_after"] == "2026-01-05T02:59:59")
    #expect(parameters["dates_are_gmt"] == "true")
    #expect(parameters["orderby"] == "modified" && parameters["order"] == "asc")
  }

  /// Sorted by their change, orders that change meanwhile move behind: the sweep goes on by time.
  @Test func sweepGoesOnByTimeAndByPagesWithinASecond() async throws {
    let http = RecordedHTTP(
      orders(1...100) { _ in "2026-01-05T03:00:00" },
      orders(101...200) { _ in "2026-01-05T03:00:05" },
      orders(200...201) { _ in "2026-01-05T03:00:05" })
    #expect(try await sweep(http).count == 202)
    #expect(
      http.requests.map { $0.parameters["modified_after"] } == [
        "2026-01-05T02:59:59", "2026-01-05T02:59:59", "2026-01-05T03:00:04",
      ])
    #expect(http.requests.map { $0.parameters["page"] } == ["1", "2", "1"])
  }

  @Test func answerThatIsNoListIsMalformed() async {
    for body in ["{}", "<html>", "", "[1", "[1]]", "7"] {
      let error = await failure { () async throws(ChannelError) in
        try await sweep(RecordedHTTP(body))
      }
      #expect(error?.kind == "malformed", "\(body)")
    }
  }

  @Test(arguments: [
    ("[]", []), (" [ ] ", []), ("[1,2]", ["1", "2"]),
    (#"[ {"a":"],[\"{"} , [1,[2]] ,"x,y"]"#, [#"{"a":"],[\"{"} "#, "[1,[2]] ", #""x,y""#]),
  ])
  func elementsAreTheBytesThatWereSent(_ text: String, _ elements: [String]) {
    let found = ChannelJSON.elements(of: Array(text.utf8))
    #expect(found?.map { String(decoding: $0, as: UTF8.self) } == elements)
  }

  // MARK: Webhooks

  private let hook = "https://gw.example.com/hooks/woocommerce"

  private func webhook(_ id: Int, _ topic: String, _ status: String, url: String? = nil) -> String {
    #"{"id":\#(id),"status":"\#(status)","topic":"\#(topic)","delivery_url":"\#(url ?? hook)"}"#
  }

  private func care(_ http: RecordedHTTP) async throws(ChannelError) -> WebhookCare {
    try await adapter.keepWebhooks(hookURL: hook, api: wooCommerceAPI(http))
  }

  @Test func webhookThatWasTurnedOffIsTurnedOn() async throws {
    let list = [
      webhook(1, "order.created", "active"), webhook(2, "order.updated", "disabled"),
      webhook(3, "order.deleted", "paused"), webhook(4, "order.restored", "active"),
      webhook(5, "order.updated", "disabled", url: "https://other.example.com"),
    ].joined(separator: ",")
    let http = RecordedHTTP("[\(list)]", #"{"id":2}"#)
    #expect(try await care(http) == WebhookCare(revived: ["order.updated"]))
    #expect(http.requests.map(\.method) == ["GET", "PUT"])
    #expect(http.requests[1].path.hasSuffix("/webhooks/2"))
    #expect(http.requests[1].text == #"{"status":"active"}"#)
  }

  @Test func missingWebhooksAreMadeWithASecret() async throws {
    let list = webhook(1, "order.created", "active") + "," + webhook(2, "order.updated", "active")
    let http = RecordedHTTP("[\(list)]", #"{"id":3}"#, #"{"id":4}"#)
    #expect(try await care(http) == WebhookCare(created: ["order.deleted", "order.restored"]))
    #expect(
      http.requests[1].text
        == #"{"delivery_url":"https://gw.example.com/hooks/woocommerce","name":"OnePool order.deleted","secret":"woo_webhook_secret_demo","topic":"order.deleted"}"#
    )
  }

  /// The keys may be good for orders and stock all the same, so the account is not paused.
  @Test func keysThatMayNotSeeWebhooksAreNotRefusedForAllElse() async {
    let error = await failure { () async throws(ChannelError) in
      try await care(
        RecordedHTTP([ChannelReply(403, #"{"code":"woocommerce_rest_cannot_view","message":"x"}"#)])
      )
    }
    #expect(error?.kind == "refused")
  }
}
