internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// How goods come to locations.
enum InboundCommands {
  static let all = [purchaseOrder, transfer]

  static let purchaseOrder = Command(
    name: "po",
    usage: """
      list | show ID | place ID | cancel ID
        po set ID LOCATION SKU=UNITS[@COST] … [--currency EUR] [--supplier NAME] [--freight COST] [--days N]
        po receive ID RECEIPT LINE=UNITS … [--reason CODE]     po close ID [--reason CODE]
      """,
    summary: "purchase orders: what suppliers send; costs in the currency's minor unit",
    options: ["currency": "EUR", "supplier": "", "freight": "0", "days": "", "reason": ""]
  ) { arguments in
    let inbound = try Peers.fromEnvironment().inbound
    let verb = try arguments.word(0, "what to do")
    if verb == "list" {
      try await listPurchaseOrders(inbound)
      return 0
    }
    let id = try arguments.word(1, "ID")
    let reason = arguments.option("reason")
    let request = UUID().uuidString
    let order: PurchaseOrder?
    switch verb {
    case "show":
      order = try await inbound.getPurchaseOrder(.init(purchaseOrderID: id)).purchaseOrder
    case "set":
      order = try await inbound.setPurchaseOrder(
        .init(purchaseOrder: try wanted(id, arguments), requestID: request)
      ).purchaseOrder
    case "place":
      order = try await inbound.placePurchaseOrder(
        .init(purchaseOrderID: id, requestID: request)
      ).purchaseOrder
    case "receive":
      order = try await inbound.receivePurchaseOrder(
        .init(purchaseOrderID: id, receipt: try receipt(arguments), requestID: request)
      ).purchaseOrder
    case "close":
      order = try await inbound.closePurchaseOrder(
        .init(purchaseOrderID: id, reason: reason, actor: "operator", requestID: request)
      ).purchaseOrder
    case "cancel":
      order = try await inbound.cancelPurchaseOrder(
        .init(purchaseOrderID: id, reason: reason, actor: "operator", requestID: request)
      ).purchaseOrder
    default: throw UsageError("there is no `po \(verb)`")
    }
    if let order { show(order) }
    return 0
  }

  static let transfer = Command(
    name: "transfer",
    usage: """
      list | show ID | ship ID | cancel ID
        transfer set ID SOURCE DESTINATION SKU=UNITS … [--days N]
        transfer receive ID RECEIPT LINE=UNITS …     transfer write-off ID --reason CODE
      """,
    summary: "units on their way from one location to another",
    options: ["days": "", "reason": ""]
  ) { arguments in
    let inbound = try Peers.fromEnvironment().inbound
    let verb = try arguments.word(0, "what to do")
    if verb == "list" {
      try await listTransfers(inbound)
      return 0
    }
    let id = try arguments.word(1, "ID")
    let reason = arguments.option("reason")
    let request = UUID().uuidString
    let transfer: Transfer?
    switch verb {
    case "show": transfer = try await inbound.getTransfer(.init(transferID: id)).transfer
    case "set":
      let lines = try amounts(arguments, from: 4).enumerated().map { number, amount in
        TransferLine(lineID: "\(number + 1)", sku: amount.name, quantity: amount.units)
      }
      let wanted = Transfer(
        transferID: id, sourceLocationID: try arguments.word(2, "SOURCE"),
        destinationLocationID: try arguments.word(3, "DESTINATION"), lines: lines,
        expectTime: try expectTime(arguments))
      transfer = try await inbound.setTransfer(
        .init(transfer: wanted, requestID: request)
      ).transfer
    case "ship":
      transfer = try await inbound.shipTransfer(
        .init(transferID: id, actor: "operator", requestID: request)
      ).transfer
    case "receive":
      transfer = try await inbound.receiveTransfer(
        .init(transferID: id, receipt: try receipt(arguments), requestID: request)
      ).transfer
    case "write-off":
      transfer = try await inbound.writeOffTransfer(
        .init(transferID: id, reason: reason, actor: "operator", requestID: request)
      ).transfer
    case "cancel":
      transfer = try await inbound.cancelTransfer(
        .init(transferID: id, reason: reason, actor: "operator", requestID: request)
      ).transfer
    default: throw UsageError("there is no `transfer \(verb)`")
    }
    if let transfer { show(transfer) }
    return 0
  }

  // MARK: What is said

