internal import Primitives

extension Pool {
  func apply(_ command: DocumentCommand) throws(PoolError) -> Reply {
    switch command {
    case .setPurchaseOrder(let command): try set(command)
    case .placePurchaseOrder(let id): try place(id)
    case .receivePurchaseOrder(let command): try receive(command)
    case .closePurchaseOrder(let command): try close(command)
    case .cancelPurchaseOrder(let command): try cancel(command)
    case .setTransfer(let command): try set(command)
    case .shipTransfer(let command): try ship(command)
    case .receiveTransfer(let command): try receive(command)
    case .writeOffTransfer(let command): try writeOff(command)
    case .cancelTransfer(let command): try cancel(command)
    case .openCount(let command): try open(command)
    case .reportCount(let command): try report(command)
    case .submitCount(let command): try submit(command)
    case .recount(let command): try recount(command)
    case .approveCount(let command): try approve(command)
    case .cancelCount(let command): try cancel(command)
    }
  }

  /// Takes a document as it stands now, and what is on its way because of it.
  func put(_ document: Document) -> Reply {
    keep(document)
    noteSet(document.key)
    return .document(document)
  }

  /// A document from a store.
  public func load(_ document: Document) {
    keep(document)
  }

  private func keep(_ document: Document) {
    let key = document.key
    if let known = documents.updateValue(document, forKey: key) { forgetIncoming(of: known) }
    for (sku, units) in document.incoming {
      incoming[sku, default: []].append(units)
      noteIncoming(sku)
    }
    if document.isEnded { endedDocuments.insert(key) }
  }

  private func forgetIncoming(of document: Document) {
    for (sku, units) in document.incoming {
      incoming[sku]?.removeAll { $0.document == units.document }
      if incoming[sku]?.isEmpty ?? false { incoming[sku] = nil }
      noteIncoming(sku)
    }
  }

  /// Takes the documents out of memory of which nothing can come any more, once they are durable; one has to be loaded again
  /// before a command that names it.
  public func unloadEndedDocuments() {
    guard !endedDocuments.isEmpty else { return }
    for key in endedDocuments { documents[key] = nil }
    endedDocuments.removeAll()
  }

  /// Units on their way to a SKU's locations.
  public func incomingUnits(of sku: SKUIndex) -> [Incoming] { incoming[sku] ?? [] }

  /// The receipt's own repeat: nil when it is new.
  ///
  /// - Throws: when its ID is that of another one.
  func isRepeat(
    _ receipt: Receipt, of known: [Receipt], in key: DocumentKey
  ) throws(PoolError) -> Bool {
    if let first = known.first(where: { $0.id == receipt.id }) {
      guard first.lines == receipt.lines else {
        throw .document(.receiptExists(key, receipt.id))
      }
      return true
    }
    let lineCount = known.reduce(receipt.lines.count) { $0 + $1.lines.count }
    guard known.count < Limits.documentReceipts, lineCount <= Limits.documentReceiptLines else {
      throw .document(.tooManyReceipts(key))
    }
    return false
  }
}
