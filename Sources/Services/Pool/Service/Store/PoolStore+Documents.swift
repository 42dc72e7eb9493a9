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
      try connection.execute(
        """
        INSERT INTO document (kind, document_id, state, is_ended, body) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (kind, document_id) DO UPDATE SET state = excluded.state,
          is_ended = excluded.is_ended, body = excluded.body
        """,
        [
          .int(Int(key.kind.rawValue)), .text(key.text), .int(document.stateNumber),
          .bool(document.isEnded), .blob(document.bytes),
        ])
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
      try connection.execute(
        """
        INSERT INTO reorder_point (sku, location, unit_count, update_time) VALUES (?, ?, ?, ?)
        ON CONFLICT (sku, location) DO UPDATE SET unit_count = excluded.unit_count,
          update_time = excluded.update_time
        """, [sku, location, .integer(units), .time(point.updateTime)])
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
      try connection.execute(
        """
        INSERT INTO lot (sku, location, lot, expire_time, unit_count) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (sku, location, lot) DO UPDATE SET expire_time = excluded.expire_time,
          unit_count = excluded.unit_count
        """, place + [.time(lot.tag.expireTime), .integer(lot.quantity)])
    }
  }

  func loadLots(_ pool: Pool) throws {
    try connection.scan("SELECT sku, location, lot, expire_time, unit_count FROM lot") { row in
      guard let sku = pool.index(of: row.id(0, as: SKU.self)),
        let location = pool.index(of: row.id(1, as: LocationID.self)),
        (1...1 << 60).contains(row.int64(4))
      else { throw corrupt("the lot \(row.text(2)) is of nothing") }
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
      try connection.execute(
        """
        INSERT INTO bundle (sku, is_bundle, revision, update_time, body) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (sku) DO UPDATE SET is_bundle = excluded.is_bundle,
          revision = excluded.revision, update_time = excluded.update_time, body = excluded.body
        """,
        [
          .id(pool.record(of: bundle.sku).sku), .bool(!bundle.parts.isEmpty),
          .integer(bundle.revision), .time(bundle.updateTime), .blob(writer.bytes),
        ])
    }
  }

  func loadBundles(_ pool: Pool) throws {
    try connection.scan("SELECT sku, revision, update_time, body FROM bundle") { row in
      var reader = ByteReader(row.bytes(3))
      guard let sku = pool.index(of: row.id(0, as: SKU.self)),
        let parts = try? reader.bundleParts(),
        reader.isAtEnd, parts.allSatisfy({ $0.sku.int < pool.skuCount }),
        pool.takes(parts, in: sku)
      else { throw corrupt("the bundle \(row.text(0)) cannot be read") }
      pool.load(
        Bundle(sku: sku, parts: parts, updateTime: row.time(2), revision: row.int64(1)))
      return true
    }
    guard pool.bundles.definitions.keys.allSatisfy({ pool.bundles.isBounded($0) }) else {
      throw corrupt("a bundle comes to too much")
    }
  }

  func loadReorderPoints(_ pool: Pool) throws {
    try connection.scan("SELECT sku, location, unit_count, update_time FROM reorder_point") { row in
      let location = row.text(1)
      let place = location.isEmpty ? nil : pool.index(of: LocationID(trusted: location))
      guard let sku = pool.index(of: row.id(0, as: SKU.self)), location.isEmpty || place != nil
      else { throw corrupt("a reorder point is of nothing") }
      pool.load(
        ReorderPoint(
          scope: ReorderPoint.Scope(sku: sku, location: place), units: row.int64(2),
          updateTime: row.time(3)))
      return true
    }
  }

  /// Those that have not ended.
  func loadDocuments(_ pool: Pool) throws {
    try connection.scan(DocumentSQL.rows + " WHERE is_ended = 0") { row in
      pool.load(try document(row, pool))
      return true
    }
  }

  /// A document that is not in memory, since it has ended.
  func document(_ key: DocumentKey, _ pool: Pool) throws -> Document? {
    var found: Document?
    try connection.scan(
      DocumentSQL.rows + " WHERE kind = ? AND document_id = ?",
      [.int(Int(key.kind.rawValue)), .text(key.text)]
    ) { row in
      found = try document(row, pool)
      return false
    }
    return found
  }

  private func document(_ row: any Row, _ pool: Pool) throws -> Document {
    guard let document = try? DocumentSQL.document(row), pool.knows(document) else {
      throw corrupt("the document \(row.text(1)) cannot be read")
    }
    return document
  }
}

/// How documents are read, by the writer and by the readers.
enum DocumentSQL {
  static let rows = "SELECT kind, document_id, body FROM document"

  static func document(_ row: any Row) throws(ByteReader.Malformed) -> Document {
    guard let number = UInt8(exactly: row.int64(0)), let kind = DocumentKey.Kind(rawValue: number)
    else { throw ByteReader.Malformed() }
    return try Document(key: DocumentKey(kind, row.text(1)), bytes: row.bytes(2))
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
