import Primitives
import RPCCore
import Testing

@testable import PoolDomain
@testable import PoolService

/// Goal: whoever is refused because of a state hears what can be done from there.
@Suite struct StateWordsTests {
  private static let over = "nothing more can be done with it"

  @Test(arguments: [
    (PurchaseOrder.State.draft, "draft; it can be changed, placed or cancelled"),
    (.ordered, "ordered; it can be received, closed or cancelled, or expected at another time"),
    (
      .partiallyReceived,
      "partially received; it can be received or closed, or expected at another time"
    ),
    (.received, "received; it can be closed, or more of it received with a reason"),
    (.closed, "closed; \(over)"), (.cancelled, "cancelled; \(over)"),
  ])
  func purchaseOrders(state: PurchaseOrder.State, words: String) {
    let key = DocumentKey(.purchaseOrder, "P1")
    let error = PoolError.document(.wrongState(key, .purchaseOrder(state))).rpcError
    #expect(error.message == "The purchase order P1 is \(words).")
  }

  @Test(arguments: [
    (Transfer.State.draft, "draft; it can be changed, shipped or cancelled"),
    (.inTransit, "in transit; it can be received or written off, or expected at another time"),
    (
      .partiallyReceived,
      "partially received; it can be received or written off, or expected at another time"
    ),
    (.received, "received; \(over)"), (.short, "short; \(over)"),
    (.cancelled, "cancelled; \(over)"),
  ])
  func transfers(state: Transfer.State, words: String) {
    let key = DocumentKey(.transfer, "T1")
    let error = PoolError.document(.wrongState(key, .transfer(state))).rpcError
    #expect(error.message == "The transfer T1 is \(words).")
  }

  @Test(arguments: [
    (StockCount.State.open, "open; it can be reported, submitted or cancelled"),
    (.submitted, "submitted; it can be approved, recounted or cancelled"),
    (.posted, "posted; \(over)"), (.cancelled, "cancelled; \(over)"),
  ])
  func counts(state: StockCount.State, words: String) {
    let key = DocumentKey(.count, "C1")
    let error = PoolError.document(.wrongState(key, .count(state))).rpcError
    #expect(error.message == "The count C1 is \(words).")
  }

  @Test(arguments: [
    (Promotion.State.draft, "draft; it can be changed, scheduled or cancelled"),
    (.scheduled, "scheduled; it can be topped up or cancelled"),
    (.active, "active; it can be topped up or ended"),
    (.ended, "ended; \(over)"), (.cancelled, "cancelled; \(over)"),
  ])
  func promotions(state: Promotion.State, words: String) {
    let error = PoolError.promotion(.wrongState(PromotionID(trusted: "X"), state)).rpcError
    #expect(error.message == "Promotion X is \(words).")
  }

  @Test func holds() {
    let error = PoolError.holdEnded(HoldID(trusted: "h-1"), .committed).rpcError
    #expect(error.message == "Hold h-1 is committed; its units are its order's now.")
  }
}
