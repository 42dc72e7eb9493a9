import ChannelAdapter
import Primitives
import ShopifyChannel
import Testing

/// What an adapter does beside orders and stock: shipping, returns, tokens, listings.
@Suite struct ShopifyServiceTests {
  let adapter = ShopifyAdapter()
  private let shipped =
    #"{"data":{"fulfillmentCreate":{"fulfillment":{"id":"gid://shopify/Fulfillment/1"},"userErrors":[]}}}"#

  private func notice(_ quantity: Quantity = 2, tracking: String = "TRK1") -> ShippedNotice {
    ShippedNotice(
      orderExternalID: "450789469", trackingNumber: tracking, carrier: "Ninja",
      lines: [("466157049", quantity)])
  }

  private func order(_ remaining: [Int], told: Int = 0, status: String = "OPEN") -> String {
    let orders = remaining.enumerated().map {
      #"{"id":"gid://shopify/FulfillmentOrder/\#($0.offset)","status":"\#(status)","lineItems":{"nodes":[{"id":"gid://shopify/FulfillmentOrderLineItem/\#($0.offset)","remainingQuantity":\#($0.element),"lineItem":{"id":"gid://shopify/LineItem/466157049"}}]}}"#
    }
    let fulfilments =
      told == 0
      ? ""
      : #"{"status":"SUCCESS","trackingInfo":[{"number":"TRK1"}],"fulfillmentLineItems":{"nodes":[{"quantity":\#(told),"lineItem":{"id":"gid://shopify/LineItem/466157049"}}]}}"#
    return
      #"{"data":{"order":{"fulfillments":[\#(fulfilments)],"fulfillmentOrders":{"nodes":[\#(orders.joined(separator: ","))]}}}}"#
  }

