import ChannelAdapter
import LazadaChannel
import LoyverseChannel
import PointOfSaleChannel
import Primitives
import RPCCore
import ShopeeChannel
import ShopifyChannel
import SquareChannel
import Testing
import TikTokShopChannel
import WooCommerceChannel

/// Whatever reaches an adapter, it answers with an event or with a reason.
@Suite struct DamagedEventTests {
  private struct Case {
    var adapter: any ChannelAdapter
    var account: ChannelAccount
    var headers: [(name: String, value: String)]
    var body: String
  }

  private var cases: [Case] {
    [
      Case(
        adapter: ShopeeAdapter(), account: shopeeAccount(), headers: [],
        body: SignatureVectorTests.bodyA),
      Case(
        adapter: LazadaAdapter(), account: lazadaAccount(), headers: [],
        body: SignatureVectorTests.bodyB),
      Case(
        adapter: TikTokShopAdapter(), account: tikTokShopAccount(), headers: [],
        body: SignatureVectorTests.bodyF),
      Case(
        adapter: ShopifyAdapter(), account: shopifyAccount(),
        headers: [("x-shopify-topic", "orders/create"), ("x-shopify-shop-domain", "d")],
        body:
          #"{"id":1,"created_at":"2026-01-05T11:00:00+08:00","updated_at":"2026-01-05T11:00:05+08:00","line_items":[{"id":1,"quantity":2}]}"#
      ),
      Case(
        adapter: WooCommerceAdapter(), account: wooCommerceAccount(),
        headers: [
          ("x-wc-webhook-topic", "order.updated"),
          ("x-wc-webhook-source", "https://shop.example.com"),
        ],
        body: wooOrder(
          status: "completed",
          more: #","date_completed_gmt":"2026-01-05T04:00:00","refunds":[{"id":730}]"#)),
      Case(
        adapter: PointOfSaleAdapter(), account: shopifyAccount(), headers: [],
        body: PointOfSaleTests.batch),
      Case(
        adapter: SquareAdapter(), account: squareAccount(), headers: [],
        body: SquareEventTests.body),
      Case(
        adapter: LoyverseAdapter(), account: loyverseAccount(), headers: [],
        body: LoyverseTests.body),
    ]
  }

  private func answer(_ one: Case, _ body: [UInt8]) -> String {
    var request = post("", one.headers)
    request.body = body
    do throws(EventRefusal) {
      _ = try one.adapter.identify(request)
      _ = one.adapter.verify(request, account: one.account, hookURL: "https://gw.example.com")
      let event = try one.adapter.parse(request, account: one.account)
      for other in one.adapter.companions(of: event) where other.key.isEmpty { return "" }
      return event.key
    } catch {
      switch error {
      case .malformed(let text), .contentType(let text): return text
      }
    }
  }

  @Test func damagedBytesAreAnsweredAndNeverCrash() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    for one in cases {
      let whole = Array(one.body.utf8)
      for _ in 0..<400 {
        var body = whole
        for _ in 0..<Int.random(in: 1...4, using: &random) where !body.isEmpty {
          let place = Int.random(in: 0..<body.count, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: body[place] = UInt8.random(in: 0...255, using: &random)
          case 1: body.remove(at: place)
          case 2: body.insert(contentsOf: Array("[{\"-9999999999999999999e9".utf8), at: place)
          default: body.removeSubrange(place...)
          }
        }
        #expect(!answer(one, body).isEmpty, "seed \(seed)")
      }
    }
  }

  @Test func hugeAndEmptyBodiesAreAnswered() {
    let padding = String(repeating: "x", count: 8 << 20)
    for one in cases {
      for body in ["", " ", "null", "0", "\"\"", "[]", "{}", #"{"code":"\#(padding)"}"#, padding] {
        #expect(!answer(one, Array(body.utf8)).isEmpty)
      }
    }
  }
}
