internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// How goods come to locations: `onepool po VERB …` and `onepool transfer VERB …`.
enum InboundCommands {
  static let all = purchaseOrders + transfers

  private typealias Client = InboundServiceClient

  // MARK: Purchase orders

  private static let purchaseOrders = [
    Command(name: "po list", usage: "", summary: "every purchase order") { _ in
      try await listPurchaseOrders(try Peers.fromEnvironment().inbound)
      return 0
    },
    purchaseOrder("show", "ID", "one, by its lines") { client, id, _, _ in
      try await client.getPurchaseOrder(.init(purchaseOrderID: id)).purchaseOrder
    },
    purchaseOrder(
      "set",
      "ID LOCATION SKU=UNITS[@COST] … [--currency EUR] [--supplier NAME] [--freight COST] [--days N]",
      "drafts one, or changes a draft",
      details: """
        Costs are of one unit, freight of all, both in the currency's minor unit (1250 is 12.50). --days says in how many
        days it is expected.
        """,
      wordLimit: nil,
      options: ["currency": "EUR", "supplier": "", "freight": "0", "days": ""]
    ) { client, id, arguments, request in
      try await client.setPurchaseOrder(
        .init(purchaseOrder: try wanted(id, arguments), requestID: request)
      ).purchaseOrder
    },
    purchaseOrder("place", "ID", "says that it was ordered; its units count as incoming") {
      client, id, _, request in
      try await client.placePurchaseOrder(
        .init(purchaseOrderID: id, requestID: request)
      ).purchaseOrder
    },
    purchaseOrder(
      "receive", "ID RECEIPT LINE=UNITS … [--reason CODE]", "takes goods of it in",
      details: """
        LINE is a line's number, as `po show` lists it. RECEIPT is a name of your own, of the delivery note perhaps: the
        same receipt is taken once. More units than were ordered want a --reason.
        """, wordLimit: nil, options: ["reason": ""]
    ) { client, id, arguments, request in
      try await client.receivePurchaseOrder(
        .init(purchaseOrderID: id, receipt: try receipt(arguments), requestID: request)
      ).purchaseOrder
    },
    purchaseOrder(
      "close", "ID [--reason CODE]", "ends one; a --reason when units are missing",
      options: ["reason": ""]
    ) { client, id, arguments, request in
      try await client.closePurchaseOrder(
        .init(
          purchaseOrderID: id, reason: arguments.option("reason"), actor: "operator",
          requestID: request)
      ).purchaseOrder
    },
    purchaseOrder(
      "cancel", "ID [--reason CODE]", "takes one back of which nothing has come",
      options: ["reason": ""]
    ) { client, id, arguments, request in
      try await client.cancelPurchaseOrder(
        .init(
          purchaseOrderID: id, reason: arguments.option("reason"), actor: "operator",
          requestID: request)
      ).purchaseOrder
    },
  ]

  /// A verb that ends with the order as it stands then.
  private static let purchaseOrder = DocumentCommand<Client, PurchaseOrder?>(
    noun: "po", client: \.inbound
  ) { order in
    if let order { show(order) }
    return 0
  }

  // MARK: Transfers

  private static let transfers = [
    Command(name: "transfer list", usage: "", summary: "every transfer") { _ in
      try await listTransfers(try Peers.fromEnvironment().inbound)
      return 0
    },
    transfer("show", "ID", "one, by its lines") { client, id, _, _ in
      try await client.getTransfer(.init(transferID: id)).transfer
    },
    transfer(
      "set", "ID SOURCE DESTINATION SKU=UNITS … [--days N]", "drafts one, or changes a draft",
      details: "SOURCE and DESTINATION are locations; --days says in how many days it is expected.",
      wordLimit: nil, options: ["days": ""]
    ) { client, id, arguments, request in
      try await client.setTransfer(
        .init(transfer: try wantedTransfer(id, arguments), requestID: request)
      ).transfer
    },
    transfer("ship", "ID", "says that its units have left the source") { client, id, _, request in
      try await client.shipTransfer(
        .init(transferID: id, actor: "operator", requestID: request)
      ).transfer
    },
    transfer(
      "receive", "ID RECEIPT LINE=UNITS …", "takes units of it in at the destination",
      details: """
        LINE is a line's number, as `transfer show` lists it. RECEIPT is a name of your own: the same receipt is taken once.
        """, wordLimit: nil
    ) { client, id, arguments, request in
      try await client.receiveTransfer(
        .init(transferID: id, receipt: try receipt(arguments), requestID: request)
      ).transfer
    },
    transfer(
      "write-off", "ID --reason CODE", "ends one whose last units do not come",
      options: ["reason": ""]
    ) { client, id, arguments, request in
      guard !arguments.option("reason").isEmpty else { throw UsageError("--reason is missing") }
      return try await client.writeOffTransfer(
        .init(
          transferID: id, reason: arguments.option("reason"), actor: "operator", requestID: request)
      ).transfer
    },
    transfer(
      "cancel", "ID [--reason CODE]", "takes one back of which nothing has arrived",
      options: ["reason": ""]
    ) { client, id, arguments, request in
      try await client.cancelTransfer(
        .init(
          transferID: id, reason: arguments.option("reason"), actor: "operator", requestID: request)
      ).transfer
    },
  ]

