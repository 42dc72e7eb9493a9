import ChannelAdapter
import Foundation
import Kit
import LazadaChannel
import Primitives
import RPCCore
import ShopeeChannel
import ShopifyChannel
import Synchronization
import TikTokShopChannel
import WooCommerceChannel

@testable import SandboxServer

/// The sandbox, which shares no code with the adapters, and an adapter that talks to it.
final class ConversationWorld: Sendable {
  /// The way out of an adapter, straight into the sandbox.
  struct Way: ChannelHTTP {
    static let host = "http://sandbox"
    let routes: [HTTPRoute]

    func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
      let parts = request.url.dropFirst(Self.host.count).split(separator: "?", maxSplits: 1)
      let path = String(parts[0])
      guard let route = routes.first(where: { path.hasPrefix($0.path.dropLast()) }) else {
        throw .unavailable("nothing is at \(path)")
      }
      let answer = await route.handle(
        HTTPRequest(
          method: request.method, path: path, query: parts.count > 1 ? String(parts[1]) : "",
          headers: request.headers, body: request.body))
      return ChannelReply(status: answer.status, body: answer.body)
    }
  }

  /// The gateway's hooks: writes down what comes.
  final class Hooks: EventSender {
    private let received = Mutex<[HTTPRequest]>([])

    func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
      let headers = event.headers.map { (name: $0.key.lowercased(), value: $0.value) }
      received.withLock {
        $0.append(HTTPRequest(method: "POST", path: url, headers: headers, body: event.body))
      }
      return HookAnswer(status: 200)
    }

    struct Missing: Error, CustomStringConvertible {
      let description: String
    }

    /// - Parameter what: the event that is waited for, to name it when it does not come.
    func next(
      _ what: String, _ matches: (HTTPRequest) -> Bool
    ) async throws -> HTTPRequest {
      // A net only, so that a busy machine never fails a test.
      let limit = Duration.seconds(120)
      let deadline = Deadline.after(limit)
      while !deadline.isPast {
        let found = received.withLock { all -> HTTPRequest? in
          guard let place = all.firstIndex(where: matches) else { return nil }
          return all.remove(at: place)
        }
        if let found { return found }
        try await Task.sleep(for: .milliseconds(2))  // between two looks
      }
      let others = received.withLock { $0.map(\.path) }
      throw Missing(description: "not within \(limit): \(what); the hook has \(others)")
    }
  }

  let folder: String
  let sandbox: Sandbox
  let hooks = Hooks()
  let clock = ManualClock(Timestamp(seconds: 1_700_000_000))
  private let pump: Task<Void, any Error>

  init() async throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("conversation-\(UUIDText.random())").path
    sandbox = try await Sandbox.open(
      path: "\(folder)/sandbox.db", sender: hooks, clock: clock, log: .silent, pace: 0.000_01,
      isOpen: true)
    let running = sandbox
    pump = Task { try await running.platform.pump.run() }
    for channel in Self.channels {
      var shop: JSONValue = [
        "channel": .string(channel), "shop": .string(Self.account(channel).externalID),
        "hook_url": .string(Self.hookURL(channel)),
      ]
      for (name, value) in Self.account(channel).credentials {
        shop = shop.adding(name, .string(value))
      }
      _ = try await control("shops", shop)
      _ = try await control(
        "listings",
        [
          "channel": .string(channel), "shop": .string(Self.account(channel).externalID),
          "item_id": "234234234", "variation_id": "234", "sku": "TEE & \"M\"",
          "title": "Tee, black, M", "stock": 10, "inventory_item_id": "123",
        ])
    }
  }

  func remove() async throws {
    pump.cancel()
    try await pump.value
    await sandbox.platform.database.close()
    try FileManager.default.removeItem(atPath: folder)
  }

  static let channels = ["shopee", "lazada", "shopify", "tiktok"]

  static func adapter(_ channel: String) -> any ChannelAdapter {
    switch channel {
    case "shopee": ShopeeAdapter()
    case "lazada": LazadaAdapter()
    case "tiktok": TikTokShopAdapter()
    case "woocommerce": WooCommerceAdapter()
    default: ShopifyAdapter()
    }
  }

  static func account(_ channel: String) -> ChannelAccount {
    var account =
      switch channel {
      case "shopee": shopeeAccount()
      case "lazada": lazadaAccount()
      case "tiktok": tikTokShopAccount()
      case "woocommerce": wooCommerceAccount()
      default: shopifyAccount()
      }
    account.baseURL = "\(Way.host)/\(channel)"
    if channel == "woocommerce" { account.baseURL += "/\(account.externalID)" }
    if channel == "shopify" {
      account.baseURL += "/\(account.externalID)"
      account.credentials["client_id"] = "client"
      account.credentials["refresh_token"] = "shprt_demo"
    }
    return account
  }

  static func hookURL(_ channel: String) -> String { "https://gw.example.com/hooks/\(channel)" }

  func api(_ channel: String, _ changes: [String: String] = [:]) -> ChannelAPI {
    var account = Self.account(channel)
    account.credentials.merge(changes) { $1 }
    return ChannelAPI(
      account: account, http: Way(routes: sandbox.routes), clock: clock, wantsAddress: true)
  }

  /// What a buyer, a carrier or a test does.
  @discardableResult
  func control(_ name: String, _ body: JSONValue) async throws -> JSONValue {
    guard
      let route = sandbox.routes.first(where: {
        $0.path == "/control/\(name)" && $0.method == "POST"
      })
    else { throw CancellationError() }
    let answer = await route.handle(
      HTTPRequest(
        method: "POST", path: route.path, body: body.bytes, peer: "127.0.0.1:4711"))
    guard answer.status == 200, let value = JSONValue(parsing: answer.body) else {
      throw ChannelError.refused(String(decoding: answer.body, as: UTF8.self))
    }
    return value
  }

  func change(
    _ name: String, _ channel: String, order: String, _ more: JSONValue = [:]
  ) async throws {
    let body = more.adding("channel", .string(channel))
      .adding("shop", .string(Self.account(channel).externalID))
      .adding("order_id", .string(order))
    try await control(name, body)
  }

  /// A buyer orders units of the one listing; returns the order's ID.
  func buy(_ channel: String, _ quantity: Int64) async throws -> String {
    let order = try await control(
      "orders",
      [
        "channel": .string(channel), "shop": .string(Self.account(channel).externalID),
        "lines": [["item_id": "234234234", "variation_id": "234", "quantity": .integer(quantity)]],
      ])
    return order["order_id"].text ?? ""
  }

  /// The next event of a kind that the hook gets, verified and parsed; the others are put aside.
  func event(_ channel: String, _ kind: ChannelEvent.Kind) async throws -> ChannelEvent {
    let adapter = Self.adapter(channel)
    let account = Self.account(channel)
    let hookURL = Self.hookURL(channel)
    let request = try await hooks.next("\(kind) of \(channel)") { request in
      guard request.path == hookURL,
        let event = try? adapter.parse(request, account: account)
      else { return false }
      return event.kind == kind
    }
    guard try adapter.identify(request) == .shop(account.externalID),
      adapter.verify(request, account: account, hookURL: hookURL)
    else { throw ChannelError.unauthorised("the event is not the shop's") }
    return try adapter.parse(request, account: account)
  }
}
