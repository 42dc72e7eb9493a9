import Foundation
import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

extension Bench {
  /// Writes into the store behind the pool's back, and gives the rows of tables the seals that they then ought to have.
  func forge(_ sql: String, _ tables: SealedTable...) throws { try forge(sql, tables) }

  func forge(_ sql: String, _ tables: [SealedTable]) throws {
    let store = try PoolStore(path: path)
    defer { store.close() }
    try store.connection.execute(script: sql)
    for table in tables {
      try store.connection.execute("UPDATE \(table.name) SET checksum = NULL")
      try store.seal(table)
    }
  }

  /// One row of a table, as it is now.
  struct KeptRow {
    var table: SealedTable
    var key: [SQLValue]
    var values: [SQLValue]
  }

  /// The first row of a table; nil when it has none.
  func firstRow(of table: SealedTable) throws -> KeptRow? {
    let store = try PoolStore(path: path)
    defer { store.close() }
    var pages = SealedPages(table)
    var found: KeptRow?
    try pages.next(1, of: store.connection) { row, key in
      found = KeptRow(
        table: table, key: key, values: table.columns.indices.map { row.value($0) })
    }
    return found
  }

  /// Puts a value into a column of a row, whose seal stays as it is.
  func set(_ column: String, of row: KeptRow, to value: SQLValue) throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    // The key may be what has changed.
    let places = row.table.key.map { "\($0) = ?" }.joined(separator: " AND ")
    let count = try connection.execute(
      "UPDATE \(row.table.name) SET \(column) = ? WHERE \(places)", [value] + row.key)
    #expect(count == 1)
  }

  /// Changes bytes of the file behind SQLite's back: the page with which a table begins.
  func changeFirstPage(of table: String, _ change: (inout Data) throws -> Void) throws {
    let connection = try SQLiteConnection.open(path, as: .writer)
    defer { connection.close() }
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    let page = try #require(try connection.first(sql, [.text(table)]) { $0.int64(0) })
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    defer { try? handle.close() }
    let offset = UInt64(page - 1) * UInt64(StorageLimits.pageBytes)
    try handle.seek(toOffset: offset)
    var bytes = try #require(try handle.read(upToCount: Int(StorageLimits.pageBytes)))
    try change(&bytes)
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: bytes)
  }

  /// Puts as many other characters in the place of a text.
  func overwrite(_ text: String, with other: String, in table: String) throws {
    try changeFirstPage(of: table) { page in
      let range = try #require(page.firstRange(of: Data(text.utf8)))
      page.replaceSubrange(range, with: Data(other.utf8))
    }
  }

  /// Everything that has a table: rules, documents of each kind, lots, bundles, a promotion, holds, sales.
  func fill() async throws {
    try await stock(["TEE": 60, "CAP": 30])
    _ = try await client.setSku(.init(sku: .init(sku: "TEE", skuGroup: "shirts")))
    _ = try await client.setSku(.init(sku: .init(sku: "KIT")))
    _ = try await client.setBuffer(.init(buffer: .init(sku: "TEE", margin: .unitCount(3))))
    _ = try await client.setChannelSourcing(
      .init(sourcing: .init(channelID: "till", strategy: .ranked, locationIDs: ["A"])))
    _ = try await client.setLastUnits(
      .init(lastUnits: .init(sku: "CAP", channelID: "shopee", unitCount: 2)))
    _ = try await assortment.setBundle(
      .init(bundle: .init(sku: "KIT", components: [.init(sku: "CAP", unitCount: 2)])))
    _ = try await assortment.setReorderPoint(
      .init(reorderPoint: .init(sku: "TEE", locationID: "A", pointCount: 1)))
    _ = try await client.receiveStock(
      .init(lines: [.init(sku: "TEE", locationID: "A", quantity: 9, lotID: "L1")]))
    try await fillDocuments()
    let promotion = PoolAPI.Promotion(
      promotionID: "p", channelIDs: ["shopee"], strategy: .regular,
      startTime: clock.now() + .seconds(1), endTime: clock.now() + .seconds(100_000),
      lines: [.init(sku: "TEE", allottedCount: 8)])
    _ = try await promotions.setPromotion(.init(promotion: promotion))
    _ = try await promotions.schedulePromotion(.init(promotionID: "p"))
    clock.advance(by: .seconds(2))
    try await sell("o-1", 3)
    _ = try await hold("h-1", 2, seconds: 100_000)
    await server.tick()
    try await sell("o-2", 1)
    try await takeBack()
    await server.tick()
  }

  /// A return, which is known for ever.
  func takeBack() async throws {
    _ = try await client.returnStock(
      .init(
        returnID: "r",
        lines: [.init(sku: "TEE", locationID: "B", quantity: 2, disposition: .restock)],
        requestID: "return-1"))
  }

  /// Runs of keys, which would take thousands of sales; on a store that nobody serves.
  func fillRuns() throws {
    try forge(
      "INSERT INTO sale_run (last_number, sale_keys) VALUES (-1, x'0000000000000000FFFFFFFFFFFFFFFF')",
      .saleRun)
    let store = try PoolStore(path: path)
    defer { store.close() }
    var run = RequestRun(after: 0)
    try store.connection.scan("SELECT request_id FROM ledger ORDER BY row_number") { row in
      run.add(row.isNull(0) ? nil : RequestKey(row.text(0)))
      return true
    }
    try store.write(run, at: clock.now())
  }

  /// One of each kind in work, and one that has ended.
  private func fillDocuments() async throws {
    for id in ["P", "P-ended"] {
      _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: InboundTests.order(id)))
      _ = try await inbound.placePurchaseOrder(.init(purchaseOrderID: id))
      _ = try await inbound.receivePurchaseOrder(
        .init(purchaseOrderID: id, receipt: InboundTests.receipt("r-1", 4)))
    }
    _ = try await inbound.closePurchaseOrder(.init(purchaseOrderID: "P-ended", reason: "late"))
    for id in ["T", "T-ended"] {
      _ = try await inbound.setTransfer(.init(transfer: InboundTests.transfer(id)))
      _ = try await inbound.shipTransfer(.init(transferID: id))
    }
    _ = try await inbound.receiveTransfer(
      .init(transferID: "T-ended", receipt: InboundTests.receipt("r-1", 4)))
    for id in ["C-ended", "C"] {
      _ = try await counts.openCount(.init(countID: id, locationID: "A", skus: ["CAP"]))
      _ = try await counts.reportCount(
        .init(
          countID: id, reportID: "r", lines: [.init(sku: "CAP", countedCount: 30)], actor: "bo"))
      if id == "C" { continue }
      _ = try await counts.submitCount(.init(countID: id))
      _ = try await counts.approveCount(.init(countID: id, actor: "al"))
    }
  }

  /// What is wrong with the store as it is now; nil when a start takes it.
  func problemAtStart() throws -> StorageError? {
    do {
      let live = try LivePool(path: path, salesInMemory: salesInMemory) {
        (_: PoolStore) throws(StorageError) in
      }
      live.close()
      return nil
    } catch let error as StorageError {
      return error
    }
  }
}
