import ChannelAdapter
import Primitives
import RPCCore
import ShopeeChannel
import Testing

@Suite struct ShopeeEventTests {
  let adapter = ShopeeAdapter()
  let url = "https://gw.example.com/hooks/shopee"
  let account = shopeeAccount()
  let body = SignatureVectorTests.bodyA
  let signature = "2f52fa14beee91e18ce3d020cce146345795803010b4655e7aca55995243e086"

  private func parse(_ body: String) throws(EventRefusal) -> ChannelEvent {
    try adapter.parse(post(body), account: account)
  }

  @Test func signedPushIsTaken() throws {
    let request = post(body, [("authorization", signature)])
    #expect(try adapter.identify(request) == .shop("14701711"))
    #expect(adapter.verify(request, account: account, hookURL: url))
    let event = try adapter.parse(request, account: account)
    #expect(event.kind == .order)
    #expect(event.subject == "240101ABCDEF12")
    #expect(event.updateTime == Timestamp(seconds: 1_700_000_001))
    #expect(event.body == request.body)
  }

  @Test func anyOtherByteIsRefused() {
    for altered in alterations(of: body) {
      var request = post(body, [("authorization", signature)])
      request.body = altered
      #expect(!adapter.verify(request, account: account, hookURL: url))
    }
    for altered in alterations(of: signature) {
      let text = String(decoding: altered, as: UTF8.self)
      let request = post(body, [("authorization", text)])
      #expect(!adapter.verify(request, account: account, hookURL: url))
    }
  }

  @Test func otherURLKeyOrHeaderIsRefused() {
    let good = post(body, [("authorization", signature)])
    for other in ["http://gw.example.com/hooks/shopee", url + "/", url.uppercased(), ""] {
      #expect(!adapter.verify(good, account: account, hookURL: other))
    }
    for key in ["shpk_push_demo_kez", "shopee_partner_key_demo", ""] {
      var other = account
      other.credentials["push_partner_key"] = key
      #expect(!adapter.verify(good, account: other, hookURL: url))
    }
    var missing = account
    missing.credentials["push_partner_key"] = nil
    #expect(!adapter.verify(good, account: missing, hookURL: url))
    for header in [[], [("authorization", "")], [("x-shopee-signature", signature)]] {
      #expect(!adapter.verify(post(body, header), account: account, hookURL: url))
    }
    for text in [signature.uppercased(), "Bearer " + signature, signature + " "] {
      let request = post(body, [("authorization", text)])
      #expect(!adapter.verify(request, account: account, hookURL: url))
    }
  }

