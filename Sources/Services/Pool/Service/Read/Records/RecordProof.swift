internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Compares the sales and holds that are kept with what the ledger adds up to.
///
/// 1. Up to the mark it counts every entry.
/// 2. There it reads the rows, part by part, while the pool goes on writing them. Each has counted all up to the mark,
///    and may have counted later movements, too; what began behind the mark is for the next proof.
/// 3. Behind the mark it counts on, for those that have counted later movements, until all are met.
///
/// The first time it has sums only for sales (`SaleSums`), then it goes over the ledger again for those orders of which
/// the sums differ, and for holds when there are many (`passes`).
struct RecordProof: Sendable {
  private var sums: SaleSums?
  private var tallies: SaleTallies?
  private var holds: HoldProof?
  private let shareCount: Int
  private var sales = SealedPages(.sale)
  private var heldRows = SealedPages(.hold)
  private(set) var hasReadRows = false

  var hasClaims: Bool {
    (sums?.hasClaims ?? false) || (tallies?.hasClaims ?? false) || (holds?.hasClaims ?? false)
  }

  /// The first time.
  ///
  /// - Parameter holdCount: holds that are kept.
  init(holdCount: Int) {
    shareCount = holdCount / ServiceLimits.provedRecords + 1
    holds = HoldProof(HoldProof.Share(number: 0, count: shareCount))
    sums = SaleSums()
  }

  /// Once more, for a part.
  init(_ part: RecordPass.Part) {
    shareCount = part.share?.count ?? 1
    holds = part.share.map { HoldProof($0) }
    tallies = SaleTallies(part.buckets)
  }

  /// The parts for which the ledger has to be read again.
  var parts: [RecordPass.Part] {
    guard let sums else { return [] }
    let perBucket = sums.saleCount / 65_536 + 1
    let size = max(1, ServiceLimits.provedRecords / perBucket)
    let suspects = sums.suspects
    let count = max((suspects.count + size - 1) / size, shareCount - 1)
    return (0..<count).map { number in
      RecordPass.Part(
        buckets: Array(suspects.dropFirst(number * size).prefix(size)),
        share: number + 1 < shareCount
          ? HoldProof.Share(number: number + 1, count: shareCount) : nil)
    }
  }

  /// - Returns: what differs from a row that claimed the entry's movements.
  mutating func count(_ entry: LedgerEntry) -> String? {
    sums?.count(entry)
    return tallies?.count(entry) ?? nil ?? holds?.count(entry) ?? nil
  }

  /// Reads the next part of the rows.
  ///
  /// - Parameters:
  ///   - mark: the sequence up to which everything was counted.
  ///   - start: the one at which the archives end.
  /// - Returns: what differs.
  mutating func readRows(
    _ reader: LedgerReader, at mark: Int64, after start: Int64
  ) throws -> String? {
    var difference: String?
    holds?.firstLinesAfter = try reader.historyStart.firstLinesAfter
    let table = sales.isAtEnd ? SealedTable.hold : .sale
    var pages = sales.isAtEnd ? heldRows : sales
    try pages.next(ServiceLimits.provedRows, of: reader.transaction) { row, _ in
      try table.check(row)
      // Numbers below nothing were given to what an older store had.
      let number = row.int64(0)
      guard difference == nil, number <= mark else { return }
      let isArchived = start > 0 && number <= start
      if table.name == SealedTable.sale.name {
        difference = try compareSale(row, at: mark, isArchived: isArchived)
      } else {
        difference = try compareHold(row, at: mark, isArchived: isArchived)
      }
    }
    if sales.isAtEnd { heldRows = pages } else { sales = pages }
    guard difference == nil, sales.isAtEnd, heldRows.isAtEnd else { return difference }
    hasReadRows = true
    sums?.finishRows()
    holds?.finishRows()
    return tallies?.finishRows() ?? nil
  }

  private mutating func compareSale(
    _ row: any Row, at mark: Int64, isArchived: Bool
  ) throws -> String? {
    let order = OrderID(trusted: row.text(1))
    guard sums != nil || tallies?.has(order) ?? false else { return nil }
    guard let sale = try? Sale(orderID: order, number: row.int64(0), bytes: row.bytes(2)) else {
      throw DamagedRecord(table: SealedTable.sale.name, key: "order_id \(order)")
    }
    if !isArchived { sums?.compare(sale, at: mark) }
    return tallies?.compare(sale, at: mark, isArchived: isArchived) ?? nil
  }

  private mutating func compareHold(
    _ row: any Row, at mark: Int64, isArchived: Bool
  ) throws -> String? {
    let id = HoldID(trusted: row.text(1))
    guard holds != nil else { return nil }
    guard let hold = try? Hold(id: id, number: row.int64(0), bytes: row.bytes(2)) else {
      throw DamagedRecord(table: SealedTable.hold.name, key: "hold_id \(id)")
    }
    return holds?.compare(hold, at: mark, isArchived: isArchived) ?? nil
  }

  /// What is not met at the end of the ledger.
  var openClaim: String? {
    sums?.openClaim ?? tallies?.openClaim ?? holds?.openClaim
  }
}
