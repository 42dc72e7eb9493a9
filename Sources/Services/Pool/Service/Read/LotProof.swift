internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Compares the lots that are kept and those in memory with what the ledger adds up to.
struct LotProof: Sendable {
  /// All lots as they were at one place of the ledger.
  private struct Claim {
    var lots: [Lot.Key: Lot]
    var sequence: Int64
    var source: String
  }

  private var sums: LotSums
  private let share: LedgerProof.Share
  private var claims: [Claim] = []
  var hasClaims: Bool { !claims.isEmpty }

  /// - Parameter archived: what the archives add up to.
  init(_ archived: [Lot], _ share: LedgerProof.Share) {
    sums = LotSums(archived.filter { share.has($0.sku) })
    self.share = share
  }

  /// Returns what is wrong with an entry's lots, or differs behind it from what was claimed.
  mutating func count(_ entry: LedgerEntry) -> String? {
    let share = share
    return sums.count(entry, where: { share.has($0) }) ?? compare(at: entry.lastSequence)
  }

  /// Notes what is claimed of the ledger at `sequence`, which it has not passed yet.
  mutating func claim(_ lots: [Lot], at sequence: Int64, _ source: String) {
    var found: [Lot.Key: Lot] = [:]
    for lot in lots where share.has(lot.sku) { found[lot.key] = lot }
    claims.append(Claim(lots: found, sequence: sequence, source: source))
  }

  /// Compares what was claimed up to a place of the ledger; returns what differs first.
  mutating func compare(at sequence: Int64) -> String? {
    guard hasClaims else { return nil }
    for claim in claims where claim.sequence <= sequence && claim.lots != sums.lots {
      let keys = Set(claim.lots.keys).union(sums.lots.keys).sorted()
      let differs = keys.first { claim.lots[$0] != sums.lots[$0] }
      return differs.map {
        "\(LotSums.words($0)) \(claim.source) differs from the ledger at movement \(sequence)"
      }
    }
    claims.removeAll { $0.sequence <= sequence }
    return nil
  }
}

extension LedgerReader {
  /// Every lot as it is kept.
  func lots() throws -> [Lot] {
    var found: [Lot] = []
    try transaction.query(
      """
      SELECT lot.sku, lot.location, lot, expire_time, unit_count, sku_id, location_id FROM lot
      LEFT JOIN sku ON sku.sku = lot.sku LEFT JOIN location ON location.location = lot.location
      """
    ) { row in
      let indices = 0...Int64(Int32.max)
      guard !row.isNull(5), indices.contains(row.int64(5)), !row.isNull(6),
        indices.contains(row.int64(6)), row.int64(4) > 0
      else {
        throw DamagedRecord(
          table: "lot", key: "sku \(row.text(0)), location \(row.text(1)), lot \(row.text(2))")
      }
      found.append(
        Lot(
          sku: SKUIndex(row.int(5)), location: LocationIndex(row.int(6)),
          tag: LotTag(id: row.id(2), expireTime: row.optionalTime(3)), quantity: row.int64(4)))
    }
    return found
  }
}
