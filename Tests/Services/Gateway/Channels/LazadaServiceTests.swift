import ChannelAdapter
import LazadaChannel
import Primitives
import Testing

/// What an adapter does beside orders and stock: shipping, returns, tokens.
@Suite struct LazadaServiceTests {
  let adapter = LazadaAdapter()

  private func units(_ units: (id: Int, status: String, package: String)...) -> String {
    let list = units.map {
      #"{"order_item_id":\#($0.id),"sku":"S","sku_id":"234","product_id":"1","status":"\#($0.status)","package_id":"\#($0.package)","created_at":"2026-01-05 11:00:00 +0800","updated_at":"2026-01-05 11:00:00 +0800"}"#
    }
    return #"{"code":"0","data":[\#(list.joined(separator: ","))]}"#
  }

  private func notice(_ quantity: Quantity) -> ShippedNotice {
    ShippedNotice(
      orderExternalID: "42", trackingNumber: "T", carrier: "Ninja", lines: [("234", quantity)])
  }
  private let providers =
    #"{"code":"0","result":{"success":true,"data":{"platform_default":1,"shipment_providers":[],"shipping_allocate_type":"TFS"}}}"#
  private let ready =
    #"{"code":"0","result":{"success":true,"data":{"packages":[{"item_err_code":"0","package_id":"FP1"}]}}}"#

  private func packed(_ code: String, retry: Bool = false) -> String {
    #"{"code":"0","result":{"success":true,"data":{"pack_order_list":[{"order_id":42,"order_item_list":[{"order_item_id":1,"item_err_code":"\#(code)","msg":"m","package_id":"FP1","retry":\#(retry)},{"order_item_id":2,"item_err_code":"0","package_id":"FP1"}]}]}}}"#
  }

