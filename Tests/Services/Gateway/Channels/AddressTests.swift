import ChannelAdapter
import LazadaChannel
import Primitives
import ShopeeChannel
import ShopifyChannel
import Testing
import TikTokShopChannel

/// Where orders go, as each channel writes it: asked for only when somebody wants to know, and never a reason to refuse
/// an order.
@Suite struct AddressTests {
  private func wanting(_ api: ChannelAPI) -> ChannelAPI {
    var api = api
    api.wantsAddress = true
    return api
  }

  private let odd = ["null", "7", "[]", "{}", #""x""#, #"{"region":[],"zip":{},"country":true}"#]

  // MARK: Shopee

  private func shopee(_ address: String) -> String {
    """
    {"request_id":"r","error":"","message":"","response":{"order_list":[
     {"order_sn":"A1","order_status":"READY_TO_SHIP","create_time":1767600000,
      "update_time":1767600001,"recipient_address":\(address),
      "item_list":[{"item_id":1,"model_id":2,"model_quantity_purchased":2}]}]}}
    """
  }

  @Test func shopeeIsAskedForTheAddress() async throws {
    let body = shopee(
      #"{"name":"A****","phone":"****12","town":"","district":"Penampang","city":"Kota Kinabalu","state":"Sabah","region":"MY","zipcode":"88300","full_address":"****"}"#
    )
    let http = RecordedHTTP(body, body)
    let order = try await ShopeeAdapter().fetchOrder(
      "A1", event: nil, api: wanting(shopeeAPI(http)))
    #expect(
      order.address
        == ChannelAddress(country: "MY", regions: ["Sabah", "Kota Kinabalu"], postalCode: "88300"))
    _ = try await ShopeeAdapter().fetchOrder("A1", event: nil, api: shopeeAPI(http))
    let fields = http.requests.map { $0.parameters["response_optional_fields"] ?? "" }
    #expect(fields[0].contains("recipient_address") && !fields[1].contains("recipient_address"))
  }

  @Test func whatShopeeHidesIsNotKnown() async throws {
    let http = RecordedHTTP(
      shopee(#"{"city":"****","state":"S****h","region":"MY","zipcode":"****"}"#))
    let order = try await ShopeeAdapter().fetchOrder(
      "A1", event: nil, api: wanting(shopeeAPI(http)))
    #expect(order.address == ChannelAddress(country: "MY", regions: [], postalCode: ""))
  }

  @Test func oddAddressOfShopeeIsNone() async throws {
    for address in odd {
      let order = try await ShopeeAdapter().fetchOrder(
        "A1", event: nil, api: wanting(shopeeAPI(RecordedHTTP(shopee(address)))))
      #expect(order.address == nil && order.lines.count == 1, "\(address)")
    }
  }

  // MARK: Lazada

  private let items =
    #"{"code":"0","data":[{"order_item_id":1,"sku_id":5,"product_id":4,"status":"pending","created_at":"2026-01-05 11:00:00 +0800","updated_at":"2026-01-05 11:00:05 +0800"}]}"#

  private func lazada(_ address: String) -> String {
    #"{"code":"0","data":{"created_at":"2026-01-05 12:00:00 +0800","updated_at":"2026-01-05 12:00:05 +0800","address_shipping":\#(address)}}"#
  }

  @Test func lazadaIsAskedForTheAddress() async throws {
    let http = RecordedHTTP(
      items,
      lazada(
        #"{"country":"Malaysia","address3":"Sabah","city":"Kota Kinabalu","post_code":"88300","address1":"1 Jalan"}"#
      ))
    let order = try await LazadaAdapter().fetchOrder(
      "42", event: nil, api: wanting(lazadaAPI(http)))
    #expect(
      order.address
        == ChannelAddress(
          country: "Malaysia", regions: ["Sabah", "Kota Kinabalu"], postalCode: "88300"))
    #expect(http.requests.map { $0.path.hasSuffix("/order/get") } == [false, true])
    #expect(order.saleTime.seconds == 1_767_582_000, "the units' own times count")
    let plain = RecordedHTTP(items)
    let other = try await LazadaAdapter().fetchOrder("42", event: nil, api: lazadaAPI(plain))
    #expect(other.address == nil && plain.requests.count == 1)
  }

  @Test func oddAddressOfLazadaIsNone() async throws {
    for address in odd {
      let order = try await LazadaAdapter().fetchOrder(
        "42", event: nil, api: wanting(lazadaAPI(RecordedHTTP(items, lazada(address)))))
      #expect(order.address == nil && order.lines.count == 1, "\(address)")
    }
  }

  // MARK: TikTok Shop

  private func tikTokShop(_ address: String) -> String {
    tikTokShopData(
      #"{"orders":[{"id":"42","status":"AWAITING_SHIPMENT","create_time":1767600000,"update_time":1767600001,"recipient_address":\#(address),"line_items":[{"id":"1","sku_id":"5","product_id":"4"}]}]}"#
    )
  }

  @Test func tikTokShopTellsTheAddressWithTheOrder() async throws {
    let body = tikTokShop(
      #"{"name":"B*** B***","region_code":"MY","postal_code":"88300","district_info":[{"address_level":"L0","address_level_name":"Country","address_name":"Malaysia"},{"address_level":"L1","address_name":"Sabah"},{"address_level":"L2","address_name":"Kota Kinabalu"},{"address_level":"L3","address_name":"Ke***"}]}"#
    )
    let http = RecordedHTTP(body, body)
    let order = try await TikTokShopAdapter().fetchOrder(
      "42", event: nil, api: wanting(tikTokShopAPI(http)))
    #expect(
      order.address
        == ChannelAddress(country: "MY", regions: ["Sabah", "Kota Kinabalu"], postalCode: "88300"))
    let other = try await TikTokShopAdapter().fetchOrder("42", event: nil, api: tikTokShopAPI(http))
    #expect(other.address == nil)
  }

