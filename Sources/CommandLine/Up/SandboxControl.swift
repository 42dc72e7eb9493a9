internal import Foundation

/// The sandbox's own API: its shops, what buyers do there, what the channels show, what goes wrong.
struct SandboxControl: Sendable {
  /// A shop, as the gateway must know it to reach it.
  struct Shop: Sendable {
    var channel: String
    var externalID: String
    var baseURL: String
    var credentials: [String: String]
  }

  /// What a listing shows.
  struct Shown: Sendable {
    var channel: String
    var itemID: String
    var variationID: String
    var sku: String
    var count: Int64
  }

  let base: String
  private var client: JSONClient { JSONClient(base: base) }

  func shop(_ channel: String) -> Shop {
    switch channel {
    case "shopee":
      Shop(
        channel: channel, externalID: "14701711", baseURL: "\(base)/shopee",
        credentials: [
          "partner_id": "2001887", "partner_key": "shopee_partner_key_demo",
          "push_partner_key": "shpk_push_demo_key", "access_token": "shopee-demo-access",
          "refresh_token": "shopee-demo-refresh",
        ])
    case "lazada":
      Shop(
        channel: channel, externalID: "100200300", baseURL: "\(base)/lazada",
        credentials: [
          "app_key": "123456", "app_secret": "lazada_secret_demo",
          "access_token": "lazada-demo-access", "refresh_token": "lazada-demo-refresh",
        ])
    case "shopify":
      Shop(
        channel: channel, externalID: "demo.myshopify.com",
        baseURL: "\(base)/shopify/demo.myshopify.com",
        credentials: [
          "access_token": "shpat_demo", "client_secret": "shopify_client_secret_demo",
          "location_id": "75596366001",
        ])
    case "tiktok":
      Shop(
        channel: channel, externalID: "7494726673780148744", baseURL: "\(base)/tiktok",
        credentials: [
          "app_key": "tiktok_app_demo", "app_secret": "tiktok_secret_demo",
          "access_token": "tiktok-demo-access", "refresh_token": "tiktok-demo-refresh",
          "shop_cipher": "CIPHER_demo",
        ])
    case "woocommerce":
      Shop(
        channel: channel, externalID: "shop.example.com",
        baseURL: "\(base)/woocommerce/shop.example.com",
        credentials: [
          "consumer_key": "ck_demo", "consumer_secret": "cs_demo",
          "webhook_secret": "woo_webhook_secret_demo",
        ])
    case "square":
      Shop(
        channel: channel, externalID: "L1", baseURL: "\(base)/square",
        credentials: [
          "access_token": "square-demo-access", "refresh_token": "square-demo-refresh",
          "client_id": "sq0idp-demo", "client_secret": "sq0csp-demo",
          "webhook_signature_key": "square_signature_key_demo",
        ])
    case "loyverse":
      Shop(
        channel: channel, externalID: "s-1", baseURL: "\(base)/loyverse",
        credentials: [
          "access_token": "loyverse-demo-access", "refresh_token": "loyverse-demo-refresh",
          "client_id": "loyverse-demo", "client_secret": "loyverse_client_secret_demo",
        ])
    default:
      Shop(
        channel: channel, externalID: DemoData.store, baseURL: "",
        credentials: ["token": DemoData.tillToken])
    }
  }

  /// Opens the demo's shops and lists its items in each; what is there already stays as it is, but tells its events to
  /// `hooks`.
  ///
  /// - Returns: the channels whose shops were there. Their tokens may have been refreshed since.
  func seed(hooks: String) async throws -> Set<String> {
    let known = try await shops()
    for (position, channel) in DemoData.channels.dropLast().enumerated() {
      let shop = shop(channel)
      var body: [String: Any] = [
        "channel": channel, "shop": shop.externalID, "hook_url": "\(hooks)/\(channel)",
      ]
      if !known.contains(channel) { body["credentials"] = shop.credentials }
      try await command("/control/shops", body)
      // Lazada itself would take 50 stock calls a second. A sale that was broken off has left its faults on.
      try await command(
        "/control/faults",
        [
          "channel": channel, "rate_limit_per_second": DemoData.callsPerSecond,
          "duplicate_percent": 0, "reorder_percent": 0,
        ])
      for (index, item) in (DemoData.items + [DemoData.bundle]).enumerated() {
        try await list(
          channel, number: (position + 1) * 1000 + index, sku: item.sku, title: item.title)
      }
    }
    return known
  }

