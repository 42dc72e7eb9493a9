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
    for line in units { model.onHand[line.shelf, default: 0] += line.quantity }
    model.move()
    return "\(units.map { model.onHand[$0.shelf, default: 0] })"
  }
}

struct Adjust: SimulatedCommand {
  var shelf: String
  var delta: Quantity
  var isIdempotent: Bool { false }
  var description: String { "adjust \(shelf) by \(delta)" }

  static func draw(_ hand: inout Hand) -> Adjust? {
    Adjust(shelf: hand.shelf(), delta: hand.isLucky(2) ? hand.count(1...4) : -hand.count(1...9))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> AdjustStockResponse {
    let line = AdjustmentLine(
      sku: Shelf.sku(shelf), locationID: Shelf.location(shelf), deltaCount: delta)
    return try await pool.adjustStock(
      .init(lines: [line], reason: "count", requestID: requestID), context: context)
  }

  func words(_ response: AdjustStockResponse) -> String {
    "\(response.balances.map(\.onHandCount))"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let after = model.onHand[shelf, default: 0] + delta
    guard delta > 0 || after >= 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    if delta > 0 { model.onHand[shelf] = after } else { model.leave(shelf, -delta) }
    model.move()
    return "[\(after)]"
  }
}

struct TakeBack: SimulatedCommand {
  enum Disposition: Int, CaseIterable { case restock, quarantine, writeOff }

  var returnID: String
  var order: String
  var line: String
  /// A bundle's components come back together.
  var units: Model.Units
  var disposition: Disposition
  var isIdempotent: Bool { false }
  var isRememberedForEver: Bool { true }
  var description: String { "return \(returnID) \(order)/\(line) \([units].words) \(disposition)" }

  static func draw(_ hand: inout Hand) -> TakeBack? {
    let order = hand.order() ?? ""
    let line = order.isEmpty || hand.isLucky(4) ? "" : hand.line(of: order)
    let sold = hand.model.orders[order]?.lines[line]?.ware
    // Of a bundle that was sold, no single component comes back: the model counts whole ones only.
    let isBundle = sold.map { hand.model.bundles[$0] != nil } ?? false
    let other = sold == nil ? hand.ware(for: order) : hand.shelf()
    return TakeBack(
      returnID: hand.name("r"), order: order, line: line,
      units: .init(
        shelf: hand.isLucky(5) && !isBundle ? other : sold ?? other, quantity: hand.count(1...3)),
      disposition: Disposition.allCases.randomElement(using: &hand.random) ?? .restock)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReturnStockResponse {
    let kinds: [ReturnLine.Disposition] = [.restock, .quarantine, .writeOff]
    let line = ReturnLine(
      sku: Shelf.sku(units.shelf), locationID: Shelf.location(units.shelf),
      quantity: units.quantity, disposition: kinds[disposition.rawValue], lineID: line)
    return try await pool.returnStock(
      .init(returnID: returnID, orderID: order, lines: [line], requestID: requestID),
      context: context)
  }

  func words(_ response: ReturnStockResponse) -> String {
    "\(response.balances.map { [$0.onHandCount, $0.unavailableCount] })"
  }

  func apply(to model: inout Model) -> String {
    let sold = model.orders[order]?.lines[line]
    let isOfLine = sold.map { Shelf.sku($0.ware) } == Shelf.sku(units.shelf)
    var parts = model.parts(of: [units])
    if let sold, isOfLine, model.bundles[sold.ware] != nil {
      // What was in it when it was sold.
      parts = sold.parts.map { .init(shelf: $0.shelf, quantity: $0.units * units.quantity) }
    }
    for part in parts {
      switch disposition {
      case .restock: model.onHand[part.shelf, default: 0] += part.quantity
      case .quarantine: model.unavailable[part.shelf, default: 0] += part.quantity
      case .writeOff: break
      }
    }
    if isOfLine { model.orders[order]?.lines[line]?.returned += units.quantity }
    model.move()
    return
      "\(parts.map { [model.onHand[$0.shelf, default: 0], model.unavailable[$0.shelf, default: 0]] })"
  }
}

struct Resolve: SimulatedCommand {
  var units: Model.Units
  var isScrap: Bool
  var isIdempotent: Bool { false }
  var description: String { "\(isScrap ? "scrap" : "clear") \([units].words)" }

  static func draw(_ hand: inout Hand) -> Resolve? {
    Resolve(
      units: .init(shelf: hand.shelf(), quantity: hand.count(1...3)), isScrap: hand.isLucky(2))
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
    let left = model.unavailable[units.shelf, default: 0] - units.quantity
    guard left >= 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    model.unavailable[units.shelf] = left
    if !isScrap { model.onHand[units.shelf, default: 0] += units.quantity }
    model.move()
    return "[\([model.onHand[units.shelf, default: 0], left])]"
  }
}

extension [Model.Units] {
  var words: String { map { "\($0.quantity)×\($0.shelf)" }.joined(separator: " ") }

  var stock: [StockLine] {
    map {
      StockLine(
        sku: Shelf.sku($0.shelf), locationID: Shelf.location($0.shelf), quantity: $0.quantity)
    }
  }
}
