import PoolAPI
import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Purchase orders and transfers over their service, on a real store.
@Suite struct InboundTests {
  static func order(
    _ id: String = "P", _ units: Int64 = 10, location: String = "A", expect: Timestamp? = nil
  ) -> PoolAPI.PurchaseOrder {
    PoolAPI.PurchaseOrder(
      purchaseOrderID: id, supplier: "Weaver", locationID: location, currency: "EUR",
      lines: [.init(lineID: "1", sku: "TEE", quantity: units, unitCostMinor: 500)],
      charges: [.init(kind: .freight, amountMinor: 105, basis: .quantity)], expectTime: expect)
  }

  static func transfer(_ id: String = "T", _ units: Int64 = 4) -> PoolAPI.Transfer {
    PoolAPI.Transfer(
      transferID: id, sourceLocationID: "A", destinationLocationID: "B",
      lines: [.init(lineID: "1", sku: "TEE", quantity: units)])
  }

  static func receipt(_ id: String, _ units: Int64, line: String = "1") -> PoolAPI.Receipt {
    PoolAPI.Receipt(receiptID: id, lines: [.init(lineID: line, quantity: units)], actor: "bo")
  }

  @Test func goodsFromOrderToLedger() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      let due = bench.clock.now() + .seconds(86_400)
      let set = try await bench.inbound.setPurchaseOrder(
        .init(purchaseOrder: Self.order(expect: due)))
      #expect(set.purchaseOrder?.state == .draft && set.purchaseOrder?.etag == "r1")
      #expect(try await bench.client.getStock(.init(sku: "TEE")).incomingCount == 0)
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: Self.order("Q", 3)))
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "Q"))

      let stock = try await bench.client.getStock(.init(sku: "TEE"))
      #expect(stock.incomingCount == 13)
      #expect(
        stock.incoming == [
          .init(
            locationID: "A", quantity: 10, expectTime: due, documentKind: .purchaseOrder,
            documentID: "P"),
          .init(locationID: "A", quantity: 3, documentKind: .purchaseOrder, documentID: "Q"),
        ])
      let why = try await bench.client.explainAvailability(.init(sku: "TEE", channelID: "shopee"))
      #expect(why.incoming == stock.incoming && why.availableToSellCount == 0)

      let part = try await bench.inbound.receivePurchaseOrder(
        .init(purchaseOrderID: "P", receipt: Self.receipt("r-1", 4)))
      #expect(part.purchaseOrder?.state == .partiallyReceived)
      #expect(part.purchaseOrder?.lines.first?.openCount == 6)
      #expect(part.purchaseOrder?.lines.first?.chargesMinor == 105)
      #expect(part.purchaseOrder?.receipts.first?.receiveTime == bench.clock.now())
      let closed = try await bench.inbound.closePurchaseOrder(
        .init(purchaseOrderID: "P", reason: "late"))
      #expect(closed.purchaseOrder?.lines.first?.openCount == 0)
      #expect(try await bench.client.getStock(.init(sku: "TEE")).incomingCount == 3)
      #expect(try await bench.available() == 4)
      let movement = try #require(try await bench.client.listMovements(.init()).movements.first)
      #expect(
        movement.landedCost
          == .init(currency: "EUR", goodsMinor: 2_000, chargesMinor: 42, unitMicros: 510_500_000))
      #expect(movement.documentKind == .purchaseOrder && movement.documentID == "P")
      #expect(movement.cause == "r-1" && movement.actor == "bo" && movement.lineID == "1")
      #expect(try await bench.client.verifyLedger(.init()).proved)
    }
  }

  /// Goal: a receipt that was counted is counted once, for ever: after the order has ended and left memory, and days later.
  @Test func receiptIsKnownForEver() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      _ = try await bench.inbound.setPurchaseOrder(.init(purchaseOrder: Self.order()))
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      let receive = ReceivePurchaseOrderRequest(
        purchaseOrderID: "P", receipt: Self.receipt("r-1", 10))
      _ = try await bench.inbound.receivePurchaseOrder(receive)
      let closed = try await bench.inbound.closePurchaseOrder(.init(purchaseOrderID: "P"))
      await bench.server.tick()
      #expect(await bench.stateInMemory().documents.isEmpty)
      bench.clock.advance(by: .seconds(3 * 86_400))
      for _ in 1...2 {
        let again = try await bench.inbound.receivePurchaseOrder(receive)
        #expect(again.purchaseOrder == closed.purchaseOrder)
        await expectError(
          .alreadyExists, "RECEIPT_EXISTS", ["purchaseOrderId": "P", "receiptId": "r-1"]
        ) {
          _ = try await bench.inbound.receivePurchaseOrder(
            .init(purchaseOrderID: "P", receipt: Self.receipt("r-1", 9)))
        }
        #expect(try await bench.available() == 10)
        try await bench.restart()
      }
      #expect(
        try await bench.inbound.getPurchaseOrder(.init(purchaseOrderID: "P")).purchaseOrder
          == closed.purchaseOrder)
    }
  }

  @Test func repeatedRequestGetsItsFirstAnswer() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      let set = SetPurchaseOrderRequest(purchaseOrder: Self.order(), requestID: "q-1")
      let first = try await bench.inbound.setPurchaseOrder(set)
      _ = try await bench.inbound.placePurchaseOrder(.init(purchaseOrderID: "P"))
      #expect(try await bench.inbound.setPurchaseOrder(set) == first)
      await expectError(.invalidArgument, "REQUEST_ID_REUSED", ["requestId": "q-1"]) {
        _ = try await bench.inbound.placePurchaseOrder(
          .init(purchaseOrderID: "P", requestID: "q-1"))
      }
    }
  }

  /// Goal: what is durable at any moment is what the pool knew. Method: after each step, read a copy of the files.
  @Test func everyStepIsDurable() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 20])
      let inbound = bench.inbound
      let steps: [() async throws -> Void] = [
        { _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: Self.order())) },
        { _ = try await inbound.placePurchaseOrder(.init(purchaseOrderID: "P")) },
        {
          _ = try await inbound.receivePurchaseOrder(
            .init(purchaseOrderID: "P", receipt: Self.receipt("r-1", 4)))
        },
        { _ = try await inbound.setTransfer(.init(transfer: Self.transfer())) },
        { _ = try await inbound.shipTransfer(.init(transferID: "T", actor: "bo")) },
        {
          _ = try await inbound.receiveTransfer(
            .init(transferID: "T", receipt: Self.receipt("r-1", 3)))
        },
        { _ = try await inbound.writeOffTransfer(.init(transferID: "T", reason: "stolen")) },
        { _ = try await inbound.closePurchaseOrder(.init(purchaseOrderID: "P", reason: "late")) },
        { _ = try await inbound.setTransfer(.init(transfer: Self.transfer("U"))) },
        { _ = try await inbound.cancelTransfer(.init(transferID: "U")) },
        { _ = try await inbound.setPurchaseOrder(.init(purchaseOrder: Self.order("Q"))) },
        { _ = try await inbound.cancelPurchaseOrder(.init(purchaseOrderID: "Q")) },
      ]
      for (number, step) in steps.enumerated() {
        try await step()
        let durable = try bench.stateOfCopy()
        #expect(await bench.stateInMemory() == durable, "step \(number)")
      }
      let before = await bench.stateInMemory()
      try await bench.restart()
      #expect(await bench.stateInMemory() == before)
      let stock = try await bench.client.getStock(.init(sku: "TEE"))
      #expect(stock.total?.transferredOutCount == 4 && stock.total?.transferredInCount == 4)
      #expect(stock.total?.lostCount == 1 && stock.total?.onHandCount == 23)
      #expect(try await bench.client.verifyLedger(.init()).proved)
      #expect(try await bench.inbound.getTransfer(.init(transferID: "T")).transfer?.state == .short)
    }
  }

  @Test func listsGoPageByPage() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 10])
      for number in 1...7 {
        _ = try await bench.inbound.setPurchaseOrder(
          .init(purchaseOrder: Self.order("P\(number)")))
        _ = try await bench.inbound.setTransfer(.init(transfer: Self.transfer("T\(number)", 1)))
      }
      _ = try await bench.inbound.cancelPurchaseOrder(.init(purchaseOrderID: "P3"))
      _ = try await bench.inbound.cancelTransfer(.init(transferID: "T1"))
      var orders: [String] = []
      var token = ""
      repeat {
        let page = try await bench.inbound.listPurchaseOrders(
          .init(openOnly: true, pageSize: 4, pageToken: token))
        orders += page.purchaseOrders.map(\.purchaseOrderID)
        token = page.nextPageToken
      } while !token.isEmpty
      #expect(orders == ["P1", "P2", "P4", "P5", "P6", "P7"])
      let all = try await bench.inbound.listTransfers(.init())
      #expect(all.transfers.map(\.transferID) == (1...7).map { "T\($0)" })
      #expect(all.transfers[0].state == .cancelled && all.nextPageToken.isEmpty)
      let page = try await bench.inbound.listTransfers(.init(pageSize: 2))
      await expectError(.invalidArgument, "PAGE_TOKEN_INVALID") {
        _ = try await bench.inbound.listPurchaseOrders(.init(pageToken: page.nextPageToken))
      }
      await expectError(.invalidArgument, "INVALID_REQUEST", violations: ["page_size"]) {
        _ = try await bench.inbound.listTransfers(.init(pageSize: -1))
      }
    }
  }

  /// Goal: a page of large documents stays within a message.
  @Test func pageEndsBeforeItHasTooManyLines() async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      var large = Self.transfer()
      large.lines = (1...Limits.documentLines).map {
        .init(lineID: "\($0)", sku: "TEE", quantity: 1)
      }
      for number in 1...7 {
        large.transferID = "T\(number)"
        _ = try await bench.inbound.setTransfer(.init(transfer: large))
      }
      let page = try await bench.inbound.listTransfers(.init(pageSize: 200))
      #expect(page.transfers.count == 5 && !page.nextPageToken.isEmpty)
      let rest = try await bench.inbound.listTransfers(
        .init(pageSize: 200, pageToken: page.nextPageToken))
      #expect(rest.transfers.map(\.transferID) == ["T6", "T7"] && rest.nextPageToken.isEmpty)
    }
  }
}