  @Test func consoleVerifyIsATestOnlyWithoutShopAndOrder() throws {
    let ping = #"{"code":0,"timestamp":1767600000,"data":{"verify_info":"This is a Verification"}}"#
    #expect(try adapter.identify(post(ping)) == .test)
    let withShop = #"{"code":0,"shop_id":14701711,"data":{"verify_info":"x"}}"#
    #expect(try adapter.identify(post(withShop)) == .shop("14701711"))
    let withOrder = #"{"code":0,"data":{"verify_info":"x","ordersn":"A"}}"#
    #expect(
      refusal { () throws(EventRefusal) in try adapter.identify(post(withOrder)) }
        == .malformed("shop_id is missing"))
  }

  @Test(arguments: [
    #"{"code":3,"shop_id":"14701711","data":{}}"#, #"{"code":"3","shopid":14701711}"#,
    #"{"code":1,"data":{"shop_id":14701711}}"#,
  ])
  func shopIsFoundWhereverItStands(_ body: String) throws {
    #expect(try adapter.identify(post(body)) == .shop("14701711"))
  }

  @Test func redeliveryHasTheSameKeyAndNewsAnother() throws {
    func order(_ status: String, _ update: Int, _ sent: Int) throws -> ChannelEvent {
      try parse(
        """
        {"shop_id":14701711,"code":3,"timestamp":\(sent),
         "data":{"ordersn":"260105ABCDEF12","status":"\(status)","update_time":\(update),"items":[]}}
        """)
    }
    let first = try order("READY_TO_SHIP", 1_767_600_001, 1_767_600_002)
    #expect(try order("READY_TO_SHIP", 1_767_600_001, 1_767_600_302).key == first.key)
    #expect(try order("CANCELLED", 1_767_600_001, 1_767_600_002).key != first.key)
    #expect(try order("READY_TO_SHIP", 1_767_600_009, 1_767_600_002).key != first.key)
    #expect(first.key == "14701711:3:260105ABCDEF12:READY_TO_SHIP:1767600001")
  }

  @Test func numbersMayComeAsText() throws {
    let event = try parse(
      #"{"shop_id":"14701711","code":"3","timestamp":"2","data":{"order_sn":"A1","status":"UNPAID","update_time":"1767600001"}}"#
    )
    #expect(event.subject == "A1")
    #expect(event.key == "14701711:3:A1:UNPAID:1767600001")
  }

  @Test func returnPushNamesTheReturn() throws {
    let event = try parse(
      #"{"shop_id":14701711,"code":29,"timestamp":1767700000,"data":{"order_sn":"260105ABCDEF12","return_sn":"2601060AAAA111","updated_values":[]}}"#
    )
    #expect(event.kind == .return)
    #expect(event.subject == "2601060AAAA111")
    let later = try parse(
      #"{"shop_id":14701711,"code":29,"timestamp":1767700900,"data":{"order_sn":"260105ABCDEF12","return_sn":"2601060AAAA111","updated_values":[]}}"#
    )
    #expect(later.key != event.key)
  }

  @Test func reservedStockPushIsNothingToWorkOn() throws {
    let event = try parse(
      #"{"shop_id":14701711,"code":8,"timestamp":1767600100,"data":{"shop_id":14701711,"action":"place_order","item_id":2700126223,"variation_id":2001586745,"ordersn":"260105ABCDEF12","promotion_id":900100,"promotion_type":"flash_sale","update_time":1767600099,"changed_values":[{"name":"reserved_stock","old":10,"new":9}]}}"#
    )
    #expect(event.kind == .other)
    #expect(event.topic == "8")
  }

  @Test func codeThatNobodyWorksOnIsTakenWhateverItHolds() throws {
    let event = try parse(
      #"{"shop_id":14701711,"code":16,"timestamp":1767600100,"data":{"status":7,"update_time":"soon","items":{}}}"#
    )
    #expect(event.kind == .other)
    #expect(
      refusal { () throws(EventRefusal) in
        try parse(#"{"shop_id":14701711,"code":3,"data":{"ordersn":"A","status":7}}"#)
      } == .malformed("data.status has the wrong type"))
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{", "the body is not JSON"), ("[]", "the body has the wrong type"),
    (#"{"shop_id":14701711}"#, "code is missing"),
    (#"{"shop_id":14701711,"code":3,"timestamp":1}"#, "data.ordersn is missing"),
    (
      #"{"shop_id":14701711,"code":3,"data":{"ordersn":"A","update_time":1}}"#,
      "data.status is missing"
    ),
    (
      #"{"shop_id":14701711,"code":3,"data":{"ordersn":"A","status":"UNPAID"}}"#,
      "data.update_time is missing or not a Unix time"
    ),
    (
      #"{"shop_id":14701711,"code":3,"data":{"ordersn":7.5,"status":"UNPAID"}}"#,
      "data.ordersn: an ID is text or a whole number"
    ),
    (
      #"{"shop_id":14701711,"code":3,"data":{"ordersn":"A","status":"UNPAID","update_time":-5}}"#,
      "data.update_time is missing or not a Unix time"
    ),
    (#"{"shop_id":14701711,"code":29,"data":{"order_sn":"A"}}"#, "data.return_sn is missing"),
    (#"{"shop_id":999,"code":3,"data":{}}"#, "shop_id is not this account's"),
  ])
  func malformedPushSaysWhy(_ body: String, _ text: String) {
    #expect(refusal { () throws(EventRefusal) in try parse(body) } == .malformed(text))
  }

  @Test func otherContentTypeIsRefused() {
    var request = post(body)
    request.headers = [("content-type", "application/xml")]
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(request) }
    #expect(refused == .contentType("an event is application/json, not application/xml"))
  }

  @Test func acknowledgementIsEmpty() {
    #expect(adapter.traits.acknowledgement.status == 200)
    #expect(adapter.traits.acknowledgement.body.isEmpty)
  }
}

/// The shop of the test vectors, behind a host with a prefix.
func shopeeAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "shopee-sg"), channelID: ChannelID(trusted: "shopee"),
    externalID: "14701711", baseURL: "http://127.0.0.1:8090/shopee",
    credentials: [
      "partner_id": "2001887", "partner_key": "shopee_partner_key_demo",
      "push_partner_key": "shpk_push_demo_key", "access_token": "tok_demo_access",
      "refresh_token": "tok_demo_refresh",
    ])
}

func shopeeAPI(_ http: RecordedHTTP) -> ChannelAPI {
  ChannelAPI(
    account: shopeeAccount(), http: http,
    clock: ManualClock(Timestamp(seconds: 1_700_000_000)))
}
