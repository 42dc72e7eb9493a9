import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// Units are counted while they are sold.
struct Count: SimulatedCommand {
  enum Step: Sendable {
    case open([String])
    case report(String, [Model.Units])
    case submit
    case approve(reason: String)
    case cancel

    var name: String {
      switch self {
      case .open: "open"
      case .report: "report"
      case .submit: "submit"
      case .approve: "approve"
      case .cancel: "cancel"
      }
    }
  }

  var count: String
  var step: Step
  var description: String { "count \(count): \(step)" }
  var verb: String { "Count \(step.name)" }

  static func draw(_ hand: inout Hand) -> Count? {
    let known = hand.isLucky(6) ? nil : hand.stockCount()
    guard let known, let found = hand.model.counts[known] else {
      let first = hand.shelf()
      let others = hand.model.shelves.filter { Shelf.location($0) == Shelf.location(first) }
      var shelves = [first]
      if let more = others.randomElement(using: &hand.random), more != first, hand.isLucky(2) {
        shelves.append(more)
      }
      return Count(
        count: hand.isLucky(8) ? hand.stockCount() ?? hand.name("c") : hand.name("c"),
        step: .open(shelves))
    }
    return Count(count: known, step: step(of: found, &hand))
  }

  private static func step(of count: Model.StockCount, _ hand: inout Hand) -> Step {
    if hand.isLucky(12) { return .cancel }
    let isSeen = count.lines.allSatisfy { $0.lookCount > 0 }
    if count.state == "open", !hand.isLucky(isSeen ? 3 : 8) {
      let name = hand.isLucky(10) ? count.reports.keys.min() : nil
      let seen = count.lines.filter { _ in !hand.isLucky(4) }.map(\.shelf)
      return .report(
        name ?? hand.name("look"),
        (seen.isEmpty ? [count.lines[0].shelf] : seen).map { shelf in
          let there = hand.model.onHand[shelf, default: 0]
          return .init(
            shelf: shelf, quantity: max(0, there + (hand.isLucky(2) ? 0 : hand.count(-3...3))))
        })
    }
    if count.state == "open", !hand.isLucky(8) { return .submit }
    return .approve(reason: hand.isLucky(3) ? "" : "counted")
  }

  func call(
    _ pool: PoolServer, _ id: String, _ context: ServerContext
  ) async throws -> GetCountResponse {
    let server = CountServer(pool)
    let state: StockCount.State?
    switch step {
    case .open(let shelves):
      state = try await server.openCount(
        .init(
          countID: count, locationID: Shelf.location(shelves[0]), skus: shelves.map(Shelf.sku),
          requestID: id), context: context
      ).sheet?.state
    case .report(let name, let seen):
      state = try await server.reportCount(
        .init(
          countID: count, reportID: name,
          lines: seen.map { .init(sku: Shelf.sku($0.shelf), countedCount: $0.quantity) },
          actor: "bo", requestID: id), context: context
      ).sheet?.state
    case .submit:
      state = try await server.submitCount(
        .init(countID: count, requestID: id), context: context
      ).sheet?.state
    case .approve(let reason):
      state = try await server.approveCount(
        .init(countID: count, reason: reason, actor: "al", requestID: id), context: context
      ).count?.state
    case .cancel:
      state = try await server.cancelCount(
        .init(countID: count, actor: "al", requestID: id), context: context
      ).count?.state
    }
    return GetCountResponse(count: StockCount(countID: count, state: state ?? .unspecified))
  }

  func words(_ response: GetCountResponse) -> String {
    "\(response.count?.state ?? .unspecified)"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    switch step {
    case .open(let shelves): try model.open(count, shelves)
    case .report(let name, let seen): try model.report(count, name, seen)
    case .submit: try model.submit(count)
    case .approve(let reason): try model.approve(count, reason: reason)
    case .cancel: try model.cancelCount(count)
    }
    return model.counts[count]?.state ?? ""
  }
}
