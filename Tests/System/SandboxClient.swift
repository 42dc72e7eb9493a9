import Foundation
import FoundationNetworking

/// JSON over HTTP, and the sandbox's control API over it.
struct SandboxClient: Sendable {
  struct Answer: Sendable {
    var status: Int
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    func object() throws -> [String: Any] {
      try JSONSerialization.jsonObject(with: body) as? [String: Any] ?? [:]
    }
  }

  struct Unexpected: Error, CustomStringConvertible {
    let description: String
  }

  /// What a listing shows to buyers.
  struct Shown: Sendable, Hashable {
    var channel: String
    var itemID: String
    var sku: String
    var count: Int64
  }

  let base: String

  static func send(
    _ method: String, _ url: String, _ object: [String: Any]? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    guard let target = URL(string: url) else { throw Unexpected(description: "\(url) is no URL") }
    var request = URLRequest(url: target, timeoutInterval: 60)
    request.httpMethod = method
    if let object {
      request.httpBody = try JSONSerialization.data(withJSONObject: object)
      request.setValue("application/json", forHTTPHeaderField: "content-type")
    }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: data)
  }

  @discardableResult
  func command(_ path: String, _ object: [String: Any]) async throws -> Answer {
    let answer = try await Self.send("POST", "\(base)/control/\(path)", object)
    guard answer.status == 200 else {
      throw Unexpected(description: "/control/\(path): \(answer.status) \(answer.text)")
    }
    return answer
  }

  /// - Parameter accessSeconds: how long the access token is good from now on, where that is not what the platform gives.
  func open(_ shop: Shop, hooks: String, accessSeconds: Int? = nil) async throws {
    var body: [String: Any] = [
      "channel": shop.channel, "shop": shop.externalID, "credentials": shop.credentials,
      "hook_url": "\(hooks)/\(shop.channel)",
    ]
    if let accessSeconds { body["access_token_seconds"] = accessSeconds }
    try await command("shops", body)
  }

  /// Lists an item, with nothing on sale unless said: the first push says how many there are.
  func list(_ shop: Shop, item: Int, sku: String, stock: Int = 0) async throws {
    try await command(
      "listings",
      [
        "channel": shop.channel, "shop": shop.externalID, "item_id": "\(item)",
        "variation_id": "\(item + 500_000)", "sku": sku, "title": "Item \(sku)",
        "stock": stock,
      ])
  }

  /// A buyer orders one item; nil when the listing shows too few.
  func order(_ shop: Shop, item: Int, quantity: Int) async throws -> String? {
    try await order(shop, items: [(item, quantity)])
  }

  func order(
    _ shop: Shop, items: [(item: Int, quantity: Int)], isPickup: Bool = false
  ) async throws -> String? {
    let lines: [[String: Any]] = items.map { item, quantity in
      ["item_id": "\(item)", "variation_id": "\(item + 500_000)", "quantity": quantity]
    }
    let answer = try await Self.send(
      "POST", "\(base)/control/orders",
      [
        "channel": shop.channel, "shop": shop.externalID, "lines": lines, "pickup": isPickup,
      ])
    if answer.status == 409 { return nil }
    guard answer.status == 200, let id = try answer.object()["order_id"] as? String else {
      throw Unexpected(description: "/control/orders: \(answer.status) \(answer.text)")
    }
    return id
  }

  /// The platform sets units of an item aside for a promotion; 0 gives them back.
  func reserve(_ shop: Shop, item: Int, quantity: Int) async throws {
    try await command(
      "listings",
      [
        "channel": shop.channel, "shop": shop.externalID, "item_id": "\(item)",
        "variation_id": "\(item + 500_000)", "reserved": quantity,
      ])
  }

  func cancel(_ shop: Shop, order: String) async throws {
    try await command(
      "cancellations",
      ["channel": shop.channel, "shop": shop.externalID, "order_id": order])
  }

  /// A buyer sends an order back. Waits for the platform to know that it was shipped: it hears so from the gateway.
  func sendBack(_ shop: Shop, order: String) async throws {
    let body = ["channel": shop.channel, "shop": shop.externalID, "order_id": order]
    try await eventually("\(shop.channel) takes \(order) back") { () async throws -> Void? in
      let answer = try await Self.send("POST", "\(base)/control/returns", body)
      if answer.status == 409 { return nil }
      guard answer.status == 200 else {
        throw Unexpected(description: "/control/returns: \(answer.status) \(answer.text)")
      }
      return ()
    }
  }

  /// What share of events is sent twice and out of order, in percent.
  func disturb(_ shop: Shop, duplicates: Int, reordering: Int) async throws {
    try await command(
      "faults",
      ["channel": shop.channel, "duplicate_percent": duplicates, "reorder_percent": reordering])
  }

  func stock() async throws -> [Shown] {
    let answer = try await Self.send("GET", "\(base)/control/stock")
    let rows = try answer.object()["listings"] as? [[String: Any]] ?? []
    return rows.map { row in
      Shown(
        channel: row["channel"] as? String ?? "", itemID: row["item_id"] as? String ?? "",
        sku: row["sku"] as? String ?? "", count: (row["shown"] as? NSNumber)?.int64Value ?? -1)
    }
  }
}

/// One of the sandbox's shops, as the gateway must know it to reach it.
struct Shop: Sendable {
  var accountID: String
  var channel: String
  var externalID: String
  var path: String
  var credentials: [String: String]
  /// What the gateway is told when it is connected, where that is not all that the platform knows.
  var told: [String: String]?

  static let shopee = Shop(
    accountID: "shopee-sg", channel: "shopee", externalID: "14701711", path: "/shopee",
    credentials: [
      "partner_id": "2001887", "partner_key": "shopee_partner_key",
      "push_partner_key": "shpk_push_key",
      "access_token": "shopee-access", "refresh_token": "shopee-refresh",
    ])
  static let lazada = Shop(
    accountID: "lazada-sg", channel: "lazada", externalID: "100200300", path: "/lazada",
    credentials: [
      "app_key": "123456", "app_secret": "lazada_secret", "access_token": "lazada-access",
      "refresh_token": "lazada-refresh",
    ])
  static let shopify = Shop(
    accountID: "web-shop", channel: "shopify", externalID: "system.myshopify.com",
    path: "/shopify/system.myshopify.com",
    credentials: [
      "access_token": "shpat_system", "client_secret": "shopify_secret",
      "location_id": "75596366001",
    ])
  /// Connected as its seller authorises it: by a code, before there is any token.
  static let tiktok = Shop(
    accountID: "tiktok-sg", channel: "tiktok", externalID: "7494726673780148744", path: "/tiktok",
    credentials: [
      "app_key": "tiktok_app", "app_secret": "tiktok_secret", "shop_cipher": "CIPHER_system",
      "access_token": "tiktok-access", "refresh_token": "tiktok-refresh",
      "authorisation_code": "tiktok-code", "authorisation_code_end": "253402300799",
    ],
    told: [
      "app_key": "tiktok_app", "app_secret": "tiktok_secret",
      "auth_code": "tiktok-code",
    ])
  static let all = [shopee, lazada, shopify, tiktok]
}
