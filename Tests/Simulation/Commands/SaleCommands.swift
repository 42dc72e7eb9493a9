import PoolAPI
import Primitives
import Protobuf
import RPCCore

@testable import PoolService

/// Records what an order has bought: totals of its lines, which only rise.
struct Sell: SimulatedCommand {
  var order: String
  var channel: String
  /// Whose it is; nobody's if empty.
  var owner: String
  /// The lines' names are `1`, `2`, ….
  var wanted: [Model.Units]
  var refusesShortage: Bool
  var description: String {
    "\(refusesShortage ? "try" : "sell") \(order) on \(channel) for \(owner): \(wanted.words)"
  }

  static func draw(_ hand: inout Hand) -> Sell? {
    // Now and then more of an order that is known.
    // Of what moves, a hold's lines lie at either location, and the model knows a line by it.
    let known = hand.isLucky(6) ? hand.order() : nil
    let lines = known.flatMap { hand.model.orders[$0] }.map { $0.hold.isEmpty ? [:] : $0.lines }
    let isMoving = lines?.values.contains { Shelf.sku($0.ware) == Shelf.moving } ?? false
    let order = (isMoving ? nil : known) ?? hand.name("o")
    var wanted = hand.wanted(for: order)
    for place in wanted.indices where hand.isLucky(2) {
      guard let line = hand.model.orders[order]?.lines["\(place + 1)"] else { continue }
      wanted[place] = .init(shelf: line.ware, quantity: line.sold + hand.count(0...3))
    }
    return Sell(
      order: order, channel: hand.channel(), owner: hand.isLucky(2) ? "" : hand.owner(),
      wanted: wanted, refusesShortage: hand.isLucky(3))
  }

  func request(_ id: String) -> RecordSaleRequest {
    let lines = wanted.enumerated().map { number, units in
      SaleLine(
        lineID: "\(number + 1)", sku: Shelf.sku(units.shelf), quantity: units.quantity,
        locationID: Shelf.named(units.shelf))
    }
    return RecordSaleRequest(
      orderID: order, channelID: channel, lines: lines, refuseShortage: refusesShortage,
      requestID: id, owner: owner)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> RecordSaleResponse {
    try await pool.recordSale(request(requestID), context: context)
  }

  func words(_ response: RecordSaleResponse) -> String {
    "\(response.lines.map(\.soldCount)) oversold \(response.oversoldCount)"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    var lines = model.orders[order]?.lines ?? [:]
    var fresh: [(line: String, part: Int, units: Model.Units)] = []
    for (number, wanted) in wanted.enumerated() {
      let name = "\(number + 1)"
      let inside = model.parts(of: [.init(shelf: wanted.shelf, quantity: 1)])
      var line =
        lines[name]
        ?? Model.Line(
          ware: wanted.shelf, parts: inside.map { .init(shelf: $0.shelf, units: $0.quantity) })
      guard line.ware == wanted.shelf, line.sold <= wanted.quantity else {
        throw Model.Refusal("LINE_CONFLICT")
      }
      let more = wanted.quantity - line.sold
      for (place, part) in line.parts.enumerated() where more > 0 {
        let units = Model.Units(shelf: part.shelf, quantity: more * part.units)
        fresh.append((name, place, units))
      }
      line.sold = wanted.quantity
      lines[name] = line
    }
    let missing = try model.makeRoom(
      for: fresh.map(\.units), refusesShortage ? .available : .fact, on: channel, owner: owner)
    for (name, place, units) in fresh {
      guard let use = model.allot(units.shelf, units.quantity, on: channel) else { continue }
      lines[name]?.parts[place].add(use)
    }
    model.orders[order, default: .init()].lines = lines
    if !fresh.isEmpty { model.move() }
    return "\(wanted.map(\.quantity)) oversold \(missing)"
  }
}

/// Records many orders in one call; each is decided on its own.
struct SellMany: SimulatedCommand {
  var sales: [Sell]
  var description: String { sales.map { "\($0)" }.joined(separator: " and ") }

  static func draw(_ hand: inout Hand) -> SellMany? {
    SellMany(sales: (1...hand.count(1...5)).compactMap { _ in Sell.draw(&hand) })
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> RecordSalesResponse {
    let requests = sales.indices.map { sales[$0].request(id($0, requestID)) }
    return try await pool.recordSales(.init(sales: requests), context: context)
  }

  /// Each has a request ID of its own.
  private func id(_ number: Int, _ requestID: String) -> String {
    requestID.isEmpty ? "" : "\(requestID)/\(number)"
  }

  func words(_ response: RecordSalesResponse) -> String {
    let outcomes = zip(sales, response.results).map { sale, result -> Outcome in
      switch result.outcome {
      case .response(let response): .done(sale.words(response))
      case .error(let status):
        .refused(
          RPCError(code: .unknown, message: "", statusDetails: status.serialized()).reason)
      case nil: .unknown
      }
    }
    return "\(outcomes)"
  }

  func decide(_ request: SimulatedRequest, in model: inout Model) -> Outcome {
    let outcomes = sales.enumerated().map { number, sale in
      var part = request
      (part.id, part.command) = (id(number, request.id), sale)
      return model.decide(part)
    }
    return .done("\(outcomes)")
  }

  func apply(to model: inout Model) -> String { preconditionFailure("each sale is decided") }
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
    var known = try model.line(line, of: order)
    let more = max(0, total - known.cancelled)
    guard more <= known.open else { throw Model.Refusal("SALE_SHIPPED") }
    known.cancelled += more
    for place in known.parts.indices where more > 0 {
      known.parts[place].giveBack(more, in: &model)
    }
    model.orders[order]?.lines[line] = known
    if more > 0 { model.move() }
    return "[\(known.cancelled)]"
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
    var known = try model.line(line, of: order)
    let more = max(0, total - known.shipped)
    guard more <= known.open else { throw Model.Refusal("NOT_COMMITTED") }
    known.shipped += more
    for part in known.parts { model.leave(part.shelf, more * part.units) }
    model.orders[order]?.lines[line] = known
    if more > 0 { model.move() }
    return "[\(known.shipped)]"
  }
}

extension Model.Part {
  mutating func add(_ use: Model.Use) {
    if let place = uses.firstIndex(where: { $0.promotion == use.promotion }) {
      uses[place].quantity += use.quantity
    } else {
      uses.append(use)
    }
  }

  /// What is cancelled goes back to the first promotion that still runs.
  mutating func giveBack(_ more: Quantity, in model: inout Model) {
    let running = uses.firstIndex {
      model.promotions[$0.promotion]?.isActive(at: model.now) ?? false
    }
    guard let running else { return }
    let quantity = min(uses[running].quantity, more * units)
    model.giveBack(
      .init(
        shelf: shelf, quantity: quantity,
        use: .init(promotion: uses[running].promotion, quantity: quantity)))
    uses[running].quantity -= quantity
    if uses[running].quantity == 0 { uses.remove(at: running) }
  }
}

extension Model {
  fileprivate func line(_ line: String, of order: String) throws(Refusal) -> Line {
    guard let known = orders[order] else { throw Refusal("SALE_UNKNOWN") }
    guard let line = known.lines[line] else { throw Refusal("LINE_UNKNOWN") }
    return line
  }
}
