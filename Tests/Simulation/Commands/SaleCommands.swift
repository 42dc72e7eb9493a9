import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// Records what an order has bought: totals of its lines, which only rise.
struct Sell: SimulatedCommand {
  var order: String
  /// The lines' names are `1`, `2`, ….
  var units: [Model.Units]
  var refusesShortage: Bool
  var description: String { "\(refusesShortage ? "try" : "sell") \(order) \(units.words)" }

  static func draw(_ hand: inout Hand) -> Sell? {
    // Now and then more of an order that is known.
    let known = hand.isLucky(6) ? hand.order() : nil
    return Sell(
      order: known ?? hand.name("o"), units: hand.units(), refusesShortage: hand.isLucky(3))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> RecordSaleResponse {
    let lines = units.enumerated().map { number, units in
      SaleLine(lineID: "\(number + 1)", sku: units.sku, quantity: units.quantity)
    }
    return try await pool.recordSale(
      .init(
        orderID: order, channelID: "shopee", lines: lines, refuseShortage: refusesShortage,
        requestID: requestID),
      context: context)
  }

  func words(_ response: RecordSaleResponse) -> String {
    "\(response.lines.map(\.soldCount)) oversold \(response.oversoldCount)"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    var lines = model.orders[order]?.lines ?? [:]
    var fresh: [Model.Units] = []
    for (number, wanted) in units.enumerated() {
      let known = lines["\(number + 1)"]
      if let known, known.sku != wanted.sku || known.sold > wanted.quantity {
        throw Model.Refusal("LINE_CONFLICT")
      }
      let more = wanted.quantity - (known?.sold ?? 0)
      if more > 0 { fresh.append(.init(sku: wanted.sku, quantity: more)) }
      lines["\(number + 1)", default: .init(sku: wanted.sku)].sold = wanted.quantity
    }
    let missing = model.missing(fresh)
    if refusesShortage, missing > 0 { throw Model.Refusal("INSUFFICIENT_STOCK") }
    model.orders[order, default: .init()].lines = lines
    if !fresh.isEmpty { model.move() }
    return "\(units.map(\.quantity)) oversold \(missing)"
  }
}

/// Raises the total of a line's cancelled units.
struct Cancel: SimulatedCommand {
  var order: String
  var line: String
  var total: Quantity
  var description: String { "cancel \(order)/\(line) to \(total)" }

  static func draw(_ hand: inout Hand) -> Cancel? {
    guard let order = hand.order() else { return nil }
    return Cancel(order: order, line: hand.line(of: order), total: hand.count(0...4))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> CancelSaleResponse {
    let lines = [LineTotal(lineID: line, totalCount: total)]
    return try await pool.cancelSale(
      .init(orderID: order, lines: lines, requestID: requestID), context: context)
  }

  func words(_ response: CancelSaleResponse) -> String {
    "\(response.lines.map(\.cancelledCount))"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let known = try model.line(line, of: order)
    let more = max(0, total - known.cancelled)
    guard more <= known.open else { throw Model.Refusal("SALE_SHIPPED") }
    model.orders[order]?.lines[line]?.cancelled += more
    if more > 0 { model.move() }
    return "[\(known.cancelled + more)]"
  }
}

/// Raises the total of a line's shipped units.
struct Ship: SimulatedCommand {
  var order: String
  var line: String
  var total: Quantity
  var description: String { "ship \(order)/\(line) to \(total)" }

  static func draw(_ hand: inout Hand) -> Ship? {
    guard let order = hand.order() else { return nil }
    return Ship(order: order, line: hand.line(of: order), total: hand.count(0...6))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ShipSaleResponse {
    let lines = [LineTotal(lineID: line, totalCount: total)]
    return try await pool.shipSale(
      .init(orderID: order, lines: lines, requestID: requestID), context: context)
  }

  func words(_ response: ShipSaleResponse) -> String { "\(response.lines.map(\.shippedCount))" }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let known = try model.line(line, of: order)
    let more = max(0, total - known.shipped)
    guard more <= known.open else { throw Model.Refusal("NOT_COMMITTED") }
    model.orders[order]?.lines[line]?.shipped += more
    model.onHand[known.sku, default: 0] -= more
    if more > 0 { model.move() }
    return "[\(known.shipped + more)]"
  }
}

extension Model {
  fileprivate func line(_ line: String, of order: String) throws(Refusal) -> Line {
    guard let known = orders[order] else { throw Refusal("SALE_UNKNOWN") }
    guard let line = known.lines[line] else { throw Refusal("LINE_UNKNOWN") }
    return line
  }
}
