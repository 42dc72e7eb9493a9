internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension PoolServer {
  public func createHold(
    _ request: CreateHoldRequest, context: ServerContext
  ) async throws -> CreateHoldResponse {
    try await Answer.wait { try createHold(request, context, $0) }
  }

  func createHold(
    _ request: CreateHoldRequest, _ context: ServerContext,
    _ answer: Answer<CreateHoldResponse>
  ) throws {
    var check = RequestCheck()
    let lines = check.lines(request.lines, atMost: Limits.holdLines) { check, line, path in
      check.demand(nil, line.sku, line.quantity, line.locationID, path)
    }
    let command = CreateHold(
      holdID: check.identifier(HoldID.self, request.holdID, "hold_id"),
      owner: check.identifier(OwnerID.self, request.owner, "owner").text, lines: lines,
      expireTime: check.required(request.expireTime, "expire_time") ?? .zero,
      channelID: check.optionalIdentifier(ChannelID.self, request.channelID, "channel_id"),
      zone: check.zone(request.zone), actor: check.actor(request.actor),
      cause: check.cause(request.cause))
    check.requestID(request.requestID)
    try check.finish()
    try submit(
      .createHold(command), for: request, id: request.requestID, context,
      respond: { created(Outcome($0, $1), $1) }, later: { created($0, $1) }, answer: answer)
  }

  public func commitHold(
    _ request: CommitHoldRequest, context: ServerContext
  ) async throws -> CommitHoldResponse {
    try await Answer.wait { try commitHold(request, context, $0) }
  }

  func commitHold(
    _ request: CommitHoldRequest, _ context: ServerContext,
    _ answer: Answer<CommitHoldResponse>
  ) throws {
    var check = RequestCheck()
    let lines = check.lines(request.lines, from: 0, atMost: Limits.holdLines) { check, line, path in
      check.demand(nil, line.sku, line.quantity, line.locationID, path)
    }
    let command = CommitHold(
      holdID: check.identifier(HoldID.self, request.holdID, "hold_id"),
      orderID: check.identifier(OrderID.self, request.orderID, "order_id"),
      channelID: check.optionalIdentifier(ChannelID.self, request.channelID, "channel_id"),
      cause: check.cause(request.cause), lines: lines, actor: check.actor(request.actor),
      sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    try submit(
      .commitHold(command), for: request, id: request.requestID, context,
      respond: { committed(Outcome($0, $1), $1) }, later: { committed($0, $1) }, answer: answer)
  }

  public func releaseHold(
    _ request: ReleaseHoldRequest, context: ServerContext
  ) async throws -> ReleaseHoldResponse {
    var check = RequestCheck()
    let command = ReleaseHold(
      holdID: check.identifier(HoldID.self, request.holdID, "hold_id"),
      reason: check.reason(request.reason), actor: check.actor(request.actor),
      cause: check.cause(request.cause))
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.releaseHold(command), for: request, id: request.requestID, context) {
      ReleaseHoldResponse(hold: hold($0, $1).0)
    }
  }

  public func extendHold(
    _ request: ExtendHoldRequest, context: ServerContext
  ) async throws -> ExtendHoldResponse {
    var check = RequestCheck()
    let command = ExtendHold(
      holdID: check.identifier(HoldID.self, request.holdID, "hold_id"),
      expireTime: check.required(request.expireTime, "expire_time") ?? .zero,
      actor: check.actor(request.actor), cause: check.cause(request.cause))
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.extendHold(command), for: request, id: request.requestID, context) {
      ExtendHoldResponse(hold: hold($0, $1).0)
    }
  }

  public func editHold(
    _ request: EditHoldRequest, context: ServerContext
  ) async throws -> EditHoldResponse {
    var check = RequestCheck()
    let lines = check.lines(request.lines, atMost: Limits.holdLines) { check, line, path in
      EditHold.Line(
        sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        delta: check.delta(line.deltaCount, "\(path).delta_count"),
        location: check.optionalIdentifier(
          LocationID.self, line.locationID, "\(path).location_id"))
    }
    let command = EditHold(
      holdID: check.identifier(HoldID.self, request.holdID, "hold_id"),
      etag: check.text(request.etag, "etag", atMost: Limits.reasonBytes), lines: lines,
      actor: check.actor(request.actor), cause: check.cause(request.cause))
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.editHold(command), for: request, id: request.requestID, context) {
      EditHoldResponse(hold: hold($0, $1).0)
    }
  }

  public func getHold(
    _ request: GetHoldRequest, context: ServerContext
  ) throws -> GetHoldResponse {
    var check = RequestCheck()
    let id = check.identifier(HoldID.self, request.holdID, "hold_id")
    try check.finish()
    let now = clock.now()
    return try view.readRecords { records, state in
      guard let hold = records.holds[id] else { throw PoolError.holdUnknown(id) }
      return GetHoldResponse(hold: PoolAPI.Hold(hold, state, now: now))
    }
  }
}

private func created(_ outcome: Outcome, _ names: some Names) -> CreateHoldResponse {
  CreateHoldResponse(
    hold: hold(outcome.reply, names, outcome.now).0,
    placements: outcome.placements.map { Placement($0, names) })
}

private func committed(_ outcome: Outcome, _ names: some Names) -> CommitHoldResponse {
  let (hold, lines) = hold(outcome.reply, names, outcome.now)
  return CommitHoldResponse(hold: hold, lines: lines, retaken: hold.retaken)
}

private func hold(_ reply: Reply, _ pool: Pool) -> (PoolAPI.Hold, [SaleLineState]) {
  hold(reply, pool, pool.now)
}

private func hold(
  _ reply: Reply, _ names: some Names, _ now: Timestamp
) -> (PoolAPI.Hold, [SaleLineState]) {
  switch reply {
  case .hold(let hold, let lines):
    return (PoolAPI.Hold(hold, names, now: now), lines.map { SaleLineState($0, names) })
  case .formerHold(let source, let order, let lines):
    let hold = PoolAPI.Hold(
      holdID: source.holdID.text, state: .committed, orderID: order.text,
      retaken: source.isRetaken)
    return (hold, lines.map { SaleLineState($0, names) })
  case .sku, .location, .buffer, .sourcing, .lastUnits, .changedBuffers, .balances, .sale,
    .document, .reorderPoint, .bundle, .promotion:
    preconditionFailure("\(reply) has no hold")
  }
}
