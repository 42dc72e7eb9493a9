import FulfilmentAPI
import GatewayAPI
import MappingAPI
import PoolAPI
import Primitives
import RPCCore
import ReturnsAPI

/// One SKU at one location, on sale on the channels of the sandbox and at a till.
struct Merchant: Sendable {
  static let sku = "TEE-BLK-M"
  static let location = "WH-1"
  static let store = "STORE-1"
  static let tillAccount = "till-1"
  static let tillToken = "till-token"

  let cluster: Cluster

  /// The item's number in a shop.
  static func item(_ shop: Shop) -> Int {
    1_000_001 + (Shop.all.firstIndex { $0.channel == shop.channel } ?? 0)
  }

  /// Opens shop with `stock` units, and waits until every channel shows them.
  static func open(in cluster: Cluster, stock: Int64) async throws -> Merchant {
    let merchant = Merchant(cluster: cluster)
    _ = try await cluster.pool.setSku(SetSkuRequest(sku: Sku(sku: sku)))
    _ = try await cluster.pool.setLocation(
      SetLocationRequest(location: Location(locationID: location, rank: 1)))
    try await merchant.receive(stock)
    for shop in Shop.all {
      try await cluster.sandbox.open(shop, hooks: "\(cluster.url("gateway"))/hooks")
      try await cluster.sandbox.list(shop, item: item(shop), sku: sku)
      try await merchant.connect(
        shop.accountID, shop.channel, shop.externalID, "\(cluster.url("sandbox"))\(shop.path)",
        shop.told ?? shop.credentials)
      _ = try await cluster.gateway.importListings(
        GatewayAPI.ImportListingsRequest(accountID: shop.accountID))
    }
    try await merchant.connect(tillAccount, "till", store, "", ["token": tillToken])
    try await merchant.waitUntilAllShow(stock)
    return merchant
  }

  private func connect(
    _ account: String, _ channel: String, _ externalID: String, _ base: String,
    _ credentials: [String: String]
  ) async throws {
    _ = try await cluster.gateway.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: account, channelID: channel, externalID: externalID, baseURL: base,
          credentials: credentials, locationID: Self.location)))
  }

  func receive(_ quantity: Int64) async throws {
    let line = StockLine(sku: Self.sku, locationID: Self.location, quantity: quantity)
    _ = try await cluster.pool.receiveStock(ReceiveStockRequest(lines: [line]))
  }

  /// Sells at the till and sends the sale until it is answered, as a till does; returns the sale's status.
  @discardableResult
  func sellAtTill(_ saleID: String, quantity: Int) async throws -> String {
    let batch: [String: Any] = [
      "device_id": "till-01", "batch_id": "batch-\(saleID)",
      "sales": [
        [
          "sale_id": saleID, "kind": "sale", "store_id": Self.store, "sequence": 1,
          "occurred_at": "2026-01-05T10:03:11+08:00",
          "lines": [["line_id": "1", "sku": Self.sku, "quantity": quantity] as [String: Any]],
        ] as [String: Any]
      ],
    ]
    return try await eventually("the till's sale \(saleID) answered") {
      let answer = try? await SandboxClient.send(
        "POST", "\(cluster.url("gateway"))/till/v1/sales", batch,
        headers: ["Authorization": "Bearer \(Self.tillToken)"])
      guard let answer, answer.status != 503 else { return nil }
      let results = try answer.object()["results"] as? [[String: Any]]
      guard answer.status == 200, let status = results?.first?["status"] as? String else {
        throw SandboxClient.Unexpected(description: "\(answer.status) \(answer.text)")
      }
      return status
    }
  }

  func stock() async throws -> Balance {
    try await cluster.pool.getStock(GetStockRequest(sku: Self.sku)).total ?? Balance()
  }

  /// What each channel shows, by channel.
  func shown() async throws -> [String: Int64] {
    let rows = try await cluster.sandbox.stock().filter { $0.sku == Self.sku }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.channel, $0.count) })
  }

  func waitUntilAllShow(_ count: Int64, within limit: Duration = patience) async throws {
    let seen: () async -> String = { "\((try? await self.shown()) ?? [:])" }
    try await eventually("every channel showing \(count)", within: limit, seen: seen) {
      let shown = try await shown()
      return shown.count == Shop.all.count && shown.values.allSatisfy { $0 == count } ? () : nil
    }
  }
}
