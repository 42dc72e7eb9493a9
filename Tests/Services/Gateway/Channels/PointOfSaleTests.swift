import ChannelAdapter
import PointOfSaleChannel
import Primitives
import RPCCore
import Testing

@Suite struct PointOfSaleTests {
  let adapter = PointOfSaleAdapter()
  static let batch = """
    {"device_id":"till-03","batch_id":"b-20260105-0007","sales":[
     {"sale_id":"3f6c0e2a-6a0e-4c1b-9a7e-000000000001","kind":"sale","store_id":"S1","sequence":412,"occurred_at":"2026-01-05T10:03:11+08:00",
      "lines":[{"line_id":"1","sku":"TEE-BLK-M","quantity":1}]},
     {"sale_id":"3f6c0e2a-6a0e-4c1b-9a7e-000000000002","kind":"refund","refund_of":"3f6c0e2a-6a0e-4c1b-9a7e-000000000001","store_id":"S1","sequence":413,"occurred_at":"2026-01-05T10:20:00+08:00",
      "lines":[{"line_id":"1","refund_of_line":"1","sku":"TEE-BLK-M","quantity":1,"restock":true}]}]}
    """

  private func batch(_ sales: String) throws(EventRefusal) -> PointOfSaleBatch {
    try PointOfSaleBatch(
      body: Array(#"{"device_id":"till-03","batch_id":"b-1","sales":[\#(sales)]}"#.utf8))
  }

  private func sale(
    _ line: String = #"{"line_id":"1","sku":"TEE-BLK-M","quantity":1}"#, id: String = "s-1",
    kind: String = "sale"
  ) -> String {
    #"{"sale_id":"\#(id)","kind":"\#(kind)","store_id":"S1","occurred_at":"2026-01-05T10:03:11+08:00","lines":[\#(line)]}"#
  }

  private var api: ChannelAPI {
    ChannelAPI(
      account: ChannelAccount(
        accountID: AccountID(trusted: "till-s1"), channelID: ChannelID(trusted: "till"),
        externalID: "S1", baseURL: "", credentials: ["token": "t0ken"]), http: RecordedHTTP(),
      clock: ManualClock())
  }

  @Test func batchIsRead() throws {
    let read = try PointOfSaleBatch(body: Array(Self.batch.utf8))
    #expect(read.deviceID == "till-03")
    #expect(read.batchID == "b-20260105-0007")
    #expect(read.rejections.isEmpty)
    #expect(
      read.sales == [
        PointOfSaleSale(
          saleID: "3f6c0e2a-6a0e-4c1b-9a7e-000000000001", kind: .sale, storeID: "S1",
          sequence: 412, occurredAt: Timestamp(seconds: 1_767_578_591),
          lines: [.init(lineID: "1", sku: SKU(trusted: "TEE-BLK-M"), quantity: 1)]),
        PointOfSaleSale(
          saleID: "3f6c0e2a-6a0e-4c1b-9a7e-000000000002", kind: .refund,
          refundOf: "3f6c0e2a-6a0e-4c1b-9a7e-000000000001", storeID: "S1", sequence: 413,
          occurredAt: Timestamp(seconds: 1_767_579_600),
          lines: [
            .init(
              lineID: "1", refundOfLine: "1", sku: SKU(trusted: "TEE-BLK-M"), quantity: 1,
              restock: true)
          ]),
      ])
  }

  @Test(arguments: [
    (#"{"line_id":"1","sku":"A","quantity":0}"#, "quantity must be at least 1"),
    (#"{"line_id":"1","sku":"A","quantity":-3}"#, "quantity must be at least 1"),
    (#"{"line_id":"1","sku":"A","quantity":1000001}"#, "quantity must be at most 1000000"),
    (#"{"line_id":"1","sku":"A","quantity":1.5}"#, "quantity must be a whole number"),
    (#"{"line_id":"1","sku":"A","quantity":"1"}"#, "quantity must be a whole number"),
    (#"{"line_id":"1","sku":"A"}"#, "quantity is missing"),
    (#"{"line_id":"1","quantity":1}"#, "sku is missing"),
    (#"{"line_id":"1","sku":"","quantity":1}"#, "sku: The SKU is empty."),
    (#"{"line_id":"1","sku":7,"quantity":1}"#, "sku must be text"),
    (#"{"sku":"A","quantity":1}"#, "line_id is missing"),
    (#"{"line_id":"","sku":"A","quantity":1}"#, "line_id is empty"),
  ])
  func wrongLineIsNamedAndTheOthersGoOn(_ line: String, _ text: String) throws {
    let good = #"{"line_id":"9","sku":"B","quantity":1}"#
    let read = try batch(sale(id: "s-0") + "," + sale(good + "," + line) + "," + sale(id: "s-2"))
    #expect(read.sales.map(\.saleID) == ["s-0", "s-2"])
    #expect(
      read.rejections == [
        PointOfSaleRejection(index: 1, saleID: "s-1", problem: "sales[1].lines[1].\(text)")
      ])
  }

  @Test(arguments: [
    (
      #""kind":"gift","store_id":"S","occurred_at":"2026-01-05T10:03:11Z","lines":[]"#,
      "kind must be sale or refund"
    ),
    (#""store_id":"S""#, "kind is missing"), (#""kind":"sale""#, "store_id is missing"),
    (#""kind":"sale","store_id":"S""#, "occurred_at is missing"),
    (
      #""kind":"sale","store_id":"S","occurred_at":"2026-01-05T10:03:11""#,
      "occurred_at must be an ISO 8601 time with an offset, as 2026-01-05T10:03:11+08:00"
    ),
    (#""kind":"sale","store_id":"S","occurred_at":1767578591"#, "occurred_at must be text"),
    (#""kind":"sale","store_id":"S","occurred_at":"2026-01-05T10:03:11Z""#, "lines is missing"),
    (
      #""kind":"sale","store_id":"S","occurred_at":"2026-01-05T10:03:11Z","lines":{}"#,
      "lines must be a list of lines"
    ),
    (
      #""kind":"sale","store_id":"S","occurred_at":"2026-01-05T10:03:11Z","lines":[]"#,
      "lines is empty"
    ),
    (
      #""kind":"sale","store_id":"S","sequence":-1,"occurred_at":"2026-01-05T10:03:11Z","lines":[]"#,
      "sequence must not be negative"
    ),
    (
      #""kind":"refund","store_id":"S","occurred_at":"2026-01-05T10:03:11Z","lines":[{"line_id":"1","sku":"A","quantity":1}]"#,
      "lines[0].restock is missing"
    ),
    (
      #""kind":"sale","store_id":"S","occurred_at":"2026-01-05T10:03:11Z","lines":[{"line_id":"1","sku":"A","quantity":1},{"line_id":"1","sku":"A","quantity":1}]"#,
      "lines[1].line_id is there twice"
    ),
  ])
  func wrongSaleIsNamed(_ fields: String, _ text: String) throws {
    let read = try batch(#"{"sale_id":"s-1",\#(fields)}"#)
    #expect(read.sales.isEmpty)
    #expect(read.rejections.map(\.problem) == ["sales[0].\(text)"])
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{", "the body is not JSON"), ("[]", "the body has the wrong type"),
    ("{}", "sales is missing"), (#"{"sales":[]}"#, "sales is empty"),
    (#"{"sales":[{"sale_id":"1"}]}"#, "device_id is missing"),
    (#"{"device_id":"d","sales":[{"sale_id":"1"}]}"#, "batch_id is missing"),
    (#"{"device_id":7,"batch_id":"b","sales":[{}]}"#, "device_id must be text"),
    (#"{"device_id":"d","batch_id":"b","sales":[{}]}"#, "sales[0].sale_id is missing"),
    (
      #"{"device_id":"d","batch_id":"b","sales":[{"sale_id":"a b"}]}"#,
      "sales[0].sale_id holds a space or a control character"
    ),
    (#"{"device_id":"d","batch_id":"b","sales":[5]}"#, "sales[0] has the wrong type"),
    (#"{"device_id":"d","batch_id":"b","sales":5}"#, "sales has the wrong type"),
  ])
  func batchThatCannotBeAnsweredIsRefused(_ body: String, _ text: String) {
    let refused = refusal { () throws(EventRefusal) in
      try PointOfSaleBatch(body: Array(body.utf8))
    }
    #expect(refused == .malformed(text))
  }

  @Test func limitsHold() throws {
    let many = (0...500).map { sale(id: "s-\($0)") }.joined(separator: ",")
    #expect(
      refusal { () throws(EventRefusal) in try batch(many) }
        == .malformed("sales has 501 entries; 500 are allowed"))
    let lines = (0...500).map { #"{"line_id":"\#($0)","sku":"A","quantity":1}"# }
    let read = try batch(sale(lines.joined(separator: ",")))
    #expect(
      read.rejections.map(\.problem) == ["sales[0].lines has 501 entries; 500 are allowed"])
    let long = String(repeating: "x", count: 65)
    #expect(
      refusal { () throws(EventRefusal) in try batch(sale(id: long)) }
        == .malformed("sales[0].sale_id is longer than 64 bytes"))
    let huge = [UInt8](repeating: 0x20, count: PointOfSaleLimits.bodyBytes + 1)
    #expect(throws: EventRefusal.self) { try PointOfSaleBatch(body: huge) }
  }

  @Test func eventIsTheSameInWhateverBatchItComes() throws {
    let first = try batch(sale() + "," + sale(id: "s-2")).sales[0].event
    let again = try PointOfSaleBatch(
      body: Array(#"{"device_id":"till-03","batch_id":"b-2","sales":[\#(sale())]}"#.utf8)
    ).sales[0].event
    #expect(first == again)
    #expect(first.key == "sale:s-1")
    #expect(first.kind == .order)
    #expect(first.subject == "s-1")
  }

  @Test func saleIsAnOrderThatHasLeft() async throws {
    let event = try PointOfSaleBatch(body: Array(Self.batch.utf8)).sales[0].event
    let order = try await adapter.fetchOrder(event.subject, event: event, api: api)
    #expect(
      order
        == ChannelOrder(
          externalID: "3f6c0e2a-6a0e-4c1b-9a7e-000000000001", state: .shipped,
          lines: [
            .init(
              lineID: "1", itemID: "TEE-BLK-M", variationID: "", sellerSKU: "TEE-BLK-M",
              quantity: 1)
          ], saleTime: Timestamp(seconds: 1_767_578_591),
          updateTime: Timestamp(seconds: 1_767_578_591)))
  }

  @Test func refundBringsBackWhatWentOnTheShelf() async throws {
    let event = try PointOfSaleBatch(body: Array(Self.batch.utf8)).sales[1].event
    #expect(event.kind == .return)
    let read = try await adapter.fetchReturn(event.subject, event: event, api: api)
    #expect(read.state == .restocked)
    #expect(read.orderExternalID == "3f6c0e2a-6a0e-4c1b-9a7e-000000000001")
    #expect(
      read.lines == [
        .init(
          lineID: "1", orderLineID: "1", itemID: "TEE-BLK-M", variationID: "",
          sellerSKU: "TEE-BLK-M", quantity: 1)
      ])
    let mixed = try batch(
      sale(
        #"{"line_id":"1","sku":"A","quantity":1,"restock":false},{"line_id":"2","sku":"B","quantity":2,"restock":true}"#,
        kind: "refund")
    ).sales[0]
    #expect(mixed.channelReturn.lines.map(\.lineID) == ["2"])
    #expect(mixed.channelReturn.orderExternalID == "")
    let broken = try batch(
      sale(#"{"line_id":"1","sku":"A","quantity":1,"restock":false}"#, kind: "refund")
    ).sales[0]
    #expect(broken.channelReturn.state == .closed)
    #expect(broken.channelReturn.lines.isEmpty)
  }

  @Test func saleWithoutItsEventIsNotFound() async throws {
    let error = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder("s-1", event: nil, api: api)
    }
    #expect(error?.kind == "notFound")
    let refund = try PointOfSaleBatch(body: Array(Self.batch.utf8)).sales[1].event
    let wrong = await failure { () async throws(ChannelError) in
      try await adapter.fetchOrder(refund.subject, event: refund, api: api)
    }
    #expect(wrong?.kind == "malformed")
  }

  @Test func tokenIsAskedFor() throws {
    func request(_ header: String?) -> HTTPRequest {
      post(
        #"{"device_id":"d","batch_id":"b","sales":[\#(sale())]}"#,
        header.map { [("authorization", $0)] } ?? [])
    }
    let account = api.account
    #expect(adapter.verify(request("Bearer t0ken"), account: account, hookURL: ""))
    #expect(adapter.verify(request("bearer t0ken"), account: account, hookURL: ""))
    for header in ["Bearer t0kem", "Bearer", "Basic t0ken", "t0ken", "Bearer  t0ken", nil] {
      #expect(!adapter.verify(request(header), account: account, hookURL: ""))
    }
    var without = account
    without.credentials["token"] = ""
    #expect(!adapter.verify(request("Bearer "), account: without, hookURL: ""))
    #expect(try adapter.identify(request(nil)) == .shop("S1"))
    #expect(try adapter.parse(request(nil), account: account).key == "sale:s-1")
  }

  @Test func oneStoreABatch() {
    let other = sale(id: "s-2").replacing(#""S1""#, with: #""S2""#)
    let body = #"{"device_id":"d","batch_id":"b","sales":[\#(sale()),\#(other)]}"#
    #expect(
      refusal { () throws(EventRefusal) in try adapter.identify(post(body)) }
        == .malformed("sales are of more than one store_id"))
  }

  @Test func nothingIsPushedToATill() async throws {
    let push = StockPush(
      listing: ChannelListing(itemID: "A", variationID: "", sellerSKU: "A"), quantity: 1,
      idempotencyKey: "k")
    #expect(try await adapter.pushStock([push, push], api: api) == [.acknowledged, .acknowledged])
    #expect(try await adapter.readStock([push.listing], api: api) == [nil])
    #expect(try await adapter.fetchListings(after: nil, api: api).listings.isEmpty)
    #expect(try await adapter.refreshCredentials(api: api) == nil)
    #expect(!adapter.traits.readsStock)
  }
}