  @Test func unitsArePackedThenReady() async throws {
    let http = RecordedHTTP(
      units((1, "pending", ""), (2, "pending", ""), (3, "canceled", "")), providers, packed("0"),
      ready)
    try await adapter.markShipped(notice(2), api: lazadaAPI(http))
    #expect(
      http.requests.map { $0.path.dropFirst("http://127.0.0.1:8090/lazada".count) } == [
        "/order/items/get", "/order/shipment/providers/get", "/order/fulfill/pack",
        "/order/package/rts",
      ])
    #expect(
      http.requests[2].parameters["packReq"]
        == #"{"delivery_type":"dropship","pack_order_list":[{"order_id":42,"order_item_list":[1,2]}],"shipping_allocate_type":"TFS"}"#
    )
    #expect(
      http.requests[3].parameters["readyToShipReq"] == #"{"packages":[{"package_id":"FP1"}]}"#)
  }

  @Test func sellerWhoMustChooseAProviderDoes() async throws {
    let choice =
      #"{"code":"0","result":{"success":true,"data":{"platform_default":0,"shipment_providers":[{"name":"Pos","provider_code":"FM1"},{"name":"ninja","provider_code":"FM49"}],"shipping_allocate_type":"NTFS"}}}"#
    let http = RecordedHTTP(units((1, "pending", "")), choice, packed("0"), ready)
    try await adapter.markShipped(notice(1), api: lazadaAPI(http))
    let request = http.requests[2].parameters["packReq"] ?? ""
    #expect(request.contains(#""shipment_provider_code":"FM49""#))
    #expect(request.contains(#""shipping_allocate_type":"NTFS""#))
  }

  @Test func tellingItTwiceChangesNothing() async throws {
    let http = RecordedHTTP(units((1, "ready_to_ship", "FP1"), (2, "shipped", "FP1")))
    try await adapter.markShipped(notice(2), api: lazadaAPI(http))
    #expect(http.requests.count == 1)
  }

  @Test func stoppedHalfWayItGoesOnWithWhatIsPacked() async throws {
    let http = RecordedHTTP(units((1, "pending", ""), (2, "packed", "FP1")), ready)
    try await adapter.markShipped(notice(1), api: lazadaAPI(http))
    #expect(http.requests.count == 2)
    #expect(
      http.requests[1].parameters["readyToShipReq"] == #"{"packages":[{"package_id":"FP1"}]}"#)
  }

  @Test func olderAnswersHaveTheirContentInData() async throws {
    let providers =
      #"{"code":"0","data":{"platform_default":[],"shipment_providers":[],"shipping_allocate_type":"TFS"}}"#
    let http = RecordedHTTP(
      units((1, "pending", "")), providers,
      #"{"code":"0","data":{"pack_order_list":[{"order_item_list":[{"item_err_code":"0","package_id":"FP1"}]}]}}"#,
      #"{"code":"0","data":{"packages":[{"item_err_code":"0","package_id":"FP1"}]}}"#)
    try await adapter.markShipped(notice(1), api: lazadaAPI(http))
    #expect(http.requests.count == 4)
  }

  @Test(arguments: [(false, "refused"), (true, "unavailable")])
  func failureInsideASuccessIsOpened(_ retry: Bool, _ kind: String) async {
    let http = RecordedHTTP(
      units((1, "pending", ""), (2, "pending", "")), providers, packed("700000", retry: retry))
    let error = await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice(2), api: lazadaAPI(http))
    }
    #expect(error?.kind == kind)
    #expect(http.requests.count == 3)
  }

  @Test func resultThatFailedAsAWholeIsAnError() async {
    let http = RecordedHTTP(
      units((1, "pending", "")),
      #"{"code":"0","result":{"success":false,"error_code":"6","error_msg":"system is busy now ,pls try later"}}"#
    )
    let error = await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice(1), api: lazadaAPI(http))
    }
    #expect(error?.kind == "unavailable")
  }

  private func reverse(_ statuses: [String], _ fields: String) -> String {
    let lines = statuses.enumerated().map {
      #"{"reverse_order_line_id":\#($0.offset + 1),"trade_order_line_id":\#($0.offset + 11),"reverse_status":"\#($0.element)","seller_sku_id":"S","platform_sku_id":"P","reason_text":"Broken","return_order_line_gmt_modified":1767700000000}"#
    }
    return
      #"{"code":"0","data":{"reverse_order_id":7,"trade_order_id":42,\#(fields),"reverseOrderLineDTOList":[\#(lines.joined(separator: ","))]}}"#
  }

  @Test func returnNamesTheOrdersLines() async throws {
    let http = RecordedHTTP(
      reverse(["RTM_INIT", "RTM_INIT"], #""request_type":"RETURN","is_rtm":true"#),
      units((11, "delivered", "")))
    let read = try await adapter.fetchReturn("7", event: nil, api: lazadaAPI(http))
    #expect(
      read
        == ChannelReturn(
          externalID: "7", orderExternalID: "42", state: .requested,
          lines: [
            .init(
              lineID: "1", orderLineID: "234", itemID: "1", variationID: "234", sellerSKU: "S",
              quantity: 1),
            .init(lineID: "2", itemID: "P", variationID: "", sellerSKU: "S", quantity: 1),
          ], reason: "Broken", updateTime: Timestamp(seconds: 1_767_700_000)))
  }

  @Test(arguments: [
    ("RTM_INIT", #""request_type":"RETURN","is_rtm":true"#, ChannelReturn.State.requested),
    ("REQUEST_INITIATE", #""request_type":"RETURN""#, .requested),
    ("RTM_INIT", #""request_type":"RETURN","is_rtm":false"#, .closed),
    ("REFUND_SUCCESS", #""request_type":"ONLY_REFUND""#, .closed),
    ("CANCEL_SUCCESS", #""request_type":"CANCEL""#, .closed),
    ("REQUEST_REJECT", #""request_type":"RETURN","is_rtm":true"#, .closed),
    ("REQUEST_CANCEL", #""request_type":"RETURN","is_rtm":true"#, .closed),
  ])
  func returnBringsGoodsToUsOrNot(
    _ status: String, _ fields: String, _ state: ChannelReturn.State
  ) async throws {
    let http = RecordedHTTP(reverse([status], fields), units((11, "delivered", "")))
    #expect(try await adapter.fetchReturn("7", event: nil, api: lazadaAPI(http)).state == state)
  }

  @Test func acceptedReturnIsRefundedOnce() async throws {
    let answer = ReturnAnswer(
      returnExternalID: "7", orderExternalID: "42", accepted: true,
      lines: [("1", 1, true), ("2", 1, false)])
    let fields = #""request_type":"RETURN","is_rtm":true"#
    let http = RecordedHTTP(
      reverse(["RTM_RECEIVE_ITEM", "REFUND_SUCCESS"], fields), #"{"code":"0"}"#)
    try await adapter.answerReturn(answer, api: lazadaAPI(http))
    let sent = http.requests[1].parameters
    #expect(sent["action"] == "agreeRefund")
    #expect(sent["reverse_order_id"] == "7")
    #expect(sent["reverse_order_item_ids"] == "[1]")
    let again = RecordedHTTP(reverse(["REFUND_ISSUED", "REFUND_SUCCESS"], fields))
    try await adapter.answerReturn(answer, api: lazadaAPI(again))
    #expect(again.requests.count == 1)
  }

  @Test func refusedReturnNeedsAPerson() async {
    let answer = ReturnAnswer(
      returnExternalID: "7", orderExternalID: "42", accepted: false, lines: [])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.answerReturn(answer, api: lazadaAPI(RecordedHTTP()))
    }
    #expect(error?.kind == "refused")
  }

  @Test func refreshGivesNewTokens() async throws {
    let http = RecordedHTTP(
      #"{"code":"0","access_token":"a2","refresh_token":"r2","expires_in":2592000,"refresh_expires_in":15552000}"#
    )
    let changed = try await adapter.refreshCredentials(api: lazadaAPI(http))
    #expect(
      changed == [
        "access_token": "a2", "refresh_token": "r2", "access_token_expires_at": "1702592000",
        "authorisation_expires_at": "1715552000",
      ])
    let sent = http.requests[0].parameters
    #expect(http.requests[0].path == "http://127.0.0.1:8090/lazada/auth/token/refresh")
    #expect(sent["refresh_token"] == "tok_refresh")
    #expect(sent["access_token"] == nil)
  }

  @Test func liveTokensComeFromTheAuthorisationHost() async throws {
    let http = RecordedHTTP(#"{"code":"0","access_token":"a2"}"#)
    var api = lazadaAPI(http)
    api.account.baseURL = "https://api.lazada.sg/rest"
    _ = try await adapter.refreshCredentials(api: api)
    #expect(http.requests[0].path == "https://auth.lazada.com/rest/auth/token/refresh")
  }

  @Test func refusedRefreshTokenNeedsAPerson() async {
    let http = RecordedHTTP(#"{"code":"IllegalRefreshToken","message":"expired"}"#)
    let error = await failure { () async throws(ChannelError) in
      try await adapter.refreshCredentials(api: lazadaAPI(http))
    }
    #expect(error?.kind == "unauthorised")
  }
}
