internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension PoolServer {
  public func receiveStock(
    _ request: ReceiveStockRequest, context: ServerContext
  ) async throws -> ReceiveStockResponse {
    var check = RequestCheck()
    let command = ReceiveStock(
      lines: check.lines(request.lines) { check, line, path in
        var stock = check.stock(line, path)
        stock.lot = check.lot(line.lotID, line.lotExpireTime, path)
        return stock
      },
      cause: check.cause(request.cause), actor: check.actor(request.actor),
      sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.receive(command), for: request, id: request.requestID, context) {
      ReceiveStockResponse(balances: balances($0, $1))
    }
  }

  public func adjustStock(
    _ request: AdjustStockRequest, context: ServerContext
  ) async throws -> AdjustStockResponse {
    var check = RequestCheck()
    let named = PoolDomain.AdjustmentReason(request.reasonCode)
    let lines = check.lines(request.lines) { check, line, path in
      PoolDomain.StockLine(
        sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        location: check.identifier(LocationID.self, line.locationID, "\(path).location_id"),
        quantity: check.delta(line.deltaCount, "\(path).delta_count", for: named),
        lot: check.lot(line.lotID, line.lotExpireTime, path))
    }
    let command = AdjustStock(
      lines: lines, reason: check.adjustmentReason(request, named),
      actor: check.actor(request.actor),
      note: check.text(request.note, "note", atMost: Limits.noteBytes, mayBeEmpty: true),
      cause: check.cause(request.cause), sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.adjust(command), for: request, id: request.requestID, context) {
      AdjustStockResponse(balances: balances($0, $1))
    }
  }

  public func returnStock(
    _ request: ReturnStockRequest, context: ServerContext
  ) async throws -> ReturnStockResponse {
    var check = RequestCheck()
    let lines = check.lines(request.lines) { check, line, path in
      if !line.lineID.isEmpty { _ = check.identifier(LineID.self, line.lineID, "\(path).line_id") }
      var stock = check.stock(line.sku, line.locationID, line.quantity, path)
      stock.lot = check.lot(line.lotID, line.lotExpireTime, path)
      if stock.lot != nil, line.disposition != .restock {
        check.refuse("\(path).lot_id", "Units that cannot be sold are of no lot.")
      }
      return ReturnStock.Line(
        stock: stock, disposition: disposition(line.disposition, "\(path).disposition", &check),
        lineID: line.lineID)
    }
    let command = ReturnStock(
      returnID: check.identifier(ReturnID.self, request.returnID, "return_id"),
      orderID: check.optionalIdentifier(OrderID.self, request.orderID, "order_id"), lines: lines,
      reason: check.reason(request.reason), actor: check.actor(request.actor),
      sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.returnStock(command), for: request, id: request.requestID, context) {
      ReturnStockResponse(balances: balances($0, $1))
    }
  }

  public func resolveUnavailable(
    _ request: ResolveUnavailableRequest, context: ServerContext
  ) async throws -> ResolveUnavailableResponse {
    var check = RequestCheck()
    let lines = check.lines(request.lines) { check, line, path in
      if !line.lotID.isEmpty || line.lotExpireTime != nil {
        check.refuse("\(path).lot_id", "Units that cannot be sold are of no lot.")
      }
      return check.stock(line, path)
    }
    var command = ResolveUnavailable(
      lines: lines, outcome: .cleared, reason: check.reason(request.reason),
      actor: check.actor(request.actor), cause: check.cause(request.cause),
      sourceTime: request.sourceTime)
    switch request.outcome {
    case .cleared: break
    case .scrapped: command.outcome = .scrapped
    case .unspecified: check.refuse("outcome", "It is missing.")
    case .unrecognized(let number): check.refuse("outcome", "There is no outcome \(number).")
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.resolve(command), for: request, id: request.requestID, context) {
      ResolveUnavailableResponse(balances: balances($0, $1))
    }
  }
}

private func balances(_ reply: Reply, _ pool: Pool) -> [PoolAPI.Balance] {
  guard case .balances(let balances) = reply else {
    preconditionFailure("\(reply) has no balances")
  }
  return balances.map { PoolAPI.Balance($0, pool) }
}

private func disposition(
  _ disposition: ReturnLine.Disposition, _ path: String, _ check: inout RequestCheck
) -> ReturnStock.Disposition {
  switch disposition {
  case .restock: return .restock
  case .quarantine: return .quarantine
  case .writeOff: return .writeOff
  case .unspecified: check.refuse(path, "It is missing.")
  case .unrecognized(let number): check.refuse(path, "There is no disposition \(number).")
  }
  return .restock
}

extension PoolDomain.AdjustmentReason {
  fileprivate init?(_ code: PoolAPI.AdjustmentReason) {
    switch code {
    case .damaged: self = .damaged
    case .stolen: self = .stolen
    case .expired: self = .expired
    case .lost: self = .lost
    case .found: self = .found
    case .sample: self = .sample
    case .ownUse: self = .ownUse
    case .supplierError: self = .supplierError
    case .countCorrection: self = .countCorrection
    case .dataCorrection: self = .dataCorrection
    case .unspecified, .unrecognized: return nil
    }
  }
}

extension RequestCheck {
  /// Units more or less, as the reason has it.
  fileprivate mutating func delta(
    _ count: Int64, _ path: @autoclosure () -> String, for reason: PoolDomain.AdjustmentReason?
  ) -> Quantity {
    if let reason, let sign = reason.sign, count.signum() == -sign {
      refuse(
        path(),
        "It is \(count), and what is \(reason.code) is \(sign > 0 ? "above" : "below") 0; SUPPLIER_ERROR, COUNT_CORRECTION and DATA_CORRECTION are either."
      )
    }
    return delta(count, path())
  }

  /// The code of a named reason, or the caller's own.
  fileprivate mutating func adjustmentReason(
    _ request: AdjustStockRequest, _ named: PoolDomain.AdjustmentReason?
  ) -> String {
    if case .unrecognized(let number) = request.reasonCode {
      refuse("reason_code", "There is no reason \(number).")
      return ""
    }
    guard let named else { return reason(request.reason, isRequired: true) }
    if !request.reason.isEmpty { refuse("reason", "There is a reason_code; say more in note.") }
    return named.rawValue
  }
}
