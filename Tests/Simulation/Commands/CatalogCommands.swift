import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// Makes a SKU, or gives one another name.
struct NameSKU: SimulatedCommand {
  var sku: String
  var name: String
  var description: String { "name \(sku) \(name)" }

  static func draw(_ hand: inout Hand) -> NameSKU? {
    let isNew = hand.model.names.count < 10 && hand.isLucky(3)
    return NameSKU(sku: isNew ? hand.name("NEW") : hand.sku(), name: "name \(hand.count(1...5))")
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> SetSkuResponse {
    try await pool.setSku(
      .init(sku: .init(sku: sku, displayName: name), requestID: requestID), context: context)
  }

  func words(_ response: SetSkuResponse) -> String { response.sku?.displayName ?? "" }

  func apply(to model: inout Model) -> String {
    model.names[sku] = name
    return name
  }
}

/// Sets a buffer, or takes it away.
struct HideUnits: SimulatedCommand {
  var sku: String
  var channel: String
  var units: Quantity?
  var description: String { "hide \(units.map { "\($0)" } ?? "nothing") of \(sku)|\(channel)" }

  static func draw(_ hand: inout Hand) -> HideUnits? {
    HideUnits(
      sku: hand.isLucky(2) ? "" : hand.sku(), channel: hand.isLucky(2) ? "" : "shopee",
      units: hand.isLucky(3) ? nil : hand.count(0...5))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> SetBufferResponse {
    let buffer = Buffer(
      sku: sku, channelID: channel, margin: units.map { .unitCount($0) })
    return try await pool.setBuffer(.init(buffer: buffer, requestID: requestID), context: context)
  }

  func words(_ response: SetBufferResponse) -> String {
    guard case .unitCount(let count)? = response.buffer?.margin else { return "none" }
    return "\(count)"
  }

  func apply(to model: inout Model) -> String {
    model.buffers["\(sku)|\(channel)"] = units
    return units.map { "\($0)" } ?? "none"
  }
}

/// Keeps the last units of a SKU, or of each, for one channel, or for none any more.
struct LockUnits: SimulatedCommand {
  var sku: String
  var channel: String
  var units: Quantity
  var description: String { "keep the last \(units) of \(sku) for \(channel)" }

  static func draw(_ hand: inout Hand) -> LockUnits? {
    LockUnits(
      sku: hand.isLucky(4) ? "" : hand.sku(), channel: hand.channel(),
      units: hand.isLucky(3) ? 0 : hand.count(1...6))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> SetLastUnitsResponse {
    try await pool.setLastUnits(
      .init(
        lastUnits: .init(sku: sku, channelID: channel, unitCount: units), requestID: requestID),
      context: context)
  }

  func words(_ response: SetLastUnitsResponse) -> String {
    "\(response.lastUnits?.unitCount ?? 0)"
  }

  func apply(to model: inout Model) -> String {
    model.locks[sku] = units > 0 ? .init(channel: channel, units: units) : nil
    return "\(units)"
  }
}

/// Says which location the till's holds are put at first.
struct FeedTill: SimulatedCommand {
  var rule: Model.Sourcing
  var description: String { "feed the till \(rule.strategy) from \(rule.locations)" }

  static func draw(_ hand: inout Hand) -> FeedTill? {
    let strategy = Model.Sourcing.Strategy.allCases.randomElement(using: &hand.random) ?? .ranked
    let locations = hand.isLucky(3) ? [] : hand.isLucky(2) ? ["A", "B"] : ["B", "A"]
    return FeedTill(rule: .init(strategy: strategy, locations: locations))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> SetChannelSourcingResponse {
    let sourcing = ChannelSourcing(
      channelID: Shelf.till, strategy: .init(rawValue: Int32(rule.strategy.rawValue)),
      locationIDs: rule.locations)
    return try await pool.setChannelSourcing(
      .init(sourcing: sourcing, requestID: requestID), context: context)
  }

  func words(_ response: SetChannelSourcingResponse) -> String {
    "\(response.sourcing?.locationIDs ?? [])"
  }

  func apply(to model: inout Model) -> String {
    model.sourcing = rule
    return "\(rule.locations)"
  }
}

/// Says what is in a bundle; what was sold of it stays what it was.
struct SetParts: SimulatedCommand {
  var bundle: String
  var parts: [Model.Units]
  var description: String { "put \(parts.words) into \(bundle)" }

  static func draw(_ hand: inout Hand) -> SetParts? {
    let bundle = Shelf.bundles.randomElement(using: &hand.random) ?? ""
    var parts = (1...hand.count(1...2)).map { _ in
      Model.Units(shelf: hand.bundled(), quantity: hand.count(1...3))
    }
    // One bundle may be in the other.
    if bundle != Shelf.bundles[0], hand.isLucky(2) {
      parts.append(.init(shelf: Shelf.bundles[0], quantity: 1))
    }
    return SetParts(bundle: bundle, parts: parts.summed)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> SetBundleResponse {
    let components = parts.map { Bundle.Component(sku: $0.shelf, unitCount: $0.quantity) }
    return try await AssortmentServer(pool).setBundle(
      .init(bundle: .init(sku: bundle, components: components), requestID: requestID),
      context: context)
  }

  func words(_ response: SetBundleResponse) -> String {
    (response.bundle?.components ?? []).map { .init(shelf: $0.sku, quantity: $0.unitCount) }.words
  }

  func apply(to model: inout Model) -> String {
    model.bundles[bundle] = parts
    return parts.words
  }
}