  /// The channels of which the demo's shop is open.
  private func shops() async throws -> Set<String> {
    let answer = try await client.get("/control/shops")
    guard answer.status == 200, let rows = answer.object["shops"] as? [[String: Any]] else {
      throw Failure("the sandbox does not tell its shops: \(answer.status) \(answer.text)")
    }
    let channels = rows.compactMap { row -> String? in
      guard let channel = row["channel"] as? String else { return nil }
      return row["shop"] as? String == shop(channel).externalID ? channel : nil
    }
    return Set(channels)
  }

  /// Loses every event of a channel, or none.
  func drop(_ channel: String, _ isOn: Bool) async throws {
    try await command("/control/faults", ["channel": channel, "drop_webhooks": isOn])
  }

  /// Lists one item with nothing on sale: the gateway's first push says how many there are.
  func list(_ channel: String, number: Int, sku: String, title: String) async throws {
    try await command(
      "/control/listings",
      [
        "channel": channel, "shop": shop(channel).externalID,
        "item_id": "\(2_700_000_000 + number)",
        "variation_id": "\(3_100_000_000 + number)", "sku": sku, "title": title, "stock": 0,
      ])
  }

  /// A buyer tries to order; nil when the listing shows too few.
  func order(
    _ shown: Shown, quantity: Int64, secondsAgo: Int = 0
  ) async throws -> String? {
    let answer = try await client.post(
      "/control/orders",
      [
        "channel": shown.channel, "shop": shop(shown.channel).externalID,
        "lines": [
          [
            "item_id": shown.itemID, "variation_id": shown.variationID, "quantity": quantity,
          ] as [String: Any]
        ], "seconds_ago": secondsAgo,
      ])
    if answer.status == 409 { return nil }
    guard answer.status == 200, let id = answer.object["order_id"] as? String else {
      throw Failure("the sandbox refused an order: \(answer.status) \(answer.text)")
    }
    return id
  }

  func cancel(_ channel: String, order: String) async throws {
    try await command(
      "/control/cancellations",
      ["channel": channel, "shop": shop(channel).externalID, "order_id": order])
  }

  /// The buyer sends an order back; returns the channel's name for the return, or nil while the channel does not
  /// know that the order was shipped.
  func returnOrder(_ channel: String, order: String) async throws -> String? {
    let answer = try await client.post(
      "/control/returns",
      ["channel": channel, "shop": shop(channel).externalID, "order_id": order])
    if answer.status == 409 { return nil }
    guard answer.status == 200, let id = answer.object["return_id"] as? String else {
      throw Failure("the sandbox refused a return: \(answer.status) \(answer.text)")
    }
    return id
  }

  func stock() async throws -> [Shown] {
    let answer = try await client.get("/control/stock")
    guard answer.status == 200 else {
      throw Failure("the sandbox does not tell its stock: \(answer.status) \(answer.text)")
    }
    let rows = answer.object["listings"] as? [[String: Any]] ?? []
    return rows.map { row in
      Shown(
        channel: row["channel"] as? String ?? "", itemID: row["item_id"] as? String ?? "",
        variationID: row["variation_id"] as? String ?? "", sku: row["sku"] as? String ?? "",
        count: (row["shown"] as? NSNumber)?.int64Value ?? -1)
    }
  }

  /// What became of events.
  struct Deliveries: Equatable, Sendable {
    /// Not sent yet, or to be sent again.
    var waiting: Int64 = 0
    /// Given up; a duplicate is not missed.
    var lost: Int64 = 0
    /// The number of the newest.
    var newest: Int64 = 0
  }

  /// - Parameter number: only events with a higher one count.
  func deliveries(after number: Int64 = 0) async throws -> Deliveries {
    let answer = try await client.get("/control/deliveries?limit=1&after=\(number)")
    let counts = answer.object["counts"] as? [String: Any]
    guard answer.status == 200, let counts, let newest = answer.object["newest"] as? NSNumber,
      let lost = answer.object["lost_originals"] as? NSNumber
    else {
      throw Failure("the sandbox does not tell its events: \(answer.status) \(answer.text)")
    }
    return Deliveries(
      waiting: (counts["waiting"] as? NSNumber)?.int64Value ?? 0, lost: lost.int64Value,
      newest: newest.int64Value)
  }

  /// What share of events is sent twice and out of order, in percent.
  func disturb(duplicates: Int, reordering: Int) async throws {
    for channel in DemoData.channels.dropLast() {
      try await command(
        "/control/faults",
        [
          "channel": channel, "duplicate_percent": duplicates, "reorder_percent": reordering,
        ])
    }
  }

  @discardableResult
  private func command(_ path: String, _ object: [String: Any]) async throws -> JSONClient.Answer {
    let answer = try await client.post(path, object)
    guard answer.status == 200 else {
      throw Failure("the sandbox refused \(path): \(answer.status) \(answer.text)")
    }
    return answer
  }
}
