import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

struct Receive: SimulatedCommand {
  var units: [Model.Units]
  var isIdempotent: Bool { false }
  var description: String { "receive \(units.words)" }

  static func draw(_ hand: inout Hand) -> Receive? { Receive(units: hand.units()) }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReceiveStockResponse {
    try await pool.receiveStock(.init(lines: units.stock, requestID: requestID), context: context)
  }

  func words(_ response: ReceiveStockResponse) -> String {
    "\(response.balances.map(\.onHandCount))"
  }

  func apply(to model: inout Model) -> String {
    for line in units { model.onHand[line.sku, default: 0] += line.quantity }
    model.move()
    return "\(units.map { model.onHand[$0.sku, default: 0] })"
  }
}

struct Adjust: SimulatedCommand {
  var sku: String
  var delta: Quantity
  var isIdempotent: Bool { false }
  var description: String { "adjust \(sku) by \(delta)" }

  static func draw(_ hand: inout Hand) -> Adjust? {
    Adjust(sku: hand.sku(), delta: hand.isLucky(2) ? hand.count(1...4) : -hand.count(1...9))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> AdjustStockResponse {
    let line = AdjustmentLine(sku: sku, locationID: Home.location(of: sku), deltaCount: delta)
    return try await pool.adjustStock(
      .init(lines: [line], reason: "count", requestID: requestID), context: context)
  }

  func words(_ response: AdjustStockResponse) -> String {
    "\(response.balances.map(\.onHandCount))"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let after = model.onHand[sku, default: 0] + delta
    guard delta > 0 || after >= 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    model.onHand[sku] = after
    model.move()
    return "[\(after)]"
  }
}

struct TakeBack: SimulatedCommand {
  enum Disposition: Int, CaseIterable { case restock, quarantine, writeOff }

  var returnID: String
  var order: String
  var line: String
  var units: Model.Units
  var disposition: Disposition
  var isIdempotent: Bool { false }
  var isRememberedForEver: Bool { true }
  var description: String { "return \(returnID) \(order)/\(line) \([units].words) \(disposition)" }

  static func draw(_ hand: inout Hand) -> TakeBack? {
    let order = hand.order() ?? ""
    let line = order.isEmpty || hand.isLucky(4) ? "" : hand.line(of: order)
    let sold = hand.model.orders[order]?.lines[line]?.sku
    return TakeBack(
      returnID: hand.name("r"), order: order, line: line,
      units: .init(
        sku: hand.isLucky(5) ? hand.sku() : sold ?? hand.sku(), quantity: hand.count(1...3)),
      disposition: Disposition.allCases.randomElement(using: &hand.random) ?? .restock)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReturnStockResponse {
    let kinds: [ReturnLine.Disposition] = [.restock, .quarantine, .writeOff]
    let line = ReturnLine(
      sku: units.sku, locationID: Home.location(of: units.sku), quantity: units.quantity,
      disposition: kinds[disposition.rawValue], lineID: line)
    return try await pool.returnStock(
      .init(returnID: returnID, orderID: order, lines: [line], requestID: requestID),
      context: context)
  }

  func words(_ response: ReturnStockResponse) -> String {
    "\(response.balances.map { [$0.onHandCount, $0.unavailableCount] })"
  }

  func apply(to model: inout Model) -> String {
    switch disposition {
    case .restock: model.onHand[units.sku, default: 0] += units.quantity
    case .quarantine: model.unavailable[units.sku, default: 0] += units.quantity
    case .writeOff: break
    }
    if model.orders[order]?.lines[line]?.sku == units.sku {
      model.orders[order]?.lines[line]?.returned += units.quantity
    }
    model.move()
    return "[\([model.onHand[units.sku, default: 0], model.unavailable[units.sku, default: 0]])]"
  }
}

struct Resolve: SimulatedCommand {
  var units: Model.Units
  var isScrap: Bool
  var isIdempotent: Bool { false }
  var description: String { "\(isScrap ? "scrap" : "clear") \([units].words)" }

  static func draw(_ hand: inout Hand) -> Resolve? {
    Resolve(
      units: .init(sku: hand.sku(), quantity: hand.count(1...3)), isScrap: hand.isLucky(2))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ResolveUnavailableResponse {
    try await pool.resolveUnavailable(
      .init(lines: [units].stock, outcome: isScrap ? .scrapped : .cleared, requestID: requestID),
      context: context)
  }

  func words(_ response: ResolveUnavailableResponse) -> String {
    "\(response.balances.map { [$0.onHandCount, $0.unavailableCount] })"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let left = model.unavailable[units.sku, default: 0] - units.quantity
    guard left >= 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    model.unavailable[units.sku] = left
    if !isScrap { model.onHand[units.sku, default: 0] += units.quantity }
    model.move()
    return "[\([model.onHand[units.sku, default: 0], left])]"
  }
}

extension [Model.Units] {
  var words: String { map { "\($0.quantity)×\($0.sku)" }.joined(separator: " ") }

  var stock: [StockLine] {
    map { StockLine(sku: $0.sku, locationID: Home.location(of: $0.sku), quantity: $0.quantity) }
  }
}
