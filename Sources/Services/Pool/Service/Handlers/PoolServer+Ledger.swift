internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension PoolServer {
  public func listMovements(
    _ request: ListMovementsRequest, context: ServerContext
  ) async throws -> ListMovementsResponse {
    var check = RequestCheck()
    let sku = check.optionalIdentifier(SKU.self, request.sku, "sku")
    let order = check.optionalIdentifier(OrderID.self, request.orderID, "order_id")
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListMovements \(request.sku) \(request.orderID)"
    let token = try pageToken(request.pageToken, scope: scope, partCount: 1)
    var after = request.afterSequence
    if let token {
      guard let place = Int64(token.parts[0]) else { throw PoolError.pageTokenInvalid }
      after = max(after, place)
    }
    // A row may be durable a moment before the view knows the names in it.
    let filter = view.read { state -> MovementFilter? in
      let index = sku.flatMap { state.skuIndices[$0] }
      // A SKU that is not known has no movements.
      if sku != nil, index == nil { return nil }
      return MovementFilter(
        sku: index, order: order, after: after, through: state.sequence, size: size,
        skuCount: state.skuCount, locationCount: state.locationCount)
    }
    guard let filter else { return ListMovementsResponse() }
    let isFirst = token == nil
    let (found, archives) = try await database.read(until: context.deadline) { transaction in
      let reader = LedgerReader(transaction)
      return (try filter.page(reader), try isFirst ? reader.archives(after: filter.after) : [])
    }
    return ListMovementsResponse(
      movements: messages(found.movements),
      nextPageToken: found.isLast ? "" : PageToken("\(found.through)").encoded(scope: scope),
      archives: archives.map { PoolAPI.LedgerArchive($0) })
  }

  func messages(_ found: [MovementFilter.Found]) -> [PoolAPI.Movement] {
    view.read { state in
      found.map {
        PoolAPI.Movement(
          $0.movement, $0.entry, sequence: $0.sequence, requestID: $0.requestID, state)
      }
    }
  }

  public func verifyLedger(
    _ request: VerifyLedgerRequest, context: ServerContext
  ) async throws -> VerifyLedgerResponse {
    var check = RequestCheck()
    let expected = request.expectedHead.map { check.head($0, "expected_head") }
    try check.finish()
    let proof = try await LedgerProving(LedgerProof(view, expected: expected)).finish(
      database, until: context.deadline)
    let isSound = audit.tell(proof)
    return VerifyLedgerResponse(
      proved: proof.difference == nil, movementCount: proof.movementCount,
      balanceCount: Int64(proof.balanceCount), sequence: proof.head.sequence,
      difference: proof.difference ?? "", rowCount: proof.rowCount,
      head: PoolAPI.LedgerHead(proof.head), badRowNumber: proof.badRow,
      start: proof.start.row == 0 ? nil : PoolAPI.LedgerHead(proof.start),
      remedy: isSound ? "" : BadRow.remedy)
  }
}

extension RequestCheck {
  /// A head as a caller kept it.
  fileprivate mutating func head(_ head: PoolAPI.LedgerHead, _ path: String) -> LedgerHead {
    integer(head.rowNumber, "\(path).row_number", in: 1...Int64.max)
    integer(head.sequence, "\(path).sequence", in: 0...Int64.max)
    let hash = SHA256Digest(head.hash)
    if hash == nil {
      refuse(
        "\(path).hash", "It has \(head.hash.count) bytes; \(SHA256Digest.byteCount) are wanted.")
    }
    return LedgerHead(
      row: head.rowNumber, sequence: head.sequence, hash: hash ?? SHA256Digest.zero)
  }
}

extension PoolAPI.LedgerHead {
  init(_ head: LedgerHead) {
    self.init(rowNumber: head.row, sequence: head.sequence, hash: head.hash.bytes)
  }
}
