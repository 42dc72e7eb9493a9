import ChannelAdapter
import Foundation
import Primitives
import Testing
import TikTokShopChannel

/// Goal: an answer with any field missing, null or of another type is read as it is meant or refused: no crash, and no
/// unit more or less than there are. Method: each field of the real shapes is damaged in turn, in every way.
@Suite struct TikTokShopDamagedAnswerTests {
  private static let values: [String] = [
    "null", "\"\"", #""x""#, #""7""#, "-1", "0", "7", "1.5", "1e300", "9223372036854775807",
    "18446744073709551616", "[]", "{}", "[null]", "true", #"{"a":[1]}"#,
    #""\#(String(repeating: "y", count: 5_000))""#,
  ]

  /// Every version of a JSON text in which one value is another one, or is gone.
  private static func damaged(_ text: String) throws -> [String] {
    let root = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let marks = "\u{1}mark\u{1}"
    var found: [String] = []
    for whole in variants(of: root, marks) {
      let data = try JSONSerialization.data(
        withJSONObject: whole, options: [.sortedKeys, .fragmentsAllowed])
      let body = String(decoding: data, as: UTF8.self)
      let mark = #""\u0001mark\u0001""#
      guard body.contains(mark) else {
        found.append(body)
        continue
      }
      found += values.map { body.replacingOccurrences(of: mark, with: $0) }
    }
    return found
  }

  private static func variants(of value: Any, _ mark: Any) -> [Any] {
    var all: [Any] = [mark]
    if let members = value as? [String: Any] {
      for (name, member) in members {
        var without = members
        without[name] = nil
        all.append(without)
        for variant in variants(of: member, mark) {
          var changed = members
          changed[name] = variant
          all.append(changed)
        }
      }
    } else if let items = value as? [Any] {
      for (index, item) in items.enumerated() {
        for variant in variants(of: item, mark) {
          var changed = items
          changed[index] = variant
          all.append(changed)
        }
      }
    }
    return all
  }

  private let order =
    #"{"code":0,"message":"Success","data":{"orders":[{"id":"42","status":"AWAITING_SHIPMENT","create_time":1767600000,"update_time":1767600005,"collection_time":0,"fulfillment_type":"FULFILLMENT_BY_SELLER","shipping_type":"TIKTOK","recipient_address":{"region_code":"SG","postal_code":"528123","district_info":[{"address_level":"L1","address_name":"Central"}]},"line_items":[{"id":"1","sku_id":"234","product_id":"17295","seller_sku":"S","product_name":"Tee","sku_name":"M","display_status":"AWAITING_SHIPMENT","package_id":"P","package_status":"TO_FULFILL","rts_time":0,"is_gift":false},{"id":"2","sku_id":"234","product_id":"17295","seller_sku":"S","display_status":"AWAITING_SHIPMENT"}]}]}}"#

  @Test func everyDamagedOrderIsReadOrRefused() async throws {
    var readCount = 0
    let bodies = try Self.damaged(order)
    for body in bodies {
      var api = tikTokShopAPI(RecordedHTTP(body))
      api.wantsAddress = true
      guard
        let read = try? await TikTokShopAdapter().fetchOrder("42", event: nil, api: api)
      else { continue }
      readCount += 1
      #expect(read.lines.reduce(0) { $0 + $1.quantity } == unitCount(in: body), "\(body)")
      #expect(read.lines.allSatisfy { $0.quantity >= $0.cancelledCount && $0.quantity > 0 })
    }
    #expect(bodies.count > 500 && readCount > 100 && readCount < bodies.count)
  }

  private func unitCount(in body: String) -> Quantity {
    let root = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    let orders = (root?["data"] as? [String: Any])?["orders"] as? [[String: Any]]
    return Quantity((orders?.first?["line_items"] as? [Any])?.count ?? 0)
  }

  @Test func everyDamagedStockAnswerIsOpenedOrRefused() async throws {
    let listing = ChannelListing(
      itemID: "17295", variationID: "234", sellerSKU: "S", attributes: ["warehouse_ids": "W1"])
    let push = StockPush(listing: listing, quantity: 5, idempotencyKey: "k")
    let answer =
      #"{"code":0,"message":"Success","data":{"errors":[{"code":12052990,"message":"Check failed","detail":{"sku_id":"234","extra_errors":[{"warehouse_id":"W1","code":12052393,"message":"m"}]}}]}}"#
    for body in try Self.damaged(answer) {
      let results = try? await TikTokShopAdapter().pushStock(
        [push], api: tikTokShopAPI(RecordedHTTP(body)))
      #expect(results.map(\.count) ?? 1 == 1, "\(body)")
    }
    let inventory =
      #"{"code":0,"data":{"inventory":[{"product_id":"17295","skus":[{"id":"234","total_available_quantity":5,"warehouse_inventory":[{"warehouse_id":"W1","available_quantity":5}],"total_available_inventory_distribution":{"campaign_inventory":[{"quantity":1,"campaign_name":"c"}],"creator_inventory":[]}}]}]}}"#
    for body in try Self.damaged(inventory) {
      let shown = try? await TikTokShopAdapter().readStock(
        [listing], api: tikTokShopAPI(RecordedHTTP(body)))
      #expect(shown.map(\.count) ?? 1 == 1)
      #expect((shown?.first ?? nil).map { $0 >= 0 } ?? true, "\(body)")
    }
  }

  @Test func everyDamagedReturnIsReadOrRefused() async throws {
    let answer =
      #"{"code":0,"data":{"return_orders":[{"return_id":"7","order_id":"42","return_type":"RETURN_AND_REFUND","return_status":"BUYER_SHIPPED_ITEM","return_reason_text":"Broken","can_buyer_keep_item":false,"update_time":1767700000,"create_time":1767690000,"return_line_items":[{"return_line_item_id":"L1","order_line_item_id":"1","sku_id":"234","seller_sku":"S"}]}]}}"#
    var readCount = 0
    for body in try Self.damaged(answer) {
      let http = RecordedHTTP(body, order)
      guard
        let read = try? await TikTokShopAdapter().fetchReturn(
          "7", event: nil, api: tikTokShopAPI(http))
      else { continue }
      readCount += 1
      #expect(read.lines.map(\.quantity) == [1], "\(body)")
    }
    #expect(readCount > 20)
  }
}
