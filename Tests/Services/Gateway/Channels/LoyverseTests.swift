import ChannelAdapter
import Kit
import LoyverseChannel
import Primitives
import RPCCore
import Testing

/// Loyverse's webhooks and receipts.
@Suite struct LoyverseTests {
  static let body =
    #"{"merchant_id":"m-1","type":"receipts.update","created_at":"2026-01-05T03:00:00.000Z","receipts":[{"receipt_number":"2-1009","receipt_type":"SALE","refund_for":null,"store_id":"s-1","created_at":"2026-01-05T02:59:58.000Z","cancelled_at":null,"line_items":[{"id":"l-1","variant_id":"v-1","sku":"TEE-BLK-M","quantity":1,"price":30}]}]}"#

  let adapter = LoyverseAdapter()
  let account = loyverseAccount()
  private let url = "https://gw.example.com/hooks/loyverse"

  private func receipt(
    _ number: String, _ fields: String = "", kind: String = "SALE", store: String = "s-1",
    lines: String =
      #"{"id":"l-1","item_id":"i-1","variant_id":"v-1","sku":"TEE","item_name":"Tee","variant_name":"M","quantity":2}"#
  ) -> String {
    #"{"receipt_number":"\#(number)","receipt_type":"\#(kind)","store_id":"\#(store)","created_at":"2026-01-05T02:59:58Z","receipt_date":"2026-01-05T02:00:00Z","updated_at":"2026-01-05T03:00:00Z"\#(fields),"line_items":[\#(lines)]}"#
  }

  private func webhook(_ receipts: String...) -> String {
    #"{"merchant_id":"m-1","type":"receipts.update","created_at":"2026-01-05T03:00:00Z","receipts":[\#(receipts.joined(separator: ","))]}"#
  }

  private func parse(_ body: String) throws(EventRefusal) -> ChannelEvent {
    try adapter.parse(post(body), account: account)
  }