  @Test func oddAddressOfTikTokShopIsNone() async throws {
    for address in odd + [#"{"district_info":{}}"#, #"{"district_info":[7]}"#] {
      let order = try await TikTokShopAdapter().fetchOrder(
        "42", event: nil, api: wanting(tikTokShopAPI(RecordedHTTP(tikTokShop(address)))))
      #expect(order.address == nil && order.lines.count == 1, "\(address)")
    }
  }

  // MARK: Shopify

  private func event(_ address: String) -> ChannelEvent {
    let body =
      #"{"id":450789469,"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00","shipping_address":\#(address),"line_items":[{"id":1,"sku":"A","quantity":1}]}"#
    return ChannelEvent(
      key: "k", kind: .order, subject: "450789469", updateTime: Timestamp(seconds: 1),
      body: Array(body.utf8), topic: "orders/create")
  }

  @Test func eventOfShopifyHasTheAddress() async throws {
    let address =
      #"{"zip":"88300","province":"Sabah","province_code":"SBH","city":"Kota Kinabalu","country_code":"MY","country":"Malaysia"}"#
    let order = try await ShopifyAdapter().fetchOrder(
      "450789469", event: event(address), api: shopifyAPI(RecordedHTTP()))
    #expect(
      order.address
        == ChannelAddress(
          country: "MY", regions: ["Sabah", "SBH", "Kota Kinabalu"], postalCode: "88300"))
    for address in odd {
      let order = try await ShopifyAdapter().fetchOrder(
        "450789469", event: event(address), api: shopifyAPI(RecordedHTTP()))
      #expect(order.address == nil && order.lines.count == 1, "\(address)")
    }
  }

  /// Goal: an app that may not see addresses is not refused orders because of a field that nobody wants.
  @Test func shopifyIsAskedForTheAddressWhenItIsWanted() async throws {
    let body =
      #"{"data":{"order":{"legacyResourceId":"1","createdAt":"2026-01-05T03:00:00Z","updatedAt":"2026-01-05T03:00:05Z","shippingAddress":{"zip":"528123","countryCodeV2":"SG"},"lineItems":{"nodes":[{"id":"gid://shopify/LineItem/1","quantity":1}],"pageInfo":{"hasNextPage":false}}}}}"#
    let http = RecordedHTTP(body, body)
    let order = try await ShopifyAdapter().fetchOrder(
      "1", event: nil, api: wanting(shopifyAPI(http)))
    #expect(order.address == ChannelAddress(country: "SG", regions: [], postalCode: "528123"))
    _ = try await ShopifyAdapter().fetchOrder("1", event: nil, api: shopifyAPI(http))
    #expect(http.requests.map { $0.text.contains("shippingAddress") } == [true, false])
  }

  @Test func absurdNamesAreNotKnown() {
    let long = String(repeating: "x", count: 101)
    #expect(ChannelAddress(country: long, regions: [long, nil, ""], postalCode: "*") == nil)
    #expect(ChannelAddress(country: nil, regions: [], postalCode: nil) == nil)
  }
}
