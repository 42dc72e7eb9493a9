import ChannelAdapter
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// Whose an event is, which event it is, and what it is about.
@Suite(.timeLimit(.minutes(5))) struct ConformanceEventTests {
  @Test(arguments: ConformanceTable.able(.verifiesEvents))
  func verifiesEvents(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let request = try await talk.request()
      #expect(try talk.adapter.identify(request) == .shop(talk.account.externalID))
      #expect(talk.verifies(request))
      for altered in alterations(of: String(decoding: request.body, as: UTF8.self)) {
        var forged = request
        forged.body = altered
        #expect(!talk.verifies(forged))
      }
      var cut = request
      cut.body.removeLast()
      #expect(!talk.verifies(cut))
      let signature = try #require(
        request.headers.indices.first { index in
          var unsigned = request
          unsigned.headers.remove(at: index)
          return !talk.verifies(unsigned)
        })
      for altered in alterations(of: request.headers[signature].value) {
        var forged = request
        forged.headers[signature].value = String(decoding: altered, as: UTF8.self)
        #expect(!talk.verifies(forged))
      }
      // With no secret of the account's, and with all of them wrong.
      let others = talk.account.credentials.mapValues { _ in "another" }
      #expect(!talk.verifies(request, others))
      #expect(!talk.verifies(request, others.mapValues { _ in "" }))
    }
  }

  /// The secret that signs an event, by its name: the one without which nothing verifies, and that has a predecessor.
  private func secret(_ talk: ConformanceTalk) -> String? {
    let names = talk.adapter.traits.requiredCredentials + talk.adapter.traits.optionalCredentials
    return names.first { names.contains(ChannelAccount.previous($0)) }
  }

  @Test(arguments: ConformanceTable.able(.rotatesSecrets))
  func rotatesSecrets(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let request = try await talk.request()
      let name = try #require(secret(talk))
      let old = try #require(talk.account.credentials[name])
      let previous = ChannelAccount.previous(name)
      #expect(talk.verifies(request, [name: "new", previous: old]))
      #expect(talk.verifies(request, [name: old, previous: "older"]))
      #expect(!talk.verifies(request, [name: "new", previous: "older"]))
      #expect(!talk.verifies(request, [name: "new"]))
    }
  }

  @Test(arguments: ConformanceTable.able(.answersPing))
  func answersPing(_ channel: String) async throws {
    let pings: [String: HTTPRequest] = [
      "shopee": post(#"{"code":0,"data":{"verify_info":"This is a verification message"}}"#),
      "woocommerce": HTTPRequest(
        method: "POST", path: "/hooks",
        headers: [("content-type", "application/x-www-form-urlencoded")],
        body: Array("webhook_id=42".utf8)),
      "square": post(
        #"{"merchant_id":"M","type":"catalog.version.updated","event_id":"e","data":{"type":"c"}}"#),
      "loyverse": post(#"{"merchant_id":"m-1","type":"receipts.update","receipts":[]}"#),
    ]
    #expect(
      try ConversationWorld.adapter(channel).identify(try #require(pings[channel])) == .test)
  }

  @Test(arguments: ConformanceTable.able(.repeatsKeys))
  func repeatsKeys(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      try await talk.world.setFaults(channel, ["duplicate_percent": 100])
      _ = try await talk.buy(1)
      // Of an order's creation and its payment, each twice.
      var counts: [String: Int] = [:]
      while !counts.values.contains(2) {
        counts[try await talk.world.event(channel, .order).key, default: 0] += 1
        try #require(counts.count <= 2, "\(counts)")
      }
      let other = try await talk.buy(1)
      var event: ChannelEvent
      repeat { event = try await talk.world.event(channel, .order) } while event.subject != other
      #expect(counts[event.key] == nil, "another order has another key")
    }
  }

  /// An event of a code that no document names, signed by the shop.
  @Test(arguments: ConformanceTable.able(.knowsUnknownCodes))
  func knowsUnknownCodes(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let key = try Shop.Key(
        channel: #require(Channel(rawValue: channel)), shopID: talk.account.externalID)
      let account = talk.account
      for (topic, kind) in Self.codes(channel) {
        let request = Self.request(topic, key, account)
        let event = try talk.adapter.parse(request, account: account)
        #expect(event.kind == kind && event.topic == topic && !event.key.isEmpty, "\(topic)")
        #expect(try talk.adapter.parse(request, account: account).key == event.key)
        #expect(talk.adapter.companions(of: event).isEmpty)
      }
    }
  }

  /// A code that is documented and of no concern, and one that is not.
  private static func codes(_ channel: String) -> [(String, ChannelEvent.Kind)] {
    switch channel {
    case "shopee": [("10", .other), ("7", .other), ("999", .unknown), ("-1", .unknown)]
    case "lazada": [("6", .other), ("8", .other), ("999", .unknown)]
    case "tiktok": [("27", .other), ("5", .other), ("999", .unknown)]
    case "shopify":
      [("products/update", .other), ("orders/delete", .other), ("apples/ripe", .unknown)]
    case "woocommerce": [("product.updated", .other), ("apple.ripe", .unknown)]
    case "square": [("inventory.count.updated", .other), ("apple.ripe", .unknown)]
    default: [("inventory_levels.update", .other), ("apples.update", .unknown)]
    }
  }

  private static func request(
    _ topic: String, _ key: Shop.Key, _ account: ChannelAccount
  ) -> HTTPRequest {
    let shop = key.shopID
    return switch key.channel {
    case .shopee:
      post(#"{"shop_id":\#(shop),"code":\#(topic),"timestamp":1700000000,"data":{"a":[1]}}"#)
    case .lazada:
      post(
        #"{"seller_id":"\#(shop)","message_type":\#(topic),"timestamp":1700000000,"data":{"a":1}}"#)
    case .tiktok:
      post(#"{"type":\#(topic),"shop_id":"\#(shop)","timestamp":1700000000,"data":{"a":null}}"#)
    case .shopify:
      post(#"{"id":1,"a":{}}"#, [("x-shopify-topic", topic), ("x-shopify-shop-domain", shop)])
    case .woocommerce:
      post(
        #"{"id":1}"#, [("x-wc-webhook-topic", topic), ("x-wc-webhook-source", "https://\(shop)/")])
    case .square:
      post(#"{"location_id":"\#(shop)","type":"\#(topic)","event_id":"e","data":{"object":[]}}"#)
    case .loyverse: post(#"{"type":"\#(topic)","inventory_levels":[{"store_id":"\#(shop)"}]}"#)
    }
  }

  @Test(arguments: ConformanceTable.able(.hearsDeauthorisation))
  func hearsDeauthorisation(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      try await talk.world.control(
        "deauthorisations",
        ["channel": .string(channel), "shop": .string(talk.account.externalID)])
      let event = try await talk.world.event(channel, .deauthorised)
      #expect(!event.key.isEmpty)
      let error = await failure { () async throws(ChannelError) in
        try await talk.adapter.fetchListings(after: nil, api: talk.api)
      }
      #expect(error?.kind == "tokenExpired")
      let refused = await failure { () async throws(ChannelError) in
        try await talk.adapter.refreshCredentials(api: talk.api)
      }
      #expect(refused?.kind == "unauthorised")
    }
  }
}
