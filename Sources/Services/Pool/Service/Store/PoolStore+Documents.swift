internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Documents change seldom: each is written as it changes, in the command's commit.
extension PoolStore {
  func write(documentsOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for key in changes.setDocuments {
      guard let document = pool.documents[key] else {
        preconditionFailure("a document that has changed stays until it is written")
      }
      try put(
        [
          .int(Int(key.kind.rawValue)), .text(key.text), .int(document.stateNumber),
          .bool(document.isEnded), .blob(document.bytes),
        ], in: .document)
    }
  }

  func write(reorderPointsOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for point in changes.setReorderPoints {
      let sku = SQLValue.id(pool.record(of: point.scope.sku).sku)
      let location = SQLValue.text(
        point.scope.location.map { pool.record(of: $0).location.text } ?? "")
      guard let units = point.units else {
        try connection.execute(
          "DELETE FROM reorder_point WHERE sku = ? AND location = ?", [sku, location])
        continue
      }
      try put([sku, location, .integer(units), .time(point.updateTime)], in: .reorderPoint)
    }
  }

  /// A lot moves with the movements of the same commit, so that what is on disk is always that of the ledger's end.
  func write(lotsOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for key in Set(changes.lots) {
      let place: [SQLValue] = [
        .id(pool.record(of: key.sku).sku), .id(pool.record(of: key.location).location),
        .id(key.id),
      ]
      guard let lot = pool.lots[key] else {
        try connection.execute(
          "DELETE FROM lot WHERE sku = ? AND location = ? AND lot = ?", place)
        continue
      }
      try put(place + [.time(lot.tag.expireTime), .integer(lot.quantity)], in: .lot)
    }
  }

  func loadLots(_ pool: Pool) throws {
    try connection.scan(.lot) { row in
      guard let sku = pool.index(of: row.id(0, as: SKU.self)),
        let location = pool.index(of: row.id(1, as: LocationID.self))
      else { throw SealedTable.lot.damaged(row, Self.unknown) }
      guard (1...1 << 60).contains(row.int64(4)) else {
        throw SealedTable.lot.damaged(row, "it has \(row.int64(4)) units")
      }
      pool.load(
        Lot(
          sku: sku, location: location,
          tag: LotTag(id: row.id(2), expireTime: row.optionalTime(3)), quantity: row.int64(4)))
      return true
    }
  }

  func write(bundlesOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for bundle in changes.setBundles {
      var writer = ByteWriter()
      writer.write(bundle.parts)
      try put(
        [
          .id(pool.record(of: bundle.sku).sku), .bool(!bundle.parts.isEmpty),
          .integer(bundle.revision), .time(bundle.updateTime), .blob(writer.bytes),
        ], in: .bundle)
      try addChange(
        [
          .id(pool.record(of: bundle.sku).sku), .time(bundle.updateTime), .blob(writer.bytes),
        ], to: .bundleHistory)
    }
  }

  func loadBundles(_ pool: Pool) throws {
    try connection.scan(.bundle) { row in
      var reader = ByteReader(row.bytes(4))
      guard let sku = pool.index(of: row.id(0, as: SKU.self)) else {
        throw SealedTable.bundle.damaged(row, Self.unknown)
      }
      guard let parts = try? reader.bundleParts(), reader.isAtEnd,
        parts.allSatisfy({ $0.sku.int < pool.skuCount }),
        pool.takes(parts, in: sku)
      else { throw SealedTable.bundle.damaged(row, "it cannot be read") }
      pool.load(
        Bundle(sku: sku, parts: parts, updateTime: row.time(3), revision: row.int64(2)))
      return true
    }
    if let endless = pool.bundles.definitions.keys.first(where: { !pool.bundles.isBounded($0) }) {
      throw DamagedRecord(
        table: "bundle", key: "sku \(pool.name(of: endless))",
        problem: "is damaged: it comes to too much")
    }
  }

  func loadReorderPoints(_ pool: Pool) throws {
    try connection.scan(.reorderPoint) { row in
      let location = row.text(1)
      let place = location.isEmpty ? nil : pool.index(of: LocationID(trusted: location))
      guard let sku = pool.index(of: row.id(0, as: SKU.self)), location.isEmpty || place != nil
      else { throw SealedTable.reorderPoint.damaged(row, Self.unknown) }
      pool.load(
        ReorderPoint(
          scope: ReorderPoint.Scope(sku: sku, location: place), units: row.int64(2),
          updateTime: row.time(3)))
      return true
    }
  }

  /// Those that have not ended.
  func loadDocuments(_ pool: Pool) throws {
    try connection.scan(.document, DocumentSQL.inWork) { row in
      pool.load(try document(row, pool))
      return true
    }
  }

  /// A document that is not in memory, since it has ended.
  func document(_ key: DocumentKey, _ pool: Pool) throws -> Document? {
    try connection.find(.document, key: DocumentSQL.values(key)) { try document($0, pool) }
  }

  private func document(_ row: any Row, _ pool: Pool) throws -> Document {
    let document = try DocumentSQL.document(row)
    guard pool.knows(document) else { throw SealedTable.document.damaged(row, Self.unknown) }
    return document
  }
}

/// How documents are read, by the writer and by the readers.
enum DocumentSQL {
  static let inWork = "WHERE is_ended = 0"

  static func values(_ key: DocumentKey) -> [SQLValue] {
    [.int(Int(key.kind.rawValue)), .text(key.text)]
  }

  /// A row of the table, the columns in its order.
  static func document(_ row: any Row) throws(DamagedRecord) -> Document {
    guard let number = UInt8(exactly: row.int64(0)), let kind = DocumentKey.Kind(rawValue: number),
      let document = try? Document(key: DocumentKey(kind, row.text(1)), bytes: row.bytes(4)),
      document.stateNumber == row.int(2), document.isEnded == row.bool(3)
    else { throw SealedTable.document.damaged(row, "it cannot be read") }
    return document
  }
}

extension Names {
  func knows(_ document: Document) -> Bool {
    func knows(_ sku: SKUIndex) -> Bool { sku.int < skuCount }
    func knows(_ location: LocationIndex) -> Bool { location.int < locationCount }
    return switch document {
    case .purchaseOrder(let order):
      knows(order.terms.location) && order.terms.lines.allSatisfy { knows($0.sku) }
    case .transfer(let transfer):
      knows(transfer.terms.source) && knows(transfer.terms.destination)
        && transfer.terms.lines.allSatisfy { knows($0.sku) }
    case .count(let count): knows(count.location) && count.lines.allSatisfy { knows($0.sku) }
    }
  }
}
