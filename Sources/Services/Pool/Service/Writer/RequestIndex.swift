internal import Kit
internal import PoolDomain
internal import Primitives

/// A request ID in eight bytes: the first of its SHA-256. The ledger's row has the ID itself, which
/// decides.
struct RequestKey: Hashable, Sendable {
  /// Never 0, which stands for no request.
  let word: UInt64

  init(_ requestID: String) {
    let digest = SHA256.hash(requestID)
    self.init(word: digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) })
  }

  init(word: UInt64) {
    self.word = max(1, word)
  }
}

/// Which row of the ledger has the first response to a request ID, for at least
/// `Limits.requestKept`. The row itself says whether it is that request's.
struct RequestIndex {
  private struct Generation {
    var start: Timestamp
    var rows: KeyTable
  }

  private static let span = Limits.requestKept / ServiceLimits.requestGenerations
  /// The newest in front; one more than a day needs, so that none is forgotten too early.
  private var generations: [Generation] = []

  var count: Int { generations.reduce(0) { $0 + $1.rows.count } }

  /// The rows that may be the request's, the latest stretch of time in front.
  func rows(of key: RequestKey) -> [Int64] {
    var rows: [Int64] = []
    for place in generations.indices { generations[place].rows.collect(key.word, into: &rows) }
    return rows
  }

  mutating func add(_ key: RequestKey, row: Int64, at time: Timestamp) {
    if generations.isEmpty || time >= generations[0].start + Self.span {
      generations.insert(
        Generation(start: time, rows: KeyTable(firstRow: row)), at: 0)
      if generations.count > ServiceLimits.requestGenerations + 1 { generations.removeLast() }
    }
    generations[0].rows.add(key.word, row: row)
  }
}
