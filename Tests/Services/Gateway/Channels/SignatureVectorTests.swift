import ChannelAdapter
import Foundation
import Kit
import Testing

@testable import LazadaChannel
@testable import ShopeeChannel
@testable import TikTokShopChannel
@testable import WooCommerceChannel

/// Signatures against published vectors and against our own, which were computed with another tool.
@Suite struct SignatureVectorTests {
  static let bodyA =
    #"{"data":{"items":[],"ordersn":"240101ABCDEF12","status":"READY_TO_SHIP","completed_scenario":"","update_time":1700000001},"shop_id":14701711,"code":3,"timestamp":1700000002}"#
  static let bodyB =
    #"{"seller_id":"100200300","message_type":0,"data":{"order_status":"pending","trade_order_id":"260422900198363","trade_order_line_id":"260422900298363","status_update_time":1700000000},"timestamp":1700000003,"site":"lazada_sg"}"#
  static let payloadC =
    "<Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId><SellerSku>TEE-BLK-M</SellerSku><SellableQuantity>7</SellableQuantity></Sku></Skus></Product></Request>"
  static let bodyD =
    ##"{"id":820982911946154508,"name":"#1001","line_items":[{"id":1,"sku":"TEE-BLK-M","quantity":2}]}"##
  static let bodyE =
    #"{"id":727,"status":"processing","line_items":[{"id":315,"product_id":93,"variation_id":0,"quantity":2,"sku":"TEE-BLK-M"}]}"#
  static let bodyF =
    #"{"type":1,"shop_id":"7494726673780148744","timestamp":1664095733,"data":{"order_id":"576684019603311365","order_status":"AWAITING_SHIPMENT","update_time":1664095610}}"#
  static let bodyG =
    #"{"skus":[{"id":"1729592969712207013","inventory":[{"warehouse_id":"7068517275539719942","quantity":7}]}]}"#
  static let bodyH =
    #"{"merchant_id":"m-1","type":"receipts.update","created_at":"2026-01-05T03:00:00.000Z","receipts":[]}"#

  // Shopee

