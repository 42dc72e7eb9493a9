import ChannelAdapter
import Primitives
import SquareChannel
import Testing

/// What the adapter does beside orders and stock: shipping, returns, tokens, listings, polling.
@Suite struct SquareServiceTests {
  let adapter = SquareAdapter()
  let notice = ShippedNotice(
    orderExternalID: "O1", trackingNumber: "TRK1", carrier: "Ninja", lines: [("u1", 2)])

  private func order(
    _ state: String, _ fulfilments: String = "", version: String = #""version":4,"#
  ) -> String {
    """
    {"order":{"id":"O1","location_id":"L1","state":"\(state)",\(version)
     "created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T03:00:00Z",
     "line_items":[{"uid":"u1","catalog_object_id":"V1","quantity":"2"}],
     "tenders":[{"id":"T"}],"fulfillments":[\(fulfilments)]}}
    """
  }

  private func ship(_ http: RecordedHTTP) async -> ChannelError? {
    await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice, api: squareAPI(http))
    }
  }

  // MARK: Shipping

  @Test func shipmentIsCompletedWithItsParcelAndTheOrderWithIt() async throws {
    let waiting = #"{"uid":"F1","type":"SHIPMENT","state":"RESERVED"}"#
    let http = RecordedHTTP(order("OPEN", waiting), order("COMPLETED"))
    #expect(await ship(http) == nil)
    let request = http.requests[1]
    #expect(request.method == "PUT")
    #expect(request.url == "http://127.0.0.1:8090/square/v2/orders/O1")
    #expect(
      request.text.contains(
        #""order":{"fulfillments":[{"shipment_details":{"carrier":"Ninja","tracking_number":"TRK1"},"state":"COMPLETED","uid":"F1"}],"location_id":"L1","state":"COMPLETED","version":4}"#
      ))
  }

  @Test func pickupHasNoParcel() async throws {
    let http = RecordedHTTP(
      order("OPEN", #"{"uid":"F1","type":"PICKUP","state":"PREPARED"}"#), order("COMPLETED"))
    #expect(await ship(http) == nil)
    #expect(!http.requests[1].text.contains("shipment_details"))
  }

  @Test func partOfTheFulfilmentsLeavesTheOrderOpen() async throws {
    func part(_ uid: String, _ line: String) -> String {
      #"{"uid":"\#(uid)","type":"PICKUP","state":"PROPOSED","line_item_application":"ENTRY_LIST","entries":[{"line_item_uid":"\#(line)","quantity":"1"}]}"#
    }
    let both = part("F1", "u1") + "," + part("F2", "u9")
    let http = RecordedHTTP(order("OPEN", both), order("OPEN"))
    #expect(await ship(http) == nil)
    #expect(
      http.requests[1].text.contains(
        #""order":{"fulfillments":[{"state":"COMPLETED","uid":"F1"}],"location_id":"L1","version":4}"#
      ))
    // The other part is nobody's whom the notice names.
    let other = RecordedHTTP(order("OPEN", part("F2", "u9")))
    #expect(await ship(other) == nil)
    #expect(other.requests.count == 1)
  }

  @Test func tellingItTwiceAndOfTheCounterChangesNothing() async {
    let done = #"{"uid":"F1","type":"SHIPMENT","state":"COMPLETED"}"#
    for body in [order("COMPLETED", done), order("OPEN", done), order("COMPLETED")] {
      let http = RecordedHTTP(body)
      #expect(await ship(http) == nil)
      #expect(http.requests.count == 1)
    }
  }

  @Test func whatIsCancelledIsNotShipped() async {
    let dead = #"{"uid":"F1","type":"SHIPMENT","state":"CANCELED"}"#
    for body in [order("CANCELED", dead), order("OPEN", dead)] {
      #expect(await ship(RecordedHTTP(body))?.kind == "refused")
    }
    let waiting = #"{"uid":"F1","type":"SHIPMENT","state":"PROPOSED"}"#
    #expect(await ship(RecordedHTTP(order("OPEN", waiting, version: "")))?.kind == "refused")
  }

  @Test func orderThatChangesMeanwhileIsReadAgain() async {
    let waiting = #"{"uid":"F1","type":"SHIPMENT","state":"PROPOSED"}"#
    let read = ChannelReply(200, order("OPEN", waiting))
    let later = ChannelReply(200, order("OPEN", waiting, version: #""version":5,"#))
    let stale = ChannelReply(400, #"{"errors":[{"code":"VERSION_MISMATCH"}]}"#)
    let http = RecordedHTTP([read, stale, later, ChannelReply(200, order("COMPLETED"))])
    #expect(await ship(http) == nil)
    #expect(http.requests[3].text.contains(#""version":5"#))
    let busy = RecordedHTTP([read, stale, read, stale, read, stale, read, stale])
    #expect(await ship(busy)?.kind == "unavailable")
    #expect(busy.requests.count == 6)
  }

  @Test func refusalOfAnUpdateIsHandedOn() async {
    let waiting = #"{"uid":"F1","type":"SHIPMENT","state":"PROPOSED"}"#
    let http = RecordedHTTP([
      ChannelReply(200, order("OPEN", waiting)),
      ChannelReply(400, #"{"errors":[{"code":"BAD_REQUEST","detail":"not paid"}]}"#),
    ])
    #expect(await ship(http) == .refused("BAD_REQUEST: not paid"))
  }

  // MARK: Returns

  private func returnOrder(_ lines: String, _ fields: String = "", state: String = "COMPLETED")
    -> String
  {
    """
    {"order":{"id":"RO","location_id":"L1","state":"\(state)","version":2,
     "created_at":"2026-01-06T02:59:00Z","updated_at":"2026-01-06T03:00:00Z",
     "refunds":[{"id":"PAY_REF"}],
     "returns":[{"uid":"R","source_order_id":"O1","return_line_items":[\(lines)]}]\(fields)}}
    """
  }
  private let line =
    #"{"uid":"r1","source_line_item_uid":"u1","catalog_object_id":"V1","quantity":"2"}"#

  private func adjustment(
    _ variation: String, _ quantity: String, refund: String = "REF", to: String = "IN_STOCK"
  ) -> String {
    #"{"type":"ADJUSTMENT","adjustment":{"from_state":"RETURNED_BY_CUSTOMER","to_state":"\#(to)","catalog_object_id":"\#(variation)","location_id":"L1","quantity":"\#(quantity)","refund_id":"\#(refund)"}}"#
  }

  private func fetch(_ bodies: String...) async throws(ChannelError) -> ChannelReturn {
    let http = RecordedHTTP(bodies.map { ChannelReply(200, $0) })
    return try await adapter.fetchReturn("RO", event: nil, api: squareAPI(http))
  }

  @Test func unitsThatWerePutBackAreRestocked() async throws {
    let http = RecordedHTTP(
      returnOrder(line), #"{"changes":[\#(adjustment("V1", "1"))],"cursor":"c"}"#,
      #"{"changes":[\#(adjustment("V1", "5", refund: "ANOTHER")),\#(adjustment("V1", "1", refund: "PAY_REF"))]}"#
    )
    let read = try await adapter.fetchReturn("RO", event: nil, api: squareAPI(http))
    #expect(
      read
        == ChannelReturn(
          externalID: "RO", orderExternalID: "O1", state: .restocked,
          lines: [
            .init(
              lineID: "r1", orderLineID: "u1", itemID: "V1", variationID: "", sellerSKU: "",
              quantity: 2)
          ], updateTime: Timestamp(seconds: 1_767_668_400)))
    #expect(
      http.requests[1].text
        == #"{"catalog_object_ids":["V1"],"location_ids":["L1"],"states":["IN_STOCK"],"types":["ADJUSTMENT"],"updated_after":"2026-01-06T02:58:00.000000Z"}"#
    )
    #expect(http.requests[2].text.contains(#""cursor":"c""#))
  }

  @Test func onlyWhatWasPutBackIsRestocked() async throws {
    let lines =
      line + "," + #"{"uid":"r2","catalog_object_id":"V2","quantity":"1"}"# + ","
      + #"{"uid":"r3","catalog_object_id":"V1","quantity":"1"}"#
    let some = try await fetch(
      returnOrder(lines), #"{"changes":[\#(adjustment("V1", "1"))]}"#)
    #expect(some.state == .restocked)
    #expect(some.lines.map { "\($0.lineID) \($0.quantity)" } == ["r1 1"])
    let others = [
      adjustment("V1", "2", refund: "ANOTHER"), adjustment("V1", "2", to: "WASTE"),
    ]
    for change in others + [""] {
      let none = try await fetch(returnOrder(line), #"{"changes":[\#(change)]}"#)
      #expect(none.state == .closed && none.lines.isEmpty && none.orderExternalID == "O1")
    }
    #expect(try await fetch(returnOrder(line), "{}").state == .closed)
  }

  @Test func refundOfTheEventIsKnownToo() async throws {
    let body =
      #"{"type":"refund.updated","location_id":"L1","data":{"object":{"refund":{"id":"P_NEW","order_id":"RO","reason":"Too small"}}}}"#
    let event = ChannelEvent(
      key: "k", kind: .return, subject: "RO", updateTime: .zero, body: Array(body.utf8),
      topic: "refund.updated")
    let http = RecordedHTTP(
      returnOrder(line), #"{"changes":[\#(adjustment("V1", "2", refund: "NEW"))]}"#)
    let read = try await adapter.fetchReturn("RO", event: event, api: squareAPI(http))
    #expect(read.state == .restocked && read.reason == "Too small")
  }

  @Test func moneyAloneOrAnotherLocationMovesNothing() async throws {
    let money = try await fetch(returnOrder(""))
    #expect(money.state == .closed && money.orderExternalID == "O1")
    let cancelled = try await fetch(returnOrder(line, state: "CANCELED"))
    #expect(cancelled.state == .closed && cancelled.lines.isEmpty)
    let sale = try await fetch(order("COMPLETED").replacing(#""id":"O1""#, with: #""id":"RO""#))
    #expect(sale.state == .closed && sale.orderExternalID.isEmpty)
  }

  @Test func lineOfAnotherSaleIsNotLinked() async throws {
    let body = returnOrder(line).replacing(
      #"]}]}}"#,
      with:
        #"]},{"source_order_id":"O2","return_line_items":[{"uid":"r9","source_line_item_uid":"u9","catalog_object_id":"V9","quantity":"1"}]}]}}"#
    )
    let read = try await fetch(
      body, #"{"changes":[\#(adjustment("V1", "2")),\#(adjustment("V9", "1"))]}"#)
    #expect(read.lines.map(\.orderLineID) == ["u1", ""])
  }

  @Test func nothingIsSaidOfARefund() async throws {
    let http = RecordedHTTP()
    let answer = ReturnAnswer(
      returnExternalID: "RO", orderExternalID: "O1", accepted: true, lines: [("r1", 2, true)])
    try await adapter.answerReturn(answer, api: squareAPI(http))
    #expect(http.requests.isEmpty)
  }

  // MARK: Tokens

  @Test func refreshTradesTheTokenForAnother() async throws {
    let http = RecordedHTTP(
      #"{"access_token":"EAAA_new","token_type":"bearer","expires_at":"2026-02-04T03:00:00Z","refresh_token":"EQAA_demo","merchant_id":"M"}"#
    )
    let changed = try await adapter.refreshCredentials(api: squareAPI(http))
    #expect(
      changed == [
        "access_token": "EAAA_new", "refresh_token": "EQAA_demo",
        "access_token_expires_at": "1770174000", "merchant_id": "M",
      ])
    #expect(http.requests[0].url == "http://127.0.0.1:8090/square/oauth2/token")
    #expect(
      http.requests[0].text
        == #"{"client_id":"sq0idp-demo","client_secret":"sq0csp-demo","grant_type":"refresh_token","refresh_token":"EQAA_demo"}"#
    )
  }

  @Test func personalTokenStaysAsItIs() async throws {
    let http = RecordedHTTP()
    let api = squareAPI(http, ["refresh_token": nil])
    #expect(try await adapter.refreshCredentials(api: api) == nil)
    #expect(http.requests.isEmpty)
  }

  @Test func refusedRefreshNeedsAPerson() async {
    for (status, body, kind) in [
      (401, #"{"errors":[{"code":"UNAUTHORIZED"}]}"#, "unauthorised"), (400, "{}", "unauthorised"),
      (503, "", "unavailable"), (429, "", "rateLimited"), (200, "{}", "malformed"),
      (200, #"{"access_token":""}"#, "malformed"),
    ] {
      let error = await failure { () async throws(ChannelError) in
        try await adapter.refreshCredentials(
          api: squareAPI(RecordedHTTP([ChannelReply(status, body)])))
      }
      #expect(error?.kind == kind)
    }
  }

  // MARK: Listings

  @Test func variationsThatTheLocationOffersAreListings() async throws {
    let http = RecordedHTTP(
      """
      {"cursor":"c2","objects":[
       {"type":"ITEM","id":"I1","item_data":{"name":"Tee","variations":[
         {"id":"V1","item_variation_data":{"name":"Black, M","sku":"TEE-BLK-M"}},
         {"id":"V2","item_variation_data":{"name":"White","sku":77,"sellable":false}},
         {"id":"V3","absent_at_location_ids":["L1"],"item_variation_data":{"name":"Red"}},
         {"id":"V4","is_deleted":true,"item_variation_data":{"name":"Blue"}},
         {"id":"V5","item_variation_data":{"name":"Glass","stockable":false}}]}},
       {"type":"ITEM","id":"I2","present_at_all_locations":false,"present_at_location_ids":["L2"],
        "item_data":{"name":"Mug","variations":[{"id":"V6"}]}},
       {"type":"ITEM","id":"I3","item_data":{"name":"Old","is_archived":true,
        "variations":[{"id":"V7"}]}},
       {"type":"ITEM","id":"I4","item_data":{"name":"Card","product_type":"GIFT_CARD",
        "variations":[{"id":"V8"}]}},
       {"type":"ITEM","id":"I5"}]}
      """, #"{"objects":[]}"#)
    let api = squareAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    #expect(first.nextCursor == "c2")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "V1", variationID: "", sellerSKU: "TEE-BLK-M", title: "Tee, Black, M",
          attributes: ["item_id": "I1"]),
        ChannelListing(
          itemID: "V2", variationID: "", sellerSKU: "77", title: "Tee, White", state: .hidden,
          attributes: ["item_id": "I1"]),
        ChannelListing(
          itemID: "V5", variationID: "", sellerSKU: "", title: "Tee, Glass",
          attributes: ["item_id": "I1", "stockable": "false"]),
        ChannelListing(
          itemID: "V7", variationID: "", sellerSKU: "", title: "Old", state: .hidden,
          attributes: ["item_id": "I3"]),
      ])
    let last = try await adapter.fetchListings(after: first.nextCursor, api: api)
    #expect(last == ListingPage(listings: [], nextCursor: nil))
    #expect(http.requests[0].parameters == ["types": "ITEM"])
    #expect(http.requests[1].parameters == ["types": "ITEM", "cursor": "c2"])
  }

  @Test func pageThatDoesNotAdvanceIsMalformed() async {
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchListings(
        after: "c", api: squareAPI(RecordedHTTP(#"{"cursor":"c"}"#)))
    }
    #expect(error?.kind == "malformed")
  }

  // MARK: Polling

  @Test func pollLooksBackThreeDaysAndSpeaksInWebhooksKeys() async throws {
    let sale = order("COMPLETED").dropFirst(#"{"order":"#.count).dropLast()
    let back = returnOrder(line).dropFirst(#"{"order":"#.count).dropLast()
    let http = RecordedHTTP(#"{"orders":[\#(sale),\#(back)],"cursor":"c"}"#, "{}")
    let api = squareAPI(http)
    let since = Timestamp(seconds: 1_767_668_400)
    let page = try await adapter.changedOrders(since: since, after: nil, api: api)
    #expect(page.nextCursor == "c")
    #expect(page.events.map(\.key) == ["order:O1:4", "return:RO:2"])
    #expect(page.events.map(\.kind) == [.order, .return])
    #expect(page.events.map(\.subject) == ["O1", "RO"])
    #expect(
      http.requests[0].text
        == #"{"limit":500,"location_ids":["L1"],"query":{"filter":{"date_time_filter":{"updated_at":{"start_at":"2026-01-03T03:00:00.000000Z"}}},"sort":{"sort_field":"UPDATED_AT","sort_order":"ASC"}}}"#
    )
    let last = try await adapter.changedOrders(since: since, after: "c", api: api)
    #expect(last == OrderChanges(events: [], nextCursor: nil))
    #expect(http.requests[1].text.contains(#"{"cursor":"c","limit":500"#))
  }

  @Test func exchangeIsASaleAndAReturn() async throws {
    let swapped = returnOrder(line).replacing(
      #"}]}]}}"#,
      with: #"}]}],"line_items":[{"uid":"u5","catalog_object_id":"V5","quantity":"1"}]}}"#)
    let http = RecordedHTTP(
      #"{"orders":[\#(swapped.dropFirst(#"{"order":"#.count).dropLast())]}"#)
    let page = try await adapter.changedOrders(since: .zero, after: nil, api: squareAPI(http))
    #expect(page.events.map(\.key) == ["order:RO:2", "return:RO:2"])
    #expect(http.requests[0].text.contains(#""start_at":"1970-01-01T00:00:00.000000Z""#))
  }

  @Test func orderThatCannotBeReadHoldsUpNoOther() async throws {
    let sale = order("COMPLETED").dropFirst(#"{"order":"#.count).dropLast()
    let http = RecordedHTTP(
      #"{"orders":[{"id":"BAD","version":{},"updated_at":7,"line_items":[{"quantity":"many"}]},{"version":1},7,\#(sale)]}"#
    )
    let page = try await adapter.changedOrders(since: .zero, after: nil, api: squareAPI(http))
    #expect(page.events.map(\.subject) == ["BAD", "O1"])
    #expect(page.events.map(\.kind) == [.order, .order])
  }
}
