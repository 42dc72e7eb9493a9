import ChannelAdapter
import Primitives
import SquareChannel
import Testing

@Suite struct SquareOrderTests {
  let adapter = SquareAdapter()
  private let line =
    #"{"uid":"u1","catalog_object_id":"V1","quantity":"2","name":"Tee","variation_name":"Black, M","item_type":"ITEM"}"#
  private let tender = #""tenders":[{"id":"T1","type":"CASH"}]"#

  private func order(
    _ state: String, _ fields: String = "", lines: String? = nil, location: String = "L1"
  ) -> String {
    let more = fields.isEmpty ? "" : ",\(fields)"
    return """
      {"order":{"id":"O1","location_id":"\(location)","state":"\(state)","version":4,
       "created_at":"2026-01-05T02:59:00.000Z","updated_at":"2026-01-05T03:00:00.500Z",
       "line_items":[\(lines ?? line)]\(more)}}
      """
  }

  private func fetch(_ body: String, status: Int = 200) async throws(ChannelError) -> ChannelOrder {
    let http = RecordedHTTP([ChannelReply(status, body)])
    return try await adapter.fetchOrder("O1", event: nil, api: squareAPI(http))
  }

  private func fulfilment(_ state: String, _ more: String = "", uid: String = "F1") -> String {
    #"{"uid":"\#(uid)","type":"PICKUP","state":"\#(state)"\#(more)}"#
  }

  @Test func orderIsAskedForWithTokenAndVersion() async throws {
    let http = RecordedHTTP(order("COMPLETED", tender + #","closed_at":"2026-01-05T03:00:00Z""#))
    let read = try await adapter.fetchOrder("O1", event: nil, api: squareAPI(http))
    let request = try #require(http.requests.first)
    #expect(request.method == "GET")
    #expect(request.url == "http://127.0.0.1:8090/square/v2/orders/O1")
    #expect(request.headers.contains { $0 == ("authorization", "Bearer EAAA_demo") })
    #expect(
      request.headers.contains { $0 == ("square-version", SquareAdapter.apiVersion) })
    #expect(
      read
        == ChannelOrder(
          externalID: "O1", state: .shipped,
          lines: [
            .init(
              lineID: "u1", itemID: "V1", variationID: "", sellerSKU: "", title: "Tee, Black, M",
              quantity: 2)
          ], saleTime: Timestamp(seconds: 1_767_582_000),
          updateTime: Timestamp(microseconds: 1_767_582_000_500_000)))
  }

