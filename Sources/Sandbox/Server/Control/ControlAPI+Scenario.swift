internal import Primitives
internal import RPCCore
internal import StorageCore

extension ControlAPI.Call {
  init(_ body: JSONValue) { self.init(query: FormFields(""), body: body) }

  init(_ shop: Shop.Key, _ body: JSONValue) {
    self.init(
      body.adding("channel", .string(shop.channel.rawValue)).adding("shop", .string(shop.shopID)))
  }
}

extension ControlAPI {
  /// Turns a shop's webhooks off, as its platform does after failures, or on again.
  func setWebhooks(_ call: Call) async throws -> JSONValue {
    let key = try call.shop()
    guard let isEnabled = call.body["enabled"].bool else {
      throw ControlError(400, "enabled must be true or false")
    }
    try await platform.change { market in
      _ = try market.shop(key)
      try market.transaction.setHook(of: key, isEnabled: isEnabled)
    }
    return ["shop": .string(key.description), "enabled": .bool(isEnabled)]
  }

  /// Somebody changes a listing on the platform's own page.
  func changeListing(
    _ key: Shop.Key, _ sku: String, _ change: @escaping @Sendable (inout StockListing) -> Void
  ) async throws {
    try await platform.change { market in
      guard let listing = try market.transaction.listing(key, sku: sku) else {
        throw MarketRefusal.listingUnknown(sku)
      }
      try market.change(key, item: listing.itemID, variation: listing.variationID) { change(&$0) }
    }
  }

  func routes(of player: ScenarioPlayer) -> [HTTPRoute] {
    [
      route("POST", "scenario") { call in
        let scenario: Scenario
        do throws(ScenarioError) {
          scenario = try Scenario.read(call.body.bytes)
        } catch {
          throw ControlError(400, error.description)
        }
        try await player.begin(scenario)
        return Self.report(player.report)
      },
      route("GET", "scenario") { _ in Self.report(player.report) },
    ]
  }

  private static func report(_ report: ScenarioPlayer.Report) -> JSONValue {
    [
      "playing": .bool(report.isPlaying), "seconds": .number(report.seconds),
      "orders": .integer(Int64(report.orderCount)),
      "sold_out": .integer(Int64(report.soldOutCount)),
      "cancelled": .integer(Int64(report.cancelledCount)),
      "steps": .integer(Int64(report.stepCount)),
      "problems": .array(report.problems.map { .string($0) }),
    ]
  }
}

extension ControlError {
  var text: String { detail.isNull ? message : "\(message) \(detail.json)" }
}
