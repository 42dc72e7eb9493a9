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
  private let holds: SQLiteRowWriter
  private let sales: SQLiteRowWriter
  /// What is made of the row at hand.
  private var body = ByteWriter(capacity: 512)
  /// What was met that is not what was written.
  private(set) var damage: (any StoreDamage)?

  init(path: String) throws(StorageError) {
    connection = try SQLiteConnection.open(path, as: .writer)
    try Schema.check(connection)
    ledger = try SQLiteRowWriter(
      """
      INSERT INTO ledger
        (row_number, sequence, commit_time, request_id, body_hash, response, entry, checksum) VALUES
      """, columns: 8, on: connection)
    saleOfNumber = try connection.prepare(SaleSQL.ofNumber)
    putSaleRun = try connection.prepare(SealedTable.saleRun.insert)
    putBalance = try connection.prepare(SealedTable.balance.upsert)
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
    let values: [SQLValue] = [.text(requestID), .integer(row)]
    try connection.execute(
      "\(SealedTable.keptRequest.insert) ON CONFLICT (request_id) DO NOTHING",
      values + [RowSeal.of(values)])
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
    let swept =
      isNew
      ? [.integer(key)] + Array(repeating: SQLValue.integer(0), count: 14)
      : try values(of: .balance, key: key)
    guard let swept else { throw corrupt(SealedTable.balance.missing("balance_key \(key)")) }
    try add(swept + [.integer(through)], to: .balanceHistory)
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
    try put(
      [
        .integer(1), .integer(head.row), .integer(head.sequence), .blob(head.hash.bytes),
        .integer(chain.plainRow),
      ], in: .mark)
  }

  /// The sale of an order as it was swept.
  ///
  /// - Parameter pool: knows the SKUs and locations that a sale may name.
  ///
  /// - Throws: also `DamagedRecord`.
  func sale(_ order: OrderID, _ pool: Pool) throws -> Sale? {
    for number in saleNumbers.numbers(of: order) {
      saleOfNumber.bind(1, number)
      guard try saleOfNumber.step() else {
        throw SealedTable.sale.missing("sale_number \(number)")
      }
      defer { saleOfNumber.reset() }
      guard let sale = try SaleSQL.sale(saleOfNumber, order) else { continue }
      guard pool.knows(sale) else { throw SealedTable.sale.damaged(saleOfNumber, Self.unknown) }
      return sale
    }
    return nil
  }

  /// What is wrong with a row that names what there is no row of.
  static let unknown = "it names a SKU, a location or a promotion that is missing"

  /// Notes damage, as the store's own error.
  func corrupt(_ damage: any StoreDamage) -> StorageError {
    self.damage = damage
    return .corrupt(path: connection.path, detail: "\(damage)")
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
