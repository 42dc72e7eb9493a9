internal import PoolDomain
internal import Primitives

/// Compares all sales that are kept with the ledger in one sum for each of 65,536 buckets of orders: however many sales
/// there are, it takes the same memory.
///
/// A bucket that does not come to nothing holds a sale that differs, or is one of those in which more is counted in the
/// ledger than a sale knows: returns that belong to none of its lines, and what came after a beginning that is in an
/// archive. `SaleTallies` then looks at its sales one by one.
struct SaleSums: Sendable {
  private static let bucketCount = 65_536

  private var sums = [UInt64](repeating: 0, count: bucketCount)
  /// Sales that have counted later movements, up to which.
  private var claims: [OrderID: Int64] = [:]
  /// Whether all up to the mark was counted.
  private var isAtMark = false
  private(set) var saleCount = 0

  var hasClaims: Bool { !claims.isEmpty }
  var suspects: [Int] { sums.indices.filter { sums[$0] != 0 } }

  static func bucket(_ order: UInt64) -> Int { Int(order % UInt64(bucketCount)) }

  mutating func count(_ entry: LedgerEntry) {
    guard let order = entry.orderID else { return }
    var last = Int64.max
    if isAtMark {
      guard let claim = claims[order] else { return }
      last = claim
      if claim <= entry.lastSequence { claims[order] = nil }
    }
    let hash = SaleHash.order(order)
    var sequence = entry.firstSequence
    for movement in entry.movements where sequence <= last {
      let line = SaleHash.line(movement.lineID, movement.sku, of: hash)
      sums[Self.bucket(hash)] &+= SaleHash.sum(movement, of: line) ?? 0
      sequence += 1
    }
  }

  /// Takes away what a sale comes to that was swept up to the mark at least.
  mutating func compare(_ sale: Sale, at mark: Int64) {
    isAtMark = true
    saleCount += 1
    let hash = SaleHash.order(sale.orderID)
    for line in sale.lines {
      let name = SaleHash.line(line.id, line.sku, of: hash)
      sums[Self.bucket(hash)] &-= SaleHash.sum(line, of: name)
    }
    if sale.sequence > mark { claims[sale.orderID] = sale.sequence }
  }

  /// Every sale was compared.
  mutating func finishRows() { isAtMark = true }

  /// What is claimed of movements that the ledger has not.
  var openClaim: String? {
    claims.min { $0.key.text < $1.key.text }.map { order, sequence in
      "the sale of order \(order) as swept claims movement \(sequence), which the ledger has not"
    }
  }
}
