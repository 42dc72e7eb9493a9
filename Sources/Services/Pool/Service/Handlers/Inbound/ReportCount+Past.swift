internal import PoolDomain
internal import Primitives
internal import RPCCore
internal import StorageCore

extension ReportCount {
  /// Finds what was on hand when a report was made that comes later: what is on hand now, less all that has moved since.
  mutating func look(
    back time: Timestamp, _ pool: PoolServer, _ context: ServerContext
  ) async throws {
    guard case .count(let count) = try await pool.document(DocumentKey(id), context) else {
      preconditionFailure("the key of a count is that of a count")
    }
    moment = Moment(time: time, sequence: 0)
    // The pool refuses the one, and knows the answer to the other.
    let isKnown = count.reports.contains { $0.id == reportID }
    guard time >= count.header.createTime, !isKnown else { return }
    let names = lines.map(\.sku)
    let location = count.location
    let now = pool.view.read { state in
      let skus = names.compactMap { state.skuIndices[$0] }
      return OnHand(
        sequence: state.sequence,
        units: Dictionary(
          skus.map { sku in
            let balance = state.stocks[sku.int].balances.first { $0.location == location }
            return (sku, balance?.onHand ?? 0)
          }
        ) { first, _ in first })
    }
    let then = try await pool.database.read(until: context.deadline) { transaction in
      try now.before(time, at: location, LedgerReader(transaction))
    }
    guard let then else { throw PoolError.document(.countTimeTooFar) }
    let indices = pool.view.read { state in names.map { state.skuIndices[$0] } }
    for (place, index) in indices.enumerated() {
      lines[place].onHandThen = index.flatMap { then.units[$0] }
    }
    moment?.sequence = then.sequence
  }
}

/// What is on hand of some SKUs at one location, as of a place in the ledger.
private struct OnHand: Sendable {
  var sequence: Int64
  var units: [SKUIndex: Quantity]

  /// The same at an earlier moment; nil when too much has happened since.
  func before(
    _ time: Timestamp, at location: LocationIndex, _ reader: LedgerReader
  ) throws -> OnHand? {
    var then = self
    var examined = 0
    // Rows in archives are not read for it.
    guard try reader.archive(at: time) == nil else { return nil }
    let first = try reader.row(from: time + .microseconds(1))
    try reader.scanEntries(from: first, count: ServiceLimits.examinedRows + 1) { _, entry in
      guard entry.firstSequence <= sequence else { return false }
      if examined == 0 { then.sequence = entry.firstSequence - 1 }
      examined += 1
      for movement in entry.movements where movement.location == location {
        guard let known = then.units[movement.sku] else { continue }
        var step = Balance(sku: movement.sku, location: location)
        step.count(movement, sequence: 1)
        then.units[movement.sku] = known - step.onHand
      }
      return true
    }
    return examined > ServiceLimits.examinedRows ? nil : then
  }
}
