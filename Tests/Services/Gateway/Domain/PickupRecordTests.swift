import GatewayDomain
import Primitives
import Testing

/// Goal: whichever snapshot tells that a customer comes for an order, fulfilment hears of it once, and none unsays it.
@Suite struct PickupRecordTests {
  @Test(arguments: [[false, true], [true, false], [true, true]])
  func everyArrivalEndsInOnePlan(tells: [Bool]) {
    for times in [[1, 2], [2, 1], [1, 1]] as [[Int64]] {
      var record = OrderRecord(Self.snapshot(times[0], isPickup: tells[0]))
      Self.resolve(&record)
      #expect(record.steps.plansPickup == tells[0])
      record.markTold()
      _ = record.merge(Self.snapshot(times[1], isPickup: tells[1]))
      #expect(record.isPickup && record.steps.plansPickup == !tells[0], "\(times)")
      record.markTold()
      #expect(record.isPickupTold && record.steps.isEmpty, "\(times)")
    }
  }

  /// Goal: the first place that is told stands, as it does in fulfilment.
  @Test func firstPlaceStands() {
    var record = OrderRecord(Self.snapshot(2, isPickup: false))
    for (time, place, stands) in [(1, "", ""), (1, "a", "a"), (3, "b", "a"), (4, "", "a")] {
      var snapshot = Self.snapshot(Int64(time), isPickup: true)
      snapshot.pickupLocation = place
      _ = record.merge(snapshot)
      #expect(record.pickupLocation == stands)
    }
  }

  @Test(arguments: [OrderState.shipped, .cancelled, .foreign])
  func orderThatIsOverPlansNothing(state: OrderState) {
    var record = OrderRecord(Self.snapshot(1, state, isPickup: true))
    Self.resolve(&record)
    #expect(!record.steps.plansPickup)
  }

  /// Goal: what left after it was back on sale is told as another sale of as many units, and is worth as many to the listing.
  @Test func whatLeftAfterAllIsSoldAgain() {
    var record = OrderRecord(Self.snapshot(1, isPickup: true))
    Self.resolve(&record)
    record.markTold()
    _ = record.merge(Self.snapshot(2, .shipped, isPickup: true))
    record.sellAgain()
    let steps = record.steps
    #expect(steps.ships && steps.takenIn.isEmpty)
    #expect(steps.sales.map(\.soldCount) == [4] && steps.cancellations.map(\.takenBackCount) == [2])
    record.markTold()
    _ = record.merge(Self.snapshot(3, .shipped, isPickup: true))
    #expect(record.steps.isEmpty)
    // What takes nothing any more stays as it is.
    _ = record.merge(Self.snapshot(4, .cancelled, isPickup: true))
    let before = record
    record.sellAgain()
    #expect(record == before)
  }

  private static func snapshot(
    _ time: Int64, _ state: OrderState = .open, isPickup: Bool
  ) -> OrderSnapshot {
    OrderSnapshot(
      state: state, updateTime: Timestamp(seconds: time), saleTime: .zero,
      lines: [.init(lineID: "1", itemID: "i1", quantity: 2)], isPickup: isPickup)
  }

  private static func resolve(_ record: inout OrderRecord) {
    record.resolve(
      lineID: "1", listingID: "acc/i1/",
      components: [SKUAmount(sku: SKU(trusted: "TEE"), quantity: 1)])
  }
}
