internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Adds the whole ledger up again and compares, while the pool serves.
///
/// First it takes down what every balance claims, in memory and as it was swept to disk, each with
/// the sequence of its last movement. Then it reads the ledger from the beginning, part by part;
/// when the sum of a balance comes to a claim's sequence, the counts must be the claim's.
struct LedgerProof: Sendable {
  private struct Key: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  private struct Claim {
    var counts: Balance
    var source: String
  }

  private(set) var movementCount: Int64 = 0
  /// Up to which it was proved.
  private(set) var sequence: Int64 = 0
  private(set) var difference: String?
  private(set) var balanceCount = 0
  private(set) var isFinished = false

  private var claims: [Key: [Claim]] = [:]
  private var sums: [Key: Balance] = [:]
  private var nextRow: Int64 = 1
  private var checksum: Int64 = 0
  private var hasSwept = false
  private var endSequence: Int64

  init(_ view: ReadModel) {
    endSequence = 0
    var next = 0
    while let part = view.stocks(from: next, count: ServiceLimits.examinedSKUs) {
      for (number, stock) in part.enumerated() {
        balanceCount += stock.balances.count
        for balance in stock.balances { claim(balance, "in memory") }
        guard stock.available == stock.balances.reduce(0, { $0 + $1.available }) else {
          stop("the available units of SKU number \(next + number) are not those of its balances")
          return
        }
      }
      next += part.count
    }
    // Read last: every claim is of this sequence or an earlier one.
    endSequence = view.sequence
  }

  private mutating func claim(_ balance: Balance, _ source: String) {
    guard balance.sequence > 0 else { return }
    claims[Key(sku: balance.sku, location: balance.location), default: []].append(
      Claim(counts: balance, source: source))
  }

  private mutating func stop(_ words: String) {
    if difference == nil { difference = words }
    isFinished = true
  }

  /// Reads the next part of the ledger.
  mutating func advance(_ reader: LedgerReader) throws {
    if !hasSwept { try readSwept(reader) }
    guard !isFinished else { return }
    var count = 0
    try reader.scan(from: nextRow, count: ServiceLimits.provedRows) { row in
      count += 1
      guard difference == nil, !(row.sequence > endSequence && claims.isEmpty) else { return false }
      add(row)
      return !isFinished
    }
    guard !isFinished else { return }
    if count < ServiceLimits.provedRows || (sequence >= endSequence && claims.isEmpty) { finish() }
  }

  private mutating func readSwept(_ reader: LedgerReader) throws {
    hasSwept = true
    var swept: [Balance] = []
    var wrongKey: Int64?
    try reader.transaction.query(
      """
      SELECT balance_key, on_hand, held, committed, unavailable, received, returned, found,
        shipped, lost, sequence, transferred_in, transferred_out
      FROM balance
      """
    ) { row in
      guard let (sku, location) = PoolStore.place(ofKey: row.int64(0)) else {
        wrongKey = row.int64(0)
        return
      }
      swept.append(
        Balance(
          sku: sku, location: location, onHand: row.int64(1), held: row.int64(2),
          committed: row.int64(3), unavailable: row.int64(4), received: row.int64(5),
          returned: row.int64(6), found: row.int64(7), shipped: row.int64(8), lost: row.int64(9),
          transferredIn: row.int64(11), transferredOut: row.int64(12), sequence: row.int64(10)))
    }
    if let wrongKey { return stop("\(wrongKey) is no key of a swept balance") }
    for balance in swept { claim(balance, "as swept") }
  }

  private mutating func add(_ row: LedgerRow) {
    guard row.number == nextRow else { return stop("row \(nextRow) of the ledger is missing") }
    guard row.checksum == row.expectedChecksum(after: checksum), let entry = try? row.decoded(),
      entry.firstSequence == sequence + 1
    else { return stop("row \(row.number) of the ledger is damaged") }
    checksum = row.checksum
    nextRow += 1
    for movement in entry.movements {
      sequence += 1
      movementCount += 1
      count(movement)
      guard difference == nil else { return }
    }
  }

  private mutating func count(_ movement: Movement) {
    let key = Key(sku: movement.sku, location: movement.location)
    var sum = sums[key] ?? Balance(sku: movement.sku, location: movement.location)
    sum.count(movement, sequence: sequence)
    sums[key] = sum
    guard sum.isConsistent else {
      return stop("movement \(sequence) breaks the rules of its balance")
    }
    guard let open = claims[key] else { return }
    var left: [Claim] = []
    for claim in open {
      if claim.counts.sequence > sequence {
        left.append(claim)
      } else if claim.counts != sum {
        return stop(
          "the balance of SKU number \(key.sku.number) at location number \(key.location.number) "
            + "\(claim.source) differs from the ledger at movement \(sequence)")
      }
    }
    claims[key] = left.isEmpty ? nil : left
  }

  private mutating func finish() {
    isFinished = true
    guard difference == nil, let (key, open) = claims.first else { return }
    stop(
      "the balance of SKU number \(key.sku.number) at location number \(key.location.number) "
        + "\(open[0].source) claims movement \(open[0].counts.sequence), which the ledger has not")
  }
}
