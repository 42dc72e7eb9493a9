internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import StorageSQLite

/// The writer's side of the store: one connection with its statements. Lives on the writer's
/// thread.
final class PoolStore {
  let connection: SQLiteConnection
  /// The ledger's end; the next row is chained to it.
  private(set) var chain = LedgerChain(after: .origin, plainRow: 0)
  private let ledger: SQLiteRowWriter
  private let saleOfNumber: SQLiteStatement
  private let putSaleRun: SQLiteStatement
  /// Where the sales on disk are; set by loading.
  var saleNumbers = SaleNumbers()
  private let putBalance: SQLiteStatement
  private let keepBalance: SQLiteStatement
  private let holds: SQLiteRowWriter
  private let sales: SQLiteRowWriter
  /// What is made of the row at hand.
  private var body = ByteWriter(capacity: 512)

  init(path: String) throws(StorageError) {
    connection = try SQLiteConnection.open(path, as: .writer)
    ledger = try SQLiteRowWriter(
      """
      INSERT INTO ledger
        (row_number, sequence, commit_time, request_id, body_hash, response, entry, checksum) VALUES
      """, columns: 8, on: connection)
    saleOfNumber = try connection.prepare(SaleSQL.ofNumber)
    putSaleRun = try connection.prepare(SealedTable.saleRun.insert)
    putBalance = try connection.prepare(SealedTable.balance.upsert)
    keepBalance = try connection.prepare(
      """
      INSERT INTO balance_history (through_sequence, \(LedgerSQL.balanceColumns))
      SELECT ?, \(LedgerSQL.balanceColumns) FROM balance WHERE balance_key = ?
      """)
    holds = try connection.upserts(of: .hold)
    sales = try connection.upserts(of: .sale)
  }

  func close() {
    connection.close()
  }

  var lastRow: Int64 { chain.head.row }

  /// Sets where the ledger ends, after loading.
  func goOn(with chain: LedgerChain) {
    self.chain = chain
  }

