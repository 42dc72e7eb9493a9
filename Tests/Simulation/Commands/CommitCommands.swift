import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// Makes an order of a hold, or of a part of it; of one that has expired, too, when its units are still there.
struct CommitUnits: SimulatedCommand {
  var hold: String
  var order: String
  var channel: String
  /// Empty for all of it.
  var wanted: [Model.Units]
  var description: String {
    "commit \(wanted.isEmpty ? "all" : wanted.words) of \(hold) to \(order) on \(channel)"
  }

  static func draw(_ hand: inout Hand) -> CommitUnits? {
    guard let hold = hand.hold(), let known = hand.model.holds[hold] else { return nil }
    let other = hand.isLucky(10) ? hand.order() : nil
    var wanted: [Model.Units] = []
    if hand.isLucky(3) {
      for line in known.lines where hand.isLucky(2) {
        wanted.append(.init(shelf: line.shelf, quantity: hand.count(1...(line.quantity + 1))))
      }
    }
    return CommitUnits(
      hold: hold, order: other.flatMap { Hand.agree($0, hold) ? $0 : nil } ?? "order of \(hold)",
      channel: hand.isLucky(2) ? "" : hand.channel(), wanted: wanted)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> CommitHoldResponse {
    try await pool.commitHold(
      .init(
        holdID: hold, orderID: order, channelID: channel, requestID: requestID,
        lines: wanted.holdLines),
      context: context)
  }

  func words(_ response: CommitHoldResponse) -> String {
    "committed to \(response.hold?.orderID ?? "nothing"): \(response.lines.map(\.soldCount))"
      + (response.retaken ? " again" : "")
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    guard let known = model.known(hold) else {
      // Its order knows of it for ever.
      guard model.orders[order]?.hold == hold else { throw Model.Refusal("HOLD_UNKNOWN") }
      return answer(model, model.holds[hold])
    }
    let units = model.parts(of: wanted, in: known)
    switch known.state {
    case .released: throw Model.Refusal("HOLD_ENDED")
    case .committed:
      guard known.order == order, units.isEmpty || known.lines.have(units) else {
        throw Model.Refusal("HOLD_ENDED")
      }
      return answer(model, known)
    case .held, .expired: break
    }
    var (part, rest) = try split(known, units)
    if known.state == .expired {
      try retake(&part, known, &model)
    } else {
      // What took nothing out of an allotment when it was held does so when the channel sells it.
      for place in part.indices where part[place].use == nil {
        part[place].use = model.allot(
          part[place].shelf, part[place].quantity, on: channel.isEmpty ? known.channel : channel)
      }
      for line in rest { model.giveBack(line) }
    }
    for (number, line) in part.enumerated() {
      guard model.orders[order]?.lines["\(number + 1)"] == nil else {
        throw Model.Refusal("LINE_CONFLICT")
      }
      let taken = Model.Part(shelf: line.shelf, uses: line.use.map { [$0] } ?? [])
      model.orders[order, default: .init()].lines["\(number + 1)"] = Model.Line(
        ware: line.shelf, parts: [taken], sold: line.quantity)
    }
    model.orders[order]?.hold = hold
    model.orders[order]?.heldLineCount = part.count
    for place in part.indices { part[place].isPlaced = false }
    model.holds[hold]?.lines = part
    model.holds[hold]?.order = order
    model.holds[hold]?.isRetaken = known.state == .expired
    model.end(hold, as: .committed)
    return answer(model, model.holds[hold])
  }

  /// What is wanted of a hold's lines, the first line first, and what is left of them.
  private func split(
    _ hold: Model.Hold, _ wanted: [Model.Units]
  ) throws(Model.Refusal) -> (part: [Model.HoldLine], rest: [Model.HoldLine]) {
    guard !wanted.isEmpty else { return (hold.lines, []) }
    var rest = hold.lines
    var part: [Model.HoldLine] = []
    for units in wanted {
      var left = units.quantity
      for place in rest.indices where rest[place].shelf == units.shelf {
        let quantity = min(left, rest[place].quantity)
        guard quantity > 0 else { continue }
        left -= quantity
        part.append(rest[place].split(quantity))
        if !Shelf.named(units.shelf).isEmpty { part[part.count - 1].isPlaced = true }
      }
      guard left == 0 else { throw Model.Refusal("INSUFFICIENT_STOCK") }
    }
    return (part, rest)
  }

  /// Takes units that went back again, if they are still there.
  private func retake(
    _ part: inout [Model.HoldLine], _ hold: Model.Hold, _ model: inout Model
  ) throws(Model.Refusal) {
    // What moves is taken anywhere, unless its location was asked for.
    let units = part.map {
      Model.Units(
        shelf: $0.isPlaced ? $0.shelf : Shelf.sku($0.shelf), quantity: $0.quantity)
    }
    _ = try model.makeRoom(
      for: units, hold.bound, on: hold.channel, owner: hold.owner, besides: self.hold)
    part = model.placed(units, on: hold.channel, zone: "")
    for place in part.indices {
      part[place].use = model.allot(
        part[place].shelf, part[place].quantity, on: channel.isEmpty ? hold.channel : channel)
    }
  }

  private func answer(_ model: Model, _ hold: Model.Hold?) -> String {
    let known = model.orders[order] ?? .init()
    let sold = (0..<known.heldLineCount).map { known.lines["\($0 + 1)"]?.sold ?? 0 }
    return "committed to \(order): \(sold)" + (hold?.isRetaken ?? false ? " again" : "")
  }
}