  @Test func orderIDIsOnePartOfThePath() async {
    let http = RecordedHTTP([ChannelReply(404, #"{"errors":[{"code":"NOT_FOUND"}]}"#)])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("../x?y", event: nil, api: squareAPI(http))
    }
    #expect(error?.kind == "notFound")
    #expect(http.requests[0].url == "http://127.0.0.1:8090/square/v2/orders/..%2Fx%3Fy")
  }

  /// What takes stock and what does not: a ticket that is being rung up moves none at Square either.
  @Test(arguments: [
    ("DRAFT", "", ChannelOrder.State.foreign),
    ("OPEN", "", .foreign),
    ("OPEN", #""tenders":[{"id":"T1"}]"#, .open),
    ("OPEN", #""fulfillments":[{"uid":"F1","state":"PROPOSED"}]"#, .open),
    ("OPEN", #""tenders":[{"id":"T"}],"fulfillments":[{"uid":"F1","state":"PREPARED"}]"#, .open),
    (
      "OPEN", #""tenders":[{"id":"T"}],"fulfillments":[{"uid":"F1","state":"COMPLETED"}]"#, .shipped
    ),
    ("COMPLETED", #""tenders":[{"id":"T1"}]"#, .shipped),
    ("COMPLETED", #""fulfillments":[{"uid":"F1","state":"COMPLETED"}]"#, .shipped),
    ("COMPLETED", #""fulfillments":[{"uid":"F1","state":"FAILED"}]"#, .cancelled),
    ("OPEN", #""fulfillments":[{"uid":"F1","state":"CANCELED"}]"#, .cancelled),
    ("CANCELED", "", .cancelled),
    ("SOMETHING_NEW", #""tenders":[{"id":"T1"}]"#, .open),
    ("SOMETHING_NEW", "", .open),
  ])
  func stateSaysWhatItMeansForStock(
    _ state: String, _ fields: String, _ meaning: ChannelOrder.State
  ) async throws {
    #expect(try await fetch(order(state, fields)).state == meaning)
  }

  @Test func ticketIsSoldWhenItIsPaid() async throws {
    #expect(
      try await fetch(order("OPEN", tender)).saleTime == Timestamp(seconds: 1_767_581_940))
    let closed = #""closed_at":"2026-01-06T03:00:00Z""#
    #expect(
      try await fetch(order("COMPLETED", tender + "," + closed)).saleTime
        == Timestamp(seconds: 1_767_668_400))
  }

  @Test func orderOfAnotherLocationIsForeign() async throws {
    #expect(try await fetch(order("COMPLETED", tender, location: "L2")).state == .foreign)
  }

  @Test func partOfAFulfilmentThatEndedIsCancelled() async throws {
    let entries =
      #","line_item_application":"ENTRY_LIST","entries":[{"line_item_uid":"u1","quantity":"1"}]"#
    let both = """
      "fulfillments":[\(fulfilment("CANCELED", entries)),
       \(fulfilment("PREPARED", entries, uid: "F2"))]
      """
    let read = try await fetch(order("OPEN", tender + "," + both))
    #expect(read.state == .open && read.lines.map(\.cancelledCount) == [1])
    // A pickup that was put off has another fulfilment for the same units: nothing is cancelled.
    let again = #""fulfillments":[\#(fulfilment("FAILED")),\#(fulfilment("PROPOSED", uid: "F2"))]"#
    let later = try await fetch(order("OPEN", tender + "," + again))
    #expect(later.state == .open && later.lines.map(\.cancelledCount) == [0])
  }

  @Test func cancelledOrderGivesAllUnitsBack() async throws {
    #expect(try await fetch(order("CANCELED")).lines.map(\.cancelledCount) == [2])
  }

  @Test func amountsAndGiftCardsAreLeftOutAndTypedItemsKept() async throws {
    let lines = """
      {"uid":"a","quantity":"1","name":"Amount","item_type":"CUSTOM_AMOUNT"},
      {"uid":"b","quantity":"1","catalog_object_id":"G","item_type":"GIFT_CARD"},
      {"uid":"c","quantity":"1","name":"Odd\\njob ","item_type":"ITEM"},
      {"uid":"d","quantity":"1.50000","catalog_object_id":"CHEESE"}
      """
    let read = try await fetch(order("COMPLETED", tender, lines: lines))
    #expect(read.lines.map(\.lineID) == ["c", "d"])
    // Its name stands for it, in letters that every service takes.
    #expect(read.lines[0].itemID.hasPrefix("custom:"))
    #expect(read.lines[0].itemID.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    // A part of a unit takes the unit.
    #expect(read.lines[1].quantity == 2)
    let gift = try await fetch(
      order("COMPLETED", tender, lines: #"{"uid":"b","quantity":"1","item_type":"GIFT_CARD"}"#))
    #expect(gift.state == .foreign && gift.lines.isEmpty)
  }

  @Test func addressOfAShipmentIsRead() async throws {
    let address =
      #"{"address":{"country":"SG","locality":"Singapore","administrative_district_level_1":"S**","postal_code":18956}}"#
    func shipment(_ recipient: String) -> String {
      #""fulfillments":[{"uid":"F","type":"SHIPMENT","state":"PROPOSED","shipment_details":{"recipient":\#(recipient)}}]"#
    }
    let read = try await fetch(order("OPEN", shipment(address)))
    #expect(
      read.address
        == ChannelAddress(country: "SG", regions: ["Singapore"], postalCode: "18956"))
    for odd in ["null", "7", "[]", #"{"address":"x"}"#, #"{"address":{"country":{}}}"#] {
      let order = try await fetch(order("OPEN", shipment(odd)))
      #expect(order.address == nil && order.lines.count == 1, "\(odd)")
    }
  }

  @Test(arguments: [
    (
      #"{"errors":[{"category":"AUTHENTICATION_ERROR","code":"ACCESS_TOKEN_EXPIRED"}]}"#, 401,
      "tokenExpired"
    ),
    (#"{"errors":[{"code":"UNAUTHORIZED","detail":"x"}]}"#, 401, "tokenExpired"),
    (#"{"errors":[{"code":"ACCESS_TOKEN_REVOKED"}]}"#, 401, "suspended"),
    (#"{"errors":[{"code":"INSUFFICIENT_SCOPES"}]}"#, 403, "unauthorised"),
    (#"{"errors":[{"code":"FORBIDDEN"}]}"#, 403, "unauthorised"),
    (#"{"errors":[{"code":"RATE_LIMITED"}]}"#, 429, "rateLimited"),
    (#"{"errors":[{"code":"NOT_FOUND"}]}"#, 404, "notFound"),
    (#"{"errors":[{"code":"INTERNAL_SERVER_ERROR"}]}"#, 500, "unavailable"),
    (#"{"errors":[{"code":"SERVICE_UNAVAILABLE"}]}"#, 503, "unavailable"),
    (#"{"errors":[{"code":"NEVER_HEARD_OF"}]}"#, 502, "unavailable"),
    (#"{"errors":[{"code":"NEVER_HEARD_OF"}]}"#, 400, "refused"),
    (#"{"errors":[{"code":"BAD_REQUEST"}]}"#, 200, "refused"),
    ("<html>", 502, "unavailable"), ("", 401, "tokenExpired"), ("", 404, "notFound"),
  ])
  func errorSaysWhatCanBeDone(_ body: String, _ status: Int, _ kind: String) async {
    let error = await failure { () async throws(ChannelError) in
      try await fetch(body, status: status)
    }
    #expect(error?.kind == kind)
  }

  @Test func personalTokenThatIsRefusedNeedsAPerson() async {
    for body in [#"{"errors":[{"code":"UNAUTHORIZED"}]}"#, ""] {
      let http = RecordedHTTP([ChannelReply(401, body)])
      let error = await failure { () async throws(ChannelError) in
        try await adapter.fetchOrder("O1", event: nil, api: squareAPI(http, ["refresh_token": nil]))
      }
      #expect(error?.kind == "unauthorised")
    }
  }

  @Test func rateLimitSaysHowLong() async {
    let http = RecordedHTTP([
      ChannelReply(
        429, #"{"errors":[{"code":"RATE_LIMITED"}]}"#, headers: ["retry-after": "3"])
    ])
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("O1", event: nil, api: squareAPI(http))
    }
    #expect(error == .rateLimited(after: .seconds(3)))
  }

  @Test(arguments: [
    "", "<html>", "[]", "{}", #"{"order":null}"#, #"{"order":{"id":"O1"}}"#,
    #"{"order":{"id":"O2","location_id":"L1","created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T02:59:00Z"}}"#,
    #"{"order":{"id":"O1","location_id":"L1","created_at":"yesterday","updated_at":"2026-01-05T02:59:00Z"}}"#,
    #"{"order":{"id":"O1","location_id":"L1","created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T02:59:00Z","line_items":[{"uid":"u","quantity":"-1"}]}}"#,
    #"{"order":{"id":"O1","location_id":"L1","created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T02:59:00Z","line_items":[{"uid":"u","quantity":"many"}]}}"#,
    #"{"order":{"id":"O1","location_id":"L1","created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T02:59:00Z","line_items":[{"quantity":"1"}]}}"#,
    #"{"order":{"id":"O1","location_id":"L1","created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T02:59:00Z","line_items":[{"uid":"u","quantity":"9999999999999999999"}]}}"#,
  ])
  func senselessAnswerIsMalformed(_ body: String) async {
    let error = await failure { () async throws(ChannelError) in try await fetch(body) }
    #expect(error?.kind == "malformed")
  }
}
