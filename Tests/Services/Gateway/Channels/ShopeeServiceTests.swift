import ChannelAdapter
import Primitives
import ShopeeChannel
import Testing

/// What an adapter does beside orders and stock: shipping, returns, tokens, listings.
@Suite struct ShopeeServiceTests {
  let adapter = ShopeeAdapter()
  let notice = ShippedNotice(
    orderExternalID: "A1", trackingNumber: "TRK1", carrier: "Ninja", lines: [("1-2", 2)])

  private func order(_ status: String, packages: String = "[]") -> String {
    """
    {"error":"","response":{"order_list":[{"order_sn":"A1","order_status":"\(status)","create_time":1,
     "update_time":1,"item_list":[{"item_id":1,"model_id":2,"model_quantity_purchased":2}],
     "package_list":\(packages)}]}}
    """
  }
  private let done = #"{"error":"","message":"","response":{}}"#

  private func parameter(_ needed: String, _ rest: String = "") -> String {
    #"{"error":"","response":{"info_needed":{\#(needed)}\#(rest)}}"#
  }

  @Test(arguments: [
    (
      #""non_integrated":["tracking_no"]"#, "",
      #"{"non_integrated":{"tracking_number":"TRK1"},"order_sn":"A1"}"#
    ),
    (#""dropoff":[]"#, "", #"{"dropoff":{},"order_sn":"A1"}"#),
    (
      #""dropoff":["branch_id","tracking_no"]"#, #","dropoff":{"branch_list":[{"branch_id":7}]}"#,
      #"{"dropoff":{"branch_id":7,"tracking_number":"TRK1"},"order_sn":"A1"}"#
    ),
    (
      #""pickup":["address_id","pickup_time_id"]"#,
      #","pickup":{"address_list":[{"address_id":1,"address_flag":[]},{"address_id":2,"address_flag":["pickup_address"],"time_slot_list":[{"pickup_time_id":"1767600000"}]}]}"#,
      #"{"order_sn":"A1","pickup":{"address_id":2,"pickup_time_id":"1767600000"}}"#
    ),
  ])
  func shipmentTakesWhatTheOrderNeeds(
    _ needed: String, _ rest: String, _ body: String
  ) async throws {
    let http = RecordedHTTP(order("READY_TO_SHIP"), parameter(needed, rest), done)
    try await adapter.markShipped(notice, api: shopeeAPI(http))
    #expect(http.requests.map(\.method) == ["GET", "GET", "POST"])
    #expect(http.requests[1].parameters["order_sn"] == "A1")
    #expect(http.requests[2].path.hasSuffix("/api/v2/logistics/ship_order"))
    #expect(http.requests[2].text == body)
  }

  @Test func withoutATrackingNumberSomeoneElseCarriesIt() async throws {
    let needed = #""non_integrated":["tracking_number"],"dropoff":[]"#
    let http = RecordedHTTP(order("READY_TO_SHIP"), parameter(needed), done)
    let bare = ShippedNotice(
      orderExternalID: "A1", trackingNumber: "", carrier: "", lines: [("1-2", 2)])
    try await adapter.markShipped(bare, api: shopeeAPI(http))
    #expect(http.requests[2].text == #"{"dropoff":{},"order_sn":"A1"}"#)
  }

  @Test func tellingItTwiceChangesNothing() async throws {
    for status in ["PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED"] {
      let http = RecordedHTTP(order(status))
      try await adapter.markShipped(notice, api: shopeeAPI(http))
      #expect(http.requests.count == 1)
    }
    let arranged = #"[{"package_number":"P1","logistics_status":"LOGISTICS_REQUEST_CREATED"}]"#
    let http = RecordedHTTP(order("READY_TO_SHIP", packages: arranged))
    try await adapter.markShipped(notice, api: shopeeAPI(http))
    #expect(http.requests.count == 1)
  }

  @Test func splitOrderShipsThePackagesOfTheNotice() async throws {
    let packages =
      #"[{"package_number":"P1","logistics_status":"LOGISTICS_READY","item_list":[{"item_id":1,"model_id":2}]},{"package_number":"P2","logistics_status":"LOGISTICS_READY","item_list":[{"item_id":8,"model_id":0}]}]"#
    let http = RecordedHTTP(
      order("READY_TO_SHIP", packages: packages), parameter(#""dropoff":[]"#), done)
    try await adapter.markShipped(notice, api: shopeeAPI(http))
    #expect(http.requests.count == 3)
    #expect(http.requests[1].parameters["package_number"] == "P1")
    #expect(http.requests[2].text == #"{"dropoff":{},"order_sn":"A1","package_number":"P1"}"#)
  }

  @Test func cancelledOrderIsNotShipped() async {
    let http = RecordedHTTP(order("CANCELLED"))
    let error = await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice, api: shopeeAPI(http))
    }
    #expect(error == .refused("Shopee has cancelled order A1"))
  }

  private func detail(_ status: String, _ fields: String = #""return_solution":0"#) -> String {
    """
    {"error":"","response":{"return_sn":"R1","order_sn":"A1","status":"\(status)","reason":"DAMAGED",
     "update_time":1767700000,\(fields),"item":[
      {"item_id":1,"model_id":2,"amount":1,"item_sku":"TEE","variation_sku":"TEE-BLK-M"},
      {"item_id":1,"model_id":2,"amount":"1","item_sku":"TEE","variation_sku":"TEE-BLK-M"}]}}
    """
  }

  @Test func returnNamesTheOrdersLines() async throws {
    let http = RecordedHTTP(detail("REQUESTED"))
    let read = try await adapter.fetchReturn("R1", event: nil, api: shopeeAPI(http))
    #expect(
      read
        == ChannelReturn(
          externalID: "R1", orderExternalID: "A1", state: .requested,
          lines: [
            .init(
              lineID: "1-2", orderLineID: "1-2", itemID: "1", variationID: "2",
              sellerSKU: "TEE-BLK-M", quantity: 2)
          ], reason: "DAMAGED", updateTime: Timestamp(seconds: 1_767_700_000)))
    #expect(http.requests[0].parameters["return_sn"] == "R1")
  }

