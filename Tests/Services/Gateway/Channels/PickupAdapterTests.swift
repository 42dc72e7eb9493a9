import ChannelAdapter
import Primitives
import SquareChannel
import Testing
import WooCommerceChannel

/// Goal: adapters know which orders their customers come for, and say that one is ready, once.
@Suite struct SquarePickupTests {
  let adapter = SquareAdapter()
  private let line = #"{"uid":"u1","catalog_object_id":"V1","quantity":"2"}"#

  private func order(_ fulfilments: String, state: String = "OPEN", version: Int? = 4) -> String {
    let version = version.map { #""version":\#($0),"# } ?? ""
    return """
      {"order":{"id":"O1","location_id":"L1","state":"\(state)",\(version)
       "created_at":"2026-01-05T02:59:00Z","updated_at":"2026-01-05T03:00:00Z",
       "line_items":[\(line)],"tenders":[{"id":"T"}],"fulfillments":[\(fulfilments)]}}
      """
  }

  private func fulfilment(_ type: String, _ state: String, uid: String = "F1") -> String {
    #"{"uid":"\#(uid)","type":"\#(type)","state":"\#(state)"}"#
  }

  private func ready(_ http: RecordedHTTP) async -> ChannelError? {
    await failure { () async throws(ChannelError) in
      try await adapter.markReady(ReadyNotice(orderExternalID: "O1"), api: squareAPI(http))
    }
  }

  @Test(arguments: [
    ("PICKUP", "PROPOSED", true), ("PICKUP", "PREPARED", true), ("PICKUP", "CANCELED", false),
    ("SHIPMENT", "PROPOSED", false), ("DELIVERY", "PROPOSED", false),
  ])
  func orderSaysWhetherItIsCollected(_ type: String, _ state: String, _ isPickup: Bool) async throws
  {
    let http = RecordedHTTP(order(fulfilment(type, state)))
    let read = try await adapter.fetchOrder("O1", event: nil, api: squareAPI(http))
    #expect(read.isPickup == isPickup)
  }

  @Test func whatWaitsIsPreparedAndTheOrderStaysOpen() async throws {
    let parts =
      fulfilment("PICKUP", "RESERVED") + "," + fulfilment("SHIPMENT", "PROPOSED", uid: "F2")
    let http = RecordedHTTP(order(parts), order(fulfilment("PICKUP", "PREPARED")))
    #expect(await ready(http) == nil)
    #expect(http.requests[1].method == "PUT")
    #expect(
      http.requests[1].text.contains(
        #""order":{"fulfillments":[{"state":"PREPARED","uid":"F1"}],"location_id":"L1","version":4}"#
      ))
  }

  /// Method: told before, collected meanwhile, cancelled, or sent.
  @Test(arguments: [
    ("PICKUP", "PREPARED"), ("PICKUP", "COMPLETED"), ("PICKUP", "CANCELED"),
    ("PICKUP", "FAILED"), ("SHIPMENT", "PROPOSED"),
  ])
  func nothingIsSaidOf(_ type: String, _ state: String) async {
    let http = RecordedHTTP(order(fulfilment(type, state)))
    #expect(await ready(http) == nil)
    #expect(http.requests.count == 1)
  }

  @Test func newerVersionIsReadAgain() async throws {
    let stale = ChannelReply(
      400, #"{"errors":[{"category":"INVALID_REQUEST_ERROR","code":"VERSION_MISMATCH"}]}"#)
    let waiting = fulfilment("PICKUP", "PROPOSED")
    let http = RecordedHTTP([
      ChannelReply(200, order(waiting)), stale, ChannelReply(200, order(waiting, version: 5)),
      ChannelReply(200, order(waiting)),
    ])
    #expect(await ready(http) == nil)
    #expect(http.requests[3].text.contains(#""version":5"#))
    #expect(await ready(RecordedHTTP(order(waiting, version: nil)))?.kind == "refused")
  }
}

@Suite struct WooCommercePickupTests {
  let adapter = WooCommerceAdapter()

  private func ready(_ http: RecordedHTTP) async throws(ChannelError) {
    try await adapter.markReady(
      ReadyNotice(orderExternalID: "727"), api: wooCommerceAPI(http))
  }

  @Test(arguments: [
    (#"[{"method_id":"local_pickup"}]"#, true), (#"[{"method_id":"local_pickup:3"}]"#, true),
    (#"[{"method_id":"flat_rate"},{"method_id":"pickup_location"}]"#, true),
    (#"[{"method_id":"flat_rate"}]"#, false), (#"[{"method_id":null},{}]"#, false),
    (#"[]"#, false), (#""local_pickup""#, false), ("null", false), (#"[7]"#, false),
    (#"[{"method_id":7}]"#, false),
  ])
  func orderSaysWhetherItIsCollected(_ methods: String, _ isPickup: Bool) async throws {
    let body = wooOrder(more: #","shipping_lines":\#(methods)"#)
    let read = try await adapter.fetchOrder(
      "727", event: nil, api: wooCommerceAPI(RecordedHTTP(body)))
    #expect(read.isPickup == isPickup && read.lines.count == 1)
  }

  @Test(arguments: [
    (#"[{"key":"pickup_location","value":"Main Street"}]"#, "Main Street"),
    (#"[{"key":"pickup_address","value":"x"},{"key":"pickup_location","value":"M"}]"#, "M"),
    (#"[{"key":"pickup_location","value":["x"]}]"#, nil), (#"[{"key":7},{}]"#, nil),
    ("[]", nil), ("7", nil), ("null", nil),
  ])
  func blockCheckoutNamesThePlace(_ meta: String, _ place: String?) async throws {
    func read(_ method: String) async throws -> String? {
      let lines = #"[{"method_id":"\#(method)","meta_data":\#(meta)}]"#
      let http = RecordedHTTP(wooOrder(more: #","shipping_lines":\#(lines)"#))
      return try await adapter.fetchOrder("727", event: nil, api: wooCommerceAPI(http)).pickupPlace
    }
    #expect(try await read("pickup_location") == place)
    #expect(try await read("flat_rate") == nil)
  }

  @Test func customerIsToldOnce() async throws {
    let note = #"{"customer_note":true,"note":"Ready for pickup"}"#
    let http = RecordedHTTP(wooOrder(), "[]", #"{"id":9}"#)
    try await ready(http)
    #expect(http.requests.map(\.method) == ["GET", "GET", "POST"])
    #expect(http.requests[2].text == note)
    let again = RecordedHTTP(wooOrder(), "[\(note)]")
    try await ready(again)
    #expect(again.requests.map(\.method) == ["GET", "GET"])
  }

  @Test(arguments: ["completed", "cancelled", "refunded"])
  func nothingIsSaidOfWhatIsOver(_ status: String) async throws {
    let http = RecordedHTTP(wooOrder(status: status))
    try await ready(http)
    #expect(http.requests.count == 1)
  }
}
