import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

struct HoldUnits: SimulatedCommand {
  var hold: String
  var owner: String
  var units: [Model.Units]
  var expiry: Timestamp
  var description: String {
    "hold \(hold) for \(owner) \(units.words) until \(expiry.microseconds)"
  }

  static func draw(_ hand: inout Hand) -> HoldUnits? {
    let known = hand.isLucky(8) ? hand.hold() : nil
    let hold = known ?? hand.name("h")
    // Each with an owner of its own: what an owner's other holds give up is not in the model.
    return HoldUnits(
      hold: hold, owner: "owner of \(hold)", units: hand.units(),
      expiry: hand.clock + .seconds(hand.isLucky(10) ? 0 : hand.count(1...90)))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> CreateHoldResponse {
    let lines = units.map { HoldLine(sku: $0.sku, quantity: $0.quantity) }
    return try await pool.createHold(
      .init(
        holdID: hold, owner: owner, lines: lines, expireTime: expiry, requestID: requestID),
      context: context)
  }

  func words(_ response: CreateHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if let known = model.holds[hold], !known.isForgotten {
      guard known.owner == owner, known.lines.sums == units.sums else {
        throw Model.Refusal("HOLD_EXISTS")
      }
      return known.words
    }
    guard expiry > model.now, expiry <= model.now + .seconds(7 * 24 * 3600) else {
      throw Model.Refusal("INVALID_REQUEST")
    }
    guard model.missing(units) == 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    let made = Model.Hold(owner: owner, lines: units, expiry: expiry)
    model.holds[hold] = made
    model.move()
    return made.words
  }
}

struct CommitUnits: SimulatedCommand {
  var hold: String
  var order: String
  var description: String { "commit \(hold) to \(order)" }

  static func draw(_ hand: inout Hand) -> CommitUnits? {
    guard let hold = hand.hold() else { return nil }
    let other = hand.isLucky(10) ? hand.order() : nil
    return CommitUnits(hold: hold, order: other ?? "order of \(hold)")
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> CommitHoldResponse {
    try await pool.commitHold(
      .init(holdID: hold, orderID: order, channelID: "web", requestID: requestID),
      context: context)
  }

  func words(_ response: CommitHoldResponse) -> String {
    "committed to \(response.hold?.orderID ?? "nothing"): \(response.lines.map(\.soldCount))"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    guard let known = model.holds[hold], !known.isForgotten else {
      // Its order knows of it for ever.
      guard model.orders[order]?.hold == hold else { throw Model.Refusal("HOLD_UNKNOWN") }
      return answer(model)
    }
    switch known.state {
    case .released: throw Model.Refusal("HOLD_ENDED")
    case .expired:
      // Its units are taken again, if they are still there.
      guard model.missing(known.lines) == 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    case .committed:
      guard known.order == order else { throw Model.Refusal("HOLD_ENDED") }
      return answer(model)
    case .held: break
    }
    var lines = model.orders[order]?.lines ?? [:]
    for (number, units) in known.lines.enumerated() {
      guard lines["\(number + 1)"] == nil else { throw Model.Refusal("LINE_CONFLICT") }
      lines["\(number + 1)"] = Model.Line(sku: units.sku, sold: units.quantity)
    }
    model.end(hold, as: .committed)
    model.holds[hold]?.order = order
    model.orders[order, default: .init()].lines = lines
    model.orders[order]?.hold = hold
    model.orders[order]?.heldLineCount = known.lines.count
    return answer(model)
  }

  private func answer(_ model: Model) -> String {
    let known = model.orders[order] ?? .init()
    let sold = (0..<known.heldLineCount).map { known.lines["\($0 + 1)"]?.sold ?? 0 }
    return "committed to \(order): \(sold)"
  }
}

struct ReleaseUnits: SimulatedCommand {
  var hold: String
  var description: String { "release \(hold)" }

  static func draw(_ hand: inout Hand) -> ReleaseUnits? {
    hand.hold().map { ReleaseUnits(hold: $0) }
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReleaseHoldResponse {
    try await pool.releaseHold(.init(holdID: hold, requestID: requestID), context: context)
  }

  func words(_ response: ReleaseHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    guard let known = model.holds[hold], !known.isForgotten else {
      throw Model.Refusal("HOLD_UNKNOWN")
    }
    switch known.state {
    case .committed, .expired: throw Model.Refusal("HOLD_ENDED")
    case .released: break
    case .held: model.end(hold, as: .released)
    }
    return model.holds[hold]?.words ?? ""
  }
}

extension PoolAPI.Hold? {
  fileprivate var words: String {
    "\(self?.state ?? .unspecified) \(self?.lines.map(\.quantity) ?? [])"
  }
}

extension Model.Hold {
  fileprivate var words: String { "\(state) \(lines.map(\.quantity))" }
}

extension [Model.Units] {
  fileprivate var sums: [String: Quantity] {
    Dictionary(map { ($0.sku, $0.quantity) }, uniquingKeysWith: +)
  }
}
