import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// What people do with a promotion, in any order; it starts and ends by the clock.
struct Promote: SimulatedCommand {
  enum Step: CustomStringConvertible {
    case draft(Model.Promotion)
    case schedule(accepting: [Model.ClashKind])
    case topUp([Model.Units])
    case end
    case cancel

    var name: String {
      switch self {
      case .draft: "draft"
      case .schedule: "schedule"
      case .topUp: "topUp"
      case .end: "end"
      case .cancel: "cancel"
      }
    }

    var description: String {
      switch self {
      case .draft(let promotion):
        "draft \(promotion.strategy) on \(promotion.channels.sorted()) from "
          + "\(promotion.start.microseconds) to \(promotion.end.microseconds): "
          + promotion.allotments.sorted { $0.key < $1.key }.map {
            "\($0.value.kept)×\($0.key)"
          }.joined(separator: " ")
      case .schedule(let kinds): "schedule \(kinds)"
      case .topUp(let units): "top up \(units.words)"
      case .end: "end"
      case .cancel: "cancel"
      }
    }
  }

  var promotion: String
  var step: Step
  var description: String { "promotion \(promotion): \(step)" }
  var verb: String { "Promote \(step.name)" }
  var isIdempotent: Bool { if case .topUp = step { false } else { true } }

  static func draw(_ hand: inout Hand) -> Promote? {
    guard !hand.isLucky(6), let id = hand.promotion(), let known = hand.model.promotions[id] else {
      let id = hand.isLucky(8) ? hand.promotion() : nil
      return Promote(promotion: id ?? hand.name("p"), step: .draft(drawDraft(&hand)))
    }
    let sku = known.allotments.keys.sorted().randomElement(using: &hand.random) ?? ""
    switch known.isScheduled ? hand.count(0...8) : hand.count(3...12) {
    case 0, 1, 2:
      let other = hand.isLucky(8) ? hand.shelf() : sku
      return Promote(
        promotion: id, step: .topUp([.init(shelf: Shelf.sku(other), quantity: hand.count(1...5))]))
    case 3: return Promote(promotion: id, step: .end)
    case 4: return Promote(promotion: id, step: .cancel)
    case 5:
      return Promote(
        promotion: id, step: .draft(hand.isLucky(2) ? drawDraft(&hand) : known.asDrafted))
    default:
      let kinds = Model.ClashKind.allCases.filter { _ in !hand.isLucky(3) }
      return Promote(promotion: id, step: .schedule(accepting: kinds))
    }
  }

  private static func drawDraft(_ hand: inout Hand) -> Model.Promotion {
    let start = hand.clock + .seconds(hand.count(-10...30))
    var allotments: [String: Model.Allotment] = [:]
    for units in hand.units() where Shelf.named(units.shelf).isEmpty {
      allotments[units.shelf] = .init(planned: 2 * units.quantity)
    }
    if allotments.isEmpty { allotments[hand.bundled()] = .init(planned: 5) }
    return Model.Promotion(
      channels: Set((1...hand.count(1...2)).map { _ in hand.channel() }),
      strategy: .allCases.randomElement(using: &hand.random) ?? .restrict, start: start,
      end: start + .seconds(hand.isLucky(12) ? 0 : hand.count(1...1_000)), allotments: allotments)
  }

  func call(
    _ pool: PoolServer, _ id: String, _ context: ServerContext
  ) async throws -> GetPromotionResponse {
    let server = PromotionServer(pool)
    let found =
      switch step {
      case .draft(let draft):
        try await server.setPromotion(
          .init(promotion: message(draft), requestID: id), context: context
        ).promotion
      case .schedule(let kinds):
        try await server.schedulePromotion(
          .init(
            promotionID: promotion, acceptedClashes: kinds.map(\.message), requestID: id),
          context: context
        ).promotion
      case .topUp(let units):
        try await server.topUpPromotion(
          .init(
            promotionID: promotion,
            lines: units.map { .init(sku: $0.shelf, allottedCount: $0.quantity) },
            acceptedClashes: [Model.ClashKind.buffer.message], requestID: id),
          context: context
        ).promotion
      case .end:
        try await server.endPromotion(
          .init(promotionID: promotion, requestID: id), context: context
        ).promotion
      case .cancel:
        try await server.cancelPromotion(
          .init(promotionID: promotion, requestID: id), context: context
        ).promotion
      }
    return GetPromotionResponse(promotion: found)
  }