  private static func listPurchaseOrders(_ inbound: InboundServiceClient) async throws {
    let orders = try await allPages { token in
      let page = try await inbound.listPurchaseOrders(.init(pageSize: 200, pageToken: token))
      return (page.purchaseOrders, page.nextPageToken)
    }
    Output.table(
      ["order", "supplier", "location", "state", "open units", "expected"],
      orders.map { order in
        [
          order.purchaseOrderID, order.supplier, order.locationID, "\(order.state)",
          "\(order.lines.reduce(0) { $0 + $1.openCount })", order.expectTime.text,
        ]
      })
  }

  private static func listTransfers(_ inbound: InboundServiceClient) async throws {
    let transfers = try await allPages { token in
      let page = try await inbound.listTransfers(.init(pageSize: 200, pageToken: token))
      return (page.transfers, page.nextPageToken)
    }
    Output.table(
      ["transfer", "from", "to", "state", "open units", "expected"],
      transfers.map { transfer in
        [
          transfer.transferID, transfer.sourceLocationID, transfer.destinationLocationID,
          "\(transfer.state)",
          "\(transfer.lines.reduce(0) { $0 + $1.quantity - $1.receivedCount - $1.lostCount })",
          transfer.expectTime.text,
        ]
      })
  }

  private static func show(_ order: PurchaseOrder) {
    Output.line(
      "\(order.purchaseOrderID) to \(order.locationID): \(order.state), expected \(order.expectTime.text)"
    )
    Output.table(
      ["line", "SKU", "ordered", "received", "open", "unit cost", "charges"],
      order.lines.map {
        [
          $0.lineID, $0.sku, "\($0.quantity)", "\($0.receivedCount)", "\($0.openCount)",
          "\($0.unitCostMinor)", "\($0.chargesMinor)",
        ]
      })
  }

  private static func show(_ transfer: Transfer) {
    Output.line(
      "\(transfer.transferID) from \(transfer.sourceLocationID) to \(transfer.destinationLocationID): "
        + "\(transfer.state), expected \(transfer.expectTime.text)")
    Output.table(
      ["line", "SKU", "units", "received", "lost"],
      transfer.lines.map {
        [$0.lineID, $0.sku, "\($0.quantity)", "\($0.receivedCount)", "\($0.lostCount)"]
      })
  }

  // MARK: What is asked

  private static func wanted(_ id: String, _ arguments: Arguments) throws -> PurchaseOrder {
    let lines = try amounts(arguments, from: 3).enumerated().map { number, amount in
      PurchaseOrderLine(
        lineID: "\(number + 1)", sku: amount.name, quantity: amount.units,
        unitCostMinor: amount.cost)
    }
    let freight = try arguments.number(option: "freight", in: 0...1_000_000_000_000)
    return PurchaseOrder(
      purchaseOrderID: id, supplier: arguments.option("supplier"),
      locationID: try arguments.word(2, "LOCATION"), currency: arguments.option("currency"),
      lines: lines,
      charges: freight == 0
        ? [] : [.init(kind: .freight, amountMinor: Int64(freight), basis: .quantity)],
      expectTime: try expectTime(arguments))
  }

  private static func receipt(_ arguments: Arguments) throws -> Receipt {
    Receipt(
      receiptID: try arguments.word(2, "RECEIPT"),
      lines: try amounts(arguments, from: 3).map {
        ReceiptLine(lineID: $0.name, quantity: $0.units)
      },
      reason: arguments.option("reason"), actor: "operator")
  }

  /// So many days from now.
  static func expectTime(_ arguments: Arguments) throws -> Timestamp? {
    guard !arguments.option("days").isEmpty else { return nil }
    let days = try arguments.number(option: "days", in: 0...3650)
    return SystemClock().now() + .seconds(Int64(days) * 86_400)
  }

  /// `TEE=5` or `TEE=5@1250`.
  static func amounts(
    _ arguments: Arguments, from first: Int
  ) throws(UsageError) -> [(name: String, units: Int64, cost: Int64)] {
    _ = try arguments.word(first, "SKU=UNITS")
    var found: [(name: String, units: Int64, cost: Int64)] = []
    for word in arguments.positions.dropFirst(first) {
      // A SKU may hold "=" itself: the last one counts.
      guard let place = word.lastIndex(of: "="), place > word.startIndex else {
        throw UsageError("\(word) is no NAME=UNITS")
      }
      let parts = word[word.index(after: place)...].split(
        separator: "@", omittingEmptySubsequences: false)
      guard parts.count <= 2, let units = Int64(parts[0]),
        let cost = parts.count == 2 ? Int64(parts[1]) : 0
      else { throw UsageError("\(word): whole numbers are wanted") }
      found.append((String(word[..<place]), units, cost))
    }
    return found
  }
}
