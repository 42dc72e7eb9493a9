internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore
internal import Synchronization

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
    var index: SKUIndex?
    if let sku {
      // A SKU that is not known has no movements.
      index = view.read { $0.skuIndices[sku] }
      guard index != nil else { return ListMovementsResponse() }
    }
    // A row may be durable a moment before the view knows the names in it.
    let filter = MovementFilter(
      sku: index, order: order, after: after, through: view.sequence, size: size)
    let found = try await database.read(until: context.deadline) { transaction in
      try filter.page(LedgerReader(transaction))
    }
    return view.read { state in
      ListMovementsResponse(
        movements: found.movements.map {
          PoolAPI.Movement(
            $0.movement, $0.entry, sequence: $0.sequence, requestID: $0.requestID, state)
        },
        nextPageToken: found.next.map { PageToken("\($0)").encoded(scope: scope) } ?? "")
    }
  }

  public func verifyLedger(
    _ request: VerifyLedgerRequest, context: ServerContext
  ) async throws -> VerifyLedgerResponse {
    let place = ProofPlace(LedgerProof(view))
    while !place.proof.withLock({ $0.isFinished }) {
      try await database.read(until: context.deadline) { transaction in
        try place.proof.withLock { try $0.advance(LedgerReader(transaction)) }
      }
    }
    return place.proof.withLock { proof in
      VerifyLedgerResponse(
        proved: proof.difference == nil, movementCount: proof.movementCount,
        balanceCount: Int64(proof.balanceCount), sequence: proof.sequence,
        difference: proof.difference ?? "")
    }
  }
}

/// Where a proof stays while it goes from reader to reader: its sums are as many as there are balances, so that a copy
/// with each part of the ledger would cost more than the part.
private final class ProofPlace: Sendable {
  let proof: Mutex<LedgerProof>

  init(_ proof: LedgerProof) {
    self.proof = Mutex(proof)
  }
}

/// Which movements a list wants, and from where on.
struct MovementFilter {
  struct Found {
    var sequence: Int64
    var movement: PoolDomain.Movement
    var entry: LedgerEntry
    var requestID: String
  }

  let sku: SKUIndex?
  let order: OrderID?
  let after: Int64
  /// The last sequence of the list.
  let through: Int64
  let size: Int

  /// A page, and after which sequence the next one begins; nil at the end. There is no index by SKU
  /// or order: a page that has looked at `examinedRows` ends there, with fewer movements or none.
  func page(_ reader: LedgerReader) throws -> (movements: [Found], next: Int64?) {
    var found: [Found] = []
    var next: Int64?
    var examined = 0
    try reader.scan(
      from: try reader.row(after: after), count: ServiceLimits.examinedRows + 1
    ) { row in
      guard row.sequence <= through else { return false }
      if examined == ServiceLimits.examinedRows {
        next = row.sequence - Int64(try row.decoded().movements.count)
        return false
      }
      examined += 1
      let entry = try row.decoded()
      guard order == nil || entry.orderID == order else { return true }
      for (number, movement) in entry.movements.enumerated() {
        let sequence = entry.firstSequence + Int64(number)
        guard sequence > after, sku == nil || movement.sku == sku else { continue }
        if found.count == size {
          next = sequence - 1
          return false
        }
        found.append(
          Found(sequence: sequence, movement: movement, entry: entry, requestID: row.requestID))
      }
      return true
    }
    return (found, next)
  }
}
