import GatewayAPI
import MappingAPI
import PoolAPI
import Primitives
import RPCCore

/// The system of a chaos run: every channel, a till, a handful of SKUs and a set of two of them.
struct ChaosWorld: Sendable {
  let cluster: Cluster

  /// Polls find what no event told, soon enough for a test; a channel's own pauses between tries are shortened. What
  /// is late by design in a channel that does not answer is no news here.
  static let settings: [String: [String: String]] = [
    "gateway": [
      "ONEPOOL_GATEWAY_POLL_SECONDS": "2",
      "ONEPOOL_GATEWAY_LAG_TARGET_MILLISECONDS": "3600000",
      "ONEPOOL_GATEWAY_RECONCILE_SECONDS": "300",
    ]
  ]
  /// What a channel bears and the gateway may ask for.
  static let callsPerSecond = 100.0

  static func open(in cluster: Cluster) async throws -> ChaosWorld {
    let world = ChaosWorld(cluster: cluster)
    for sku in ChaosGoods.skus {
      _ = try await cluster.pool.setSku(SetSkuRequest(sku: Sku(sku: sku)))
    }
    _ = try await cluster.pool.setLocation(
      SetLocationRequest(location: Location(locationID: ChaosGoods.location, rank: 1)))
    let lines = ChaosGoods.stock.map {
      StockLine(sku: $0.key, locationID: ChaosGoods.location, quantity: $0.value)
    }
    _ = try await cluster.pool.receiveStock(
      ReceiveStockRequest(lines: lines, requestID: "opening"))
    for shop in Shop.everyChannel { try await world.open(shop) }
    try await world.connect(
      ChaosGoods.tillAccount, "till", ChaosGoods.store, "", ["token": ChaosGoods.tillToken])
    try await eventually("every listing showing what it may") {
      try await world.wrongNumbers().isEmpty ? () : nil
    }
    return world
  }

  private func open(_ shop: Shop) async throws {
    try await cluster.sandbox.open(shop, hooks: "\(cluster.url("gateway"))/hooks")
    try await cluster.sandbox.setFaults(shop.channel, Self.calm)
    for (index, offer) in ChaosGoods.offers.enumerated() {
      try await cluster.sandbox.list(shop, item: ChaosGoods.item(shop, index), sku: offer.code)
    }
    try await connect(
      shop.accountID, shop.channel, shop.externalID, "\(cluster.url("sandbox"))\(shop.path)",
      shop.told ?? shop.credentials)
    _ = try await cluster.gateway.importListings(
      GatewayAPI.ImportListingsRequest(accountID: shop.accountID))
    let page = try await cluster.mapping.listListings(
      ListListingsRequest(accountID: shop.accountID, unmappedOnly: true, pageSize: 1000))
    for listing in page.listings {
      let components = ChaosGoods.takes("SET").map { Component(sku: $0.key, quantity: $0.value) }
      _ = try await cluster.mapping.linkListing(
        LinkListingRequest(listingID: listing.listingID, components: components))
    }
  }

  private func connect(
    _ account: String, _ channel: String, _ externalID: String, _ base: String,
    _ credentials: [String: String]
  ) async throws {
    _ = try await cluster.gateway.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: account, channelID: channel, externalID: externalID, baseURL: base,
          credentials: credentials, callsPerSecond: Self.callsPerSecond,
          locationID: ChaosGoods.location)))
  }

  /// Nothing goes wrong.
  static var calm: [String: Any] {
    [
      "duplicate_percent": 0, "reorder_percent": 0, "drop_percent": 0, "fail_percent": 0,
      "timeout_percent": 0, "partial_failure_percent": 0, "delay_ms": 0, "down": false,
      "rate_limit_per_second": callsPerSecond,
    ]
  }

  /// Asks until a service answers, as whoever needs it does.
  ///
  /// - Returns: nil when the answer is a refusal.
  func answered<Response: Sendable>(
    _ what: String, _ call: () async throws(RPCError) -> Response
  ) async throws -> Response? {
    try await eventually(what) { () async throws -> Response?? in
      do throws(RPCError) {
        return .some(try await call())
      } catch {
        let isAway = [.unavailable, .deadlineExceeded, .aborted, .resourceExhausted, .cancelled]
          .contains(error.code)
        return isAway ? nil : .some(nil)
      }
    }
  }

  /// Listings that do not show what they may, in words.
  func wrongNumbers() async throws -> [String] {
    var available: [String: [String: Int64]] = [:]
    for sku in ChaosGoods.skus {
      let answer = try await cluster.pool.getAvailability(
        GetAvailabilityRequest(sku: sku, channelIDs: Shop.everyChannel.map(\.channel)))
      for channel in answer.channels {
        available[channel.channelID, default: [:]][sku] = channel.availableToSellCount
      }
    }
    let shown = try await cluster.sandbox.stock()
    var wrong: [String] = []
    if shown.count != Shop.everyChannel.count * ChaosGoods.offers.count {
      wrong.append("\(shown.count) listings")
    }
    for listing in shown {
      let may = ChaosGoods.takes(listing.sku).map { sku, count in
        (available[listing.channel]?[sku] ?? -1) / count
      }.min()
      guard listing.count != may else { continue }
      wrong.append(
        "\(listing.channel) shows \(listing.count) of \(listing.sku) and may show \(may ?? -1)")
    }
    return wrong
  }
}
