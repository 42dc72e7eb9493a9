internal import PoolDomain
internal import Primitives

/// Goes over a ledger that was proved once more, for a part of the sales and holds.
struct RecordPass: Sendable {
  struct Part: Hashable, Sendable {
    /// Of orders.
    var buckets: [Int]
    /// Nil for no holds.
    var share: HoldProof.Share?
  }

  private enum Phase { case begin, toMark, rows, onward, done }

  private let part: Part
  private var records: RecordProof
  private var phase = Phase.begin
  private var start = LedgerHead.origin
  private var row: Int64 = 0
  private var sequence: Int64 = 0
  /// Where the ledger ended when the rows had been read.
  private var lastRow: Int64 = 0
  var isFinished: Bool { phase == .done }

  init(_ part: Part) {
    self.part = part
    records = RecordProof(part)
  }

  /// Reads the next part of the ledger or of the rows.
  ///
  /// - Returns: what differs.
  mutating func advance(_ reader: LedgerReader) throws -> String? {
    let base = try reader.base
    // The rows went into an archive meanwhile.
    if base.row > row { self = RecordPass(part) }
    switch phase {
    case .begin:
      (start, row, sequence) = (base, base.row, base.sequence)
      phase = .toMark
    case .toMark:
      let mark = try reader.sweptRow
      if let difference = try read(reader, through: mark) { return difference }
      if row == mark { phase = .rows }
    case .rows:
      if let difference = try records.readRows(reader, at: sequence, after: start.sequence) {
        return difference
      }
      guard records.hasReadRows else { break }
      lastRow = try reader.lastRow
      phase = .onward
    case .onward:
      if let difference = try read(reader, through: .max) { return difference }
      let end = try reader.lastRow
      guard row >= lastRow, row == end || !records.hasClaims else { break }
      phase = .done
      return records.openClaim
    case .done: break
    }
    return nil
  }

  private mutating func read(_ reader: LedgerReader, through last: Int64) throws -> String? {
    var difference: String?
    try reader.scan(from: row + 1, count: ServiceLimits.provedRows) { next in
      guard next.number <= last, phase == .toMark || row < lastRow || records.hasClaims else {
        return false
      }
      guard let entry = try? next.decoded() else {
        difference = "\(BadRow(number: next.number, problem: "cannot be read"))"
        return false
      }
      (row, sequence) = (next.number, next.sequence)
      difference = records.count(entry)
      return difference == nil
    }
    return difference
  }
}
