import Primitives

extension Model {
  /// A purchase order, or a transfer, which has a source.
  struct Document: Equatable {
    struct Line: Equatable {
      /// Where it arrives.
      var shelf: String
      var quantity: Quantity
      var received: Quantity = 0
      var lost: Quantity = 0
      var open: Quantity { max(0, quantity - received - lost) }
    }

    var source: String?
    /// Their names are `1`, `2`, ….
    var lines: [Line]
    var state = "draft"
    var receipts: [String: Receipt] = [:]

    var isOnItsWay: Bool { ["ordered", "inTransit", "partiallyReceived"].contains(state) }
    var kind: String { source == nil ? "PURCHASE_ORDER" : "TRANSFER" }
    var words: String { "\(state) \(lines.map(\.received)) \(lines.map(\.lost))" }

    /// The same, before anything has become of it.
    var terms: [Units] { lines.map { Units(shelf: $0.shelf, quantity: $0.quantity) } }

    func stateRefusal() -> Refusal { Refusal("\(kind)_STATE") }
  }

  struct Receipt: Equatable {
    struct Line: Equatable {
      var line: Int
      var quantity: Quantity
      var isUnavailable: Bool
    }
    var lines: [Line]
  }

  func document(_ id: String, isTransfer: Bool) throws(Refusal) -> Document {
    guard let known = documents[id] else {
      throw Refusal(isTransfer ? "TRANSFER_UNKNOWN" : "PURCHASE_ORDER_UNKNOWN")
    }
    return known
  }

  /// Makes a document, or changes it while it is a draft.
  mutating func draft(_ id: String, _ document: Document) throws(Refusal) -> String {
    if let known = documents[id], known.terms != document.terms || known.source != document.source {
      guard known.state == "draft" else { throw known.stateRefusal() }
    } else if let known = documents[id] {
      return known.words
    }
    documents[id] = document
    return document.words
  }

  /// Counts goods in, once.
  mutating func receive(
    _ name: String, _ receipt: Receipt, of id: String, isTransfer: Bool, reason: String
  ) throws(Refusal) -> String {
    var document = try document(id, isTransfer: isTransfer)
    if let known = document.receipts[name] {
      guard known == receipt else { throw Refusal("RECEIPT_EXISTS") }
      return document.words
    }
    guard document.isOnItsWay || document.state == "received" && !isTransfer else {
      throw document.stateRefusal()
    }
    for arrived in receipt.lines {
      guard arrived.line < document.lines.count else {
        throw Refusal("\(document.kind)_LINE_UNKNOWN")
      }
      let isTooMuch = arrived.quantity > document.lines[arrived.line].open
      if isTooMuch, isTransfer { throw Refusal("NOT_IN_TRANSIT") }
      if isTooMuch, reason.isEmpty { throw Refusal("OVER_RECEIPT") }
      document.lines[arrived.line].received += arrived.quantity
      let shelf = document.lines[arrived.line].shelf
      if arrived.isUnavailable {
        unavailable[shelf, default: 0] += arrived.quantity
      } else {
        onHand[shelf, default: 0] += arrived.quantity
      }
    }
    document.receipts[name] = receipt
    document.state = document.lines.allSatisfy { $0.open == 0 } ? "received" : "partiallyReceived"
    documents[id] = document
    move()
    return document.words
  }
}
