import ChannelAdapter
import LazadaChannel
import Primitives
import ShopeeChannel
import Testing
import TikTokShopChannel

@testable import SandboxServer

/// Goal: what a channel says to have set aside is read as it says it.
@Suite(.timeLimit(.minutes(5))) struct ReservedStockTests {
  private static func listing(_ item: String, _ variation: String) -> ChannelListing {
    ChannelListing(
      itemID: item, variationID: variation, sellerSKU: "S", title: "T",
      attributes: ["seller_sku": "S", "sku_id": variation])
  }

  @Test func shopeesPromotionsAreReadWithTheirEnds() async throws {
    let http = RecordedHTTP(
      """
      {"error":"","response":{"success_list":[
        {"item_id":1,"promotion":[
          {"promotion_id":900,"model_id":11,"promotion_staging":"ongoing","end_time":1700003600,
           "promotion_stock_info_v2":{"summary_info":{"total_reserved_stock":10}}},
          {"promotion_id":"901","model_id":"11","promotion_staging":"upcoming",
           "promotion_stock_info_v2":{"summary_info":{"total_reserved_stock":"3"}}},
          {"promotion_id":902,"model_id":12,
           "promotion_stock_info_v2":{"summary_info":{"total_reserved_stock":0}}}]},
        {"item_id":2,"promotion":[
          {"promotion_id":900,"promotion_stock_info_v2":{"summary_info":{"total_reserved_stock":4}}},
          {"promotion_id":903}]}],"failure_list":[]}}
      """)
    let found = try await ShopeeAdapter().readReserved(
      [
        Self.listing("1", "11"), Self.listing("1", "12"), Self.listing("2", ""),
        Self.listing("3", ""),
      ],
      api: shopeeAPI(http))
    #expect(
      found == [
        [
          ReservedStock(name: "900", quantity: 10, endTime: Timestamp(seconds: 1_700_003_600)),
          ReservedStock(name: "901", quantity: 3),
        ], [], [ReservedStock(name: "900", quantity: 4)], [],
      ])
    #expect(http.requests.count == 1)
    #expect(http.requests[0].parameters["item_id_list"] == "1,2,3")
  }

  @Test func shopeesReadingTakesFiftyItemsACall() async throws {
    let empty = #"{"error":"","response":{"success_list":[]}}"#
    let http = RecordedHTTP(empty, empty)
    let listings = (1...51).map { Self.listing("\($0)", "") }
    let found = try await ShopeeAdapter().readReserved(listings, api: shopeeAPI(http))
    #expect(found.count == 51 && http.requests.count == 2)
  }

  @Test func newsNamesItsItem() {
    func event(_ topic: String, _ body: String) -> ChannelEvent {
      ChannelEvent(
        key: "k", kind: .other, subject: "", updateTime: .zero, body: Array(body.utf8),
        topic: topic)
    }
    let shopee = ShopeeAdapter()
    let news = #"{"code":8,"data":{"item_id":2700126223,"action":"place_order"}}"#
    #expect(shopee.reservedChange(in: event("8", news)) == .item("2700126223"))
    #expect(
      shopee.reservedChange(in: event("7", #"{"code":7,"data":{"item_id":"5"}}"#)) == .item("5"))
    #expect(shopee.reservedChange(in: event("9", #"{"code":9,"data":[]}"#)) == .all)
    #expect(shopee.reservedChange(in: event("9", "nonsense")) == .all)
    #expect(shopee.reservedChange(in: event("3", news)) == nil)
    #expect(LazadaAdapter().reservedChange(in: event("11", "{}")) == .all)
    #expect(LazadaAdapter().reservedChange(in: event("6", "{}")) == nil)
    let tiktok = TikTokShopAdapter()
    let low = #"{"type":27,"data":{"product_id":"17","sku_id":"18"}}"#
    #expect(tiktok.reservedChange(in: event("27", low)) == .item("17"))
    #expect(tiktok.reservedChange(in: event("39", "{}")) == .all)
    #expect(tiktok.reservedChange(in: event("1", low)) == nil)
  }

  @Test(arguments: [
    ("\"endTime\":1700003600000,", Timestamp(seconds: 1_700_003_600)),
    ("\"endTime\":\"2023-11-14T23:13:20+00:00\",", Timestamp(seconds: 1_700_003_600)),
    ("\"endTime\":{\"x\":1},", nil), ("", nil),
  ])
  func lazadasCampaignsAreRead(_ end: String, _ wanted: Timestamp?) async throws {
    let http = RecordedHTTP(
      """
      {"code":"0","data":{"item_id":1,"skus":[
        {"SkuId":11,"SellerSku":"S","channelInventories":[
          {"channelName":"flash",\(end)"sellableQuantity":6},{"channelName":"x","sellableQuantity":0}]},
        {"SkuId":12,"SellerSku":"S2","channelInventories":"none"}]}}
      """)
    let found = try await LazadaAdapter().readReserved(
      [Self.listing("1", "11"), Self.listing("1", "12")], api: lazadaAPI(http))
    #expect(found == [[ReservedStock(name: "flash", quantity: 6, endTime: wanted)], []])
  }

  /// The sandbox reads the platforms' documents on its own.
  @Test func sandboxesReserveIsRead() async throws {
    let world = try await ConversationWorld()
    for adapter: any ReservedStockReading in [
      ShopeeAdapter(), LazadaAdapter(), TikTokShopAdapter(),
    ] {
      let channel = adapter.channelID.text
      let listings = try await adapter.fetchListings(after: nil, api: world.api(channel)).listings
      #expect(
        try await adapter.readReserved(listings, api: world.api(channel)) == [[]], "\(channel)")
      try await world.control(
        "listings",
        [
          "channel": .string(channel),
          "shop": .string(ConversationWorld.account(channel).externalID),
          "item_id": "234234234", "variation_id": "234", "reserved": 4,
        ])
      let found = try await adapter.readReserved(listings, api: world.api(channel))
      #expect(found.map { $0?.map(\.quantity) } == [[4]], "\(channel)")
    }
    try await world.remove()
  }
}
