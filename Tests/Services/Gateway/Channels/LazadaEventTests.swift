import ChannelAdapter
import LazadaChannel
import Primitives
import RPCCore
import Testing

@Suite struct LazadaEventTests {
  let adapter = LazadaAdapter()
  let account = lazadaAccount()
  let body = SignatureVectorTests.bodyB
  let signature = "9a1aa56be06935ac02062784f7d76d7d15f801eb256e2efb166c98ab8cf5d343"

  private func parse(_ body: String) throws(EventRefusal) -> ChannelEvent {
    try adapter.parse(post(body), account: account)
  }

  private func order(
    _ status: String, _ update: String, sent: String = "1767600003000"
  ) throws(EventRefusal) -> ChannelEvent {
    try parse(
      """
      {"seller_id":"100200300","message_type":0,"site":"lazada_sg","timestamp":\(sent),
       "data":{"order_status":"\(status)","trade_order_id":"260422900198363",
        "trade_order_line_id":"260422900298363","status_update_time":\(update)}}
      """)
  }

  @Test func signedPushIsTaken() throws {
    let request = post(body, [("authorization", signature)])
    #expect(try adapter.identify(request) == .shop("100200300"))
    #expect(adapter.verify(request, account: account, hookURL: ""))
    let event = try adapter.parse(request, account: account)
    #expect(event.kind == .order)
    #expect(event.subject == "260422900198363")
    #expect(event.updateTime == Timestamp(seconds: 1_700_000_000))
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
      ("app_key", "123457"), ("app_key", ""), ("app_secret", "lazada_secret_dema"),
      ("app_secret", ""),
    ] {
      var other = account
      other.credentials[name] = value
      #expect(!adapter.verify(good, account: other, hookURL: ""))
    }
    #expect(!adapter.verify(post(body), account: account, hookURL: ""))
    let upper = post(body, [("authorization", signature.uppercased())])
    #expect(!adapter.verify(upper, account: account, hookURL: ""))
  }

  @Test func redeliveryHasTheSameKeyAndNewsAnother() throws {
    let first = try order("pending", "1767600000")
    #expect(first.key == "100200300:0:260422900298363:pending:1767600000")
    #expect(try order("pending", "1767600000", sent: "1767601803000").key == first.key)
    #expect(try order("canceled", "1767600000").key != first.key)
    #expect(try order("pending", "1767600001").key != first.key)
  }

  @Test func timesComeInSecondsOrMilliseconds() throws {
    #expect(try order("pending", "1767600000").updateTime == Timestamp(seconds: 1_767_600_000))
    #expect(try order("pending", "1767600000000").updateTime == Timestamp(seconds: 1_767_600_000))
    #expect(try order("pending", "\"1767600000\"").updateTime == Timestamp(seconds: 1_767_600_000))
  }

  @Test func sellerMayStandInside() throws {
    let request = post(
      #"{"seller_id":"null","message_type":8,"timestamp":1767600004,"data":{"seller_id":100200300}}"#
    )
    #expect(try adapter.identify(request) == .shop("100200300"))
    #expect(try adapter.parse(request, account: account).kind == .other)
  }

  @Test(arguments: [
    ("CANCEL_SUCCESS", ChannelEvent.Kind.order, "T1"), ("RTM_INIT", .return, "R1"),
    ("REFUND_SUCCESS", .return, "R1"), ("RTW_INIT", .other, "R1"),
  ])
  func reverseOrderIsACancellationOrAReturn(
    _ status: String, _ kind: ChannelEvent.Kind, _ subject: String
  ) throws {
    let event = try parse(
      """
      {"seller_id":"100200300","message_type":10,"timestamp":1767700000,"data":{"reverse_order_id":"R1",
       "reverse_order_line_id":"RL1","trade_order_id":"T1","reverse_status":"\(status)",
       "status_update_time":1767700000}}
      """)
    #expect(event.kind == kind)
    #expect(event.subject == subject)
  }

  @Test(arguments: [
    #"{"seller_id":"100200300","message_type":6,"site":"lazada_sg","timestamp":1767600004,"data":{"seller_sku":"TEE-BLK-M","sku_id":1173310888,"real_quantity":5,"withhold_quantity":0,"occupy_quantity":5,"pre_order_quantity":0,"warehouse":"dropshipping"}}"#,
    #"{"seller_id":"100200300","message_type":3,"timestamp":1767600004,"data":{"order_status":5,"item":[]}}"#,
    #"{"seller_id":"100200300","message_type":14,"site":"lazada_sg","timestamp":1767600900,"data":{"trade_order_id":"260422900198363","buyer_id":"1001916603","fulfillment_package_id":"FP0187110001","status":"DELIVERED","status_update_time":1767600890}}"#,
  ])
  func otherTypesAreNothingToWorkOn(_ body: String) throws {
    #expect(try parse(body).kind == .other)
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{}", "message_type is missing"),
    (#"{"message_type":0}"#, "seller_id is not this account's"),
    (#"{"seller_id":"1","message_type":0}"#, "seller_id is not this account's"),
    (#"{"seller_id":"100200300","message_type":0}"#, "data.trade_order_id is missing"),
    (
      #"{"seller_id":"100200300","message_type":0,"data":{"trade_order_id":1}}"#,
      "data.order_status is missing"
    ),
    (
      #"{"seller_id":"100200300","message_type":0,"data":{"trade_order_id":1,"order_status":"pending"}}"#,
      "data.status_update_time is missing or not a Unix time"
    ),
    (#"{"seller_id":"100200300","message_type":10,"data":{}}"#, "data.reverse_order_id is missing"),
    (#"{"seller_id":"100200300","message_type":0,"data":[]}"#, "data has the wrong type"),
  ])
  func malformedPushSaysWhy(_ body: String, _ text: String) {
    #expect(refusal { () throws(EventRefusal) in try parse(body) } == .malformed(text))
  }

  @Test func pushWithoutSellerIsFromNobody() {
    let refused = refusal { () throws(EventRefusal) in
      try adapter.identify(post(#"{"message_type":0}"#))
    }
    #expect(refused == .malformed("seller_id is missing"))
  }
}

func lazadaAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "lazada-sg"), channelID: ChannelID(trusted: "lazada"),
    externalID: "100200300", baseURL: "http://127.0.0.1:8090/lazada",
    credentials: [
      "app_key": "123456", "app_secret": "lazada_secret_demo", "access_token": "tok_demo",
      "refresh_token": "tok_refresh",
    ])
}

func lazadaAPI(_ http: RecordedHTTP) -> ChannelAPI {
  ChannelAPI(
    account: lazadaAccount(), http: http,
    clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}
