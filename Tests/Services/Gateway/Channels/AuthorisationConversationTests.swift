import ChannelAdapter
import LazadaChannel
import LoyverseChannel
import Primitives
import RPCCore
import ShopeeChannel
import ShopifyChannel
import SquareChannel
import Testing
import TikTokShopChannel

@testable import SandboxServer

/// A merchant on each channel's page, as the sandbox has it.
enum AuthorisationWorld {
  static let adapters: [any Authorising] = [
    ShopeeAdapter(), LazadaAdapter(), TikTokShopAdapter(), ShopifyAdapter(), SquareAdapter(),
    LoyverseAdapter(),
  ]
  static let redirectURL = "https://hooks.example.com/oauth"

  static func account(_ channel: String) -> ChannelAccount {
    var account =
      switch channel {
      case "square": squareAccount()
      case "loyverse": loyverseAccount()
      default: ConversationWorld.account(channel)
      }
    if ["square", "loyverse"].contains(channel) {
      account.baseURL = "\(ConversationWorld.Way.host)/\(channel)"
    }
    account.credentials["service_id"] = "svc"
    return account
  }

  static func open() async throws -> ConversationWorld {
    let world = try await ConversationWorld()
    for adapter in adapters {
      let channel = adapter.channelID.text
      let account = account(channel)
      var shop: JSONValue = [
        "channel": .string(channel), "shop": .string(account.externalID),
        "redirect_url": .string("\(redirectURL)/tiktok/callback"),
      ]
      for (name, value) in account.credentials { shop = shop.adding(name, .string(value)) }
      try await world.control("shops", shop)
    }
    return world
  }

  /// What the app has before anybody has let it in.
  static func api(_ adapter: any Authorising, _ world: ConversationWorld) -> ChannelAPI {
    var account = account(adapter.channelID.text)
    let names = adapter.appCredentials + ["service_id"]
    account.credentials = account.credentials.filter { names.contains($0.key) }
    return ChannelAPI(
      account: account, http: ConversationWorld.Way(routes: world.sandbox.routes),
      clock: world.clock)
  }

  /// Opens the link; returns where the merchant is sent back to.
  static func visit(_ url: String, _ world: ConversationWorld) async throws -> String {
    let parts = url.dropFirst(ConversationWorld.Way.host.count).split(
      separator: "?", maxSplits: 1)
    let path = String(parts[0])
    let route = try #require(
      world.sandbox.routes.first { path.hasPrefix($0.path.dropLast()) }, "no page at \(path)")
    let answer = await route.handle(
      HTTPRequest(method: "GET", path: path, query: parts.count > 1 ? String(parts[1]) : ""))
    try #require(answer.status == 302, "\(String(decoding: answer.body, as: UTF8.self))")
    return answer.headers.first { $0.name == "location" }?.value ?? ""
  }

  static func parameters(_ url: String) -> [String: String] {
    let fields = FormFields(url.split(separator: "?", maxSplits: 1).dropFirst().first ?? "")
    return Dictionary(fields.pairs.map { ($0.name, $0.value) }) { first, _ in first }
  }
}

