internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The keys of the requests that the latest rows answered. Once there are enough of them they are
/// written as one run, so that a start need not read a day of the ledger to know them.
struct RequestRun: Sendable {
  /// Written as a key of a row that has no request.
  private static let none: UInt64 = 0

  private(set) var firstRow: Int64
  private(set) var keys: [UInt64] = []

  init(after row: Int64) {
    firstRow = row + 1
    keys.reserveCapacity(2 * ServiceLimits.requestRunRows)
  }

  private init(firstRow: Int64, keys: [UInt64]) {
    self.firstRow = firstRow
    self.keys = keys
  }

  var lastRow: Int64 { firstRow + Int64(keys.count) - 1 }

  /// Notes the next row.
  mutating func add(_ key: RequestKey?) {
    keys.append(key?.word ?? Self.none)
  }

  /// Begins anew behind what it has.
  mutating func restart() {
    firstRow += Int64(keys.count)
    keys.removeAll(keepingCapacity: true)
  }

  /// Eight bytes a row, the lowest first.
  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: keys.count * 8) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for (number, key) in keys.enumerated() {
        raw.storeBytes(of: key.littleEndian, toByteOffset: number * 8, as: UInt64.self)
      }
      count = keys.count * 8
    }
  }

  /// A run as a store kept it; nil when it is none.
  init?(firstRow: Int64, bytes: UnsafeRawBufferPointer) {
    guard firstRow > 0, bytes.count % 8 == 0, !bytes.isEmpty else { return nil }
    self.init(
      firstRow: firstRow,
      keys: (0..<bytes.count / 8).map {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
      })
  }

  /// Whether a row that it has answers the request that it says.
  func agrees(with row: LedgerRow) -> Bool {
    let key = row.requestID.isEmpty ? Self.none : RequestKey(row.requestID).word
    return keys[Int(row.number - firstRow)] == key
  }

  /// Hands over each key with its row.
  func forEach(from row: Int64, _ body: (RequestKey, Int64) -> Void) {
    let start = max(0, row - firstRow)
    guard start < keys.count else { return }
    for place in Int(start)..<keys.count where keys[place] != Self.none {
      body(RequestKey(word: keys[place]), firstRow + Int64(place))
    }
  }
}

extension PoolStore {
  /// Writes a run, and forgets those that are older than anybody is answered again.
  func write(_ run: RequestRun, at time: Timestamp) throws(StorageError) {
    try add([.integer(run.firstRow), .time(time), .blob(run.bytes)], to: .requestRun)
    // The oldest come first: two for each new one keep up with any load.
    try connection.execute(
      """
      DELETE FROM request_run WHERE commit_time <= ? AND first_row IN (
        SELECT first_row FROM request_run ORDER BY first_row LIMIT 2)
      """, [.time(time - Limits.requestKept)])
  }

  /// The requests that are known since `start`: from the runs, and from the ledger where there is none.
  ///
  /// - Returns: also the keys of the rows behind the last run.
  func loadRequests(
    since start: Timestamp, from firstRow: Int64, until lastRow: Int64
  ) throws -> (index: RequestIndex, open: RequestRun) {
    var index = RequestIndex()
    var next = try LedgerSQL.firstRow(from: firstRow, to: lastRow) { number in
      let time = try first(
        "SELECT commit_time FROM ledger WHERE row_number = ?", [.integer(number)]
      ) { $0.time(0) }
      return (time ?? .zero) > start
    }
    var open = RequestRun(after: next - 1)
    try connection.scan(.requestRun, "ORDER BY first_row") { row in
      let found = row.withBytes(2) { RequestRun(firstRow: row.int64(0), bytes: $0) }
      guard let run = found, run.lastRow <= lastRow else {
        throw SealedTable.requestRun.damaged(row, "there are no such rows of the ledger")
      }
      guard run.lastRow >= next else { return true }
      try loadRequests(from: next, to: run.firstRow - 1) { key, number, time in
        if let key { index.add(key, row: number, at: time) }
      }
      run.forEach(from: next) { index.add($0, row: $1, at: row.time(1)) }
      next = run.lastRow + 1
      open = RequestRun(after: run.lastRow)
      return true
    }
    try loadRequests(from: next, to: lastRow) { key, number, time in
      if let key { index.add(key, row: number, at: time) }
      open.add(key)
    }
    return (index, open)
  }

  private func loadRequests(
    from first: Int64, to last: Int64, _ body: (RequestKey?, Int64, Timestamp) -> Void
  ) throws {
    guard first <= last else { return }
    try connection.scan(
      """
      SELECT row_number, request_id, commit_time FROM ledger
      WHERE row_number BETWEEN ? AND ? ORDER BY row_number
      """, [.integer(first), .integer(last)]
    ) { row in
      body(row.isNull(1) ? nil : RequestKey(row.text(1)), row.int64(0), row.time(2))
      return true
    }
  }
}
