import ChannelAdapter
import Primitives
import Testing

@testable import SandboxServer

/// What a channel says to an account that may not, must wait, or cannot be heard.
@Suite(.timeLimit(.minutes(5))) struct ConformanceAccountTests {
  @Test(arguments: ConformanceTable.able(.refreshesTokens))
  func refreshesTokens(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let over = talk.world.api(channel, ["access_token": "another"])
      let error = await failure { () async throws(ChannelError) in
        try await talk.adapter.fetchListings(after: nil, api: over)
      }
      #expect(error?.kind == "tokenExpired")
      let wrong = await failure { () async throws(ChannelError) in
        try await talk.adapter.refreshCredentials(
          api: talk.world.api(channel, ["refresh_token": "another"]))
      }
      #expect(wrong?.kind == "unauthorised")
      let changed = try #require(try await talk.adapter.refreshCredentials(api: talk.api))
      let renewed = talk.world.api(channel, changed)
      #expect(try await talk.adapter.fetchListings(after: nil, api: renewed).listings.count == 1)
      // The gateway refreshes ahead of the end, where it is told of one.
      #expect(changed[ChannelAccount.accessTokenEndName].flatMap { Int64($0) } ?? 0 > 1_700_000_000)
    }
  }

  @Test(arguments: ConformanceTable.able(.refusesWrongKeys))
  func refusesWrongKeys(_ channel: String) async throws {
    let names = [
      "shopee": "partner_key", "lazada": "app_secret", "tiktok": "app_secret",
      "woocommerce": "consumer_secret",
    ]
    try await ConformanceTalk.with(channel) { talk in
      let api = talk.world.api(channel, [try #require(names[channel]): "another"])
      let error = await failure { () async throws(ChannelError) in
        try await talk.adapter.fetchListings(after: nil, api: api)
      }
      #expect(error?.kind == "unauthorised")
    }
  }

  @Test(arguments: ConformanceTable.able(.meansRateLimit))
  func meansRateLimit(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      try await talk.world.setFaults(channel, ["rate_limit_per_second": .number(0.001)])
      var error: ChannelError?
      for _ in 0..<3 where error == nil {
        error = await failure { () async throws(ChannelError) in
          try await talk.adapter.readStock([listing], api: talk.api)
        }
      }
      #expect(error?.kind == "rateLimited")
      let pushed = await failure { () async throws(ChannelError) in try await talk.push(5, listing)
      }
      #expect(pushed?.kind == "rateLimited")
      if case .rateLimited(let span?) = pushed { #expect(span > .zero && span < .seconds(86_401)) }
      try await talk.world.setFaults(channel, ["rate_limit_per_second": .null])
      #expect(try await talk.push(5, listing) == [.acknowledged])
    }
  }

  @Test(arguments: ConformanceTable.able(.meansOutage))
  func meansOutage(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      let name = try await talk.buy(1)
      try await talk.world.setFaults(channel, ["fail_percent": 100])
      let errors = [
        await failure { () async throws(ChannelError) in
          try await talk.adapter.fetchListings(after: nil, api: talk.api)
        },
        await failure { () async throws(ChannelError) in
          try await talk.adapter.fetchOrder(name, event: nil, api: talk.api)
        },
        await failure { () async throws(ChannelError) in
          try await talk.adapter.readStock([listing], api: talk.api)
        },
        await failure { () async throws(ChannelError) in try await talk.push(5, listing) },
      ]
      #expect(errors.map { $0?.kind } == Array(repeating: "unavailable", count: errors.count))
    }
  }

  /// A way out on which each call is made and no answer comes back.
  private struct DeafWay: ChannelHTTP {
    let way: ConversationWorld.Way

    func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
      _ = try await way.send(request)
      throw .unavailable("no answer came in time")
    }
  }

  /// Goal: a lost answer is told as such, and the same push again is right, whether the first arrived or not.
  @Test(arguments: ConformanceTable.able(.meansLostAnswer))
  func meansLostAnswer(_ channel: String) async throws {
    try await ConformanceTalk.with(channel) { talk in
      let listing = try await talk.listing()
      let deaf = talk.world.api(
        channel, http: DeafWay(way: ConversationWorld.Way(routes: talk.world.sandbox.routes)))
      let lost = await failure { () async throws(ChannelError) in
        try await talk.push(4, listing, key: "once", api: deaf)
      }
      #expect(lost?.kind == "unavailable")
      #expect(try await talk.push(4, listing, key: "once") == [.acknowledged])
      #expect(try await talk.shown(listing) == 4)
      let read = await failure { () async throws(ChannelError) in
        try await talk.adapter.readStock([listing], api: deaf)
      }
      #expect(read?.kind == "unavailable")
    }
  }
}
