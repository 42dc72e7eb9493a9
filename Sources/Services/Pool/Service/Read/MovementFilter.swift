internal import PoolDomain
internal import Primitives

/// Which movements a list or an export wants, and from where on.
struct MovementFilter: Sendable {
  struct Found {
    var sequence: Int64
    var movement: PoolDomain.Movement
    var entry: LedgerEntry
    var requestID: String
  }

  struct Page {
    var movements: [Found] = []
    /// Everything up to there was looked at.
    var through: Int64
    var isLast = true
  }

  var sku: SKUIndex?
  var location: LocationIndex?
  var order: OrderID?
  /// When the movements were decided: from the first on, before the second.
  var start: Timestamp?
  var end: Timestamp?
  var after: Int64
  /// The last sequence that is wanted.
  var through: Int64
  var size: Int
  /// How many SKUs and locations a movement up to there may name.
  var skuCount: Int
  var locationCount: Int

  /// A page. There is no index by SKU or order: a page that has looked at `examinedRows` ends there,
  /// with fewer movements or none.
  func page(_ reader: LedgerReader) throws -> Page {
    var page = Page(through: max(after, through))
    var examined = 0
    try reader.scanEntries(
      from: try firstRow(reader), count: ServiceLimits.examinedRows + 1
    ) { row, entry in
      guard entry.firstSequence <= through, end.map({ row.time < $0 }) ?? true else {
        return false
      }
      if examined == ServiceLimits.examinedRows {
        page.end(at: entry.firstSequence - 1)
        return false
      }
      examined += 1
      guard order == nil || entry.orderID == order else { return true }
      return try take(entry, row, into: &page)
    }
    return page
  }

  private func firstRow(_ reader: LedgerReader) throws -> Int64 {
    let row = try reader.row(after: after)
    guard let start else { return row }
    return max(row, try reader.row(from: start))
  }

  /// False once the page is full.
  private func take(
    _ entry: LedgerEntry, _ row: LedgerRow, into page: inout Page
  ) throws(DamagedRecord) -> Bool {
    for (number, movement) in entry.movements.enumerated() {
      let sequence = entry.firstSequence + Int64(number)
      guard sequence > after, sequence <= through, sku == nil || movement.sku == sku,
        location == nil || movement.location == location
      else { continue }
      if page.movements.count == size {
        page.end(at: sequence - 1)
        return false
      }
      guard movement.sku.int < skuCount, movement.location.int < locationCount else {
        throw LedgerReader.damaged(row.number, "it names a SKU or location that is not there")
      }
      page.movements.append(
        Found(sequence: sequence, movement: movement, entry: entry, requestID: row.requestID))
    }
    return true
  }
}

extension MovementFilter.Page {
  fileprivate mutating func end(at sequence: Int64) {
    through = sequence
    isLast = false
  }
}
