internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import StorageSQLite

/// The writer's side of the store: one connection with its statements. Lives on the writer's
/// thread.
final class PoolStore {
  let connection: SQLiteConnection
  /// The ledger's last row; the next one is chained to it.
  private(set) var lastRow: Int64 = 0
  private(set) var lastChecksum: Int64 = 0
  private let append: SQLiteStatement
  private let saleBody: SQLiteStatement
  private let putBalance: SQLiteStatement
  private let putHold: SQLiteStatement
  private let putSale: SQLiteStatement

  init(path: String) throws(StorageError) {
    connection = try SQLiteConnection.open(path, as: .writer)
    append = try connection.prepare(
      """
      INSERT INTO ledger
        (row_number, sequence, commit_time, request_id, body_hash, response, entry, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """)
    saleBody = try connection.prepare("SELECT body FROM sale WHERE order_id = ?")
    putBalance = try connection.prepare(
      """
      INSERT INTO balance
        (balance_key, on_hand, held, committed, unavailable, received, returned, found, shipped,
         lost, sequence, rate_weight, rate_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (balance_key) DO UPDATE SET on_hand = excluded.on_hand, held = excluded.held,
        committed = excluded.committed, unavailable = excluded.unavailable,
        received = excluded.received, returned = excluded.returned, found = excluded.found,
        shipped = excluded.shipped, lost = excluded.lost, sequence = excluded.sequence,
        rate_weight = excluded.rate_weight, rate_time = excluded.rate_time
      """)
    putHold = try connection.prepare(
      """
      INSERT INTO hold (hold_id, body) VALUES (?, ?)
      ON CONFLICT (hold_id) DO UPDATE SET body = excluded.body
      """)
    putSale = try connection.prepare(
      """
      INSERT INTO sale (order_id, body) VALUES (?, ?)
      ON CONFLICT (order_id) DO UPDATE SET body = excluded.body
      """)
  }

  func close() {
    connection.close()
  }

  /// Sets where the ledger ends, after loading.
  func continueAfter(row: Int64, checksum: Int64) {
    lastRow = row
    lastChecksum = checksum
  }

  /// Notes for ever which row has the first response to a request.
  func keep(requestID: String, row: Int64) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO kept_request (request_id, row_number) VALUES (?, ?)
      ON CONFLICT (request_id) DO NOTHING
      """, [.text(requestID), .integer(row)])
  }

  /// The next row of the ledger, chained to the one before; it is written by `write`.
  func nextRow(
    sequence: Int64, time: Timestamp, requestID: String, bodyHash: [UInt8], response: [UInt8],
    entry: [UInt8]
  ) -> LedgerRow {
    let row = LedgerRow(
      number: lastRow + 1, sequence: sequence, time: time, requestID: requestID,
      bodyHash: bodyHash, response: response, entry: entry, after: lastChecksum)
    lastRow = row.number
    lastChecksum = row.checksum
    return row
  }

  func write(_ row: LedgerRow) throws(StorageError) {
    append.bind(1, row.number)
    append.bind(2, row.sequence)
    append.bind(3, row.time.microseconds)
    if row.requestID.isEmpty {
      append.bindNull(4)
      append.bindNull(5)
      append.bindNull(6)
    } else {
      append.bind(4, row.requestID)
      append.bind(5, row.bodyHash)
      append.bind(6, row.response)
    }
    append.bind(7, row.entry)
    append.bind(8, row.checksum)
    try append.run()
  }

  func write(_ balance: Balance, _ rate: SaleRate) throws(StorageError) {
    putBalance.bind(1, Self.key(balance.sku, balance.location))
    putBalance.bind(2, balance.onHand)
    putBalance.bind(3, balance.held)
    putBalance.bind(4, balance.committed)
    putBalance.bind(5, balance.unavailable)
    putBalance.bind(6, balance.received)
    putBalance.bind(7, balance.returned)
    putBalance.bind(8, balance.found)
    putBalance.bind(9, balance.shipped)
    putBalance.bind(10, balance.lost)
    putBalance.bind(11, balance.sequence)
    putBalance.bind(12, rate.weight)
    putBalance.bind(13, rate.time.microseconds)
    try putBalance.run()
  }

  func write(_ hold: Hold) throws(StorageError) {
    putHold.bind(1, hold.id.text)
    putHold.bind(2, hold.bytes)
    try putHold.run()
  }

  func delete(hold id: HoldID) throws(StorageError) {
    try connection.execute("DELETE FROM hold WHERE hold_id = ?", [.id(id)])
  }

  func write(_ sale: Sale) throws(StorageError) {
    putSale.bind(1, sale.orderID.text)
    putSale.bind(2, sale.bytes)
    try putSale.run()
  }

  /// Notes that everything up to `row` is in the swept tables.
  func mark(sweptRow row: Int64) throws(StorageError) {
    try connection.execute("UPDATE mark SET swept_row = ? WHERE mark_id = 1", [.integer(row)])
  }

  /// The sale of an order as it was swept.
  ///
  /// - Parameter pool: knows the SKUs and locations that a sale may name.
  func sale(_ order: OrderID, _ pool: Pool) throws(StorageError) -> Sale? {
    saleBody.bind(1, order.text)
    guard try saleBody.step() else { return nil }
    defer { saleBody.reset() }
    guard let sale = try? Sale(orderID: order, bytes: saleBody.bytes(0)), pool.knows(sale) else {
      throw corrupt("the sale \(order) cannot be read")
    }
    return sale
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
