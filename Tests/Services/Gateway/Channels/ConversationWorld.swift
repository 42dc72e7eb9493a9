import ChannelAdapter
import ChannelRegistry
import Foundation
import Kit
import Primitives
import RPCCore
import Synchronization

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
      let headers = answer.headers.map { ($0.name.lowercased(), $0.value) }
      return ChannelReply(
        status: answer.status, headers: Dictionary(headers) { $1 }, body: answer.body)
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
  /// What the sandbox and adapters go by: `clock`, unless another was given.
  private let time: any WallClock
  private let pump: Task<Void, any Error>

  /// - Parameters:
  ///   - sender: where its events go instead of `hooks`.
  ///   - time: the sandbox's clock, for who cannot live with one that stands.
  init(sender: (any EventSender)? = nil, time: (any WallClock)? = nil) async throws {
    self.time = time ?? clock
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("conversation-\(UUIDText.random())").path
    sandbox = try await Sandbox.open(
      path: "\(folder)/sandbox.db", sender: sender ?? hooks, clock: self.time, log: .silent,
      pace: 0.000_01,
      isOpen: true)
    let running = sandbox
    pump = Task { try await running.platform.pump.run() }
    for channel in Self.channels {
      try await setShop(channel)
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

  /// All that the sandbox behaves like.
  static let channels = Channel.allCases.map(\.rawValue)

  static func adapter(_ channel: String) -> any ChannelAdapter {
    guard let adapter = everyChannel.first(where: { $0.channelID.text == channel }) else {
      preconditionFailure("the registry has no \(channel)")
    }
    return adapter
  }

  static func account(_ channel: String) -> ChannelAccount {
    var account =
      switch channel {
      case "shopee": shopeeAccount()
      case "lazada": lazadaAccount()
      case "tiktok": tikTokShopAccount()
      case "woocommerce": wooCommerceAccount()
      case "square": squareAccount()
      case "loyverse": loyverseAccount()
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

  /// - Parameter http: another way out than straight into the sandbox.
  func api(
    _ channel: String, _ changes: [String: String] = [:], http: (any ChannelHTTP)? = nil
  ) -> ChannelAPI {
    var account = Self.account(channel)
    account.credentials.merge(changes) { $1 }
    return ChannelAPI(
      account: account, http: http ?? Way(routes: sandbox.routes), clock: time, wantsAddress: true)
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
  func buy(_ channel: String, _ quantity: Int64, isPickup: Bool = false) async throws -> String {
    let order = try await control(
      "orders",
      [
        "channel": .string(channel), "shop": .string(Self.account(channel).externalID),
        "lines": [["item_id": "234234234", "variation_id": "234", "quantity": .integer(quantity)]],
        "pickup": .bool(isPickup),
      ])
    return order["order_id"].text ?? ""
  }

  /// Makes the shop anew with how its seller works.
  func setShop(
    _ channel: String, _ changes: [String: String] = [:], hookURL: String? = nil
  ) async throws {
    let account = Self.account(channel)
    var shop: JSONValue = [
      "channel": .string(channel), "shop": .string(account.externalID),
      "hook_url": .string(hookURL ?? Self.hookURL(channel)), "home_url": .string(account.baseURL),
    ]
    for (name, value) in account.credentials.merging(changes, uniquingKeysWith: { $1 }) {
      shop = shop.adding(name, .string(value))
    }
    try await control("shops", shop)
  }

  /// Changes what goes wrong on a channel.
  func setFaults(_ channel: String, _ faults: JSONValue) async throws {
    try await control("faults", faults.adding("channel", .string(channel)))
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
