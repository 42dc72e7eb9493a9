import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// What people do with a document, in any order.
enum DocumentStep: CustomStringConvertible {
  case draft(source: String, [Model.Units])
  case begin
  case receive(String, Model.Receipt, reason: String)
  /// Gives up what has not come.
  case end(reason: String)
  case cancel

  var description: String {
    switch self {
    case .draft(let source, let lines): "draft \(source) \(lines.words)"
    case .begin: "begin"
    case .receive(let name, let receipt, let reason):
      "receive \(name) \(reason)\(receipt.lines.map { "\($0)" })"
    case .end(let reason): "end \(reason)"
    case .cancel: "cancel"
    }
  }

  var name: String {
    switch self {
    case .draft: "draft"
    case .begin: "begin"
    case .receive: "receive"
    case .end: "end"
    case .cancel: "cancel"
    }
  }

  static func draw(_ known: Model.Document, _ hand: inout Hand) -> DocumentStep {
    let reason = hand.isLucky(3) ? "" : "counted"
    switch hand.count(0...9) {
    case 0: return .cancel
    case 1, 2: return .end(reason: reason)
    case 3...(known.state == "draft" ? 9 : 3): return .begin
    default: break
    }
    if let old = known.receipts.keys.sorted().randomElement(using: &hand.random), hand.isLucky(2),
      let receipt = known.receipts[old]
    {
      // A delivery note is entered a second time, now and then with other lines.
      return .receive(old, hand.isLucky(2) ? drawReceipt(known, &hand) : receipt, reason: reason)
    }
    return .receive(hand.name("n"), drawReceipt(known, &hand), reason: reason)
  }

  private static func drawReceipt(_ known: Model.Document, _ hand: inout Hand) -> Model.Receipt {
    let places = known.lines.indices.filter { _ in hand.isLucky(2) }
    return Model.Receipt(
      lines: (places.isEmpty ? [0] : places).map { place in
        let open = known.lines[place].open
        return .init(
          line: place,
          quantity: hand.isLucky(2) ? open + hand.count(1...3) : hand.count(1...max(1, open)),
          isUnavailable: hand.isLucky(6))
      })
  }
}

extension Model.Receipt {
  func message(_ name: String, reason: String) -> Receipt {
    Receipt(
      receiptID: name,
      lines: lines.map {
        ReceiptLine(
          lineID: "\($0.line + 1)", quantity: $0.quantity, unavailable: $0.isUnavailable)
      }, reason: reason)
  }
}

/// A supplier's order, from its draft to its end.
struct Purchase: SimulatedCommand {
  var order: String
  var step: DocumentStep
  var description: String { "purchase \(order): \(step)" }
  var verb: String { "Purchase \(step.name)" }

  static func draw(_ hand: inout Hand) -> Purchase? {
    let known = hand.isLucky(6) ? nil : hand.document(isTransfer: false)
    if let known, let document = hand.model.documents[known] {
      return Purchase(order: known, step: .draw(document, &hand))
    }
    // All lines of one arrive at one location.
    let first = hand.units()
    let location = Shelf.location(first[0].shelf)
    return Purchase(
      order: hand.isLucky(8)
        ? hand.document(isTransfer: false) ?? hand.name("po") : hand.name("po"),
      step: .draft(source: "", first.filter { Shelf.location($0.shelf) == location }))
  }

  func call(
    _ pool: PoolServer, _ id: String, _ context: ServerContext
  ) async throws -> GetPurchaseOrderResponse {
    let server = InboundServer(pool)
    let found =
      switch step {
      case .draft(_, let lines):
        try await server.setPurchaseOrder(
          .init(purchaseOrder: draft(lines), requestID: id), context: context
        ).purchaseOrder
      case .begin:
        try await server.placePurchaseOrder(
          .init(purchaseOrderID: order, requestID: id), context: context
        ).purchaseOrder
      case .receive(let name, let receipt, let reason):
        try await server.receivePurchaseOrder(
          .init(
            purchaseOrderID: order, receipt: receipt.message(name, reason: reason), requestID: id),
          context: context
        ).purchaseOrder
      case .end(let reason):
        try await server.closePurchaseOrder(
          .init(purchaseOrderID: order, reason: reason, requestID: id), context: context
        ).purchaseOrder
      case .cancel:
        try await server.cancelPurchaseOrder(
          .init(purchaseOrderID: order, requestID: id), context: context
        ).purchaseOrder
      }
    return GetPurchaseOrderResponse(purchaseOrder: found)
  }

  private func draft(_ lines: [Model.Units]) -> PurchaseOrder {
    PurchaseOrder(
      purchaseOrderID: order, locationID: Shelf.location(lines[0].shelf), currency: "EUR",
      lines: lines.enumerated().map { number, units in
        PurchaseOrderLine(
          lineID: "\(number + 1)", sku: Shelf.sku(units.shelf), quantity: units.quantity)
      })
  }

