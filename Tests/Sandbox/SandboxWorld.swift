import Foundation
import Kit
import Primitives
import RPCCore
import Synchronization

@testable import SandboxServer

/// A sandbox with one shop a platform, its clock, and calls as an integrator signs them.
final class SandboxWorld: Sendable {
  static let hook = "https://gw.example.com/hooks/shopee"
  static let shopee = Shop.Key(channel: .shopee, shopID: "14701711")
  static let lazada = Shop.Key(channel: .lazada, shopID: "100200300")
  static let shopify = Shop.Key(channel: .shopify, shopID: "demo.myshopify.com")
  static let tiktok = Shop.Key(channel: .tiktok, shopID: "7494726673780148744")
  static let location = "gid://shopify/Location/75596366001"

  let folder: String
  let sandbox: Sandbox
  let sender = RecordingSender()
  /// 2023-11-14T22:13:20Z, the time of the vectors.
  let clock = ManualClock(Timestamp(seconds: 1_700_000_000))
  private let pump = Mutex<Task<Void, any Error>?>(nil)

  /// Opens a sandbox over `folder`, or over a new one with shops and one listing of 10 in each.
  ///
  /// - Parameter isPumping: whether events are sent from the start; `startPump` does so later.
  init(folder: String? = nil, isPumping: Bool = true) async throws {
    let isNew = folder == nil
    self.folder =
      folder
      ?? FileManager.default.temporaryDirectory
      .appendingPathComponent("sandbox-\(UUIDText.random())").path
    sandbox = try await Sandbox.open(
      path: "\(self.folder)/sandbox.db", sender: sender, clock: clock, log: .silent, pace: 0.000_01,
      isOpen: false, ticks: { [clock] in clock.now().microseconds * 1_000 })
    if isPumping { startPump() }
    if isNew { try await seed() }
  }

  func startPump() {
    let running = sandbox
    pump.withLock { $0 = Task { try await running.platform.pump.run() } }
  }

  func close() async throws {
    let pump = pump.withLock { $0 }
    pump?.cancel()
    try await pump?.value
    await sandbox.platform.database.close()
  }

  func remove() async throws {
    try await close()
    try FileManager.default.removeItem(atPath: folder)
  }

  private func seed() async throws {
    let shops: [JSONValue] = [
      [
        "channel": "shopee", "shop": "14701711", "hook_url": .string(Self.hook),
        "partner_id": "2001887", "partner_key": "shopee_partner_key_demo",
        "push_partner_key": "shpk_push_demo_key", "access_token": "tok_demo_access",
        "refresh_token": "shopee_refresh",
      ],
      [
        "channel": "lazada", "shop": "100200300", "hook_url": "https://gw.example.com/hooks/lazada",
        "app_key": "123456", "app_secret": "lazada_secret_demo", "access_token": "tok_demo",
        "refresh_token": "lazada_refresh",
      ],
      [
        "channel": "shopify", "shop": "demo.myshopify.com",
        "hook_url": "https://gw.example.com/hooks/shopify",
        "credentials": [
          "client_id": "client", "client_secret": "shopify_client_secret_demo",
          "access_token": "shpat_demo", "refresh_token": "shprt_demo",
        ],
      ],
      Self.tiktokShop(),
    ]
    for shop in shops { _ = try await control("shops", shop) }
    for key in [Self.shopee, Self.lazada, Self.shopify, Self.tiktok] {
      _ = try await control(
        "listings",
        [
          "channel": .string(key.channel.rawValue), "shop": .string(key.shopID),
          "item_id": "234234234", "variation_id": "234", "sku": "TEE-BLK-M",
          "title": "Tee, black, M", "stock": 10, "inventory_item_id": "123",
        ])
    }
  }

  /// What was sent, once nothing is on its way any more; the outcomes are in the store then.
  func allSent() async -> [RecordingSender.Sent] {
    await sandbox.platform.pump.idle()
    return sender.sent
  }