  private func order(_ body: String, _ number: String = "A") async throws -> ChannelOrder {
    let first = try parse(body)
    let event = try #require(
      ([first] + adapter.companions(of: first)).first {
        $0.subject == number && $0.kind == .order
      })
    return try await adapter.fetchOrder(number, event: event, api: loyverseAPI(RecordedHTTP()))
  }

  private func returned(_ body: String, _ number: String = "A") async throws -> ChannelReturn {
    let first = try parse(body)
    let event = try #require(
      ([first] + adapter.companions(of: first)).first {
        $0.subject == number && $0.kind == .return
      })
    return try await adapter.fetchReturn(number, event: event, api: loyverseAPI(RecordedHTTP()))
  }

  // MARK: Signatures

  @Test(arguments: ["ecca81e49a3cd7f69c60a6763d8a14700fc620f5", "7MqB5Jo81/acYKZ2PYoUcA/GIPU="])
  func vectorIsTakenInEitherEncoding(_ signature: String) {
    let body = SignatureVectorTests.bodyH
    let request = post(body, [("x-loyverse-signature", signature)])
    #expect(adapter.verify(request, account: account, hookURL: url))
    for altered in alterations(of: body) {
      var other = request
      other.body = altered
      #expect(!adapter.verify(other, account: account, hookURL: url))
    }
    for altered in alterations(of: signature) {
      let text = String(decoding: altered, as: UTF8.self)
      let other = post(body, [("x-loyverse-signature", text)])
      #expect(!adapter.verify(other, account: account, hookURL: url))
    }
  }

  @Test func secretBeforeARotationIsTakenWhileItIsKnown() {
    let code = HMAC.sha1(key: Array("old".utf8), Array(Self.body.utf8))
    let request = post(Self.body, [("x-loyverse-signature", Hex.encode(code))])
    #expect(!adapter.verify(request, account: account, hookURL: url))
    var rotated = account
    rotated.credentials["client_secret_previous"] = "old"
    #expect(adapter.verify(request, account: rotated, hookURL: url))
  }

  /// A personal token's webhooks are unsigned: the secret is in the URL. One that is signed wrongly is
  /// refused whatever its URL says.
  @Test func unsignedWebhookNeedsTheTokenOfTheURL() {
    var personal = account
    personal.credentials = ["access_token": "t", "hook_token": "long secret"]
    func request(_ query: String, _ headers: [(name: String, value: String)] = []) -> HTTPRequest {
      var request = post(Self.body, headers)
      request.query = query
      return request
    }
    #expect(adapter.verify(request("token=long%20secret"), account: personal, hookURL: url))
    #expect(adapter.verify(request("x=1&token=long%20secret"), account: personal, hookURL: url))
    for query in ["", "token=", "token=long", "token=long%20secret2", "Token=long%20secret"] {
      #expect(!adapter.verify(request(query), account: personal, hookURL: url))
    }
    let signed = request("token=long%20secret", [("x-loyverse-signature", "00")])
    #expect(!adapter.verify(signed, account: personal, hookURL: url))
    #expect(!adapter.verify(request("token=long%20secret"), account: account, hookURL: url))
    personal.credentials["hook_token"] = ""
    #expect(!adapter.verify(request("token="), account: personal, hookURL: url))
  }

  // MARK: Events

  @Test func documentedWebhookIsASale() async throws {
    #expect(try adapter.identify(post(Self.body)) == .shop("s-1"))
    let event = try parse(Self.body)
    #expect(event.kind == .order && event.subject == "2-1009" && event.topic == "receipts.update")
    #expect(event.key == "order:2-1009:2026-01-05T02:59:58.000Z")
    #expect(adapter.companions(of: event).isEmpty)
    let read = try await adapter.fetchOrder(
      "2-1009", event: event, api: loyverseAPI(RecordedHTTP()))
    #expect(
      read
        == ChannelOrder(
          externalID: "2-1009", state: .shipped,
          lines: [
            .init(
              lineID: "l-1", itemID: "v-1", variationID: "v-1", sellerSKU: "TEE-BLK-M", quantity: 1)
          ], saleTime: Timestamp(seconds: 1_767_581_998),
          updateTime: Timestamp(seconds: 1_767_581_998), isFromEvent: true))
  }

  @Test func severalReceiptsInOneCallAreAllTold() async throws {
    let body = webhook(
      receipt("A"), receipt("B", store: "s-2"), receipt("C", kind: "REFUND"), receipt("A"))
    let event = try parse(body)
    let others = adapter.companions(of: event)
    #expect(event.subject == "A")
    #expect(others.map(\.subject) == ["C"] && others.map(\.kind) == [.return])
    // Each is kept with its own receipt, whatever else came in the call.
    #expect(others[0].body.count < event.body.count / 2)
    let api = loyverseAPI(RecordedHTTP())
    #expect(try await adapter.fetchReturn("C", event: others[0], api: api).lines.count == 1)
    let many = Array(repeating: receipt("A"), count: 501).joined(separator: ",")
    let refused = refusal { () throws(EventRefusal) in try parse(webhook(many)) }
    #expect(refused == .malformed("there are 501 receipts; 500 are allowed"))
  }

  @Test func redeliveryHasTheSameKeyAndNewsAnother() throws {
    let first = try parse(webhook(receipt("A"))).key
    #expect(try parse(webhook(receipt("A"), receipt("B"))).key == first)
    #expect(
      try parse(webhook(receipt("A", #","cancelled_at":"2026-01-06T03:00:00Z""#))).key != first)
  }

  @Test(arguments: [
    (#"{"type":"items.update","items":[{}]}"#), (#"{"type":"customers.update","customers":7}"#),
    (#"{"type":"shifts.create"}"#), SignatureVectorTests.bodyH,
  ])
  func webhookOfNoStoreIsTakenAndLeftAlone(_ body: String) throws {
    #expect(try adapter.identify(post(body)) == .test)
  }

  @Test func levelsAreNothingToWorkOn() throws {
    let body =
      #"{"type":"inventory_levels.update","created_at":"2026-01-05T03:00:00Z","inventory_levels":[{"variant_id":"v","store_id":"s-1","in_stock":3}]}"#
    #expect(try adapter.identify(post(body)) == .shop("s-1"))
    let event = try parse(body)
    #expect(event.kind == .other && adapter.companions(of: event).isEmpty)
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{", "the body is not JSON"), ("{}", "type is missing"),
    (#"{"type":"receipts.update","receipts":[{}]}"#, "receipts[0].store_id is missing"),
    (#"{"type":"receipts.update","receipts":[7]}"#, "receipts[0].store_id is missing"),
  ])
  func webhookOfNobodySaysWhy(_ body: String, _ text: String) {
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(post(body)) }
    #expect(refused == .malformed(text))
  }

  @Test(arguments: [
    (
      #"{"store_id":"s-1"}"#, "receipts has none of the store that has a receipt_number"
    ),
    (#"{"store_id":"s-2","receipt_number":"A"}"#, "store_id is not this account's"),
  ])
  func receiptOfNobodySaysWhy(_ receipt: String, _ text: String) {
    let refused = refusal { () throws(EventRefusal) in try parse(webhook(receipt)) }
    #expect(refused == .malformed(text))
  }

  /// Goal: a receipt that cannot be read holds up no other, and is looked at by somebody.
  @Test(arguments: [
    #""line_items":[{"id":"l","quantity":"many"}]"#, #""line_items":[{"id":"l","quantity":1e300}]"#,
    #""line_items":[{"id":"l","quantity":"nan"}]"#, #""line_items":{}"#, #""receipt_type":7"#,
  ])
  func receiptThatCannotBeReadHoldsUpNoOther(_ fields: String) async throws {
    let bad =
      #"{"store_id":"s-1","receipt_number":"BAD","created_at":"2026-01-05T03:00:00Z",\#(fields)}"#
    for receipts in [[bad, receipt("A")], [receipt("A"), bad]] {
      let body = webhook(receipts.joined(separator: ","))
      let event = try parse(body)
      let all = [event] + adapter.companions(of: event)
      #expect(Set(all.map(\.subject)) == ["BAD", "A"])
      for one in all {
        let http = RecordedHTTP(bad)
        let result = await failure { () async throws(ChannelError) in
          try await adapter.fetchOrder(one.subject, event: one, api: loyverseAPI(http))
        }
        #expect(result?.kind == (one.subject == "BAD" ? "malformed" : nil))
      }
    }
    let http = RecordedHTTP(#"{"receipts":[\#(bad),\#(receipt("A")),{"store_id":"s-1"},7]}"#)
    let page = try await adapter.changedOrders(since: .zero, after: nil, api: loyverseAPI(http))
    #expect(page.events.map(\.subject) == ["BAD", "A"])
  }

  // MARK: Receipts

  @Test func saleKeepsTheTimeOfTheTill() async throws {
    let read = try await order(webhook(receipt("A")))
    #expect(read.saleTime == Timestamp(seconds: 1_767_578_400))
    #expect(read.updateTime == Timestamp(seconds: 1_767_582_000))
    #expect(read.lines.map(\.title) == ["Tee, M"])
  }

  @Test func partOfAUnitTakesTheUnitAndTypedItemsAreKept() async throws {
    let lines = """
      {"id":"a","item_id":"i","variant_id":"v","quantity":0.35},
      {"id":"b","item_name":"Odd\\njob","quantity":1},{"id":"c","sku":"S","quantity":"2"}
      """
    let read = try await order(webhook(receipt("A", lines: lines)))
    #expect(read.lines.map(\.quantity) == [1, 1, 2])
    #expect(read.lines[1].itemID.hasPrefix("custom:") && read.lines[2].itemID == "custom:S")
    #expect(read.lines[1].itemID.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
  }

  @Test func refundIsRestocked() async throws {
    let body = webhook(
      receipt("A", #","refund_for":"S","note":"Too small""#, kind: "REFUND"))
    let read = try await returned(body)
    #expect(
      read
        == ChannelReturn(
          externalID: "A", orderExternalID: "S", state: .restocked,
          lines: [
            .init(
              lineID: "l-1", itemID: "i-1", variationID: "v-1", sellerSKU: "TEE", quantity: 2)
          ], reason: "Too small", updateTime: Timestamp(seconds: 1_767_582_000)))
    let loose = try await returned(webhook(receipt("A", kind: "REFUND")))
    #expect(loose.state == .restocked && loose.orderExternalID.isEmpty)
  }

  /// Goal: whichever of the two is heard of first, what a cancelled sale took is back in the end.
  @Test func cancelledSaleIsASaleAndItsGoodsBack() async throws {
    let body = webhook(receipt("A", #","cancelled_at":"2026-01-06T03:00:00Z""#))
    let sold = try await order(body)
    #expect(sold.state == .shipped && sold.lines.map(\.cancelledCount) == [0])
    let back = try await returned(body)
    #expect(back.state == .restocked && back.orderExternalID == "A")
    #expect(back.lines.map(\.orderLineID) == sold.lines.map(\.lineID))
    #expect(back.updateTime == Timestamp(seconds: 1_767_668_400))
  }

  @Test func cancelledRefundGivesNothingBack() async throws {
    let body = webhook(
      receipt("A", #","cancelled_at":"2026-01-06T03:00:00Z""#, kind: "REFUND"))
    let read = try await returned(body)
    #expect(read.state == .closed && read.lines.isEmpty)
  }

  @Test func receiptThatNoWebhookBroughtIsAskedFor() async throws {
    let http = RecordedHTTP(receipt("A"), receipt("B"))
    let read = try await adapter.fetchOrder("A", event: nil, api: loyverseAPI(http))
    #expect(read.lines.map(\.quantity) == [2])
    #expect(http.requests[0].url == "http://127.0.0.1:8090/loyverse/v1.0/receipts/A")
    #expect(http.requests[0].headers.contains { $0 == ("authorization", "Bearer lv_demo") })
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("A", event: nil, api: loyverseAPI(http))
    }
    #expect(error?.kind == "malformed")
  }

  @Test func receiptOfAnotherStoreOrKindTakesNothing() async throws {
    let other = RecordedHTTP(receipt("A", store: "s-2"), receipt("A", kind: "REFUND", store: "s-2"))
    let api = loyverseAPI(other)
    #expect(try await adapter.fetchOrder("A", event: nil, api: api).state == .foreign)
    #expect(try await adapter.fetchReturn("A", event: nil, api: api).state == .closed)
    let refund = RecordedHTTP(receipt("A", kind: "REFUND"))
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("A", event: nil, api: loyverseAPI(refund))
    }
    #expect(error?.kind == "malformed")
  }

  @Test func pollLooksBackThreeDaysAndSpeaksInWebhooksKeys() async throws {
    let http = RecordedHTTP(
      #"{"receipts":[\#(receipt("A")),\#(receipt("B", kind: "REFUND")),\#(receipt("C", store: "s-2"))],"cursor":"c"}"#,
      "{}")
    let api = loyverseAPI(http)
    let since = Timestamp(seconds: 1_767_668_400)
    let page = try await adapter.changedOrders(since: since, after: nil, api: api)
    #expect(page.nextCursor == "c")
    let told = [
      try parse(webhook(receipt("A"))).key, try parse(webhook(receipt("B", kind: "REFUND"))).key,
    ]
    #expect(page.events.map(\.key) == told)
    #expect(
      http.requests[0].parameters == [
        "store_id": "s-1", "limit": "250", "updated_at_min": "2026-01-03T03:00:00.000000Z",
      ])
    // What a poll has found needs no other call.
    let sold = try await adapter.fetchOrder("A", event: page.events[0], api: api)
    #expect(sold.lines.map { "\($0.itemID) \($0.variationID) \($0.quantity)" } == ["i-1 v-1 2"])
    let last = try await adapter.changedOrders(since: since, after: "c", api: api)
    #expect(last == OrderChanges(events: [], nextCursor: nil))
    #expect(http.requests[1].parameters["cursor"] == "c" && http.requests.count == 2)
  }

  @Test(arguments: [
    (#"{"errors":[{"code":"UNAUTHORIZED","details":"x"}]}"#, 401, "tokenExpired"),
    ("", 401, "tokenExpired"), (#"{"errors":[{"code":"FORBIDDEN"}]}"#, 403, "unauthorised"),
    (#"{"errors":[{"code":"PAYMENT_REQUIRED"}]}"#, 402, "suspended"),
    (#"{"errors":[{"code":"RATE_LIMITED"}]}"#, 429, "rateLimited"), ("", 429, "rateLimited"),
    (#"{"errors":[{"code":"NOT_FOUND"}]}"#, 404, "notFound"), ("<html>", 502, "unavailable"),
    (#"{"errors":[{"code":"INTERNAL_SERVER_ERROR"}]}"#, 500, "unavailable"),
    (#"{"errors":[{"code":"INVALID_VALUE"}]}"#, 400, "refused"),
    (#"{"errors":[{"code":"INVALID_VALUE"}]}"#, 200, "refused"), ("<html>", 200, "malformed"),
    ("{}", 200, "malformed"),
  ])
  func errorSaysWhatCanBeDone(_ body: String, _ status: Int, _ kind: String) async {
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder(
        "A", event: nil, api: loyverseAPI(RecordedHTTP([ChannelReply(status, body)])))
    }
    #expect(error?.kind == kind)
  }

  @Test func personalTokenThatIsRefusedNeedsAPerson() async {
    let http = RecordedHTTP([ChannelReply(401, #"{"errors":[{"code":"UNAUTHORIZED"}]}"#)])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("A", event: nil, api: loyverseAPI(http, ["refresh_token": nil]))
    }
    #expect(error?.kind == "unauthorised")
  }
}

func loyverseAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "loyverse-sg"), channelID: ChannelID(trusted: "loyverse"),
    externalID: "s-1", baseURL: "http://127.0.0.1:8090/loyverse",
    credentials: [
      "access_token": "lv_demo", "refresh_token": "lv_refresh", "client_id": "lv_client",
      "client_secret": "loyverse_client_secret_demo",
    ])
}

func loyverseAPI(_ http: RecordedHTTP, _ changes: [String: String?] = [:]) -> ChannelAPI {
  var account = loyverseAccount()
  for (name, value) in changes { account.credentials[name] = value }
  return ChannelAPI(
    account: account, http: http, clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}
