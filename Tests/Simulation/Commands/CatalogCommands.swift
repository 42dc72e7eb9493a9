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
    let isNew = hand.model.names.count < 8 && hand.isLucky(3)
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
