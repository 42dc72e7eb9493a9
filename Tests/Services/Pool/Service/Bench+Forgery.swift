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
    for table in tables { try store.seal(table) }
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
      let values = table.columns.indices.map { column -> SQLValue in
        switch row.kind(column) {
        case .integer: .integer(row.int64(column))
        case .text: .text(row.text(column))
        case .blob: .blob(row.bytes(column))
        case .real, .null: .null
        }
      }
      found = KeptRow(table: table, key: key, values: values)
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
    await server.tick()
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
