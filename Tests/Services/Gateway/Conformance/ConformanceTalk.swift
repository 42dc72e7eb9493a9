import ChannelAdapter
import Kit
import Primitives
import RPCCore
import Testing

@testable import SandboxServer

/// One adapter in talk with its channel's stand-in, and what buyers and sellers do meanwhile.
struct ConformanceTalk: Sendable {
  let channel: String
  let world: ConversationWorld

  var adapter: any ChannelAdapter { ConversationWorld.adapter(channel) }
  var account: ChannelAccount { ConversationWorld.account(channel) }
  var api: ChannelAPI { world.api(channel) }
  var isTill: Bool { channel == "loyverse" }

  static func with(
    _ channel: String, _ body: (ConformanceTalk) async throws -> Void
  ) async throws {
    let world = try await ConversationWorld()
    do {
      try await body(ConformanceTalk(channel: channel, world: world))
    } catch {
      try await world.remove()
      throw error
    }
    try await world.remove()
  }

  func listings() async throws -> [ChannelListing] {
    var found: [ChannelListing] = []
    var cursor: String?
    repeat {
      let page = try await adapter.fetchListings(after: cursor, api: api)
      found += page.listings
      cursor = page.nextCursor
    } while cursor != nil
    return found
  }

  func listing() async throws -> ChannelListing {
    try #require(try await listings().first)
  }

  func push(
    _ quantity: Quantity, _ listing: ChannelListing, key: String = UUIDText.random(),
    api: ChannelAPI? = nil
  ) async throws(ChannelError) -> [PushResult] {
    let push = StockPush(listing: listing, quantity: quantity, idempotencyKey: key)
    return try await adapter.pushStock([push], api: api ?? self.api)
  }

  func shown(_ listing: ChannelListing) async throws -> Quantity? {
    try await adapter.readStock([listing], api: api)[0]
  }

  func order(_ name: String) async throws -> ChannelOrder {
    try await adapter.fetchOrder(name, event: nil, api: api)
  }

  /// A buyer orders, and time passes.
  func buy(_ quantity: Int64, isPickup: Bool = false) async throws -> String {
    let name = try await world.buy(channel, quantity, isPickup: isPickup)
    world.clock.advance(by: .seconds(5))
    return name
  }

  func change(_ name: String, _ order: String, _ more: JSONValue = [:]) async throws {
    try await world.change(name, channel, order: order, more)
    world.clock.advance(by: .seconds(5))
  }

  /// The next event that brings news of a return, by itself or along with its order.
  func returnEvent() async throws -> ChannelEvent {
    let (adapter, account) = (adapter, account)
    let hookURL = ConversationWorld.hookURL(channel)
    func returned(_ request: HTTPRequest) -> ChannelEvent? {
      guard request.path == hookURL,
        let event = try? adapter.parse(request, account: account)
      else { return nil }
      return ([event] + adapter.companions(of: event)).first { $0.kind == .return }
    }
    let request = try await world.hooks.next("a return of \(channel)") { returned($0) != nil }
    return try #require(returned(request))
  }

  /// One event of the channel, as it came.
  func request() async throws -> HTTPRequest {
    _ = try await buy(1)
    let hookURL = ConversationWorld.hookURL(channel)
    return try await world.hooks.next("an event of \(channel)") { $0.path == hookURL }
  }

  func verifies(_ request: HTTPRequest, _ changes: [String: String] = [:]) -> Bool {
    var account = account
    account.credentials.merge(changes) { $1 }
    return adapter.verify(request, account: account, hookURL: ConversationWorld.hookURL(channel))
  }
}

extension ChannelOrder {
  /// Units that it still takes.
  var openCount: Quantity { lines.reduce(0) { $0 + $1.quantity - $1.cancelledCount } }
}