  private func message(_ draft: Model.Promotion) -> Promotion {
    Promotion(
      promotionID: promotion, channelIDs: draft.channels.sorted(),
      strategy: [.restrict, .regular, .ironReserve][draft.strategy.rawValue],
      startTime: draft.start, endTime: draft.end,
      lines: draft.allotments.sorted { $0.key < $1.key }.map {
        PromotionLine(sku: $0.key, allottedCount: $0.value.kept)
      })
  }

  func words(_ response: GetPromotionResponse) -> String {
    let lines = response.promotion?.lines ?? []
    return "\(response.promotion?.state ?? .unspecified) "
      + "\(lines.map { "\($0.sku) \($0.takenCount)/\($0.allottedCount)" })"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if case .draft(let draft) = step {
      guard draft.end > model.now, draft.end > draft.start else {
        throw Model.Refusal("INVALID_REQUEST")
      }
      if let known = model.promotions[promotion] {
        guard known.asDrafted != draft else { return answer(model) }
        guard known.state(at: model.now) == "draft" else { throw Model.Refusal("PROMOTION_STATE") }
      }
      model.promotions[promotion] = draft
      model.noteTime()
      return answer(model)
    }
    guard var known = model.promotions[promotion] else { throw Model.Refusal("PROMOTION_UNKNOWN") }
    let before = known
    try change(&known, model)
    model.promotions[promotion] = known
    if known != before { model.noteTime() }
    return answer(model)
  }

  private func change(
    _ known: inout Model.Promotion, _ model: Model
  ) throws(Model.Refusal) {
    let state = known.state(at: model.now)
    func expect(_ states: [String]) throws(Model.Refusal) {
      guard states.contains(state) else { throw Model.Refusal("PROMOTION_STATE") }
    }
    switch step {
    case .draft: break
    case .schedule(let kinds):
      if known.isScheduled, !known.isCancelled { return }
      try expect(["draft"])
      guard known.end > model.now else { throw Model.Refusal("PROMOTION_CLASHES") }
      let wanted = known.allotments.mapValues(\.kept)
      guard !model.clashes(promotion, wanted, isMore: false, accepting: Set(kinds)) else {
        throw Model.Refusal("PROMOTION_CLASHES")
      }
      known.isScheduled = true
    case .topUp(let units):
      try expect(["scheduled", "active"])
      guard units.allSatisfy({ known.allotments[$0.shelf] != nil }) else {
        throw Model.Refusal("PROMOTION_LINE_UNKNOWN")
      }
      guard !model.clashes(promotion, units.sums, isMore: true, accepting: [.buffer]) else {
        throw Model.Refusal("PROMOTION_CLASHES")
      }
      for more in units { known.allotments[more.shelf]?.more += more.quantity }
    case .end:
      if state == "ended" { return }
      try expect(["active"])
      known.end = model.now
    case .cancel:
      if known.isCancelled { return }
      try expect(["draft", "scheduled"])
      known.isCancelled = true
    }
  }

  private func answer(_ model: Model) -> String {
    guard let known = model.promotions[promotion] else { return "" }
    let lines = known.allotments.sorted { $0.key < $1.key }.map {
      "\($0.key) \($0.value.taken)/\($0.value.kept)"
    }
    return "\(known.state(at: model.now)) \(lines)"
  }
}

extension Model.Promotion {
  /// Its terms, without what has become of them.
  fileprivate var asDrafted: Model.Promotion {
    var draft = self
    (draft.isScheduled, draft.isCancelled) = (false, false)
    draft.allotments = allotments.mapValues { .init(planned: $0.planned) }
    return draft
  }
}

extension Model.ClashKind {
  fileprivate var message: PromotionClash.Kind { [.overPromised, .buffer][rawValue] }
}