  @Test(arguments: [
    ("REQUESTED", #""return_solution":0"#, ChannelReturn.State.requested),
    ("ACCEPTED", #""return_solution":0"#, .requested),
    ("JUDGING", #""needs_logistics":true"#, .requested),
    ("REQUESTED", #""return_solution":1"#, .closed),
    ("REQUESTED", #""needs_logistics":false"#, .closed),
    ("CANCELLED", #""return_solution":0"#, .closed), ("CLOSED", #""return_solution":0"#, .closed),
  ])
  func returnBringsGoodsOrNot(
    _ status: String, _ fields: String, _ state: ChannelReturn.State
  ) async throws {
    let http = RecordedHTTP(detail(status, fields))
    #expect(
      try await adapter.fetchReturn("R1", event: nil, api: shopeeAPI(http)).state == state)
  }

  @Test func acceptedReturnIsConfirmed() async throws {
    let answer = ReturnAnswer(
      returnExternalID: "R1", orderExternalID: "A1", accepted: true, lines: [("1-2", 1, true)])
    let http = RecordedHTTP(done)
    try await adapter.answerReturn(answer, api: shopeeAPI(http))
    #expect(http.requests[0].path.hasSuffix("/api/v2/returns/confirm"))
    #expect(http.requests[0].text == #"{"return_sn":"R1"}"#)
    let again = RecordedHTTP(
      #"{"error":"error_param","message":"return status wrong"}"#, detail("ACCEPTED"))
    try await adapter.answerReturn(answer, api: shopeeAPI(again))
    let wrong = RecordedHTTP(
      #"{"error":"error_param","message":"return status wrong"}"#, detail("CANCELLED"))
    let error = await failure { () async throws(ChannelError) in
      try await adapter.answerReturn(answer, api: shopeeAPI(wrong))
    }
    #expect(error?.kind == "refused")
  }

  @Test func refusedReturnNeedsAPerson() async {
    let answer = ReturnAnswer(
      returnExternalID: "R1", orderExternalID: "A1", accepted: false, lines: [])
    let http = RecordedHTTP()
    let error = await failure { () async throws(ChannelError) in
      try await adapter.answerReturn(answer, api: shopeeAPI(http))
    }
    #expect(error?.kind == "refused")
    #expect(http.requests.isEmpty)
  }

  @Test func refreshGivesBothTokens() async throws {
    let http = RecordedHTTP(
      #"{"error":"","message":"","access_token":"new-a","refresh_token":"new-r","expire_in":14400}"#
    )
    let changed = try await adapter.refreshCredentials(api: shopeeAPI(http))
    #expect(
      changed == [
        "access_token": "new-a", "refresh_token": "new-r",
        "access_token_expires_at": "1700014400",
      ])
    let request = http.requests[0]
    #expect(request.path == "http://127.0.0.1:8090/shopee/api/v2/auth/access_token/get")
    #expect(
      request.text
        == #"{"partner_id":2001887,"refresh_token":"tok_demo_refresh","shop_id":14701711}"#)
    #expect(request.parameters["access_token"] == nil)
    let base = "2001887/api/v2/auth/access_token/get1700000000"
    #expect(
      request.parameters["sign"]
        == ChannelSignature.hex(key: "shopee_partner_key_demo", Array(base.utf8)))
  }

  @Test func usedRefreshTokenNeedsAPerson() async {
    let http = RecordedHTTP(#"{"error":"error_auth","message":"Invalid refresh_token."}"#)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.refreshCredentials(api: shopeeAPI(http))
    }
    #expect(error?.kind == "unauthorised")
  }

  @Test func listingsComePageByPage() async throws {
    let http = RecordedHTTP(
      #"{"error":"","response":{"item":[{"item_id":1,"item_status":"NORMAL"},{"item_id":9}],"has_next_page":true,"next_offset":50}}"#,
      """
      {"error":"","response":{"item_list":[
       {"item_id":1,"item_name":"Tee","item_sku":"TEE","item_status":"NORMAL","has_model":true},
       {"item_id":9,"item_name":"Mug","item_sku":"MUG","item_status":"UNLIST","has_model":false,
        "stock_info_v2":{"seller_stock":[{"location_id":"SGZ","stock":3},{"location_id":"MYZ","stock":1}]}}]}}
      """,
      #"{"error":"","response":{"model":[{"model_id":2,"model_name":"Black,M","model_sku":"TEE-BLK-M","stock_info_v2":{"seller_stock":[{"location_id":"SGZ","stock":3}]}},{"model_id":3,"model_sku":""}]}}"#,
      #"{"error":"","response":{"item":[],"has_next_page":false,"next_offset":0}}"#)
    let api = shopeeAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    #expect(first.nextCursor == "50")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "1", variationID: "2", sellerSKU: "TEE-BLK-M", title: "Tee, Black,M"),
        ChannelListing(itemID: "1", variationID: "3", sellerSKU: "TEE", title: "Tee"),
        ChannelListing(
          itemID: "9", variationID: "", sellerSKU: "MUG", title: "Mug", state: .hidden,
          attributes: ["location_id": "SGZ"]),
      ])
    let last = try await adapter.fetchListings(after: first.nextCursor, api: api)
    #expect(last == ListingPage(listings: [], nextCursor: nil))
    #expect(http.requests[3].parameters["offset"] == "50")
    #expect(http.requests[1].parameters["item_id_list"] == "1,9")
  }

  @Test func pageThatDoesNotAdvanceIsMalformed() async {
    let http = RecordedHTTP(
      #"{"error":"","response":{"item":[],"has_next_page":true,"next_offset":0}}"#)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(after: nil, api: shopeeAPI(http))
    }
    #expect(error?.kind == "malformed")
  }
}
