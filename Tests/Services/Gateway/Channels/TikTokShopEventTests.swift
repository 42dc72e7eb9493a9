import ChannelAdapter
import Primitives
import RPCCore
import Testing
import TikTokShopChannel

@Suite struct TikTokShopEventTests {
  let adapter = TikTokShopAdapter()
  let account = tikTokShopAccount()
  let body = SignatureVectorTests.bodyF
  let signature = "21109834de72ec53c9959716d8514ae388ce1f123e5ffdcafc46713fcdf62b27"

  private func parse(_ body: String) throws(EventRefusal) -> ChannelEvent {
    try adapter.parse(post(body), account: account)
  }

  private func event(
    _ type: Int, _ data: String, id: String? = "7327112393057371001", sent: Int = 1_767_600_002
  ) throws(EventRefusal) -> ChannelEvent {
    let name = id.map { #""tts_notification_id":"\#($0)","# } ?? ""
    return try parse(
      #"{"type":\#(type),\#(name)"shop_id":"7494726673780148744","timestamp":\#(sent),"data":{\#(data)}}"#
    )
  }

  private func order(
    _ status: String, _ update: String, id: String? = nil, sent: Int = 1_767_600_002
  ) throws(EventRefusal) -> ChannelEvent {
    try event(
      1, #""order_id":"576486316948490001","order_status":"\#(status)","update_time":\#(update)"#,
      id: id, sent: sent)
  }

  @Test func signedEventIsTaken() throws {
    let request = post(body, [("authorization", signature)])
    #expect(try adapter.identify(request) == .shop("7494726673780148744"))
    #expect(adapter.verify(request, account: account, hookURL: ""))
    let event = try adapter.parse(request, account: account)
    #expect(event.kind == .order)
    #expect(event.subject == "576684019603311365")
    #expect(event.updateTime == Timestamp(seconds: 1_664_095_610))
    #expect(event.topic == "1")
  }

  @Test func acknowledgementIsAnEmpty200() {
    #expect(adapter.traits.acknowledgement.status == 200)
    #expect(adapter.traits.acknowledgement.body.isEmpty)
  }

  @Test func anyOtherByteIsRefused() {
    for altered in alterations(of: body) {
      var request = post(body, [("authorization", signature)])
      request.body = altered
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
    for altered in alterations(of: signature) {
      let request = post(body, [("authorization", String(decoding: altered, as: UTF8.self))])
      #expect(!adapter.verify(request, account: account, hookURL: ""))
    }
  }

  @Test func otherKeyOrHeaderIsRefused() {
    let good = post(body, [("authorization", signature)])
    for (name, value) in [
      ("app_key", "fake_app_kez"), ("app_key", ""), ("app_secret", "fake_app_secres"),
      ("app_secret", ""),
    ] {
      var other = account
      other.credentials[name] = value
      #expect(!adapter.verify(good, account: other, hookURL: ""))
    }
    #expect(!adapter.verify(post(body), account: account, hookURL: ""))
    let upper = post(body, [("authorization", signature.uppercased())])
    #expect(!adapter.verify(upper, account: account, hookURL: ""))
    let elsewhere = post(body, [("x-tts-signature", signature)])
    #expect(!adapter.verify(elsewhere, account: account, hookURL: ""))
  }

  @Test func keyIsTikToksOwnName() throws {
    let first = try order("AWAITING_SHIPMENT", "1767600001", id: "7327112393057371001")
    #expect(first.key == "7494726673780148744:1:7327112393057371001")
    let again = try order(
      "AWAITING_SHIPMENT", "1767600001", id: "7327112393057371001", sent: 1_767_600_122)
    #expect(again.key == first.key)
    #expect(try order("CANCELLED", "1767600009", id: "7327112393057371002").key != first.key)
  }

  @Test func withoutANameNewsDifferByWhatTheySay() throws {
    let first = try order("AWAITING_SHIPMENT", "1767600001")
    #expect(
      first.key == "7494726673780148744:1:576486316948490001:AWAITING_SHIPMENT:1767600001")
    #expect(
      try order("AWAITING_SHIPMENT", "1767600001", sent: 1_767_600_122).key == first.key)
    #expect(try order("CANCELLED", "1767600001").key != first.key)
    #expect(try order("AWAITING_SHIPMENT", "1767600002").key != first.key)
    let cancels = try ["C1", "C2"].map {
      try event(
        11, #""order_id":"5","cancel_status":"X","cancel_id":"\#($0)","create_time":1"#, id: nil
      ).key
    }
    #expect(cancels[0] != cancels[1])
  }

  @Test func cancellationIsNewsOfItsOrder() throws {
    let event = try event(
      11,
      #""order_id":"576486316948490001","cancellations_role":"BUYER","cancel_status":"CANCELLATION_REQUEST_PENDING","cancel_id":"4035318504086604100","create_time":1767600499"#
    )
    #expect(event.kind == .order && event.subject == "576486316948490001")
    #expect(event.updateTime == Timestamp(seconds: 1_767_600_499))
  }

