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
    }
  }
}