  @Test func linesAreFulfilledWithTheirTracking() async throws {
    let http = RecordedHTTP(order([3]), shipped)
    try await adapter.markShipped(notice(), api: shopifyAPI(http))
    #expect(
      http.requests[1].text.contains(
        #""variables":{"fulfillment":{"lineItemsByFulfillmentOrder":[{"fulfillmentOrderId":"gid://shopify/FulfillmentOrder/0","fulfillmentOrderLineItems":[{"id":"gid://shopify/FulfillmentOrderLineItem/0","quantity":2}]}],"notifyCustomer":true,"trackingInfo":{"company":"Ninja","number":"TRK1"}}}"#
      ))
  }

  @Test func linesMayLieInSeveralFulfilmentOrders() async throws {
    let http = RecordedHTTP(order([1, 0, 4]), shipped, shipped)
    try await adapter.markShipped(notice(3), api: shopifyAPI(http))
    #expect(http.requests.count == 3)
    #expect(http.requests[1].text.contains(#""quantity":1"#))
    #expect(http.requests[2].text.contains(#""quantity":2"#))
  }

  @Test func tellingItTwiceChangesNothing() async throws {
    for body in [order([1], told: 2), order([0]), order([2], status: "CLOSED")] {
      let http = RecordedHTTP(body)
      try await adapter.markShipped(notice(), api: shopifyAPI(http))
      #expect(http.requests.count == 1)
    }
    // The first call of two had worked.
    let half = RecordedHTTP(order([0, 1], told: 1), shipped)
    try await adapter.markShipped(notice(), api: shopifyAPI(half))
    #expect(half.requests[1].text.contains(#""quantity":1"#))
  }

  @Test func refusedFulfilmentSaysWhy() async {
    let http = RecordedHTTP(
      order([2]),
      #"{"data":{"fulfillmentCreate":{"userErrors":[{"field":["fulfillment"],"message":"on hold"}]}}}"#
    )
    let error = await failure { () async throws(ChannelError) in
      try await adapter.markShipped(notice(), api: shopifyAPI(http))
    }
    #expect(error == .refused("on hold"))
  }

  private func refundEvent(_ lines: String, subject: String = "refund-509562969") -> ChannelEvent {
    let body =
      #"{"id":509562969,"order_id":450789469,"created_at":"2026-01-06T09:24:45+08:00","note":"too big","refund_line_items":[\#(lines)]}"#
    return ChannelEvent(
      key: "k", kind: .return, subject: subject, updateTime: Timestamp(seconds: 1_767_662_685),
      body: Array(body.utf8), topic: "refunds/create")
  }

  @Test func refundOfReturnedGoodsIsRestocked() async throws {
    let event = refundEvent(
      #"{"id":1,"line_item_id":466157049,"quantity":1,"restock_type":"return","line_item":{"sku":"TEE-BLK-M","variant_id":39,"product_id":63}},{"id":2,"line_item_id":7,"quantity":1,"restock_type":"no_restock","line_item":{}}"#
    )
    let http = RecordedHTTP()
    let read = try await adapter.fetchReturn(event.subject, event: event, api: shopifyAPI(http))
    #expect(
      read
        == ChannelReturn(
          externalID: "refund-509562969", orderExternalID: "450789469", state: .restocked,
          lines: [
            .init(
              lineID: "1", orderLineID: "466157049", itemID: "63", variationID: "39",
              sellerSKU: "TEE-BLK-M", quantity: 1)
          ], reason: "too big", updateTime: Timestamp(seconds: 1_767_662_685)))
    #expect(http.requests.isEmpty)
  }

  /// Goal: a parcel that Shopify does not take yet is told later, and what it takes is told now.
  @Test(arguments: ["ON_HOLD", "SCHEDULED"]) func parcelOfAHeldOrderIsToldLater(_ status: String)
    async throws
  {
    let waiting = order([1, 2]).replacing(
      #"FulfillmentOrder/1","status":"OPEN""#, with: #"FulfillmentOrder/1","status":"\#(status)""#)
    #expect(waiting.contains(status))
    let http = RecordedHTTP(waiting, shipped)
    await #expect(throws: ChannelError.unavailable("order 450789469 is \(status) at Shopify")) {
      try await adapter.markShipped(notice(3), api: shopifyAPI(http))
    }
    #expect(http.requests.count == 2)
    let enough = RecordedHTTP(waiting, shipped)
    try await adapter.markShipped(notice(1), api: shopifyAPI(enough))
  }

  @Test func refundWithoutItemsAsksTheOrder() async throws {
    let event = refundEvent(
      #"{"id":1,"line_item_id":466157049,"quantity":1,"restock_type":"return"}"#)
    let order =
      #"{"data":{"order":{"createdAt":"2026-01-05T03:00:00Z","updatedAt":"2026-01-05T03:00:05Z","lineItems":{"nodes":[{"id":"gid://shopify/LineItem/466157049","sku":"S","quantity":2,"variant":{"legacyResourceId":39},"product":{"legacyResourceId":63}}]}}}}"#
    let read = try await adapter.fetchReturn(
      event.subject, event: event, api: shopifyAPI(RecordedHTTP(order)))
    #expect(read.lines[0].itemID == "63")
    #expect(read.lines[0].variationID == "39")
    #expect(read.lines[0].sellerSKU == "S")
  }

  @Test func refundIsAskedForByItsNumber() async throws {
    let http = RecordedHTTP(
      #"{"data":{"refund":{"createdAt":"2026-01-06T01:24:45Z","order":{"legacyResourceId":"450789469"},"refundLineItems":{"nodes":[{"quantity":1,"restockType":"RETURN","lineItem":{"id":"gid://shopify/LineItem/9","sku":"S","variant":{"legacyResourceId":"39"},"product":{"legacyResourceId":"63"}}},{"quantity":1,"restockType":"CANCEL","lineItem":{"id":"gid://shopify/LineItem/8"}}]}}}}"#
    )
    let read = try await adapter.fetchReturn("refund-5", event: nil, api: shopifyAPI(http))
    #expect(read.state == .restocked)
    #expect(read.lines.map(\.orderLineID) == ["9"])
    #expect(http.requests[0].text.contains("gid://shopify/Refund/5"))
  }

  private func returned(_ status: String) -> String {
    #"{"data":{"return":{"id":"gid://shopify/Return/77","status":"\#(status)","order":{"legacyResourceId":"450789469"},"returnLineItems":{"nodes":[{"id":"gid://shopify/ReturnLineItem/3","quantity":1,"returnReasonNote":"too big","fulfillmentLineItem":{"lineItem":{"id":"gid://shopify/LineItem/9","sku":"S","variant":{"legacyResourceId":"39"},"product":{"legacyResourceId":"63"}}}},{}]}}}}"#
  }

  @Test(arguments: [
    ("REQUESTED", ChannelReturn.State.requested), ("OPEN", .requested), ("CLOSED", .closed),
    ("DECLINED", .closed), ("CANCELED", .closed),
  ])
  func returnThatWasAskedForWaits(_ status: String, _ state: ChannelReturn.State) async throws {
    let http = RecordedHTTP(returned(status))
    let read = try await adapter.fetchReturn("return-77", event: nil, api: shopifyAPI(http))
    #expect(read.state == state)
    #expect(read.orderExternalID == "450789469")
    #expect(read.reason == "too big")
    #expect(
      read.lines == [
        .init(
          lineID: "3", orderLineID: "9", itemID: "63", variationID: "39", sellerSKU: "S",
          quantity: 1)
      ])
    #expect(http.requests[0].text.contains("gid://shopify/Return/77"))
  }

  private func outcome(_ name: String, _ status: String) -> String {
    #"{"data":{"\#(name)":{"return":{"id":"r","status":"\#(status)"},"userErrors":[]}}}"#
  }
  private func answer(_ accepted: Bool, _ id: String = "return-77") -> ReturnAnswer {
    ReturnAnswer(
      returnExternalID: id, orderExternalID: "450789469", accepted: accepted,
      lines: [("3", 1, true)])
  }

  @Test func acceptedReturnIsApprovedProcessedAndClosed() async throws {
    let http = RecordedHTTP(
      returned("REQUESTED"), outcome("returnApproveRequest", "OPEN"),
      outcome("returnProcess", "OPEN"), outcome("returnClose", "CLOSED"))
    try await adapter.answerReturn(answer(true), api: shopifyAPI(http))
    #expect(http.requests.count == 4)
    #expect(
      http.requests[2].text.contains(
        #""returnLineItems":[{"id":"gid://shopify/ReturnLineItem/3","quantity":1}]"#))
    // Shopify is never asked to restock: the pool is.
    #expect(!http.requests.contains { $0.text.contains("RESTOCK") })
  }

  @Test func answeringTwiceChangesNothing() async throws {
    for accepted in [true, false] {
      let http = RecordedHTTP(returned("CLOSED"))
      try await adapter.answerReturn(answer(accepted), api: shopifyAPI(http))
      #expect(http.requests.count == 1)
    }
    let http = RecordedHTTP()
    try await adapter.answerReturn(answer(true, "refund-5"), api: shopifyAPI(http))
    #expect(http.requests.isEmpty)
  }

  @Test func refusedReturnIsDeclinedOrClosed() async throws {
    let asked = RecordedHTTP(returned("REQUESTED"), outcome("returnDeclineRequest", "DECLINED"))
    try await adapter.answerReturn(answer(false), api: shopifyAPI(asked))
    #expect(asked.requests[1].text.contains(#""declineReason":"OTHER""#))
    let open = RecordedHTTP(returned("OPEN"), outcome("returnClose", "CLOSED"))
    try await adapter.answerReturn(answer(false), api: shopifyAPI(open))
    #expect(open.requests[1].text.contains("returnClose"))
  }

  @Test func refreshHappensOnlyWithARefreshToken() async throws {
    let none = RecordedHTTP()
    #expect(try await adapter.refreshCredentials(api: shopifyAPI(none)) == nil)
    #expect(none.requests.isEmpty)
    let http = RecordedHTTP(
      #"{"access_token":"a2","expires_in":3600,"refresh_token":"r2","refresh_token_expires_in":2592000}"#
    )
    let changed = try await adapter.refreshCredentials(
      api: shopifyAPI(http, ["refresh_token": "r1", "client_id": "c"]))
    #expect(
      changed == [
        "access_token": "a2", "refresh_token": "r2", "access_token_expires_at": "1700003600",
        "authorisation_expires_at": "1702592000",
      ])
    #expect(http.requests[0].url.hasSuffix("/demo.myshopify.com/admin/oauth/access_token"))
    #expect(
      http.requests[0].text
        == #"{"client_id":"c","client_secret":"shopify_client_secret_demo","grant_type":"refresh_token","refresh_token":"r1"}"#
    )
  }

  @Test(arguments: [
    (400, #"{"error":"invalid_grant"}"#, "unauthorised"), (401, "", "unauthorised"),
    (503, "", "unavailable"), (200, "{}", "malformed"), (429, "", "rateLimited"),
  ])
  func refusedRefreshHasItsMeaning(_ status: Int, _ body: String, _ kind: String) async {
    let http = RecordedHTTP([ChannelReply(status, body)])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.refreshCredentials(
        api: shopifyAPI(http, ["refresh_token": "r1", "client_id": "c"]))
    }
    #expect(error?.kind == kind)
  }

  @Test func listingsComePageByPage() async throws {
    func page(_ id: Int, _ title: String, _ status: String, _ info: String) -> String {
      #"{"data":{"productVariants":{"nodes":[{"legacyResourceId":"\#(id)","title":"\#(title)","sku":"S-\#(id)","product":{"legacyResourceId":63,"title":"Tee","status":"\#(status)"},"inventoryItem":{"legacyResourceId":"88","tracked":true,"inventoryLevels":{"nodes":[{"location":{"legacyResourceId":"5"}}]}}}],"pageInfo":\#(info)}}}"#
    }
    let http = RecordedHTTP(
      page(1, "Black / M", "ACTIVE", #"{"hasNextPage":true,"endCursor":"c1"}"#),
      page(2, "Default Title", "DRAFT", #"{"hasNextPage":false,"endCursor":"c2"}"#))
    var api = shopifyAPI(http)
    let first = try await adapter.fetchListings(after: nil, api: api)
    #expect(first.nextCursor == "c1")
    #expect(
      first.listings == [
        ChannelListing(
          itemID: "63", variationID: "1", sellerSKU: "S-1", title: "Tee, Black / M",
          attributes: ["inventory_item_id": "88", "location_id": "487838322"])
      ])
    api.account.credentials["location_id"] = nil
    let last = try await adapter.fetchListings(after: "c1", api: api)
    #expect(last.nextCursor == nil)
    #expect(
      last.listings == [
        ChannelListing(
          itemID: "63", variationID: "2", sellerSKU: "S-2", title: "Tee", state: .hidden,
          attributes: ["inventory_item_id": "88", "location_id": "5"])
      ])
    #expect(http.requests[1].text.contains(#""after":"c1""#))
  }

  /// Goal: its buyer reads why an order was cancelled, and Shopify's number stays as it is.
  @Test(arguments: [(OrderCancellation.Cause.outOfStock, "INVENTORY"), (.notCollected, "OTHER")])
  func cancellationSaysWhy(_ cause: OrderCancellation.Cause, _ reason: String) async throws {
    let order =
      #"{"data":{"order":{"createdAt":"2026-01-05T03:00:00Z","updatedAt":"2026-01-05T03:00:05Z","displayFulfillmentStatus":"UNFULFILLED","lineItems":{"nodes":[{"id":"gid://shopify/LineItem/7","sku":"TEE","quantity":2,"currentQuantity":2,"unfulfilledQuantity":2}]}}}}"#
    let http = RecordedHTTP(
      order, #"{"data":{"orderCancel":{"orderCancelUserErrors":[],"userErrors":[]}}}"#)
    try await adapter.cancelOrder(
      OrderCancellation(orderExternalID: "42", cause: cause), api: shopifyAPI(http))
    #expect(http.requests[1].text.contains(#""reason":"\#(reason)""#))
    #expect(http.requests[1].text.contains("restock: false"))
  }
}