  /// Notes for ever which row has the first response to a request.
  func keep(requestID: String, row: Int64) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO kept_request (request_id, row_number) VALUES (?, ?)
      ON CONFLICT (request_id) DO NOTHING
      """, [.text(requestID), .integer(row)])
  }

  /// Appends a row to the ledger, chained to the one before; it can be read, and is part of a commit, once it was
  /// flushed.
  func append(
    _ entry: LedgerEntry, requestID: String, bodyHash: [UInt8], response: [UInt8]
  ) throws(StorageError) {
    body.clear()
    entry.write(to: &body)
    let checksum = body.withBytes {
      chain.append(
        sequence: entry.lastSequence, time: entry.time, requestID: requestID, bodyHash: bodyHash,
        response: response, entry: $0)
    }
    ledger.add(chain.head.row)
    ledger.add(chain.head.sequence)
    ledger.add(chain.head.time.microseconds)
    if requestID.isEmpty {
      for _ in 0..<3 { ledger.addNull() }
    } else {
      ledger.add(requestID)
      ledger.add(bodyHash)
      ledger.add(response)
    }
    body.withBytes { ledger.add($0) }
    ledger.add(checksum)
    try ledger.endRow()
  }

  /// Writes the ledger's rows that wait for others to be written with.
  func flushLedger() throws(StorageError) {
    try ledger.flush()
  }

  func write(_ balance: Balance, _ rate: SaleRate) throws(StorageError) {
    var seal = RowSeal()
    func bind(_ parameter: Int, _ value: Int64) {
      putBalance.bind(parameter, value)
      seal.add(value)
    }
    bind(1, Self.key(balance.sku, balance.location))
    bind(2, balance.onHand)
    bind(3, balance.held)
    bind(4, balance.committed)
    bind(5, balance.unavailable)
    bind(6, balance.received)
    bind(7, balance.returned)
    bind(8, balance.found)
    bind(9, balance.shipped)
    bind(10, balance.lost)
    bind(11, balance.sequence)
    bind(12, balance.transferredIn)
    bind(13, balance.transferredOut)
    bind(14, rate.weight)
    bind(15, rate.time.microseconds)
    putBalance.bind(16, seal.value)
    try putBalance.run()
  }

  /// Keeps a balance as it was swept before it is overwritten; one that was never swept was nothing.
  ///
  /// - Parameter through: the sequence up to which it had no later movement.
  func keep(
    swept sku: SKUIndex, _ location: LocationIndex, isNew: Bool, through: Int64
  ) throws(StorageError) {
    let key = Self.key(sku, location)
    if isNew {
      let values = [.integer(key)] + Array(repeating: SQLValue.integer(0), count: 14)
      try connection.execute(
        """
        INSERT INTO balance_history (\(LedgerSQL.balanceColumns), through_sequence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """, values + [RowSeal.of(values), .integer(through)])
    } else {
      keepBalance.bind(1, through)
      keepBalance.bind(2, key)
      try keepBalance.run()
    }
  }

  /// Writes a hold or sale with others; `flushRecords` writes the last of them.
  func write(_ hold: Hold) throws(StorageError) {
    body.clear()
    hold.write(to: &body)
    try write(hold.number, hold.id.text, to: holds)
  }

  func write(_ sale: Sale) throws(StorageError) {
    body.clear()
    sale.write(to: &body)
    try write(sale.number, sale.orderID.text, to: sales)
  }

  private func write(
    _ number: Int64, _ id: String, to rows: SQLiteRowWriter
  ) throws(StorageError) {
    var seal = RowSeal()
    rows.add(number)
    seal.add(number)
    rows.add(id)
    seal.add(id)
    body.withBytes {
      rows.add($0)
      seal.add($0)
    }
    rows.add(seal.value)
    try rows.endRow()
  }

  func flushRecords() throws(StorageError) {
    try holds.flush()
    try sales.flush()
  }

  func delete(hold number: Int64) throws(StorageError) {
    try connection.execute("DELETE FROM hold WHERE hold_number = ?", [.integer(number)])
  }

  func write(_ run: SaleRun) throws(StorageError) {
    let (last, bytes) = (run.keys.last?.number ?? 0, run.bytes)
    var seal = RowSeal()
    seal.add(last)
    seal.add(bytes)
    putSaleRun.bind(1, last)
    putSaleRun.bind(2, bytes)
    putSaleRun.bind(3, seal.value)
    try putSaleRun.run()
  }

  /// Notes that everything up to `head` is in the swept tables.
  func mark(_ head: LedgerHead) throws(StorageError) {
    try connection.execute(
      "UPDATE mark SET swept_row = ?, sequence = ?, hash = ? WHERE mark_id = 1",
      [.integer(head.row), .integer(head.sequence), .blob(head.hash.bytes)])
  }

  /// The sale of an order as it was swept.
  ///
  /// - Parameter pool: knows the SKUs and locations that a sale may name.
  ///
  /// - Throws: also `DamagedRecord`.
  func sale(_ order: OrderID, _ pool: Pool) throws -> Sale? {
    for number in saleNumbers.numbers(of: order) {
      saleOfNumber.bind(1, number)
      saleOfNumber.bind(2, order.text)
      guard try saleOfNumber.step() else { continue }
      defer { saleOfNumber.reset() }
      let sale = try SaleSQL.sale(saleOfNumber, order)
      guard pool.knows(sale) else { throw corrupt("the sale \(order) is of nothing") }
      return sale
    }
    return nil
  }

  func corrupt(_ detail: String) -> StorageError {
    .corrupt(path: connection.path, detail: detail)
  }

  /// A balance's key: 2^31 SKUs times 2^31 locations, in the order of the SKUs.
  static func key(_ sku: SKUIndex, _ location: LocationIndex) -> Int64 {
    Int64(sku.number) << 31 | Int64(location.number)
  }

  /// Nil for what is no key of a balance.
  static func place(ofKey key: Int64) -> (sku: SKUIndex, location: LocationIndex)? {
    guard (0...Int64(Int32.max)).contains(key >> 31) else { return nil }
    return (SKUIndex(Int(key >> 31)), LocationIndex(Int(key & 0x7FFF_FFFF)))
  }
}

extension SQLiteConnection {
  fileprivate func upserts(of table: SealedTable) throws(StorageError) -> SQLiteRowWriter {
    try SQLiteRowWriter(
      table.insertion, columns: table.columns.count + 1, ending: table.ending, on: self)
  }
}