  // MARK: Calls

  func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let route = sandbox.routes.first { route in
      let isPath =
        route.path.hasSuffix("/*")
        ? request.path.hasPrefix(route.path.dropLast()) : request.path == route.path
      return isPath && (route.method == "*" || route.method == request.method)
    }
    guard let route else { throw MissingRoute(path: request.path) }
    return await route.handle(request)
  }

  struct MissingRoute: Error { var path: String }

  func control(_ name: String, _ body: JSONValue?) async throws -> (status: Int, body: JSONValue) {
    let parts = name.split(separator: "?", maxSplits: 1)
    let request = HTTPRequest(
      method: body == nil ? "GET" : "POST", path: "/control/\(parts[0])",
      query: parts.count > 1 ? String(parts[1]) : "", body: body?.bytes ?? [],
      peer: "127.0.0.1:4711")
    let response = try await send(request)
    return (response.status, JSONValue(parsing: response.body) ?? .null)
  }

  /// A buyer orders units of the one listing.
  func buy(
    _ shop: Shop.Key, _ quantity: Int64, isPaid: Bool = true
  ) async throws -> (status: Int, body: JSONValue) {
    try await control(
      "orders",
      [
        "channel": .string(shop.channel.rawValue), "shop": .string(shop.shopID),
        "paid": .bool(isPaid),
        "lines": [["item_id": "234234234", "variation_id": "234", "quantity": .integer(quantity)]],
      ])
  }

  /// Does to an order what the control API's `name` does.
  func change(
    _ name: String, _ shop: Shop.Key, order: String, _ more: JSONValue = [:]
  ) async throws -> (status: Int, body: JSONValue) {
    var body = more.adding("channel", .string(shop.channel.rawValue))
    body = body.adding("shop", .string(shop.shopID)).adding("order_id", .string(order))
    return try await control(name, body)
  }

  /// The shop's listing as the platform counts it.
  func listing(_ shop: Shop.Key) async throws -> StockListing? {
    try await sandbox.platform.read { try $0.listing(shop, item: "234234234", variation: "234") }
  }

  func shown(_ shop: Shop.Key) async throws -> Int64? { try await listing(shop)?.sellable }

  /// Sellable, real, withheld, occupied: as Lazada's table has them.
  func table(_ shop: Shop.Key) async throws -> [Int64] {
    guard let listing = try await listing(shop) else { return [] }
    return [listing.sellable, listing.real, listing.withheld, listing.occupied]
  }

  /// Signed as Shopee wants it; `with` changes parameters after that.
  func shopeeCall(
    _ method: String, _ path: String, _ query: [String: String] = [:], body: JSONValue? = nil,
    token: String? = "tok_demo_access", with changes: [String: String?] = [:]
  ) async throws -> JSONValue {
    let time = String(clock.now().seconds)
    let base = "2001887/api/v2/\(path)\(time)\(token.map { $0 + "14701711" } ?? "")"
    var all = query
    all["partner_id"] = "2001887"
    all["timestamp"] = time
    all["sign"] = Hex.encode(HMAC.sha256(key: "shopee_partner_key_demo", base))
    if let token {
      all["access_token"] = token
      all["shop_id"] = "14701711"
    }
    for (name, value) in changes { all[name] = value }
    let response = try await send(
      HTTPRequest(
        method: method, path: "/shopee/api/v2/\(path)", query: Self.form(all),
        headers: [("content-type", "application/json")], body: body?.bytes ?? []))
    return JSONValue(parsing: response.body) ?? ["status": .integer(Int64(response.status))]
  }

  func setShopee(_ stock: Int64, model: Int64 = 234) async throws -> JSONValue {
    try await shopeeCall(
      "POST", "product/update_stock",
      body: [
        "item_id": 234_234_234,
        "stock_list": [
          ["model_id": .integer(model), "seller_stock": [["stock": .integer(stock)]]]
        ],
      ])
  }

  /// Signed as Lazada wants it; `with` changes parameters after that.
  func lazadaCall(
    _ method: String, _ path: String, _ parameters: [String: String] = [:],
    token: String? = "tok_demo", with changes: [String: String?] = [:]
  ) async throws -> JSONValue {
    var all = parameters
    all["app_key"] = "123456"
    all["timestamp"] = String(clock.now().milliseconds)
    all["sign_method"] = "sha256"
    if let token { all["access_token"] = token }
    let text = all.sorted { $0.key < $1.key }.reduce(path) { $0 + $1.key + $1.value }
    all["sign"] = Hex.encode(HMAC.sha256(key: "lazada_secret_demo", text)).uppercased()
    for (name, value) in changes { all[name] = value }
    let isForm = method == "POST"
    let response = try await send(
      HTTPRequest(
        method: method, path: "/lazada\(path)", query: isForm ? "" : Self.form(all),
        headers: isForm ? [("content-type", "application/x-www-form-urlencoded")] : [],
        body: isForm ? Array(Self.form(all).utf8) : []))
    return JSONValue(parsing: response.body) ?? ["status": .integer(Int64(response.status))]
  }

  func setLazada(
    _ field: String, _ number: Int64, path: String = "/product/stock/sellable/update"
  ) async throws -> JSONValue {
    let payload = """
      <Request><Product><Skus><Sku><ItemId>234234234</ItemId><SkuId>234</SkuId>\
      <SellerSku>TEE-BLK-M</SellerSku><\(field)>\(number)</\(field)></Sku></Skus></Product></Request>
      """
    return try await lazadaCall("POST", path, ["payload": payload])
  }

  func graph(
    _ query: String, _ variables: JSONValue = [:], token: String = "shpat_demo",
    version: String = "2026-04"
  ) async throws -> (status: Int, body: JSONValue) {
    let body: JSONValue = ["query": .string(query), "variables": variables]
    let response = try await send(
      HTTPRequest(
        method: "POST",
        path: "/shopify/demo.myshopify.com/admin/api/\(version)/graphql.json",
        headers: [("content-type", "application/json"), ("x-shopify-access-token", token)],
        body: body.bytes))
    return (response.status, JSONValue(parsing: response.body) ?? .null)
  }

  static let setMutation = """
    mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
      inventorySetQuantities(input: $input) @idempotent(key: $key) {
        inventoryAdjustmentGroup { id changes { name delta quantityAfterChange item { id } } }
        userErrors { code field message }
      }
    }
    """

  /// Sets `available`; the payload of the mutation, or the whole answer when it has none.
  func setShopify(
    _ quantity: Int64, from: JSONValue?, key: String = UUIDText.random()
  ) async throws -> JSONValue {
    var entry: JSONValue = [
      "inventoryItemId": "gid://shopify/InventoryItem/123", "locationId": .string(Self.location),
      "quantity": .integer(quantity),
    ]
    if let from { entry = entry.adding("changeFromQuantity", from) }
    let answer = try await graph(
      Self.setMutation,
      [
        "input": ["name": "available", "reason": "correction", "quantities": [entry]],
        "key": .string(key),
      ])
    let payload = answer.body["data"]["inventorySetQuantities"]
    return payload.isNull ? answer.body : payload
  }

  static func form(_ parameters: [String: String]) -> String {
    let plain = CharacterSet.alphanumerics
    return parameters.map { name, value in
      "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: plain) ?? "")"
    }.joined(separator: "&")
  }
}

/// Runs a test in a sandbox of its own and removes it afterwards.
func withSandbox(
  isPumping: Bool = true, _ body: (SandboxWorld) async throws -> Void
) async throws {
  let world = try await SandboxWorld(isPumping: isPumping)
  do {
    try await body(world)
  } catch {
    try await world.remove()
    throw error
  }
  try await world.remove()
}
