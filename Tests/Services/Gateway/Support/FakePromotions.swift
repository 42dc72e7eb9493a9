import Kit
import PoolAPI
import Primitives
import RPCCore
import Synchronization

/// The pool's promotions, as far as its contract says what they keep from other channels.
final class FakePromotions: PromotionServiceHandler {
  let pool: FakePool
  let clock: any WallClock
  let all = Mutex<[String: Promotion]>([:])
  private let lost = Mutex<String?>(nil)

  init(_ pool: FakePool, clock: any WallClock) {
    self.pool = pool
    self.clock = clock
  }

  /// The next call of that name is done, and its answer lost.
  func failNext(_ name: String) { lost.withLock { $0 = name } }

  private func step<Answer>(_ name: String, _ body: () throws -> Answer) throws -> Answer {
    let answer = try body()
    let isLost = lost.withLock { lost in
      guard lost == name else { return false }
      lost = nil
      return true
    }
    if isLost { throw RPCError(.unavailable, "", "Taken away.") }
    return answer
  }

  /// Those that keep something now.
  var active: [Promotion] {
    all.withLock { all in
      all.values.map { standing($0) }.filter { $0.state == .active }
        .sorted { $0.promotionID < $1.promotionID }
    }
  }

  private func standing(_ promotion: Promotion) -> Promotion {
    var promotion = promotion
    let now = clock.now()
    if promotion.state == .scheduled, promotion.startTime ?? .zero <= now {
      promotion.state = .active
    }
    if promotion.state == .active, promotion.endTime ?? .zero <= now { promotion.state = .ended }
    return promotion
  }

  /// Makes what keeps a SKU from other channels count in the pool.
  private func tell(_ promotion: Promotion) {
    let kept = active
    for line in promotion.lines {
      let holders = kept.filter { $0.lines.contains { $0.sku == line.sku } }
      pool.keep(
        line.sku,
        holders.map { holder in
          (
            Set(holder.channelIDs),
            holder.lines.first { $0.sku == line.sku }?.remainingCount ?? 0
          )
        })
    }
  }

  /// Time has passed.
  func look() { for promotion in all.withLock({ Array($0.values) }) { tell(promotion) } }

  /// A sale of the promotion's channel takes from what it keeps.
  func take(_ sku: String, _ units: Int64) {
    let changed = all.withLock { all -> Promotion? in
      for (id, promotion) in all where standing(promotion).state == .active {
        guard let index = promotion.lines.firstIndex(where: { $0.sku == sku }) else { continue }
        all[id]?.lines[index].takenCount += units
        all[id]?.lines[index].remainingCount -= units
        return all[id]
      }
      return nil
    }
    if let changed { tell(changed) }
  }

  private func change(
    _ id: String, _ body: (inout Promotion) throws -> Void
  ) throws -> Promotion {
    let promotion = try all.withLock { all in
      guard var promotion = all[id].map({ standing($0) }) else {
        throw RPCError(.notFound, "PROMOTION_UNKNOWN", "No promotion \(id).")
      }
      try body(&promotion)
      all[id] = promotion
      return promotion
    }
    tell(promotion)
    return promotion
  }

  private static func state(_ promotion: Promotion) -> RPCError {
    RPCError(
      .failedPrecondition, "PROMOTION_STATE", "It is \(promotion.state).",
      ["promotionId": promotion.promotionID])
  }

  func setPromotion(
    _ request: SetPromotionRequest, context: ServerContext
  ) async throws -> SetPromotionResponse {
    try step("setPromotion") {
      guard var promotion = request.promotion else {
        throw RPCError(.invalidArgument, "INVALID_REQUEST", "No promotion.")
      }
      for line in promotion.lines where pool.state.withLock({ $0.onHand[line.sku] }) == nil {
        throw RPCError(
          .invalidArgument, "SKU_UNKNOWN", "No SKU \(line.sku).", ["sku": line.sku])
      }
      for index in promotion.lines.indices {
        promotion.lines[index].remainingCount = promotion.lines[index].allottedCount
      }
      promotion.state = .draft
      let made = promotion
      return try all.withLock { all in
        if let known = all[made.promotionID], known.state != .draft { throw Self.state(known) }
        all[made.promotionID] = made
        return SetPromotionResponse(promotion: made)
      }
    }
  }

  func getPromotion(
    _ request: GetPromotionRequest, context: ServerContext
  ) async throws -> GetPromotionResponse {
    GetPromotionResponse(promotion: try change(request.promotionID) { _ in })
  }

  func listPromotions(
    _ request: ListPromotionsRequest, context: ServerContext
  ) async throws -> ListPromotionsResponse {
    ListPromotionsResponse(promotions: all.withLock { $0.values.map { standing($0) } })
  }

  func checkPromotion(
    _ request: CheckPromotionRequest, context: ServerContext
  ) async throws -> CheckPromotionResponse {
    let own = try change(request.promotionID) { _ in }
    let clashes = active.flatMap { other in
      other.lines.filter { line in
        !Set(other.channelIDs).isDisjoint(with: own.channelIDs)
          && own.lines.contains { $0.sku == line.sku }
      }.map {
        PromotionClash(kind: .overlap, sku: $0.sku, otherPromotionID: other.promotionID)
      }
    }
    return CheckPromotionResponse(clashes: clashes)
  }

  func schedulePromotion(
    _ request: SchedulePromotionRequest, context: ServerContext
  ) async throws -> SchedulePromotionResponse {
    try step("schedulePromotion") {
      SchedulePromotionResponse(
        promotion: try change(request.promotionID) { promotion in
          guard promotion.state == .draft || promotion.state == .active else {
            throw Self.state(promotion)
          }
          promotion.state = .active
        })
    }
  }

  func topUpPromotion(
    _ request: TopUpPromotionRequest, context: ServerContext
  ) async throws -> TopUpPromotionResponse {
    TopUpPromotionResponse(
      promotion: try change(request.promotionID) { promotion in
        guard promotion.state == .active else { throw Self.state(promotion) }
        for line in request.lines {
          guard let index = promotion.lines.firstIndex(where: { $0.sku == line.sku }) else {
            throw RPCError(.failedPrecondition, "PROMOTION_LINE_UNKNOWN", "No \(line.sku).")
          }
          promotion.lines[index].allottedCount += line.allottedCount
          promotion.lines[index].remainingCount += line.allottedCount
        }
      })
  }

  func endPromotion(
    _ request: EndPromotionRequest, context: ServerContext
  ) async throws -> EndPromotionResponse {
    try step("endPromotion") {
      EndPromotionResponse(
        promotion: try change(request.promotionID) { promotion in
          guard promotion.state == .active || promotion.state == .ended else {
            throw Self.state(promotion)
          }
          promotion.state = .ended
        })
    }
  }

  func cancelPromotion(
    _ request: CancelPromotionRequest, context: ServerContext
  ) async throws -> CancelPromotionResponse {
    CancelPromotionResponse(
      promotion: try change(request.promotionID) { promotion in
        guard promotion.state == .draft else { throw Self.state(promotion) }
        promotion.state = .cancelled
      })
  }

  func simulatePromotion(
    _: SimulatePromotionRequest, context _: ServerContext
  ) async throws -> SimulatePromotionResponse {
    throw RPCError(.unimplemented, "", "The gateway does not call this.")
  }
}
