internal import Foundation
internal import GatewayAPI
internal import MappingAPI
internal import PoolAPI
internal import RPCCore

/// A small merchant: an account on each channel, six SKUs, two locations. Seeding it again changes nothing.
struct DemoData: Sendable {
  struct Item: Sendable {
    var sku: String
    var title: String
    var stock: Int64
  }

  static let items = [
    Item(sku: "TEE-BLK-M", title: "Tee, black, M", stock: 120),
    Item(sku: "TEE-BLK-L", title: "Tee, black, L", stock: 80),
    Item(sku: "MUG-WHT", title: "Mug, white", stock: 200),
    Item(sku: "CAP-RED", title: "Cap, red", stock: 60),
    Item(sku: "TOTE-NAT", title: "Tote bag, natural", stock: 90),
  ]
  /// Listed as one item, taken from two SKUs.
  static let bundle = Item(sku: "SET-TEE-MUG", title: "Tee M and mug", stock: 0)

  static let warehouse = "WH-SG"
  static let store = "STORE-1"
  static let tillToken = "till-demo-token"
  /// What the sandbox bears from each account; real channels are asked less.
  static let callsPerSecond = 400.0
  static let accounts = [
    "shopee-sg", "lazada-sg", "tiktok-sg", "web-shop", "woo-shop", "square-sg", "loyverse-sg",
    "till-sg",
  ]
  static let channels = [
    "shopee", "lazada", "tiktok", "shopify", "woocommerce", "square", "loyverse", "till",
  ]
  /// The account on a channel.
  static func account(on channel: String) -> String? {
    channels.firstIndex(of: channel).map { accounts[$0] }
  }

  static let curlSale = """
    {"device_id":"till-01","batch_id":"b-1","sales":[{"sale_id":"3f6c0e2a-6a0e-4c1b-9a7e-000000000001",\
    "kind":"sale","store_id":"\(store)","sequence":1,"occurred_at":"2026-01-05T10:03:11+08:00",\
    "lines":[{"line_id":"1","sku":"MUG-WHT","quantity":1}]}]}
    """

  let plan: Plan

  /// Whether one SKU's listings are one for each channel that has listings, and each shows what it may.
  static func areLevel(_ shown: [SandboxControl.Shown], wanted: [String: Int64]) -> Bool {
    shown.map(\.channel).sorted() == channels.dropLast().sorted()
      && shown.allSatisfy { $0.count == wanted[$0.channel] }
  }

  func seed() async throws {
    let peers = try plan.peers()
    try await seedPool(peers)
    let sandbox = SandboxControl(base: plan.url("sandbox"))
    let known = try await sandbox.seed(hooks: "\(plan.url("gateway"))/hooks")
    try await connect(peers, sandbox, known)
    for account in Self.accounts.dropLast() {
      _ = try await peers.gateway.importListings(
        GatewayAPI.ImportListingsRequest(accountID: account),
        options: CallOptions(timeout: .seconds(30)))
    }
    try await linkBundles(peers)
  }

  private func seedPool(_ peers: Peers) async throws {
    for (rank, location) in [Self.warehouse, Self.store].enumerated() {
      _ = try await peers.pool.setLocation(
        SetLocationRequest(
          location: Location(locationID: location, rank: Int32(rank)),
          requestID: "demo/location/\(location)"))
    }
    for item in Self.items + [Self.bundle] where item.stock > 0 {
      _ = try await peers.pool.setSku(
        SetSkuRequest(
          sku: Sku(sku: item.sku, displayName: item.title), requestID: "demo/sku/\(item.sku)"))
      // Once, however often the demo is started: what has stock or a history is left alone.
      let stock = try await peers.pool.getStock(GetStockRequest(sku: item.sku))
      guard stock.balances.isEmpty else { continue }
      let lines = [
        StockLine(sku: item.sku, locationID: Self.warehouse, quantity: item.stock * 3 / 4),
        StockLine(sku: item.sku, locationID: Self.store, quantity: item.stock - item.stock * 3 / 4),
      ]
      _ = try await peers.pool.receiveStock(
        ReceiveStockRequest(
          lines: lines, cause: "opening stock", actor: "demo",
          requestID: "demo/opening/\(item.sku)"))
    }
    _ = try await peers.pool.setBuffer(
      SetBufferRequest(
        buffer: Buffer(margin: .unitCount(2)), requestID: "demo/buffer"))
  }

  /// - Parameter known: channels whose shops are older than this start. Of those whose accounts are too, the gateway has the
  ///   tokens that count.
  private func connect(
    _ peers: Peers, _ sandbox: SandboxControl, _ known: Set<String>
  ) async throws {
    let page = try await peers.gateway.listConnections(ListConnectionsRequest(pageSize: 1000))
    let accounts = Set(page.connections.map(\.accountID))
    for (account, channel) in zip(Self.accounts, Self.channels) {
      let shop = sandbox.shop(channel)
      let isKnown = known.contains(channel) && accounts.contains(account)
      _ = try await peers.gateway.connectAccount(
        ConnectAccountRequest(
          connection: Connection(
            accountID: account, channelID: channel, externalID: shop.externalID,
            baseURL: shop.baseURL, credentials: isKnown ? [:] : shop.credentials,
            callsPerSecond: Self.callsPerSecond,
            locationID: channel == "till" ? Self.store : Self.warehouse),
          displayName: "Demo \(account)"))
    }
  }

  /// The bundle's listings have a seller SKU that the pool does not know: they are linked by hand.
  private func linkBundles(_ peers: Peers) async throws {
    for account in Self.accounts.dropLast() {
      let page = try await peers.mapping.listListings(
        ListListingsRequest(accountID: account, unmappedOnly: true, pageSize: 1000))
      for listing in page.listings where listing.sellerSKU == Self.bundle.sku {
        _ = try await peers.mapping.linkListing(
          LinkListingRequest(
            listingID: listing.listingID,
            components: [
              Component(sku: "TEE-BLK-M", quantity: 1), Component(sku: "MUG-WHT", quantity: 1),
            ], actor: "demo"))
      }
    }
  }
}
