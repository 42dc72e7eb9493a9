import ChannelAdapter
import Primitives
import ShopeeChannel
import Testing

@Suite struct ShopeeOrderTests {
  let adapter = ShopeeAdapter()

  private func order(_ fields: String, items: String? = nil) -> String {
    let items =
      items ?? #"{"item_id":1,"model_id":2,"model_sku":"TEE-BLK-M","model_quantity_purchased":2}"#
    return """
      {"request_id":"r","error":"","message":"","response":{"order_list":[
       {"order_sn":"A1","create_time":1767600000,"update_time":1767600001,\(fields),
        "item_list":[\(items)]}]}}
      """
  }

  private func fetch(_ replies: String...) async throws(ChannelError) -> ChannelOrder {
    let http = RecordedHTTP(replies.map { ChannelReply(200, $0) })
    return try await adapter.fetchOrder("A1", event: nil, api: shopeeAPI(http))
  }

  @Test func orderIsAskedForWithItsFieldsAndASignature() async throws {
    let http = RecordedHTTP(order(#""order_status":"READY_TO_SHIP""#))
    _ = try await adapter.fetchOrder("A1", event: nil, api: shopeeAPI(http))
    let request = try #require(http.requests.first)
    #expect(request.method == "GET")
    #expect(request.path == "http://127.0.0.1:8090/shopee/api/v2/order/get_order_detail")
    let sent = request.parameters
    #expect(sent["order_sn_list"] == "A1")
    #expect(sent["response_optional_fields"]?.contains("item_list") == true)
    #expect(sent["partner_id"] == "2001887")
    #expect(sent["shop_id"] == "14701711")
    #expect(sent["timestamp"] == "1700000000")
    // The prefix of the host is not part of what is signed.
    let base =
      "2001887/api/v2/order/get_order_detail1700000000tok_demo_access14701711"
    #expect(
      sent["sign"] == ChannelSignature.hex(key: "shopee_partner_key_demo", Array(base.utf8)))
  }

  @Test func linesOfOneModelAreOne() async throws {
    let items = """
      {"item_id":1,"item_name":"Tee","item_sku":"TEE","model_id":2,"model_sku":"TEE-BLK-M",
       "model_quantity_purchased":2,"order_item_id":11},
      {"item_id":"1","model_id":"2","model_sku":"TEE-BLK-M","model_quantity_purchased":"3",
       "order_item_id":11,"cancelled_qty":1},
      {"item_id":5,"item_sku":"MUG","model_id":0,"model_sku":"","model_quantity_purchased":1}
      """
    let read = try await fetch(order(#""order_status":"READY_TO_SHIP""#, items: items))
    #expect(read.state == .open)
    #expect(read.saleTime == Timestamp(seconds: 1_767_600_000))
    #expect(read.updateTime == Timestamp(seconds: 1_767_600_001))
    #expect(
      read.lines == [
        .init(
          lineID: "1-2", itemID: "1", variationID: "2", sellerSKU: "TEE-BLK-M", title: "Tee",
          quantity: 5, cancelledCount: 1),
        .init(lineID: "5-0", itemID: "5", variationID: "", sellerSKU: "MUG", quantity: 1),
      ])
  }

  @Test(arguments: [
    ("UNPAID", ChannelOrder.State.open), ("PENDING", .open), ("READY_TO_SHIP", .open),
    ("PROCESSED", .open), ("RETRY_SHIP", .open), ("IN_CANCEL", .open), ("INVOICE_PENDING", .open),
    ("SOMETHING_NEW", .open), ("SHIPPED", .shipped), ("TO_CONFIRM_RECEIVE", .shipped),
    ("COMPLETED", .shipped), ("TO_RETURN", .shipped), ("CANCELLED", .cancelled),
  ])
  func statusSaysWhatItMeansForStock(_ status: String, _ state: ChannelOrder.State) async throws {
    let read = try await fetch(order(#""order_status":"\#(status)""#))
    #expect(read.state == state)
    #expect(read.lines[0].cancelledCount == (state == .cancelled ? 2 : 0))
  }

  @Test func orderThatShopeeShipsIsForeign() async throws {
    let fields = #""order_status":"READY_TO_SHIP","fulfillment_flag":"fulfilled_by_shopee""#
    #expect(try await fetch(order(fields)).state == .foreign)
    let ours = #""order_status":"READY_TO_SHIP","fulfillment_flag":"fulfilled_by_local_seller""#
    #expect(try await fetch(order(ours)).state == .open)
  }

  @Test func orderCancelledAfterItLeftDoesNotGiveItsUnitsBack() async throws {
    let package = #"[{"package_number":"P","logistics_status":"LOGISTICS_DELIVERY_FAILED"}]"#
    let read = try await fetch(order(#""order_status":"CANCELLED","package_list":\#(package)"#))
    #expect(read.state == .shipped)
    #expect(read.lines[0].cancelledCount == 0)
  }

  @Test func unknownOrderIsNotFound() async {
    let empty = #"{"error":"","message":"","response":{"order_list":[]}}"#
    #expect(
      await failure { () async throws(ChannelError) in try await fetch(empty) }?.kind
        == "notFound")
  }

  @Test(arguments: [
    #"{"error":"","response":{"order_list":[{"order_sn":"A1","order_status":"UNPAID","create_time":1,"update_time":1,"item_list":[]}]}}"#,
    #"{"error":"","response":{"order_list":[{"order_sn":"A1","order_status":"UNPAID","create_time":1,"update_time":1,"item_list":[{"item_id":1,"model_quantity_purchased":-1}]}]}}"#,
    #"{"error":"","response":{"order_list":[{"order_sn":"A1","order_status":"UNPAID","create_time":1,"update_time":1,"item_list":[{"item_id":1}]}]}}"#,
    #"{"error":"","response":{"order_list":[{"order_sn":"A1","create_time":1,"update_time":1}]}}"#,
    #"{"error":"","response":{}}"#, #"{"error":""}"#, "", "<html>", "[]",
  ])
  func senselessAnswerIsMalformed(_ body: String) async {
    let kind = await failure { () async throws(ChannelError) in try await fetch(body) }?.kind
    #expect(kind == "malformed")
  }
}
