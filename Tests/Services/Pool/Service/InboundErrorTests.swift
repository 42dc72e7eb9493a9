import PoolAPI
import Primitives
import RPCCore
import StorageCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Each error that the service's comments list, and what no caller may send.
@Suite struct InboundErrorTests {
  @Test func errorsOfPurchaseOrders() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      let inbound = bench.inbound
      let unknown = ["purchaseOrderId": "P"]
      func receive(_ receipt: PoolAPI.Receipt) async throws {
        _ = try await inbound.receivePurchaseOrder(.init(purchaseOrderID: "P", receipt: receipt))
      }
      let calls: [() async throws -> Void] = [
        { _ = try await inbound.placePurchaseOrder(.init(purchaseOrderID: "P")) },
        { try await receive(InboundTests.receipt("r", 1)) },
        { _ = try await inbound.closePurchaseOrder(.init(purchaseOrderID: "P")) },
        { _ = try await inbound.cancelPurchaseOrder(.init(purchaseOrderID: "P")) },
        { _ = try await inbound.getPurchaseOrder(.init(purchaseOrderID: "P")) },
      ]
      for call in calls {
        await expectError(.notFound, "PURCHASE_ORDER_UNKNOWN", unknown) { try await call() }
      }
      var order = InboundTests.order(location: "X")
      await expectError(.notFound, "LOCATION_UNKNOWN", ["locationId": "X"]) {
        _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: order))
      }
      order.locationID = "A"
      order.lines[0].sku = "X"
      await expectError(
        .invalidArgument, "SKU_UNKNOWN", ["sku": "X"], violations: ["lines[0].sku"]
      ) {
        _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: order))
      }
      order = InboundTests.order()
      order.etag = "r1"
      await expectError(.aborted, "ETAG_MISMATCH", unknown) {
        _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: order))
      }
      order.etag = ""
      _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: order))
      await expectError(
        .failedPrecondition, "PURCHASE_ORDER_STATE", ["purchaseOrderId": "P", "state": "DRAFT"]
      ) { try await receive(InboundTests.receipt("r", 1)) }
      _ = try await inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      await expectError(
        .invalidArgument, "PURCHASE_ORDER_LINE_UNKNOWN", ["purchaseOrderId": "P", "lineId": "7"]
      ) { try await receive(InboundTests.receipt("r", 1, line: "7")) }
      await expectError(
        .failedPrecondition, "OVER_RECEIPT",
        [
          "purchaseOrderId": "P", "lineId": "1", "orderedCount": "10", "receivedCount": "11",
          "toleranceCount": "0", "overCount": "1",
        ]
      ) { try await receive(InboundTests.receipt("r", 11)) }
      try await receive(InboundTests.receipt("r", 4))
      await expectError(
        .failedPrecondition, "UNDER_RECEIPT",
        [
          "purchaseOrderId": "P", "lineId": "1", "orderedCount": "10", "receivedCount": "4",
          "toleranceCount": "0", "missingCount": "6",
        ]
      ) { _ = try await inbound.closePurchaseOrder(.init(purchaseOrderID: "P")) }
      await expectError(
        .failedPrecondition, "PURCHASE_ORDER_STATE",
        ["purchaseOrderId": "P", "state": "PARTIALLY_RECEIVED"]
      ) { _ = try await inbound.cancelPurchaseOrder(.init(purchaseOrderID: "P")) }
      #expect(try await bench.available() == 4)
    }
  }

  @Test func errorsOfTransfers() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 3])
      let inbound = bench.inbound
      func receive(_ receipt: PoolAPI.Receipt) async throws {
        _ = try await inbound.receiveTransfer(.init(transferID: "T", receipt: receipt))
      }
      let calls: [() async throws -> Void] = [
        { _ = try await inbound.shipTransfer(.init(transferID: "T")) },
        { try await receive(InboundTests.receipt("r", 1)) },
        { _ = try await inbound.writeOffTransfer(.init(transferID: "T", reason: "x")) },
        { _ = try await inbound.cancelTransfer(.init(transferID: "T")) },
        { _ = try await inbound.getTransfer(.init(transferID: "T")) },
      ]
      for call in calls {
        await expectError(.notFound, "TRANSFER_UNKNOWN", ["transferId": "T"]) { try await call() }
      }
      _ = try await inbound.setTransfer(.init(transfer: InboundTests.transfer()))
      await expectError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        ["sku": "TEE", "locationId": "A", "availableCount": "3", "requestedCount": "4"]
      ) { _ = try await inbound.shipTransfer(.init(transferID: "T")) }
      var smaller = InboundTests.transfer("T", 3)
      smaller.etag = "r9"
      await expectError(.aborted, "ETAG_MISMATCH", ["transferId": "T"]) {
        _ = try await inbound.setTransfer(.init(transfer: smaller))
      }
      smaller.etag = "r1"
      _ = try await inbound.setTransfer(.init(transfer: smaller))
      _ = try await inbound.shipTransfer(.init(transferID: "T"))
      await expectError(
        .failedPrecondition, "NOT_IN_TRANSIT",
        ["transferId": "T", "lineId": "1", "openCount": "3", "requestedCount": "4"]
      ) { try await receive(InboundTests.receipt("r", 4)) }
      await expectError(
        .invalidArgument, "TRANSFER_LINE_UNKNOWN", ["transferId": "T", "lineId": "7"]
      ) { try await receive(InboundTests.receipt("r", 1, line: "7")) }
      await expectError(
        .failedPrecondition, "TRANSFER_STATE", ["transferId": "T", "state": "IN_TRANSIT"]
      ) { _ = try await inbound.cancelTransfer(.init(transferID: "T")) }
      await expectError(
        .failedPrecondition, "TRANSFER_STATE", ["transferId": "T", "state": "IN_TRANSIT"]
      ) { _ = try await inbound.setTransfer(.init(transfer: InboundTests.transfer("T", 2))) }
      try await receive(InboundTests.receipt("r", 3))
      await expectError(
        .alreadyExists, "RECEIPT_EXISTS", ["transferId": "T", "receiptId": "r"]
      ) { try await receive(InboundTests.receipt("r", 2)) }
    }
  }

  /// Goal: what one unit costs is told to the millionth, though it bears all charges.
  @Test func chargesAreBoundedTogether() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      var order = InboundTests.order("P", 1)
      order.lines[0].unitCostMinor = 1_000_000_000
      order.charges = Array(
        repeating: .init(kind: .duty, amountMinor: 1_000_000_000_000, basis: .value), count: 9)
      order.charges.append(.init(kind: .freight, amountMinor: 1, basis: .quantity))
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["purchase_order.charges"]
      ) { _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: order)) }
      order.charges.removeLast()
      _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: order))
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      _ = try await bench.inbound.receivePurchaseOrder(
        .init(purchaseOrderID: "P", receipt: InboundTests.receipt("r", 1)))
      let cost = try await bench.client.listMovements(.init()).movements.last?.landedCost
      #expect(cost?.unitMicros == 9_001_000_000_000_000_000)
    }
  }

  @Test func everyViolationAtOnce() async throws {
    try await withBench { bench in
      let inbound = bench.inbound
      func expect(
        _ fields: [String], sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
      ) async {
        await expectError(
          .invalidArgument, "INVALID_REQUEST", violations: fields, sourceLocation: sourceLocation
        ) { try await body() }
      }
      await expect(["purchase_order"]) { _ = try await inbound.setPurchaseOrder(.init()) }
      await expect(["transfer"]) { _ = try await inbound.setTransfer(.init()) }
      await expect(["purchase_order_id", "receipt"]) {
        _ = try await inbound.receivePurchaseOrder(.init())
      }
      await expect([
        "purchase_order.lines[0].line_id", "purchase_order.lines[0].sku",
        "purchase_order.lines[0].quantity", "purchase_order.lines[0].unit_cost_minor",
        "purchase_order.lines[2].line_id", "purchase_order.purchase_order_id",
        "purchase_order.location_id", "purchase_order.currency",
        "purchase_order.charges[0].amount_minor", "purchase_order.charges[0].kind",
        "purchase_order.charges[1].basis", "purchase_order.over_tolerance_basis_points",
        "purchase_order.under_tolerance_basis_points", "request_id",
      ]) {
        _ = try await inbound.setPurchaseOrder(
          .init(
            purchaseOrder: .init(
              currency: "eur",
              lines: [
                .init(quantity: 0, unitCostMinor: -1),
                .init(lineID: "1", sku: "TEE", quantity: 1),
                .init(lineID: "1", sku: "TEE", quantity: 1),
              ],
              charges: [
                .init(amountMinor: 0), .init(kind: .duty, amountMinor: 1, basis: .unrecognized(9)),
              ],
              overToleranceBasisPoints: -1, underToleranceBasisPoints: 10_001), requestID: " x"))
      }
      await expect(["transfer.lines", "transfer.destination_location_id", "transfer.transfer_id"]) {
        _ = try await inbound.setTransfer(
          .init(transfer: .init(sourceLocationID: "A", destinationLocationID: "A")))
      }
      let many = Array(repeating: PoolAPI.ReceiptLine(lineID: "1", quantity: 1), count: 1_001)
      for lines in [[], many] {
        await expect(["receipt.lines"]) {
          _ = try await inbound.receiveTransfer(
            .init(transferID: "T", receipt: .init(receiptID: "r", lines: lines)))
        }
      }
      await expect([
        "receipt.receipt_id", "receipt.lines[0].line_id", "receipt.lines[0].quantity",
        "receipt.reason", "receipt.actor",
      ]) {
        let long = String(repeating: "x", count: 200)
        _ = try await inbound.receiveTransfer(
          .init(transferID: "T", receipt: .init(lines: [.init()], reason: long, actor: long)))
      }
      await expect(["reason"]) {
        _ = try await inbound.writeOffTransfer(.init(transferID: "T"))
      }
      let transfers = try await inbound.listTransfers(.init()).transfers
      #expect(transfers.isEmpty)
    }
  }

  /// Goal: a store whose documents were damaged is not served, and says so; the process goes on.
  @Test(arguments: [
    "UPDATE document SET body = x'FFFFFF'", "UPDATE document SET body = zeroblob(0)",
    "UPDATE document SET kind = 77", "DELETE FROM balance; DELETE FROM sku",
  ])
  func damagedDocumentIsNotServed(sql: String) async throws {
    let bench = try Bench()
    try await bench.stock(["TEE": 3])
    _ = try await bench.inbound.setTransfer(.init(transfer: InboundTests.transfer()))
    await bench.server.close()
    try DurabilityTests.damage(bench, sql)
    let error = #expect(throws: StorageError.self) {
      _ = try Bench.serve(bench.folder, bench.clock, bench.limit)
    }
    guard case .corrupt? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    await bench.end()
  }

  /// Goal: a transfer's receipt cannot name a lot, since the transfer knows which are under way.
  @Test func transfersKnowTheirLots() async throws {
    try await withBench { bench in
      let line = PoolAPI.ReceiptLine(lineID: "1", quantity: 1, lotID: "X")
      await expectError(
        .invalidArgument, "INVALID_REQUEST", violations: ["receipt.lines[0].lot_id"]
      ) {
        _ = try await bench.inbound.receiveTransfer(
          .init(transferID: "T", receipt: .init(receiptID: "r", lines: [line])))
      }
    }
  }
}