/// Goal: on each channel a merchant's yes becomes tokens that work, once, for the shop that was meant and no other.
@Suite(.timeLimit(.minutes(5))) struct AuthorisationConversationTests {
  static func grant(
    _ adapter: any Authorising, _ api: ChannelAPI, _ world: ConversationWorld
  ) async throws -> (grant: AuthorisationGrant, back: String) {
    let redirect = "\(AuthorisationWorld.redirectURL)/\(adapter.channelID)/callback"
    let link = try adapter.authorisationURL(redirectURL: redirect, state: "st4te", api: api)
    let back = try await AuthorisationWorld.visit(link, world)
    let parameters = AuthorisationWorld.parameters(back)
    return (
      AuthorisationGrant(
        code: parameters["code"] ?? "", redirectURL: redirect, parameters: parameters), back
    )
  }

  @Test func yesBecomesTokensThatWorkOnce() async throws {
    let world = try await AuthorisationWorld.open()
    for adapter in AuthorisationWorld.adapters {
      let channel = adapter.channelID.text
      let api = AuthorisationWorld.api(adapter, world)
      let (grant, back) = try await Self.grant(adapter, api, world)
      #expect(back.contains("st4te"), "\(channel) brings the state back")
      #expect(back.hasPrefix("\(AuthorisationWorld.redirectURL)/\(channel)/callback"))
      let shop = try await adapter.exchange(grant, api: api)
      #expect(shop.externalID == api.account.externalID, "\(channel)")
      let end = shop.credentials["access_token_expires_at"].flatMap { Int64($0) } ?? 0
      #expect(end > world.clock.now().seconds, "\(channel)")
      var connected = api
      connected.account.credentials.merge(shop.credentials) { $1 }
      _ = try await adapter.fetchListings(after: nil, api: connected)
      let refreshed = try #require(try await adapter.refreshCredentials(api: connected))
      #expect(refreshed["access_token"]?.isEmpty == false, "\(channel)")
      let again = await failure { () async throws(ChannelError) in
        try await adapter.exchange(grant, api: api)
      }
      #expect(again?.kind == "unauthorised", "\(channel): a code is good once")
    }
    try await world.remove()
  }

  @Test func endOfTheAuthorisationIsTold() async throws {
    let world = try await AuthorisationWorld.open()
    let days: [String: Int64] = ["shopee": 365, "lazada": 180, "tiktok": 365, "shopify": 30]
    for adapter in AuthorisationWorld.adapters {
      let api = AuthorisationWorld.api(adapter, world)
      let (grant, _) = try await Self.grant(adapter, api, world)
      let end = try await adapter.exchange(grant, api: api).credentials["authorisation_expires_at"]
      let wanted = days[adapter.channelID.text].map {
        String(world.clock.now().seconds + $0 * 86_400)
      }
      #expect(end == wanted, "\(adapter.channelID)")
    }
    try await world.remove()
  }

  @Test func otherShopAndLateCodeAreRefused() async throws {
    let world = try await AuthorisationWorld.open()
    for adapter in AuthorisationWorld.adapters {
      let api = AuthorisationWorld.api(adapter, world)
      let (grant, _) = try await Self.grant(adapter, api, world)
      var other = api
      other.account.externalID = "99"
      // Shopify's host is the shop's own, which the account's address names.
      let error = await failure { () async throws(ChannelError) in
        try await adapter.exchange(grant, api: other)
      }
      #expect(error?.kind == "unauthorised", "\(adapter.channelID)")
      let (late, _) = try await Self.grant(adapter, api, world)
      world.clock.advance(by: .seconds(1801))
      let over = await failure { () async throws(ChannelError) in
        try await adapter.exchange(late, api: api)
      }
      #expect(over?.kind == "unauthorised", "\(adapter.channelID)")
    }
    try await world.remove()
  }

  @Test func onlyShopIsFoundByItself() async throws {
    let world = try await AuthorisationWorld.open()
    for adapter in AuthorisationWorld.adapters {
      var api = AuthorisationWorld.api(adapter, world)
      let id = api.account.externalID
      let (grant, _) = try await Self.grant(adapter, api, world)
      api.account.externalID = ""
      #expect(try await adapter.exchange(grant, api: api).externalID == id)
    }
    try await world.remove()
  }

  /// The query that Shopify sends a merchant back with is signed.
  @Test func shopifysForgedCallbackIsRefused() async throws {
    let world = try await AuthorisationWorld.open()
    let adapter = ShopifyAdapter()
    let api = AuthorisationWorld.api(adapter, world)
    let (good, _) = try await Self.grant(adapter, api, world)
    for name in ["code", "shop", "state", "timestamp", "hmac"] {
      var forged = good
      forged.parameters[name] = (forged.parameters[name] ?? "") + "x"
      let error = await failure { () async throws(ChannelError) in
        try await adapter.exchange(forged, api: api)
      }
      #expect(error?.kind == "unauthorised", "\(name)")
    }
    #expect(try await adapter.exchange(good, api: api).credentials["access_token"] != nil)
    try await world.remove()
  }
}

@Suite struct AuthorisationLinkTests {
  private static func link(_ adapter: any Authorising, _ baseURL: String) throws -> String {
    var account = AuthorisationWorld.account(adapter.channelID.text)
    account.baseURL = baseURL
    let clock = ManualClock(Timestamp(seconds: 1_700_000_000))
    return try adapter.authorisationURL(
      redirectURL: "https://gw.example.com/oauth/x/callback", state: "s1",
      api: ChannelAPI(account: account, http: RecordedHTTP(), clock: clock))
  }

  /// Each channel's own page, as its documents have it.
  @Test func linksAreThePlatformsPages() throws {
    let redirect = "https%3A%2F%2Fgw.example.com%2Foauth%2Fx%2Fcallback"
    let sign = ChannelSignature.hex(
      key: "shopee_partner_key_demo", Array("2001887/api/v2/shop/auth_partner1700000000".utf8))
    #expect(
      try Self.link(ShopeeAdapter(), "https://partner.shopeemobile.com")
        == "https://partner.shopeemobile.com/api/v2/shop/auth_partner?partner_id=2001887"
        + "&timestamp=1700000000&sign=\(sign)&redirect=\(redirect)%2Fs1")
    #expect(
      try Self.link(LazadaAdapter(), "https://api.lazada.sg/rest")
        == "https://auth.lazada.com/oauth/authorize?response_type=code&force_auth=true"
        + "&redirect_uri=\(redirect)&client_id=123456&state=s1")
    #expect(
      try Self.link(TikTokShopAdapter(), "https://open-api.tiktokglobalshop.com")
        == "https://services.tiktokshop.com/open/authorize?service_id=svc&state=s1")
    let shopify = try Self.link(ShopifyAdapter(), "https://demo.myshopify.com")
    #expect(
      shopify.hasPrefix("https://demo.myshopify.com/admin/oauth/authorize?client_id=client&scope="))
    #expect(shopify.contains("write_inventory") && shopify.hasSuffix("&state=s1"))
    let square = try Self.link(SquareAdapter(), "https://connect.squareup.com")
    #expect(square.hasPrefix("https://connect.squareup.com/oauth2/authorize?client_id=sq0idp-demo"))
    #expect(square.contains("session=false&state=s1&redirect_uri=\(redirect)"))
    let loyverse = try Self.link(LoyverseAdapter(), "https://api.loyverse.com")
    #expect(loyverse.hasPrefix("https://api.loyverse.com/oauth/authorize?client_id=lv_client"))
  }
}
