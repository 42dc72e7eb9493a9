import ChannelAdapter
import Primitives
import Testing
import TikTokShopChannel

/// What an adapter does beside orders and stock: shipping, cancelling, returns, tokens.
@Suite struct TikTokShopServiceTests {
  let adapter = TikTokShopAdapter()
  private let done = tikTokShopData("{}")

  private typealias Unit = (id: String, status: String, fields: String)

  private func order(
    _ status: String, _ units: [Unit], shipping: String = "TIKTOK", _ fields: String = #""x":1"#
  ) -> String {
    let list = units.map {
      #"{"id":"\#($0.id)","sku_id":"234","product_id":"17295","seller_sku":"S","display_status":"\#($0.status)",\#($0.fields)}"#
    }
    return tikTokShopData(
      #"{"orders":[{"id":"42","status":"\#(status)","create_time":1767600000,"update_time":1767600005,"shipping_type":"\#(shipping)","delivery_option_id":"D1",\#(fields),"line_items":[\#(list.joined(separator: ","))]}]}"#
    )
  }

  private func package(_ id: String) -> String { #""package_id":"\#(id)""# }

  private func notice(
    _ quantity: Quantity?, tracking: String = "TRK1", carrier: String = "Ninja Van"
  ) -> ShippedNotice {
    ShippedNotice(
      orderExternalID: "42", trackingNumber: tracking, carrier: carrier,
      lines: quantity.map { [("234", $0)] } ?? [])
  }

  private func paths(_ http: RecordedHTTP) -> [String] {
    http.requests.map { String($0.path.dropFirst("http://127.0.0.1:8090/tiktok".count)) }
  }

  private let providers = tikTokShopData(
    #"{"shipping_providers":[{"id":"P1","name":"J&T Express"},{"id":"P2","name":"NINJA VAN"}]}"#)

  // MARK: Shipping

  @Test(arguments: [
    (
      #""can_pickup":true,"can_drop_off":true"#, #"{"handover_method":"DROP_OFF"}"#
    ),
    (
      #""can_pickup":true,"can_drop_off":false,"pickup_slots":[{"start_time":1,"end_time":2,"avaliable":false},{"start_time":3,"end_time":4,"avaliable":true}]"#,
      #"{"handover_method":"PICKUP","pickup_slot":{"end_time":4,"start_time":3}}"#
    ),
    (#""can_pickup":true"#, #"{"handover_method":"PICKUP"}"#),
    (#""can_van_collection":true"#, "{}"),
  ])
  func packageOfTikToksCourierIsHandedOver(_ slots: String, _ body: String) async throws {
    let http = RecordedHTTP(
      order(
        "AWAITING_SHIPMENT",
        [
          ("1", "AWAITING_SHIPMENT", package("P")), ("2", "AWAITING_SHIPMENT", package("P")),
          ("3", "CANCELLED", package("Q")),
        ]), tikTokShopData("{\(slots)}"), done)
    try await adapter.markShipped(notice(2), api: tikTokShopAPI(http))
    #expect(
      paths(http) == [
        "/order/202309/orders", "/fulfillment/202309/packages/P/handover_time_slots",
        "/fulfillment/202309/packages/P/ship",
      ])
    #expect(http.requests[2].text == body)
  }

  @Test func packageOfTheSellersCourierHasItsNumber() async throws {
    let http = RecordedHTTP(
      order(
        "AWAITING_SHIPMENT", [("1", "AWAITING_SHIPMENT", package("P"))], shipping: "SELLER"),
      providers, done)
    try await adapter.markShipped(notice(nil), api: tikTokShopAPI(http))
    #expect(
      paths(http) == [
        "/order/202309/orders", "/logistics/202309/delivery_options/D1/shipping_providers",
        "/fulfillment/202309/packages/P/ship",
      ])
    #expect(
      http.requests[2].text
        == #"{"self_shipment":{"shipping_provider_id":"P2","tracking_number":"TRK1"}}"#)
  }

  @Test func unitsWithoutAPackageBecomeOne() async throws {
    let units: [Unit] = [
      ("1", "AWAITING_SHIPMENT", #""x":1"#), ("2", "AWAITING_SHIPMENT", #""x":1"#),
      ("3", "CANCELLED", #""x":1"#),
    ]
    let http = RecordedHTTP(
      order("AWAITING_SHIPMENT", units, shipping: "SELLER"), providers, done)
    try await adapter.markShipped(notice(1), api: tikTokShopAPI(http))
    #expect(paths(http)[2] == "/fulfillment/202309/orders/42/packages")
    #expect(
      http.requests[2].text
        == #"{"order_line_item_ids":["1"],"shipping_provider_id":"P2","tracking_number":"TRK1"}"#)
  }

  /// Goal: a notice of a part that is told again takes no other unit.
  @Test func tellingItTwiceChangesNothing() async throws {
    let units: [Unit] = [
      ("1", "AWAITING_SHIPMENT", #""x":1"#),
      ("2", "AWAITING_COLLECTION", #""package_id":"P","tracking_number":"TRK1""#),
    ]
    let http = RecordedHTTP(order("PARTIALLY_SHIPPING", units, shipping: "SELLER"))
    try await adapter.markShipped(notice(1), api: tikTokShopAPI(http))
    #expect(http.requests.count == 1)
    let next = RecordedHTTP(
      order("PARTIALLY_SHIPPING", units, shipping: "SELLER"), providers, done)
    try await adapter.markShipped(notice(1, tracking: "TRK2"), api: tikTokShopAPI(next))
    #expect(next.requests[2].text.contains(#""order_line_item_ids":["1"]"#))
    let all = RecordedHTTP(order("IN_TRANSIT", [("1", "IN_TRANSIT", package("P"))]))
    try await adapter.markShipped(notice(nil), api: tikTokShopAPI(all))
    #expect(all.requests.count == 1)
  }

  @Test(arguments: [21_008_099, 21_011_020, 21_011_040, 11_006_021])
  func packageThatIsOnItsWayIsASuccess(_ code: Int) async throws {
    let http = RecordedHTTP(
      order("AWAITING_SHIPMENT", [("1", "AWAITING_SHIPMENT", package("P"))]),
      tikTokShopData(#"{"can_drop_off":true}"#), tikTokShopFailure(code))
    try await adapter.markShipped(notice(1), api: tikTokShopAPI(http))
    #expect(http.requests.count == 3)
  }

  private func shippingFails(
    _ notice: ShippedNotice, _ replies: String...
  ) async -> String? {
    let http = RecordedHTTP(replies.map { ChannelReply(200, $0) })
    return await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice, api: tikTokShopAPI(http))
    }?.kind
  }

  @Test func whatCannotBeShippedSaysWhy() async {
    let ready: [Unit] = [("1", "AWAITING_SHIPMENT", #""x":1"#)]
    let own = order("AWAITING_SHIPMENT", ready, shipping: "SELLER")
    #expect(
      await shippingFails(notice(1), order("UNPAID", [("1", "UNPAID", "\"x\":1")])) == "refused")
    #expect(await shippingFails(notice(1), order("ON_HOLD", ready)) == "unavailable")
    #expect(
      await shippingFails(notice(1), order("CANCELLED", [("1", "CANCELLED", "\"x\":1")]))
        == "refused")
    #expect(
      await shippingFails(
        notice(1),
        order("AWAITING_SHIPMENT", ready, #""fulfillment_type":"FULFILLMENT_BY_TIKTOK""#))
        == "refused")
    // TikTok's courier, and nobody has bought the label.
    #expect(await shippingFails(notice(1), order("AWAITING_SHIPMENT", ready)) == "refused")
    #expect(await shippingFails(notice(1, tracking: ""), own) == "refused")
    #expect(await shippingFails(notice(1, carrier: "Poslaju"), own, providers) == "refused")
    #expect(
      await shippingFails(notice(1), own, providers, tikTokShopFailure(21_011_022)) == "refused")
    #expect(
      await shippingFails(
        notice(1), own, providers,
        tikTokShopFailure(21_001_008, "System process error, please try again later."))
        == "unavailable")
    #expect(await shippingFails(notice(1), tikTokShopData(#"{"orders":[]}"#)) == "notFound")
  }

  // MARK: Cancelling

  private func cancel(
    _ lines: [(lineID: String, quantity: Quantity)], _ http: RecordedHTTP
  ) async throws(ChannelError) {
    try await adapter.cancelOrder(
      OrderCancellation(orderExternalID: "42", lines: lines), api: tikTokShopAPI(http))
  }

  private let waiting: [Unit] = [
    ("1", "AWAITING_SHIPMENT", #""x":1"#), ("2", "AWAITING_SHIPMENT", #""x":1"#),
  ]

  @Test func orderIsCancelledForWantOfStock() async throws {
    let whole = RecordedHTTP(order("AWAITING_SHIPMENT", waiting), done)
    try await cancel([], whole)
    #expect(paths(whole)[1] == "/return_refund/202309/cancellations")
    #expect(
      whole.requests[1].text
        == #"{"cancel_reason":"seller_cancel_reason_out_of_stock","order_id":"42"}"#)
    let part = RecordedHTTP(order("AWAITING_SHIPMENT", waiting), done)
    try await cancel([("234", 1)], part)
    #expect(
      part.requests[1].text
        == #"{"cancel_reason":"seller_cancel_reason_out_of_stock","order_id":"42","order_line_item_ids":["1"]}"#
    )
    let unpaid = RecordedHTTP(order("UNPAID", [("1", "UNPAID", #""x":1"#)]), done)
    try await cancel([], unpaid)
    #expect(unpaid.requests[1].text.contains("seller_cancel_unpaid_reason_out_of_stock"))
  }

  @Test func marketWithReasonsOfItsOwnIsAskedAgain() async throws {
    let http = RecordedHTTP(
      order("AWAITING_SHIPMENT", waiting), tikTokShopFailure(25_001_014), done)
    try await cancel([], http)
    #expect(http.requests[2].text.contains("seller_cancel_reason_out_of_stock_uk"))
  }

  @Test func cancellingWhatIsCancelledIsASuccess() async throws {
    let gone = RecordedHTTP(
      order("CANCELLED", [("1", "CANCELLED", #""x":1"#), ("2", "CANCELLED", #""x":1"#)]))
    try await cancel([], gone)
    let half: [Unit] = [("1", "CANCELLED", #""x":1"#), ("2", "AWAITING_SHIPMENT", #""x":1"#)]
    let again = RecordedHTTP(order("AWAITING_SHIPMENT", half))
    try await cancel([("234", 1)], again)
    #expect(gone.requests.count == 1 && again.requests.count == 1)
    let more = RecordedHTTP(order("AWAITING_SHIPMENT", half), done)
    try await cancel([("234", 2)], more)
    #expect(more.requests[1].text.contains(#""order_line_item_ids":["2"]"#))
  }

  @Test func whatCannotBeCancelledSaysWhy() async {
    let left = order("IN_TRANSIT", [("1", "IN_TRANSIT", #""x":1"#)])
    for (lines, replies) in [
      ([], [left]), ([("234", 1)], [left]), ([("9", 1)], [order("AWAITING_SHIPMENT", waiting)]),
      (
        [],
        [
          order("AWAITING_SHIPMENT", waiting), tikTokShopFailure(25_001_014),
          tikTokShopFailure(25_001_015),
        ]
      ),
      ([("234", 1)], [order("AWAITING_SHIPMENT", waiting), tikTokShopFailure(25_005_010)]),
    ] as [([(lineID: String, quantity: Quantity)], [String])] {
      let http = RecordedHTTP(replies.map { ChannelReply(200, $0) })
      let error = await failure { () async throws(ChannelError) in try await cancel(lines, http) }
      #expect(error?.kind == "refused")
      #expect(http.requests.count == replies.count)
    }
  }

  // MARK: Returns

  private func returned(
    _ status: String, type: String = "RETURN_AND_REFUND", _ fields: String = #""x":1"#,
    lines: String =
      #"{"return_line_item_id":"L1","order_line_item_id":"1","sku_id":"234","seller_sku":"S"},{"return_line_item_id":"L2","order_line_item_id":"77","sku_id":"9","seller_sku":"T"}"#
  ) -> String {
    tikTokShopData(
      #"{"return_orders":[{"return_id":"7","order_id":"42","return_type":"\#(type)","return_status":"\#(status)","return_reason_text":"Broken","update_time":1767700000,\#(fields),"return_line_items":[\#(lines)]}],"total_count":1}"#
    )
  }

  @Test func returnNamesTheOrdersLines() async throws {
    let bundle =
      #""combined_listing_skus":[{"sku_id":"8","sku_count":2,"product_id":"80","seller_sku":"MUG"},{"sku_id":"234","product_id":"17295","seller_sku":"S"}]"#
    let http = RecordedHTTP(
      returned(
        "BUYER_SHIPPED_ITEM",
        lines:
          #"{"return_line_item_id":"L1","order_line_item_id":"1"},{"return_line_item_id":"L2","order_line_item_id":"77","sku_id":"9","seller_sku":"T"},{"return_line_item_id":"L3","order_line_item_id":"2"}"#
      ), order("DELIVERED", [("1", "DELIVERED", #""x":1"#), ("2", "DELIVERED", bundle)]))
    let read = try await adapter.fetchReturn("7", event: nil, api: tikTokShopAPI(http))
    #expect(http.requests[0].text == #"{"return_ids":["7"]}"#)
    #expect(
      read
        == ChannelReturn(
          externalID: "7", orderExternalID: "42", state: .requested,
          lines: [
            .init(
              lineID: "L1", orderLineID: "234", itemID: "17295", variationID: "234",
              sellerSKU: "S", quantity: 1),
            .init(lineID: "L2", itemID: "", variationID: "9", sellerSKU: "T", quantity: 1),
            .init(
              lineID: "L3-8", orderLineID: "8", itemID: "80", variationID: "8", sellerSKU: "MUG",
              quantity: 2),
            .init(
              lineID: "L3-234", orderLineID: "234", itemID: "17295", variationID: "234",
              sellerSKU: "S", quantity: 1),
          ], reason: "Broken", updateTime: Timestamp(seconds: 1_767_700_000)))
  }

  @Test(arguments: [
    (
      "RETURN_OR_REFUND_REQUEST_PENDING", "RETURN_AND_REFUND", #""x":1"#,
      ChannelReturn.State.requested
    ),
    ("AWAITING_BUYER_SHIP", "RETURN_AND_REFUND", #""x":1"#, .requested),
    ("BUYER_SHIPPED_ITEM", "RETURN_AND_REFUND", #""x":1"#, .requested),
    ("REJECT_RECEIVE_PACKAGE", "RETURN_AND_REFUND", #""x":1"#, .requested),
    ("RETURN_OR_REFUND_REQUEST_COMPLETE", "RETURN_AND_REFUND", #""x":1"#, .requested),
    ("SOMETHING_NEW", "REPLACEMENT", #""x":1"#, .requested),
    ("RETURN_OR_REFUND_REQUEST_PENDING", "REFUND", #""x":1"#, .closed),
    ("AWAITING_BUYER_SHIP", "RETURN_AND_REFUND", #""can_buyer_keep_item":true"#, .closed),
    ("REFUND_OR_RETURN_REQUEST_REJECT", "RETURN_AND_REFUND", #""x":1"#, .closed),
    ("RETURN_OR_REFUND__REQUEST_CANCELLED", "RETURN_AND_REFUND", #""x":1"#, .closed),
    ("RETURN_OR_REFUND_REQUEST_CANCEL", "RETURN_AND_REFUND", #""x":1"#, .closed),
    ("REPLACEMENT_REQUEST_CANCEL", "REPLACEMENT", #""x":1"#, .closed),
  ])
  func returnBringsGoodsOrNot(
    _ status: String, _ type: String, _ fields: String, _ state: ChannelReturn.State
  ) async throws {
    let http = RecordedHTTP(
      returned(status, type: type, fields), order("DELIVERED", [("1", "DELIVERED", #""x":1"#)]))
    #expect(
      try await adapter.fetchReturn("7", event: nil, api: tikTokShopAPI(http)).state == state)
  }

  @Test func unknownOrEmptyReturnIsAnError() async {
    for (body, kind) in [
      (tikTokShopData(#"{"return_orders":[]}"#), "notFound"),
      (returned("X", lines: ""), "malformed"), (tikTokShopFailure(25_020_005), "refused"),
    ] {
      let error = await failure { () async throws(ChannelError) in
        try await adapter.fetchReturn("7", event: nil, api: tikTokShopAPI(RecordedHTTP(body)))
      }
      #expect(error?.kind == kind)
    }
  }

  private func answer(
    _ accepted: Bool, _ replies: String...
  ) async -> (decisions: [String], error: String?) {
    let http = RecordedHTTP(replies.map { ChannelReply(200, $0) })
    let answer = ReturnAnswer(
      returnExternalID: "7", orderExternalID: "42", accepted: accepted, lines: [("L1", 1, true)])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.answerReturn(answer, api: tikTokShopAPI(http))
    }
    let decisions = http.requests.filter { $0.path.hasSuffix("/returns/7/approve") }
    #expect(
      Set(decisions.compactMap { $0.parameters["idempotency_key"] }).count == decisions.count)
    return (decisions.map(\.text), error?.kind)
  }

  @Test func acceptedReturnIsPaidBackStepByStep() async {
    let asked = returned("RETURN_OR_REFUND_REQUEST_PENDING")
    let sent = returned("BUYER_SHIPPED_ITEM")
    let all = await answer(true, asked, done, sent, done)
    #expect(
      all.decisions == [
        #"{"decision":"APPROVE_RETURN"}"#, #"{"decision":"APPROVE_RECEIVED_PACKAGE"}"#,
      ])
    #expect(all.error == nil)
    let last = await answer(true, sent, done)
    #expect(last.decisions == [#"{"decision":"APPROVE_RECEIVED_PACKAGE"}"#] && last.error == nil)
    let paid = await answer(true, returned("RETURN_OR_REFUND_REQUEST_COMPLETE"))
    #expect(paid.decisions.isEmpty && paid.error == nil)
    let money = await answer(
      true, returned("RETURN_OR_REFUND_REQUEST_PENDING", type: "REFUND"), done,
      returned("RETURN_OR_REFUND_REQUEST_SUCCESS", type: "REFUND"))
    #expect(money.decisions == [#"{"decision":"APPROVE_REFUND"}"#] && money.error == nil)
  }

  @Test func goodsThatAreHereBeforeTheirParcelWait() async {
    let early = await answer(
      true, returned("RETURN_OR_REFUND_REQUEST_PENDING"), done, returned("AWAITING_BUYER_SHIP"))
    #expect(early.decisions.count == 1 && early.error == "unavailable")
    let again = await answer(true, returned("AWAITING_BUYER_SHIP"))
    #expect(again.decisions.isEmpty && again.error == "unavailable")
  }

  @Test func whatAPersonDecidesIsRefused() async {
    #expect(await answer(false).error == "refused")
    #expect(
      await answer(true, returned("REPLACEMENT_REQUEST_PENDING", type: "REPLACEMENT")).error
        == "refused")
    #expect(await answer(true, returned("RETURN_OR_REFUND_REQUEST_CANCEL")).error == "refused")
    #expect(
      await answer(true, returned("BUYER_SHIPPED_ITEM"), tikTokShopFailure(25_011_010)).error
        == "refused")
  }

  // MARK: Tokens

  private let tokens = tikTokShopData(
    #"{"access_token":"a2","access_token_expire_in":1700604800,"refresh_token":"r2","refresh_token_expire_in":1731536000,"open_id":"o"}"#
  )
  private let shops = tikTokShopData(
    #"{"shops":[{"id":"1","cipher":"OTHER"},{"id":"7494726673780148744","cipher":"C2","region":"SG"}]}"#
  )
  private let fresh = [
    "access_token": "a2", "refresh_token": "r2", "access_token_expires_at": "1700604800",
    "authorisation_expires_at": "1731536000",
  ]

  private func refresh(
    _ changes: [String: String], _ http: RecordedHTTP, live: Bool = false
  ) async throws(ChannelError) -> [String: String]? {
    var api = tikTokShopAPI(http, changes)
    if live { api.account.baseURL = "https://open-api.tiktokglobalshop.com" }
    return try await adapter.refreshCredentials(api: api)
  }

  @Test func refreshGivesNewTokens() async throws {
    let http = RecordedHTTP(tokens)
    #expect(try await refresh([:], http) == fresh)
    let request = http.requests[0]
    #expect(http.requests.count == 1 && request.method == "GET")
    #expect(request.path == "http://127.0.0.1:8090/tiktok/api/v2/token/refresh")
    #expect(
      request.parameters == [
        "app_key": "fake_app_key", "app_secret": "fake_app_secret", "refresh_token": "tok_refresh",
        "grant_type": "refresh_token",
      ])
    let live = RecordedHTTP(tokens)
    _ = try await refresh([:], live, live: true)
    #expect(live.requests[0].path == "https://auth.tiktok-shops.com/api/v2/token/refresh")
  }

  private let connected = [
    "access_token": "", "refresh_token": "", "shop_cipher": "", "service_id": "svc",
  ]

  private func exchange(
    _ http: RecordedHTTP, _ changes: (inout ChannelAPI) -> Void = { _ in }
  ) async throws(ChannelError) -> AuthorisedShop {
    var api = tikTokShopAPI(http, connected)
    changes(&api)
    return try await adapter.exchange(
      AuthorisationGrant(code: "ROW_code", redirectURL: "https://gw.example.com/oauth"), api: api)
  }

  @Test func codeIsTradedForTokensAndTheShop() async throws {
    let http = RecordedHTTP(tokens, shops)
    let shop = try await exchange(http)
    #expect(shop.credentials == fresh.merging(["shop_cipher": "C2"]) { $1 })
    #expect(shop.externalID == tikTokShopAccount().externalID)
    #expect(http.requests[0].path.hasSuffix("/api/v2/token/get"))
    #expect(http.requests[0].parameters["auth_code"] == "ROW_code")
    #expect(http.requests[0].parameters["grant_type"] == "authorized_code")
    #expect(http.requests[1].path.hasSuffix("/authorization/202309/shops"))
    #expect(http.requests[1].parameters["shop_cipher"] == nil)
    #expect(http.requests[1].headers.contains { $0 == ("x-tts-access-token", "a2") })
  }

  /// What is missing comes with new tokens.
  @Test func accountWithoutATokenGetsOneFirst() async {
    for name in ["access_token", "shop_cipher"] {
      let http = RecordedHTTP()
      let error = await failure { () async throws(ChannelError) in
        try await adapter.fetchListings(after: nil, api: tikTokShopAPI(http, [name: ""]))
      }
      #expect(error?.kind == "tokenExpired" && http.requests.isEmpty)
    }
    let secrets = Set(adapter.traits.requiredCredentials)
    #expect(secrets == ["app_key", "app_secret"])
  }

  @Test func missingCipherComesWithNewTokens() async throws {
    let http = RecordedHTTP(tokens, tikTokShopFailure(36_009_003))
    #expect(try await refresh(["shop_cipher": ""], http) == fresh, "tokens are kept without it")
    let next = RecordedHTTP(tokens, shops)
    let cipher = try await refresh(["shop_cipher": ""], next)
    #expect(cipher?["shop_cipher"] == "C2")
  }

  @Test func codeThatIsOverIsRefused() async {
    let error = await failure { () async throws(ChannelError) in
      try await exchange(RecordedHTTP(tikTokShopFailure(36_004_004)))
    }
    #expect(error?.kind == "unauthorised")
  }

  @Test(arguments: [
    (36_004_004, "m", "unauthorised"), (36_009_004, "Invalid credentials", "unauthorised"),
    (105_002, "m", "unauthorised"), (36_009_003, "m", "unavailable"),
    (36_009_002, "m", "rateLimited"),
  ])
  func refusedRefreshNeedsAPerson(_ code: Int, _ message: String, _ kind: String) async {
    let http = RecordedHTTP(tikTokShopFailure(code, message))
    let error = await failure { () async throws(ChannelError) in try await refresh([:], http) }
    #expect(error?.kind == kind)
    if let error { #expect(!"\(error)".contains("fake_app_secret")) }
  }

  @Test func authorisationOfAnotherShopIsRefused() async {
    let others = tikTokShopData(#"{"shops":[{"id":"1","cipher":"OTHER"}]}"#)
    let error = await failure { () async throws(ChannelError) in
      try await exchange(RecordedHTTP(tokens, others))
    }
    #expect(error?.kind == "unauthorised")
    let nothing = await failure { () async throws(ChannelError) in
      try await refresh(["refresh_token": ""], RecordedHTTP())
    }
    #expect(nothing?.kind == "unauthorised")
  }

  @Test(arguments: [
    tikTokShopData("{}"), tikTokShopData(#"{"access_token":""}"#), tikTokShopData("null"), "", "[]",
  ])
  func senselessTokensAreMalformed(_ body: String) async {
    let error = await failure { () async throws(ChannelError) in
      try await refresh([:], RecordedHTTP(body))
    }
    #expect(error?.kind == "malformed")
  }
}
