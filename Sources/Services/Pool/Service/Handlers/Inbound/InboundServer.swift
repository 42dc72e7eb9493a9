internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
internal import Protobuf
public import RPCCore
internal import StorageCore

/// How goods come to locations: purchase orders and transfers, on the pool's one writer.
public final class InboundServer: InboundServiceHandler {
  let pool: PoolServer

  init(_ pool: PoolServer) {
    self.pool = pool
  }
}

extension PoolServer {
  /// Everything that the process serves.
  public var services: [any RPCService] {
    [
      self, InboundServer(self), CountServer(self), AssortmentServer(self), PromotionServer(self),
    ]
  }

  func perform<Request: Message, Response: Message>(
    _ command: DocumentCommand, for request: Request, id: String, _ context: ServerContext,
    respond: @escaping @Sendable (Document, Pool) -> Response
  ) async throws -> Response {
    try await perform(.document(command), for: request, id: id, context) { reply, pool in
      guard case .document(let document) = reply else {
        preconditionFailure("\(reply) is no document")
      }
      return respond(document, pool)
    }
  }

  /// A document as it is on disk, which is what was answered last.
  func document(_ key: DocumentKey, _ context: ServerContext) async throws -> Document {
    let found = try await database.read(until: context.deadline) { transaction in
      try transaction.find(.document, key: DocumentSQL.values(key)) {
        try DocumentSQL.document($0)
      }
    }
    guard let found else { throw PoolError.document(.unknown(key)) }
    return found
  }

  /// One page of a list.
  struct DocumentPage {
    var documents: [Document]
    var nextToken: String
  }

  /// Documents of a kind in the order of their IDs. A page ends before it has too many lines, but has one document at
  /// least, when there is one.
  func documents(
    _ kind: DocumentKey.Kind, openOnly: Bool, pageSize: Int32, pageToken text: String,
    _ context: ServerContext
  ) async throws -> DocumentPage {
    let size = try PageSize.clamped(pageSize, maximum: ServiceLimits.listedDocuments)
    let scope = "Documents \(kind) \(openOnly)"
    let token = try pageToken(text, scope: scope, partCount: 1)
    return try await database.read(until: context.deadline) { transaction in
      var found: [Document] = []
      var lines = 0
      var isMore = false
      try transaction.scan(
        .document,
        "WHERE kind = ? AND document_id > ?"
          + (openOnly ? " AND is_ended = 0" : "") + " ORDER BY document_id LIMIT ?",
        [.int(Int(kind.rawValue)), .text(token?.parts[0] ?? ""), .int(size + 1)]
      ) { row in
        let document = try DocumentSQL.document(row)
        lines += document.lineCount
        isMore =
          found.count == size || (lines > ServiceLimits.listedDocumentLines && !found.isEmpty)
        if !isMore { found.append(document) }
        return !isMore
      }
      let next = isMore ? found.last.map { PageToken($0.key.text).encoded(scope: scope) } : nil
      return DocumentPage(documents: found, nextToken: next ?? "")
    }
  }

  /// A message made with the names that readers know.
  func named<T>(_ documents: [Document], _ make: (Document, ReadModel.State) -> T) throws -> [T] {
    try view.read { state in
      try documents.map { document in
        // What is on disk may name, for a moment, what the view does not know yet.
        guard state.knows(document) else { throw PoolError.storeUnavailable }
        return make(document, state)
      }
    }
  }
}

extension Document {
  fileprivate var lineCount: Int {
    switch self {
    case .purchaseOrder(let order): order.terms.lines.count
    case .transfer(let transfer): transfer.terms.lines.count
    case .count(let count): count.lines.count
    }
  }
}
