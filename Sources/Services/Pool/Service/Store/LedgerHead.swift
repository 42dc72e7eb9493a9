internal import Kit
internal import Primitives

/// A place in the ledger: a row, and the hash over everything up to it.
struct LedgerHead: Hashable, Sendable {
  /// Before the first row.
  static let origin = LedgerHead()

  var row: Int64 = 0
  /// Of the last movement up to there.
  var sequence: Int64 = 0
  var time = Timestamp.zero
  var hash = SHA256Digest.zero
  /// What the row itself keeps of it.
  var checksum: Int64 = 0
}

/// Some of the places that the ledger has come through since the last mark, for the next one: a mark
/// has the whole hash, of which a row keeps only a part.
struct LedgerHeads {
  private var heads: [LedgerHead] = []

  /// - Parameter head: the ledger's end; kept when it is far enough from the last one.
  mutating func note(_ head: LedgerHead) {
    guard head.row >= (heads.last?.row ?? 0) + ServiceLimits.rowsBetweenHeads else { return }
    heads.append(head)
  }

  /// The last place that is known, at `row` or before it.
  func last(upTo row: Int64) -> LedgerHead? {
    heads.last { $0.row <= row }
  }

  mutating func forget(upTo row: Int64) {
    heads.removeAll { $0.row <= row }
  }
}
