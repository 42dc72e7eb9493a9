internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
internal import Protobuf
public import RPCCore
internal import StorageCore

/// The pool's promotions: its commands go to the same writer, its reads see the same view.
public struct PromotionServer: PromotionServiceHandler {
  let pool: PoolServer

  public init(_ pool: PoolServer) {
    self.pool = pool
  }

  public func setPromotion(
    _ request: SetPromotionRequest, context: ServerContext
  ) async throws -> SetPromotionResponse {
    var check = RequestCheck()
    let promotion = check.required(request.promotion, "promotion") ?? PoolAPI.Promotion()
    let command = check.promotion(promotion)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.set(command), request, request.requestID, context) {
      SetPromotionResponse(promotion: $0)
    }
  }

  public func schedulePromotion(
    _ request: SchedulePromotionRequest, context: ServerContext
  ) async throws -> SchedulePromotionResponse {
    var check = RequestCheck()
    let id = check.identifier(PromotionID.self, request.promotionID, "promotion_id")
    let kinds = check.clashes(request.acceptedClashes)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(
      .schedule(id, accepting: kinds), request, request.requestID, context
    ) { SchedulePromotionResponse(promotion: $0) }
  }

  public func topUpPromotion(
    _ request: TopUpPromotionRequest, context: ServerContext
  ) async throws -> TopUpPromotionResponse {
    var check = RequestCheck()
    let id = check.identifier(PromotionID.self, request.promotionID, "promotion_id")
    let lines = check.allotments(request.lines, "lines")
    let kinds = check.clashes(request.acceptedClashes)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(
      .topUp(id, lines, accepting: kinds), request, request.requestID, context
    ) { TopUpPromotionResponse(promotion: $0) }
  }

  public func endPromotion(
    _ request: EndPromotionRequest, context: ServerContext
  ) async throws -> EndPromotionResponse {
    let id = try Self.promotionID(request.promotionID, request.requestID)
    return try await perform(.end(id), request, request.requestID, context) {
      EndPromotionResponse(promotion: $0)
    }
  }

  public func cancelPromotion(
    _ request: CancelPromotionRequest, context: ServerContext
  ) async throws -> CancelPromotionResponse {
    let id = try Self.promotionID(request.promotionID, request.requestID)
    return try await perform(.cancel(id), request, request.requestID, context) {
      CancelPromotionResponse(promotion: $0)
    }
  }

  // MARK: Reads

  public func getPromotion(
    _ request: GetPromotionRequest, context: ServerContext
  ) throws -> GetPromotionResponse {
    let id = try Self.promotionID(request.promotionID, "")
    let now = pool.clock.now()
    return try pool.view.read { state in
      GetPromotionResponse(promotion: PoolAPI.Promotion(try state.promotion(id), state, now))
    }
  }

  public func listPromotions(
    _ request: ListPromotionsRequest, context: ServerContext
  ) throws -> ListPromotionsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let token = try pool.pageToken(request.pageToken, scope: "ListPromotions", partCount: 1)
    let start = token.map { Int($0.parts[0]) ?? -1 } ?? 0
    guard start >= 0 else { throw PoolError.pageTokenInvalid }
    let now = pool.clock.now()
    return pool.view.read { state in
      let rest = state.promotions.promotions.dropFirst(start)
      var page: [PoolAPI.Promotion] = []
      var lines = 0
      for promotion in rest.prefix(size) {
        lines += promotion.lines.count
        guard page.isEmpty || lines <= ServiceLimits.listedPromotionLines else { break }
        page.append(PoolAPI.Promotion(promotion, state, now))
      }
      return ListPromotionsResponse(
        promotions: page,
        nextPageToken: rest.count > page.count
          ? PageToken("\(start + page.count)").encoded(scope: "ListPromotions") : "")
    }
  }

  public func checkPromotion(
    _ request: CheckPromotionRequest, context: ServerContext
  ) throws -> CheckPromotionResponse {
    let id = try Self.promotionID(request.promotionID, "")
    let now = pool.now
    return try pool.view.read { state in
      // As in the pool at its next command, which looks at the clock first.
      var state = state
      state.now = max(now, state.now)
      return CheckPromotionResponse(
        clashes: state.clashes(of: try state.promotion(id)).map {
          PoolAPI.PromotionClash($0, state)
        })
    }
  }

  // MARK: Parts

  private static func promotionID(_ text: String, _ requestID: String) throws -> PromotionID {
    var check = RequestCheck()
    let id = check.identifier(PromotionID.self, text, "promotion_id")
    check.requestID(requestID)
    try check.finish()
    return id
  }

  private func perform<Request: Message, Response: Message>(
    _ command: PromotionCommand, _ request: Request, _ requestID: String, _ context: ServerContext,
    respond: @escaping @Sendable (PoolAPI.Promotion) -> Response
  ) async throws -> Response {
    try await pool.perform(.promotion(command), for: request, id: requestID, context) {
      reply, pool in
      guard case .promotion(let promotion, let allotments) = reply else {
        preconditionFailure("\(reply) has no promotion")
      }
      return respond(PoolAPI.Promotion(promotion, allotments, pool, now: pool.now))
    }
  }
}

extension ReadModel.State {
  func promotion(_ id: PromotionID) throws(PoolError) -> PoolDomain.Promotion {
    guard let known = promotions.find(id) else { throw .promotion(.unknown(id)) }
    return known
  }
}
