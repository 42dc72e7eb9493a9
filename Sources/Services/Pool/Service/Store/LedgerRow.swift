internal import PoolDomain
internal import Primitives

/// One command in the ledger: its movements, and what a repeat of its request is answered with.
struct LedgerRow: Hashable, Sendable {
  /// From 1, without a gap.
  var number: Int64
  /// Of the last movement in the ledger after this row.
  var sequence: Int64
  var time: Timestamp
  /// Empty when the caller named none.
  var requestID: String
  var bodyHash: [UInt8]
  var response: [UInt8]
  var entry: [UInt8]
  /// The first eight bytes of its hash, as `LedgerChain` makes it.
  var checksum: Int64 = 0

  func decoded() throws(ByteReader.Malformed) -> LedgerEntry {
    try LedgerEntry(bytes: entry, time: time, lastSequence: sequence)
  }
}