  func words(_ response: GetPurchaseOrderResponse) -> String { response.purchaseOrder.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if case .draft(_, let lines) = step {
      return try model.draft(
        order,
        .init(lines: lines.map { .init(shelf: $0.shelf, quantity: $0.quantity) }))
    }
    var known = try model.document(order, isTransfer: false)
    switch step {
    case .receive(let name, let receipt, let reason):
      return try model.receive(name, receipt, of: order, isTransfer: false, reason: reason)
    case .draft: break
    case .begin:
      if known.state == "cancelled" { throw known.stateRefusal() }
      if known.state == "draft" { known.state = "ordered" }
    case .end(let reason):
      if ["draft", "cancelled"].contains(known.state) { throw known.stateRefusal() }
      if known.state != "closed", reason.isEmpty, known.lines.contains(where: { $0.open > 0 }) {
        throw Model.Refusal("UNDER_RECEIPT")
      }
      known.state = "closed"
    case .cancel:
      guard ["draft", "ordered", "cancelled"].contains(known.state) else {
        throw known.stateRefusal()
      }
      known.state = "cancelled"
    }
    model.documents[order] = known
    return known.words
  }
}

/// Units on their way from one location to the other.
struct Move: SimulatedCommand {
  var transfer: String
  var step: DocumentStep
  var description: String { "transfer \(transfer): \(step)" }
  var verb: String { "Move \(step.name)" }

  static func draw(_ hand: inout Hand) -> Move? {
    let known = hand.isLucky(6) ? nil : hand.document(isTransfer: true)
    if let known, let document = hand.model.documents[known] {
      return Move(transfer: known, step: .draw(document, &hand))
    }
    let places = hand.isLucky(2) ? ["A", "B"] : ["B", "A"]
    let lines = (1...hand.count(1...2)).map { _ in
      Model.Units(shelf: "\(Shelf.moving)@\(places[1])", quantity: hand.count(1...6))
    }
    return Move(
      transfer: hand.isLucky(8)
        ? hand.document(isTransfer: true) ?? hand.name("t") : hand.name("t"),
      step: .draft(source: places[0], lines))
  }

  func call(
    _ pool: PoolServer, _ id: String, _ context: ServerContext
  ) async throws -> GetTransferResponse {
    let server = InboundServer(pool)
    let found =
      switch step {
      case .draft(let source, let lines):
        try await server.setTransfer(
          .init(transfer: draft(source, lines), requestID: id), context: context
        ).transfer
      case .begin:
        try await server.shipTransfer(
          .init(transferID: transfer, requestID: id), context: context
        ).transfer
      case .receive(let name, let receipt, let reason):
        try await server.receiveTransfer(
          .init(
            transferID: transfer, receipt: receipt.message(name, reason: reason), requestID: id),
          context: context
        ).transfer
      case .end(let reason):
        try await server.writeOffTransfer(
          .init(transferID: transfer, reason: reason + "lost", requestID: id), context: context
        ).transfer
      case .cancel:
        try await server.cancelTransfer(
          .init(transferID: transfer, requestID: id), context: context
        ).transfer
      }
    return GetTransferResponse(transfer: found)
  }

  private func draft(_ source: String, _ lines: [Model.Units]) -> Transfer {
    Transfer(
      transferID: transfer, sourceLocationID: source,
      destinationLocationID: Shelf.location(lines[0].shelf),
      lines: lines.enumerated().map { number, units in
        TransferLine(
          lineID: "\(number + 1)", sku: Shelf.sku(units.shelf), quantity: units.quantity)
      })
  }

  func words(_ response: GetTransferResponse) -> String { response.transfer.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if case .draft(let source, let lines) = step {
      return try model.draft(
        transfer,
        .init(source: source, lines: lines.map { .init(shelf: $0.shelf, quantity: $0.quantity) }))
    }
    var known = try model.document(transfer, isTransfer: true)
    switch step {
    case .receive(let name, let receipt, let reason):
      return try model.receive(name, receipt, of: transfer, isTransfer: true, reason: reason)
    case .draft: break
    case .begin:
      if known.state == "cancelled" { throw known.stateRefusal() }
      if known.state == "draft" { try ship(&known, &model) }
    case .end:
      guard known.isOnItsWay || known.state == "short" else { throw known.stateRefusal() }
      if known.isOnItsWay { model.move() }
      for place in known.lines.indices { known.lines[place].lost += known.lines[place].open }
      known.state = "short"
    case .cancel:
      guard ["draft", "cancelled"].contains(known.state) else { throw known.stateRefusal() }
      known.state = "cancelled"
    }
    model.documents[transfer] = known
    return known.words
  }

  /// What is promised at the source stays there.
  private func ship(
    _ known: inout Model.Document, _ model: inout Model
  ) throws(Model.Refusal) {
    let source = "\(Shelf.moving)@\(known.source ?? "")"
    let wanted = known.lines.reduce(0) { $0 + $1.quantity }
    guard wanted <= model.available[source, default: 0] else {
      throw Model.Refusal("INSUFFICIENT_STOCK")
    }
    model.onHand[source, default: 0] -= wanted
    model.move()
    known.state = "inTransit"
  }
}

extension PurchaseOrder? {
  var words: String {
    let lines = self?.lines ?? []
    return "\(self?.state ?? .unspecified) \(lines.map(\.receivedCount)) \(lines.map { _ in 0 })"
  }
}

extension Transfer? {
  var words: String {
    let lines = self?.lines ?? []
    return
      "\(self?.state ?? .unspecified) \(lines.map(\.receivedCount)) \(lines.map(\.lostCount))"
  }
}