  @Test func shopeePrimitiveMatchesTheSDKsPlaceholder() {
    let base = "/api/v2/auth/token/get123456test_partner_idtest_shop_idtest_main_account_id"
    #expect(
      ShopeeSigning.sign(base, partnerKey: "test_partner_key")
        == "37c864bd9821ff5f2c2f46b2faca14eb1811a718d1fdc6dcf383cba7c74bf9e9")
  }

  @Test func shopeeBaseStringMatchesTheGuide() {
    #expect(
      ShopeeSigning.base(
        partnerID: "2001887", path: "/api/v2/shop/get_shop_info", timestamp: 1_655_714_431,
        accessToken: "59777174636562737266615546704c6d", shopID: "14701711")
        == "2001887/api/v2/shop/get_shop_info165571443159777174636562737266615546704c6d14701711")
  }

  @Test func shopeeShopCallIsSigned() {
    let base = ShopeeSigning.base(
      partnerID: "2001887", path: "/api/v2/product/update_stock", timestamp: 1_700_000_000,
      accessToken: "tok_demo_access", shopID: "14701711")
    #expect(base == "2001887/api/v2/product/update_stock1700000000tok_demo_access14701711")
    #expect(
      ShopeeSigning.sign(base, partnerKey: "shopee_partner_key_demo")
        == "39346ce4cd7d0edeee1635e4ec445869ba97fda72eb6c5dbdb23a3e91770ac42")
  }

  @Test func shopeePublicCallIsSigned() {
    let base = ShopeeSigning.base(
      partnerID: "2001887", path: "/api/v2/auth/token/get", timestamp: 1_700_000_000)
    #expect(
      ShopeeSigning.sign(base, partnerKey: "shopee_partner_key_demo")
        == "1352c64f2638c14bda1abaaf7e3fea464dba2f30e3e8534da64874122800fc4a")
  }

  @Test func shopeePushIsSigned() {
    #expect(
      ShopeeSigning.push(
        url: "https://gw.example.com/hooks/shopee", body: Array(Self.bodyA.utf8),
        pushPartnerKey: "shpk_push_demo_key")
        == "2f52fa14beee91e18ce3d020cce146345795803010b4655e7aca55995243e086")
  }

  // Lazada

  @Test func lazadaCallMatchesTheOfficialVector() {
    #expect(
      LazadaSigning.sign(
        path: "/order/get",
        parameters: [
          ("timestamp", "1517820392000"), ("order_id", "1234"), ("app_key", "123456"),
          ("sign_method", "sha256"), ("access_token", "test"),
        ], appSecret: "helloworld")
        == "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A")
  }

  @Test func lazadaCallWithPayloadIsSigned() {
    #expect(
      LazadaSigning.sign(
        path: "/product/stock/sellable/update",
        parameters: [
          ("access_token", "tok_demo"), ("app_key", "123456"), ("payload", Self.payloadC),
          ("sign_method", "sha256"), ("timestamp", "1700000000000"), ("sign", "is left out"),
        ], appSecret: "lazada_secret_demo")
        == "A2DAC2CB24AAD3DE31AE4475120A529D5E984DE612D7D831299324999E3573C9")
  }

  @Test func lazadaPushIsSigned() {
    #expect(
      LazadaSigning.push(
        appKey: "123456", body: Array(Self.bodyB.utf8), appSecret: "lazada_secret_demo")
        == "9a1aa56be06935ac02062784f7d76d7d15f801eb256e2efb166c98ab8cf5d343")
  }

  // Shopify

  @Test func shopifyWebhookIsSigned() {
    #expect(
      ChannelSignature.base64(key: "shopify_client_secret_demo", Array(Self.bodyD.utf8))
        == "aq4Bq1j6xaURtlx8OAH5aL0waSCQgBYpXZ5OdmKbCGs=")
  }

  // TikTok Shop

  @Test func tikTokShopCallMatchesTheOfficialVector() {
    #expect(
      TikTokShopSigning.sign(
        path: "/authorization/202309/shops",
        parameters: [
          ("timestamp", "1623812664"), ("app_key", "29a39d"), ("sign", "is left out"),
          ("access_token", "is left out"),
        ], body: [], appSecret: "e59af819cc")
        == "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8")
  }

  @Test func tikTokShopCallWithBodyIsSigned() {
    #expect(
      TikTokShopSigning.sign(
        path: "/product/202309/products/1729592969712207012/inventory/update",
        parameters: [
          ("timestamp", "1700000000"), ("shop_cipher", "CIPHER_demo"), ("app_key", "29a39d"),
        ], body: Array(Self.bodyG.utf8), appSecret: "e59af819cc")
        == "3729784a263053f4d234d31a024af2e88491d4de4c4a3888d2f692eabe7620cb")
  }

  @Test func tikTokShopEventIsSigned() {
    #expect(
      TikTokShopSigning.event(
        appKey: "fake_app_key", body: Array(Self.bodyF.utf8), appSecret: "fake_app_secret")
        == "21109834de72ec53c9959716d8514ae388ce1f123e5ffdcafc46713fcdf62b27")
  }

  // WooCommerce

  @Test func wooCommerceWebhookIsSigned() {
    #expect(
      ChannelSignature.base64(key: "woo_webhook_secret_demo", Array(Self.bodyE.utf8))
        == "XlSyGr6+QROrD7Mqjh03GRiXfbXcy5eH2+1mByD2sIE=")
  }

  @Test func wooCommerceOAuthCallIsSigned() {
    // In another order than it is signed in.
    let parameters = [
      ("per_page", "100"), ("oauth_consumer_key", "ck_demo"), ("oauth_nonce", "nonce123"),
      ("oauth_timestamp", "1700000000"), ("oauth_signature_method", "HMAC-SHA256"),
    ]
    #expect(
      WooCommerceSigning.sign(
        method: "GET", url: "http://shop.example.com/wp-json/wc/v3/orders", parameters: parameters,
        consumerSecret: "cs_demo") == "wJjddjTHrJmS2gHB6hjDCc1OIS1NNiusbALX5oKyHfo=")
  }

  // Square and Loyverse

  @Test func squareWebhookMatchesTheOfficialVector() {
    #expect(
      ChannelSignature.base64(
        key: "asdf1234", Array(#"https://example.com/webhook{"hello":"world"}"#.utf8))
        == "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=")
  }

  @Test func loyverseWebhookIsSigned() {
    let code = HMAC.sha1(key: Array("loyverse_client_secret_demo".utf8), Array(Self.bodyH.utf8))
    #expect(Hex.encode(code) == "ecca81e49a3cd7f69c60a6763d8a14700fc620f5")
    #expect(Base64.encode(code) == "7MqB5Jo81/acYKZ2PYoUcA/GIPU=")
  }
}