  /// A verb that ends with the transfer as it stands then.
  private static let transfer = DocumentCommand<Client, Transfer?>(
    noun: "transfer", client: \.inbound
  ) { transfer in
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
          order.purchaseOrderID, order.supplier, order.locationID, words(order.state),
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
          words(transfer.state),
          "\(transfer.lines.reduce(0) { $0 + $1.quantity - $1.receivedCount - $1.lostCount })",
          transfer.expectTime.text,
        ]
      })
  }

  private static func show(_ order: PurchaseOrder) {
    Output.line(
      "\(order.purchaseOrderID) to \(order.locationID): \(words(order.state)), expected \(order.expectTime.text)"
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
        + "\(words(transfer.state)), expected \(transfer.expectTime.text)")
    Output.table(
      ["line", "SKU", "units", "received", "lost"],
      transfer.lines.map {
        [$0.lineID, $0.sku, "\($0.quantity)", "\($0.receivedCount)", "\($0.lostCount)"]
      })
  }

  // MARK: What is asked

  private static func wanted(_ id: String, _ arguments: Arguments) throws -> PurchaseOrder {
    let location = try arguments.word(1, "LOCATION")
    let lines = try amounts(arguments, from: 2, costs: true).enumerated().map { number, amount in
      PurchaseOrderLine(
        lineID: "\(number + 1)", sku: amount.name, quantity: amount.units,
        unitCostMinor: amount.cost)
    }
    let freight = try arguments.number(option: "freight", in: 0...1_000_000_000_000)
    return PurchaseOrder(
      purchaseOrderID: id, supplier: arguments.option("supplier"),
      locationID: location, currency: arguments.option("currency"),
      lines: lines,
      charges: freight == 0
        ? [] : [.init(kind: .freight, amountMinor: Int64(freight), basis: .quantity)],
      expectTime: try expectTime(arguments))
  }

  private static func wantedTransfer(_ id: String, _ arguments: Arguments) throws -> Transfer {
    let source = try arguments.word(1, "SOURCE")
    let destination = try arguments.word(2, "DESTINATION")
    let lines = try amounts(arguments, from: 3).enumerated().map { number, amount in
      TransferLine(lineID: "\(number + 1)", sku: amount.name, quantity: amount.units)
    }
    return Transfer(
      transferID: id, sourceLocationID: source, destinationLocationID: destination, lines: lines,
      expectTime: try expectTime(arguments))
  }

  private static func receipt(_ arguments: Arguments) throws -> Receipt {
    Receipt(
      receiptID: try arguments.word(1, "RECEIPT"),
      lines: try amounts(arguments, from: 2, of: "LINE").map {
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

  /// `TEE=5` or, with costs, `TEE=5@1250`.
  static func amounts(
    _ arguments: Arguments, from first: Int, of name: String = "SKU", costs: Bool = false
  ) throws(UsageError) -> [(name: String, units: Int64, cost: Int64)] {
    _ = try arguments.word(first, "\(name)=UNITS")
    var found: [(name: String, units: Int64, cost: Int64)] = []
    for word in arguments.positions.dropFirst(first) {
      // A SKU may hold "=" itself: the last one counts.
      guard let place = word.lastIndex(of: "="), place > word.startIndex else {
        throw UsageError("\(word): \(name)=UNITS is wanted")
      }
      let parts = word[word.index(after: place)...].split(
        separator: "@", omittingEmptySubsequences: false)
      guard parts.count <= (costs ? 2 : 1), let units = Int64(parts[0]),
        let cost = parts.count == 2 ? Int64(parts[1]) : 0
      else { throw UsageError("\(word): behind the = a whole number is wanted") }
      found.append((String(word[..<place]), units, cost))
    }
    return found
  }
}
