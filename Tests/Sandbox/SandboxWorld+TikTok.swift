import Kit
import Primitives
import RPCCore

@testable import SandboxServer

extension SandboxWorld {
  /// TikTok's shop; `changes` are how its seller works.
  static func tiktokShop(_ changes: [String: String] = [:]) -> JSONValue {
    var shop: JSONValue = [
      "channel": "tiktok", "shop": "7494726673780148744",
      "hook_url": "https://gw.example.com/hooks/tiktok", "app_key": "fake_app_key",
      "app_secret": "fake_app_secret", "shop_cipher": "CIPHER_demo", "access_token": "tok_demo",
      "refresh_token": "tiktok_refresh", "service_id": "svc",
      "redirect_url": "https://gw.example.com/back",
    ]
    for (name, value) in changes { shop = shop.adding(name, .string(value)) }
    return shop
  }

  /// Signed as TikTok wants it; `with` changes parameters after that.
  func tiktokCall(
    _ method: String, _ path: String, _ query: [String: String] = [:], body: JSONValue? = nil,
    token: String = "tok_demo", cipher: String? = "CIPHER_demo",
    with changes: [String: String?] = [:], sends altered: JSONValue? = nil
  ) async throws -> (status: Int, body: JSONValue) {
    var all = query
    all["app_key"] = "fake_app_key"
    all["timestamp"] = String(clock.now().seconds)
    if let cipher { all["shop_cipher"] = cipher }
    let sorted = all.sorted { $0.key < $1.key }.reduce(path) { $0 + $1.key + $1.value }
    let text = "fake_app_secret\(sorted)\(body?.json ?? "")fake_app_secret"
    all["sign"] = Hex.encode(HMAC.sha256(key: "fake_app_secret", text))
    for (name, value) in changes { all[name] = value }
    let response = try await send(
      HTTPRequest(
        method: method, path: "/tiktok\(path)", query: Self.form(all),
        headers: [("content-type", "application/json"), ("x-tts-access-token", token)],
        body: (altered ?? body)?.bytes ?? []))
    return (response.status, JSONValue(parsing: response.body) ?? .null)
  }

  func setTikTok(
    _ quantity: Int64, sku: String = "234", warehouses: [String] = ["7068517275539719942"]
  ) async throws -> JSONValue {
    let inventory = warehouses.enumerated().map { index, warehouse -> JSONValue in
      [
        "warehouse_id": .string(warehouse), "quantity": index == 0 ? .integer(quantity) : 0,
      ]
    }
    return try await tiktokCall(
      "POST", "/product/202309/products/234234234/inventory/update",
      body: ["skus": [["id": .string(sku), "inventory": .array(inventory)]]]
    ).body
  }
}
