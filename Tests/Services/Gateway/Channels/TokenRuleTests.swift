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

/// Goal: tokens live, end and take each other's place by each channel's own rules, and the adapters keep what they are given.
/// Method: a merchant's yes on the sandbox, and its clock.
@Suite(.timeLimit(.minutes(5))) struct TokenRuleTests {
  private static let day: Int64 = 86_400

  /// A shop that has let the app in.
  private struct Connected {
    let world: ConversationWorld
    let adapter: any Authorising
    var api: ChannelAPI

    init(_ adapter: any Authorising, _ changes: [String: String] = [:]) async throws {
      world = try await AuthorisationWorld.open()
      self.adapter = adapter
      api = AuthorisationWorld.api(adapter, world)
      if !changes.isEmpty {
        let account = AuthorisationWorld.account(adapter.channelID.text)
        var shop: JSONValue = [
          "channel": .string(adapter.channelID.text), "shop": .string(account.externalID),
          "redirect_url": .string("\(AuthorisationWorld.redirectURL)/tiktok/callback"),
        ]
        for (name, value) in account.credentials.merging(changes, uniquingKeysWith: { $1 }) {
          shop = shop.adding(name, .string(value))
        }
        try await world.control("shops", shop)
      }
      try await authorise()
    }

    mutating func authorise() async throws {
      let fresh = AuthorisationWorld.api(adapter, world)
      let (grant, _) = try await AuthorisationConversationTests.grant(adapter, fresh, world)
      api = fresh
      api.account.credentials.merge(try await adapter.exchange(grant, api: fresh).credentials) {
        $1
      }
    }

    /// Days until a token ends, as the adapter keeps it.
    func days(_ name: String) -> Int64? {
      api.account.credentials[name].flatMap { Int64($0) }.map {
        ($0 - world.clock.now().seconds) / TokenRuleTests.day
      }
    }

    func works() async -> String? {
      await failure { () async throws(ChannelError) in
        try await adapter.fetchListings(after: nil, api: api)
      }?.kind
    }

    /// Refreshes with the tokens that it has, or with others; returns how it was refused.
    mutating func refresh(_ token: String? = nil) async -> String? {
      var asked = api
      if let token { asked.account.credentials["refresh_token"] = token }
      let request = asked
      let adapter = adapter
      var changed: [String: String]?
      let refusal = await failure { () async throws(ChannelError) in
        changed = try await adapter.refreshCredentials(api: request)
      }
      if let changed { api.account.credentials.merge(changed) { $1 } }
      return refusal?.kind
    }

    var refreshToken: String { api.account.credentials["refresh_token"] ?? "" }

    func pass(days: Double) { world.clock.advance(by: .seconds(days * 86_400)) }
  }

  @Test func shopeesRefreshTokenIsGoodOnceAndTheOldTokenForFiveMinutes() async throws {
    var shop = try await Connected(ShopeeAdapter(), ["authorisation_days": "7"])
    #expect(shop.days(ChannelAccount.authorisationEndName) == 7)
    let first = shop
    #expect(await shop.refresh() == nil)
    #expect(shop.refreshToken != first.refreshToken)
    #expect(await first.works() == nil, "five minutes more")
    shop.world.clock.advance(by: .seconds(301))
    #expect(await first.works() == "tokenExpired")
    #expect(await shop.works() == nil)
    #expect(await shop.refresh(first.refreshToken) == "unauthorised")
    #expect(await shop.works() == nil, "who asks with an old one spoils nothing")
    shop.pass(days: 6.9)
    #expect(await shop.works() == "tokenExpired")
    #expect(await shop.refresh() == nil)
    #expect(shop.days(ChannelAccount.accessTokenEndName) == 0)
    shop.pass(days: 0.1)
    #expect(await shop.works() == "tokenExpired", "no token outlives the authorisation")
    #expect(await shop.refresh() == "unauthorised")
    try await shop.authorise()
    #expect(await shop.works() == nil)
    try await shop.world.remove()
  }

  @Test(arguments: [("", 30, 180), ("test", 7, 14)] as [(String, Int64, Int64)])
  func lazadasTokensLiveAsLongAsTheApp(kind: String, access: Int64, refresh: Int64) async throws {
    var shop = try await Connected(LazadaAdapter(), kind.isEmpty ? [:] : ["app_kind": kind])
    #expect(shop.days(ChannelAccount.accessTokenEndName) == access)
    #expect(shop.days(ChannelAccount.authorisationEndName) == refresh)
    let first = shop
    shop.pass(days: Double(access))
    #expect(await shop.works() == "tokenExpired")
    #expect(await shop.refresh() == nil)
    #expect(await shop.works() == nil)
    #expect(await first.works() == "tokenExpired")
    shop.pass(days: Double(refresh))
    #expect(await shop.refresh() == "unauthorised")
    try await shop.world.remove()
  }

  @Test func lazadasServiceMarketRefreshesNothing() async throws {
    var shop = try await Connected(LazadaAdapter(), ["app_kind": "service_market"])
    #expect(await shop.refresh() == "unauthorised")
    #expect(await shop.works() == nil)
    try await shop.world.remove()
  }

  @Test func shopifysOldRefreshTokenIsGoodUntilTheNewOneIsUsed() async throws {
    var shop = try await Connected(ShopifyAdapter())
    let first = shop.refreshToken
    // The answer is lost: the same is asked again, and what it brings works.
    var lost = shop
    #expect(await lost.refresh() == nil)
    #expect(await shop.refresh() == nil)
    #expect(await shop.works() == nil)
    #expect(shop.refreshToken != first && shop.refreshToken != lost.refreshToken)
    let second = shop.refreshToken
    #expect(await shop.refresh() == nil)
    #expect(await shop.refresh(first) == "unauthorised", "the new one was used")
    #expect(await shop.refresh(lost.refreshToken) == "unauthorised", "it was never anybody's")
    #expect(await shop.refresh(second) == nil)
    shop.world.clock.advance(by: .seconds(3_601))
    #expect(await shop.works() == "tokenExpired")
    #expect(await shop.refresh() == nil)
    shop.pass(days: 31)
    #expect(await shop.refresh() == "unauthorised")
    try await shop.world.remove()
  }

  @Test func tikToksRefreshTokenLastsAsLongAsTheAuthorisation() async throws {
    var shop = try await Connected(TikTokShopAdapter())
    #expect(shop.days(ChannelAccount.accessTokenEndName) == 7)
    let first = shop.refreshToken
    for _ in 1...3 {
      shop.pass(days: 7)
      #expect(await shop.works() == "tokenExpired")
      #expect(await shop.refresh() == nil)
      #expect(await shop.works() == nil && shop.refreshToken == first)
    }
    shop.pass(days: 365)
    #expect(await shop.refresh() == "unauthorised")
    try await shop.authorise()
    #expect(shop.refreshToken != first)
    #expect(await shop.refresh(first) == "unauthorised")
    #expect(await shop.refresh() == nil)
    try await shop.world.remove()
  }

  @Test func squaresRefreshTokenStays() async throws {
    var shop = try await Connected(SquareAdapter())
    #expect(shop.days(ChannelAccount.accessTokenEndName) == 30)
    let first = shop.refreshToken
    shop.pass(days: 400)
    #expect(await shop.works() == "tokenExpired")
    for _ in 1...2 { #expect(await shop.refresh() == nil) }
    #expect(shop.refreshToken == first)
    #expect(await shop.works() == nil)
    try await shop.world.control(
      "deauthorisations",
      ["channel": "square", "shop": .string(shop.api.account.externalID)])
    #expect(await shop.works() == "suspended", "it was revoked")
    #expect(await shop.refresh() == "unauthorised")
    try await shop.world.remove()
  }

  @Test func loyversesTokensAreTradedForOthers() async throws {
    var shop = try await Connected(LoyverseAdapter())
    let first = shop
    #expect(await shop.refresh() == nil)
    #expect(shop.refreshToken != first.refreshToken)
    #expect(await shop.works() == nil)
    #expect(await shop.refresh(first.refreshToken) == "unauthorised")
    try await shop.world.remove()
  }
}
