internal import Kit
internal import Primitives
public import RPCCore
public import ReturnsAPI
internal import ReturnsDomain
internal import StorageCore

extension ReturnsHandler {
  /// The decisions are recorded first, with a message to the pool beside each. The answer waits for the pool: OK
  /// means that it knows.
  public func inspectReturn(
    _ request: InspectReturnRequest, context: ServerContext
  ) async throws -> InspectReturnResponse {
    let (id, decisions) = try Self.checked(request)
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let now = clock.now()
      let before = try transaction.returnOrder(id)
      var order = before.order
      let decided = try order.inspect(decisions)
      guard !decided.isEmpty, let location = order.locationID else {
        return InspectReturnResponse(returnOrder: before.message)
      }
      for line in decided {
        try PoolMessage.queue(
          line, of: order, at: location, actor: request.actor, in: transaction, now: now)
      }
      let saved = try transaction.save(
        order, before: before, feed: feed, verb: "inspect", actor: request.actor, now: now)
      return InspectReturnResponse(returnOrder: saved.message)
    }
    announce(response.returnOrder)
    let outcome = await tellPool(
      of: decisions.map { PoolMessage.key(of: id, $0.id) }, until: context.deadline)
    try await checkLots(of: decisions, in: id)
    guard outcome.isDelivered else {
      throw ReturnsError.poolUnavailable(id, reason: outcome.problem)
    }
    return response
  }

  /// A repeat must hear of a refusal, too, and has no message that waits.
  private func checkLots(
    of decisions: [(id: LineID, disposals: [ReturnsDomain.Disposal])], in id: ReturnID
  ) async throws {
    let named = Set(decisions.filter { $0.disposals.contains { $0.lot != nil } }.map(\.id))
    guard !named.isEmpty else { return }
    // Not the caller's deadline, of which little may be left: what the pool said must be told.
    let lines = try await database.read(until: .after(OutboxLimits.attempt)) { transaction in
      try transaction.returnOrder(id).order.lines
    }
    if let line = lines.first(where: { named.contains($0.id) && !$0.refusal.isEmpty }) {
      throw ReturnsError.lotRefused(id, line.id, reason: line.refusal)
    }
  }

  /// Tries to tell the pool what it does not know yet. What does not arrive is the worker's affair.
  private func tellPool(of keys: [String], until deadline: Deadline) async -> OutboxOutcome {
    // Some of the caller's time is left for saying that it did not work.
    let remaining = min(deadline.remaining, poolWait)
    let outcome = await outbox.deliver(keys, until: .after(remaining * 4 / 5))
    if !outcome.isDelivered { outbox.wake() }
    return outcome
  }

  private static func checked(
    _ request: InspectReturnRequest
  ) throws -> (id: ReturnID, decisions: [(id: LineID, disposals: [ReturnsDomain.Disposal])]) {
    var check = RequestCheck()
    let id = check.identifier(ReturnID.self, request.returnID, "return_id")
    check.text(request.actor, "actor", atMost: ReturnsLimits.actorBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    check.count(request.lines, "lines", in: 1...ReturnsLimits.lines)
    var seen: Set<LineID> = []
    let decisions = request.lines.prefix(ReturnsLimits.lines).enumerated().map { index, line in
      let path = "lines[\(index)]"
      let lineID = check.identifier(LineID.self, line.lineID, "\(path).line_id")
      if !seen.insert(lineID).inserted { check.refuse("\(path).line_id", "It is there twice.") }
      check.count(line.disposals, "\(path).disposals", in: 1...ReturnsLimits.disposals)
      var lots: [LotID: ReturnedLot] = [:]
      let disposals = line.disposals.prefix(ReturnsLimits.disposals).enumerated().map {
        let disposal = check.disposal($1, "\(path).disposals[\($0)]")
        if let lot = disposal.lot, lots.updateValue(lot, forKey: lot.id) ?? lot != lot {
          check.refuse(
            "\(path).disposals[\($0)].lot_expire_time", "The lot has another expiry before.")
        }
        return disposal
      }
      return (id: lineID, disposals: disposals)
    }
    try check.finish()
    return (id, decisions)
  }
}

extension RequestCheck {
  fileprivate mutating func disposal(
    _ disposal: ReturnsAPI.Disposal, _ path: String
  ) -> ReturnsDomain.Disposal {
    quantity(disposal.quantity, "\(path).quantity", in: 1...ReturnsLimits.lineUnits)
    let lot = lot(disposal, path)
    guard let disposition = ReturnsDomain.Disposition(disposal.disposition) else {
      refuse(
        "\(path).disposition", "It is \(disposal.disposition.rawValue), which is no disposition.")
      return ReturnsDomain.Disposal(.quarantine, disposal.quantity)
    }
    return ReturnsDomain.Disposal(disposition, disposal.quantity, lot: lot)
  }

  private mutating func lot(_ disposal: ReturnsAPI.Disposal, _ path: String) -> ReturnedLot? {
    if disposal.lotID.isEmpty, disposal.lotExpireTime != nil {
      refuse("\(path).lot_id", "An expiry wants a lot.")
    }
    guard let id = optionalIdentifier(LotID.self, disposal.lotID, "\(path).lot_id") else {
      return nil
    }
    if disposal.disposition != .restock {
      refuse("\(path).lot_id", "Only units that are restocked go back into a lot.")
    }
    return ReturnedLot(id: id, expireTime: disposal.lotExpireTime)
  }
}