  @Test func returnIsNamed() throws {
    let event = try event(
      12,
      #""order_id":"576486316948490001","return_role":"BUYER","return_type":"RETURN_AND_REFUND","return_status":"AWAITING_BUYER_SHIP","return_id":"4035318504086604200","create_time":1767690000,"update_time":1767699999"#
    )
    #expect(event.kind == .return && event.subject == "4035318504086604200")
    #expect(event.updateTime == Timestamp(seconds: 1_767_699_999))
  }

  @Test(arguments: [
    #"{"type":27,"tts_notification_id":"7327112393057371004","shop_id":"7494726673780148744","timestamp":1767700100,"data":{"product_id":"1729592969712207012","sku_id":"1729592969712207013","trigger_reason":{"alert_type":"REALTIME","low_stock_threshold":5},"current_inventory_status":"LOW_STOCK","update_time":1767700099}}"#,
    #"{"type":4,"shop_id":7494726673780148744,"timestamp":1,"data":{"package_list":[],"order_id":{}}}"#,
    #"{"type":5,"shop_id":"7494726673780148744","tts_notification_id":{}}"#,
  ])
  func otherTypesAreNothingToWorkOn(_ body: String) throws {
    #expect(try adapter.identify(post(body)) == .shop("7494726673780148744"))
    #expect(try parse(body).kind == .other)
  }

  @Test func idsAreKeptAsTheyAreSent() throws {
    let event = try event(1, #""order_id":576486316948490001,"update_time":"1767600001""#)
    #expect(event.subject == "576486316948490001")
    #expect(event.updateTime.seconds == 1_767_600_001)
  }

  /// Goal: what only tells events apart is no reason to lose one.
  @Test func retypedFieldsThatNobodyNeedsAreLeftOut() throws {
    let event = try event(
      11, #""order_id":"5","cancel_status":7,"cancel_id":{},"update_time":null,"create_time":[]"#,
      id: nil)
    #expect(event.subject == "5" && event.updateTime.seconds == 1_767_600_002)
    #expect(event.key == "7494726673780148744:11:5:1767600002")
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{}", "type is missing"), ("[]", "the body has the wrong type"),
    (#"{"type":1}"#, "shop_id is not this account's"),
    (#"{"type":1,"shop_id":"1"}"#, "shop_id is not this account's"),
    (#"{"type":1,"shop_id":"7494726673780148744"}"#, "data.order_id is missing"),
    (
      #"{"type":1,"shop_id":"7494726673780148744","data":{"order_id":"0"}}"#,
      "data.order_id is missing"
    ),
    (
      #"{"type":1,"shop_id":"7494726673780148744","data":{"order_id":"5"}}"#,
      "data.update_time is missing or not a Unix time"
    ),
    (
      #"{"type":1,"shop_id":"7494726673780148744","data":{"order_id":"5","update_time":-1}}"#,
      "data.update_time is missing or not a Unix time"
    ),
    (#"{"type":12,"shop_id":"7494726673780148744","data":{}}"#, "data.return_id is missing"),
    (#"{"type":11,"shop_id":"7494726673780148744","data":[]}"#, "data has the wrong type"),
    (
      #"{"type":1,"shop_id":"7494726673780148744","data":{"order_id":"a\u0000b"}}"#,
      "data.order_id: an ID has no control characters"
    ),
  ])
  func malformedEventSaysWhy(_ body: String, _ text: String) {
    #expect(refusal { () throws(EventRefusal) in try parse(body) } == .malformed(text))
  }

  @Test func eventWithoutAShopIsFromNobody() {
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(post(#"{"type":1}"#)) }
    #expect(refused == .malformed("shop_id is missing"))
  }
}

func tikTokShopAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "tiktok-sg"), channelID: ChannelID(trusted: "tiktok"),
    externalID: "7494726673780148744", baseURL: "http://127.0.0.1:8090/tiktok",
    credentials: [
      "app_key": "fake_app_key", "app_secret": "fake_app_secret", "access_token": "tok_demo",
      "refresh_token": "tok_refresh", "shop_cipher": "CIPHER_demo",
    ])
}

func tikTokShopAPI(_ http: RecordedHTTP, _ changes: [String: String] = [:]) -> ChannelAPI {
  var account = tikTokShopAccount()
  account.credentials.merge(changes) { $1 }
  return ChannelAPI(
    account: account, http: http, clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}

/// An answer of TikTok Shop with this `data`.
func tikTokShopData(_ data: String) -> String {
  #"{"code":0,"message":"Success","request_id":"r","data":\#(data)}"#
}

/// A refusal by number.
func tikTokShopFailure(_ code: Int, _ message: String = "m") -> String {
  #"{"code":\#(code),"message":"\#(message)","request_id":"r","data":null}"#
}
