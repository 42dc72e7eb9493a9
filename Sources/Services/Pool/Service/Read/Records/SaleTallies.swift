internal import PoolDomain
internal import Primitives

/// Adds up the sales of a few buckets, each line by itself, and compares each with the one that is kept.
struct SaleTallies: Sendable {
  private let buckets: Set<Int>
  /// By the lines' hashes.
  private var lines: [UInt64: UInt64] = [:]
  /// How many lines of each order the ledger has sold.
  private var orders: [OrderID: Int] = [:]
  /// Sales that have counted later movements.
  private var claims: [OrderID: Sale] = [:]
  private var isAtMark = false

  var hasClaims: Bool { !claims.isEmpty }

  init(_ buckets: some Sequence<Int>) {
    self.buckets = Set(buckets)
  }

  func has(_ order: OrderID) -> Bool {
    buckets.contains(SaleSums.bucket(SaleHash.order(order)))
  }

  /// - Returns: what differs from a sale that claimed the entry's movements.
  mutating func count(_ entry: LedgerEntry) -> String? {
    guard let order = entry.orderID, has(order) else { return nil }
    let claim = claims[order]
    guard !isAtMark || claim != nil else { return nil }
    let hash = SaleHash.order(order)
    var sequence = entry.firstSequence
    for movement in entry.movements where sequence <= claim?.sequence ?? .max {
      count(movement, order, hash)
      sequence += 1
    }
    guard let claim, claim.sequence <= entry.lastSequence else { return nil }
    claims[order] = nil
    return matches(claim) ? nil : Self.differs(order, at: claim.sequence)
  }

  /// A return belongs to a line only when that line sold the same SKU before.
  private mutating func count(_ movement: Movement, _ order: OrderID, _ hash: UInt64) {
    let line = SaleHash.line(movement.lineID, movement.sku, of: hash)
    guard let sum = SaleHash.sum(movement, of: line) else { return }
    if let known = lines[line] {
      lines[line] = known &+ sum
    } else if movement.kind.sells {
      lines[line] = sum
      orders[order, default: 0] += 1
    }
  }

  /// Compares a sale as it was swept up to the mark at least, or notes what it claims of later movements.
  ///
  /// - Parameter isArchived: its beginning is in an archive, so that the ledger does not tell all of it.
  mutating func compare(_ sale: Sale, at mark: Int64, isArchived: Bool) -> String? {
    isAtMark = true
    let order = sale.orderID
    if isArchived {
      orders[order] = nil
      return nil
    }
    guard orders[order] != nil else {
      return "the sale of order \(order) as swept is not in the ledger"
    }
    if sale.sequence > mark {
      claims[order] = sale
      return nil
    }
    guard matches(sale) else { return Self.differs(order, at: mark) }
    orders[order] = nil
    return nil
  }

  /// Every sale was compared; what the ledger has besides is missing.
  mutating func finishRows() -> String? {
    isAtMark = true
    return orders.keys.filter { claims[$0] == nil }.map(\.text).min().map {
      "the sale of order \($0) was not swept, which the mark says was"
    }
  }

  private func matches(_ sale: Sale) -> Bool {
    let hash = SaleHash.order(sale.orderID)
    return orders[sale.orderID] == sale.lines.count
      && sale.lines.allSatisfy { line in
        let name = SaleHash.line(line.id, line.sku, of: hash)
        return lines[name] == SaleHash.sum(line, of: name)
      }
  }

  private static func differs(_ order: OrderID, at sequence: Int64) -> String {
    "the sale of order \(order) as swept differs from the ledger at movement \(sequence)"
  }

  /// What is claimed of movements that the ledger has not.
  var openClaim: String? {
    claims.values.min { $0.orderID.text < $1.orderID.text }.map {
      "the sale of order \($0.orderID) as swept claims movement \($0.sequence), which the ledger has not"
    }
  }
}
