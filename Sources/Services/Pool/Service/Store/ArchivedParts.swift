internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What archived rows add up to beside balances: lots, and what was taken out of allotments.
struct ArchivedParts: Sendable {
  private(set) var lots = LotSums()
  private(set) var taken = AllotmentSums()

  /// Returns what is wrong with the entry.
  mutating func count(_ entry: LedgerEntry) -> String? {
    for (number, movement) in entry.movements.enumerated() {
      _ = taken.count(movement, sequence: entry.firstSequence + Int64(number))
    }
    return lots.count(entry)
  }
}

extension ArchivedParts {
  /// What a store has of an archive and of all before it.
  init(_ reader: LedgerReader, archive: Int64) throws {
    var lots: [Lot] = []
    try reader.transaction.scan(.archivedLot, "WHERE archive_id = ?", [.integer(archive)]) { row in
      lots.append(
        Lot(
          sku: SKUIndex(row.int(1)), location: LocationIndex(row.int(2)),
          tag: LotTag(id: row.id(3), expireTime: row.optionalTime(4)), quantity: row.int64(5)))
      return true
    }
    var taken: [AllotmentSum] = []
    try reader.transaction.scan(
      .archivedAllotment, "WHERE archive_id = ?", [.integer(archive)]
    ) { row in
      taken.append(
        AllotmentSum(
          promotion: PromotionIndex(row.int(1)), sku: SKUIndex(row.int(2)), taken: row.int64(3),
          sequence: row.int64(4)))
      return true
    }
    self.lots = LotSums(lots)
    self.taken = AllotmentSums(taken)
  }

  /// The rows that keep it, each with its table.
  func rows(archive: Int64) -> [(table: SealedTable, values: [SQLValue])] {
    lots.lots.values.map { lot in
      (
        .archivedLot,
        [
          .integer(archive), .int(lot.sku.int), .int(lot.location.int), .id(lot.tag.id),
          .time(lot.tag.expireTime), .integer(lot.quantity),
        ]
      )
    }
      + taken.all.map { sum in
        (
          .archivedAllotment,
          [
            .integer(archive), .int(sum.promotion.int), .int(sum.sku.int), .integer(sum.taken),
            .integer(sum.sequence),
          ]
        )
      }
  }
}

extension LedgerReader {
  /// What all archives add up to; nil when nobody knows, since the first of them was made before it was kept.
  var archivedParts: ArchivedParts? {
    get throws {
      guard let last = try lastArchive else { return ArchivedParts() }
      return last.hasParts ? try ArchivedParts(self, archive: last.id) : nil
    }
  }
}
