import ChannelAdapter
import LazadaChannel
import Primitives
import Testing

@Suite struct LazadaOrderTests {
  let adapter = LazadaAdapter()
  private let times =
    #""created_at":"2026-01-05 11:00:00 +0800","updated_at":"2026-01-05 11:00:05 +0800""#

  private func unit(
    _ id: Int, _ status: String, sku: Int = 234, _ fields: String = #""is_fbl":0"#
  ) -> String {
    """
    {"order_item_id":\(id),"sku":"SKU-\(sku)","shop_sku":"1_SG-\(sku)","sku_id":"\(sku)",
     "product_id":"234234234","name":"Tee","status":"\(status)",\(fields),\(times)}
    """
  }

  private func items(_ units: String...) -> String {
    #"{"code":"0","data":[\#(units.joined(separator: ","))],"request_id":"r"}"#
  }

  private func fetch(_ body: String) async throws(ChannelError) -> ChannelOrder {
    try await adapter.fetchOrder("42", event: nil, api: lazadaAPI(RecordedHTTP(body)))
  }

  @Test func itemsAreAskedForWithASignature() async throws {
    let http = RecordedHTTP(items(unit(1, "pending")))
    _ = try await adapter.fetchOrder("1234", event: nil, api: lazadaAPI(http))
    let request = http.requests[0]
    #expect(http.requests.count == 1)
    #expect(request.path == "http://127.0.0.1:8090/lazada/order/items/get")
    let sent = request.parameters
    #expect(sent["timestamp"] == "1700000000000")
    let base =
      "/order/items/getaccess_tokentok_demoapp_key123456order_id1234sign_methodsha256timestamp1700000000000"
    #expect(
      sent["sign"]
        == ChannelSignature.hex(key: "lazada_secret_demo", Array(base.utf8)).uppercased())
  }

  @Test func unitsOfOneSKUAreOneLine() async throws {
    let order = try await fetch(
      items(
        unit(11, "pending"), unit(12, "canceled"), unit(13, "pending", sku: 9), unit(14, "unpaid")))
    #expect(order.state == .open)
    #expect(order.saleTime.seconds == 1_767_582_000)
    #expect(order.updateTime.seconds == 1_767_582_005)
    #expect(
      order.lines == [
        .init(
          lineID: "234", itemID: "234234234", variationID: "234", sellerSKU: "SKU-234",
          title: "Tee", quantity: 3, cancelledCount: 1),
        .init(
          lineID: "9", itemID: "234234234", variationID: "9", sellerSKU: "SKU-9", title: "Tee",
          quantity: 1),
      ])
  }

  @Test func lineKeepsItsNameWhateverOrderTheUnitsComeIn() async throws {
    let one = try await fetch(items(unit(11, "pending"), unit(13, "pending", sku: 9)))
    let other = try await fetch(items(unit(13, "canceled", sku: 9), unit(11, "shipped")))
    #expect(Set(one.lines.map(\.lineID)) == Set(other.lines.map(\.lineID)))
  }

  @Test(arguments: [
    (["unpaid"], ChannelOrder.State.open), (["pending", "canceled"], .open), (["topack"], .open),
    (["packed"], .open), (["toship", "shipped"], .open), (["ready_to_ship"], .open),
    (["shipped", "delivered"], .shipped), (["shipped", "canceled"], .shipped),
    (["failed", "returned", "lost", "shipped_back"], .shipped),
    (["canceled", "Cancelled"], .cancelled), (["a_new_status"], .open),
  ])
  func unitsTogetherSayWhatTheOrderIs(
    _ statuses: [String], _ state: ChannelOrder.State
  ) async throws {
    let units = statuses.enumerated().map { unit($0.offset + 1, $0.element) }
    let body = #"{"code":0,"data":[\#(units.joined(separator: ","))]}"#
    #expect(try await fetch(body).state == state)
  }

  @Test func unitsThatLazadaShipsAreNotOurs() async throws {
    let mixed = try await fetch(
      items(
        unit(1, "pending"), unit(2, "pending", #""is_fbl":"1""#),
        unit(3, "pending", sku: 9, #""is_fbl":true"#)))
    #expect(mixed.state == .open)
    #expect(mixed.lines.map(\.quantity) == [1])
    #expect(try await fetch(items(unit(1, "pending", #""is_fbl":1"#))).state == .foreign)
  }

  @Test func headIsAskedForWhereUnitsHaveNoTimes() async throws {
    let bare =
      #"{"code":"0","data":[{"order_item_id":1,"sku_id":5,"product_id":4,"status":"pending"}]}"#
    let head =
      #"{"code":"0","data":{"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00"}}"#
    let http = RecordedHTTP(bare, head)
    let order = try await adapter.fetchOrder("42", event: nil, api: lazadaAPI(http))
    #expect(order.updateTime.seconds == 1_767_582_005)
    #expect(http.requests[1].path.hasSuffix("/order/get"))
  }

  @Test func snapshotIsNoOlderThanTheEventItWasFetchedFor() async throws {
    let event = ChannelEvent(
      key: "k", kind: .order, subject: "42", updateTime: Timestamp(seconds: 1_767_600_000), body: []
    )
    let order = try await adapter.fetchOrder(
      "42", event: event, api: lazadaAPI(RecordedHTTP(items(unit(1, "pending")))))
    #expect(order.updateTime.seconds == 1_767_600_000)
  }

  @Test(arguments: [
    (#"{"code":"0","data":[]}"#, "notFound"),
    (#"{"code":"16","message":"Invalid Order ID"}"#, "notFound"),
    (#"{"code":"0"}"#, "malformed"), ("{}", "malformed"), ("", "malformed"),
    (#"{"code":"0","data":[{"order_item_id":1}]}"#, "malformed"),
    (
      #"{"code":"IllegalAccessToken","type":"ISV","message":"The specified access token is invalid or expired"}"#,
      "tokenExpired"
    ),
    (#"{"code":"SellerNotVerified","message":""}"#, "unauthorised"),
    (#"{"code":"IncompleteSignature","message":""}"#, "unauthorised"),
    (#"{"code":"ApiCallLimit","message":"ban will last 1 seconds"}"#, "rateLimited"),
    (#"{"code":"901","message":""}"#, "rateLimited"),
    (#"{"code":"513","message":""}"#, "unavailable"),
    (#"{"code":"1000","message":""}"#, "unavailable"),
    (#"{"code":"77777","type":"SYSTEM","message":"x"}"#, "unavailable"),
    (#"{"code":"77777","type":"ISP","message":"x"}"#, "refused"),
    (#"{"code":"IllegalTimestamp","type":"ISV","message":"x"}"#, "unavailable"),
    (#"{"code":"IllegalAppKey","type":"ISV","message":"x"}"#, "unauthorised"),
    (#"{"code":"77777","type":"ISV","message":"x"}"#, "refused"),
  ])
  func errorsHaveTheirMeaning(_ body: String, _ kind: String) async {
    let error = await failure { () async throws(ChannelError) in try await fetch(body) }
    #expect(error?.kind == kind)
  }
}
