internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
internal import Protobuf
public import RPCCore
internal import StorageCore

extension PoolServer {
  public func recordSale(
    _ request: RecordSaleRequest, context: ServerContext
  ) async throws -> RecordSaleResponse {
    try await Answer.wait { try recordSale(request, context, $0) }
  }

  func recordSale(
    _ request: RecordSaleRequest, _ context: ServerContext,
    _ answer: Answer<RecordSaleResponse>
  ) throws {
    try submit(
      .recordSale(command(request)), for: request, id: request.requestID, context,
      respond: { recorded(Outcome($0, $1), $1) }, later: { recorded($0, $1) }, answer: answer)
  }

  public func recordSales(
    _ request: RecordSalesRequest, context: ServerContext
  ) async throws -> RecordSalesResponse {
    var check = RequestCheck()
    check.count(request.sales, "sales", in: 1...Limits.sales)
    let lineCount = request.sales.reduce(0) { $0 + $1.lines.count }
    check.integer(Int64(lineCount), "sales.lines", in: 0...Int64(Limits.lines))
    try check.finish()
    // What cannot be understood is answered without the writer; the others keep their order.
    var results = [RecordSaleResult](repeating: RecordSaleResult(), count: request.sales.count)
    var places: [Int] = []
    var decisions: [Decision<RecordSaleResponse>] = []
    decisions.reserveCapacity(request.sales.count)
    for (place, sale) in request.sales.enumerated() {
      do throws(RPCError) {
        decisions.append(
          Decision(
            .recordSale(try command(sale)), Decision.Request(sale.requestID, sale),
            until: context.deadline, respond: { recorded(Outcome($0, $1), $1) },
            later: { recorded($0, $1) }))
        places.append(place)
      } catch {
        results[place].outcome = .error(status(of: error, context))
      }
    }
    guard !decisions.isEmpty else { return RecordSalesResponse(results: results) }
    let answers = try await perform(decisions)
    for (number, place) in places.enumerated() {
      switch answers[number] {
      case .success(let answer):
        results[place].outcome = .response(decisions[number].response(answer, view))
      case .failure(let error): results[place].outcome = .error(status(of: error.rpcError, context))
      }
    }
    return RecordSalesResponse(results: results)
  }

  private func command(_ request: RecordSaleRequest) throws(RPCError) -> RecordSale {
    var check = RequestCheck()
    let lines = check.lines(request.lines) { check, line, path in
      check.demand(line.lineID, line.sku, line.quantity, line.locationID, path)
    }
    if lines.count > 1 { check.unique(lines.map(\.lineID)) }
    let command = RecordSale(
      orderID: check.identifier(OrderID.self, request.orderID, "order_id"),
      channelID: check.identifier(ChannelID.self, request.channelID, "channel_id"), lines: lines,
      saleTime: request.saleTime, cause: check.cause(request.cause),
      refuseShortage: request.refuseShortage,
      owner: check.optionalIdentifier(OwnerID.self, request.owner, "owner")?.text ?? "",
      zone: check.zone(request.zone), actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return command
  }

  public func cancelSale(
    _ request: CancelSaleRequest, context: ServerContext
  ) async throws -> CancelSaleResponse {
    var check = RequestCheck()
    let command = CancelSale(
      orderID: check.identifier(OrderID.self, request.orderID, "order_id"),
      lines: check.totals(request.lines), reason: check.reason(request.reason),
      cause: check.cause(request.cause), actor: check.actor(request.actor),
      sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.cancelSale(command), for: request, id: request.requestID, context) {
      CancelSaleResponse(lines: states($0, $1))
    }
  }

  public func shipSale(
    _ request: ShipSaleRequest, context: ServerContext
  ) async throws -> ShipSaleResponse {
    var check = RequestCheck()
    let command = ShipSale(
      orderID: check.identifier(OrderID.self, request.orderID, "order_id"),
      lines: check.totals(request.lines), cause: check.cause(request.cause),
      actor: check.actor(request.actor), sourceTime: request.sourceTime)
    check.requestID(request.requestID)
    try check.finish()
    return try await perform(.shipSale(command), for: request, id: request.requestID, context) {
      ShipSaleResponse(lines: states($0, $1))
    }
  }

  public func getSale(
    _ request: GetSaleRequest, context: ServerContext
  ) async throws -> GetSaleResponse {
    var check = RequestCheck()
    let order = check.identifier(OrderID.self, request.orderID, "order_id")
    try check.finish()
    let (known, isComplete) = view.readRecords { records, _ in
      (records.sales[order], !records.hasUnloadedSales)
    }
    let stored = known == nil && !isComplete ? try await sweptSale(order, context) : nil
    guard let sale = known ?? stored else { throw PoolError.saleUnknown(order) }
    let lines = try view.read { state in
      // What is on disk may name, for a moment, what the view does not know yet.
      guard state.knows(sale) else { throw PoolError.storeUnavailable }
      return sale.callersLines.map { SaleLineState($0, state) }
    }
    return GetSaleResponse(
      orderID: order.text, channelID: sale.channelID?.text ?? "", lines: lines)
  }

  /// A sale that left memory; it is on disk as it last was.
  private func sweptSale(_ order: OrderID, _ context: ServerContext) async throws -> Sale? {
    let numbers = view.readRecords { records, _ in records.saleNumbers }.numbers(of: order)
    guard !numbers.isEmpty else { return nil }
    return try await database.read(until: context.deadline) { transaction in
      for number in numbers {
        let sale = try transaction.first(SaleSQL.ofNumber, [.integer(number)]) {
          try SaleSQL.sale($0, order)
        }
        if let sale = sale ?? nil { return sale }
      }
      return nil
    }
  }
}

private func recorded(_ outcome: Outcome, _ names: some Names) -> RecordSaleResponse {
  guard case .sale(let lines, let oversold) = outcome.reply else {
    preconditionFailure("\(outcome.reply) to RecordSale")
  }
  return RecordSaleResponse(
    lines: lines.map { SaleLineState($0, names) }, oversoldCount: oversold,
    sequence: outcome.sequence, placements: outcome.placements.map { Placement($0, names) })
}

/// The error of one of many requests, as it would travel by itself.
private func status(of error: RPCError, _ context: ServerContext) -> Status {
  var error = error
  if error.domain.isEmpty { error.domain = context.method.errorDomain }
  return Status(error)
}

private func states(_ reply: Reply, _ pool: Pool) -> [SaleLineState] {
  guard case .sale(let lines, _) = reply else { preconditionFailure("\(reply) has no sale") }
  return lines.map { SaleLineState($0, pool) }
}
