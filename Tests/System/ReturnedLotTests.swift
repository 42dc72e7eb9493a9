import PoolAPI
import Primitives
import RPCCore
import ReturnsAPI
import Testing

extension SystemTests {
  /// What comes back and has a lot, between the returns service and the pool.
  @Suite struct ReturnedLotTests {
    /// Goal: restocked units are in their lots, and a lot that the pool does not take is told with its reason and booked
    /// nowhere. Method: 5 of L1 and 1 of no lot at one location, and returns of no order.
    @Test(.timeLimit(.minutes(5))) func unitsGoBackIntoTheirLotsOrAreToldOf() async throws {
      try await Cluster.with(["pool", "returns"]) { cluster in
        let expiry = SystemClock().now() + .seconds(100_000)
        _ = try await cluster.pool.setLocation(.init(location: .init(locationID: "north")))
        _ = try await cluster.pool.setSku(.init(sku: .init(sku: "TEE")))
        _ = try await cluster.pool.receiveStock(
          .init(lines: [
            .init(
              sku: "TEE", locationID: "north", quantity: 5, lotID: "L1", lotExpireTime: expiry),
            .init(sku: "TEE", locationID: "north", quantity: 1),
          ]))
        try await giveBack(
          "r1",
          [
            Disposal(disposition: .restock, quantity: 2, lotID: "L1"),
            Disposal(disposition: .restock, quantity: 3, lotID: "L2", lotExpireTime: expiry),
            Disposal(disposition: .restock, quantity: 1),
            Disposal(disposition: .quarantine, quantity: 1),
          ], cluster)
        #expect(try await lots(cluster) == "L1 7, L2 3, on hand 12")
        let table: [(String, Timestamp?, String)] = [
          ("L9", nil, "LOT_UNKNOWN"), ("L1", expiry + .seconds(1), "LOT_EXPIRY_DIFFERS"),
          ("L9", SystemClock().now() - .seconds(1), "LOT_EXPIRED"),
        ]
        for (number, (lot, time, reason)) in table.enumerated() {
          let id = "refused-\(number)"
          do {
            try await giveBack(
              id,
              [Disposal(disposition: .restock, quantity: 1, lotID: lot, lotExpireTime: time)],
              cluster)
            Issue.record("\(reason) was taken")
          } catch let error as RPCError {
            #expect(error.code == .failedPrecondition && error.reason == "LOT_REFUSED")
            #expect(error.metadata["problem"] == "FAILED_PRECONDITION/\(reason)")
          }
          let open = try await cluster.returns.getReturn(.init(returnID: id)).returnOrder
          #expect(open?.state == .received)
          try await inspect(id, [Disposal(disposition: .writeOff, quantity: 1)], cluster)
        }
        #expect(try await lots(cluster) == "L1 7, L2 3, on hand 12")
        #expect(try await cluster.pool.verifyLedger(.init()).proved)
      }
    }

    /// A return of units, received and inspected.
    private func giveBack(
      _ id: String, _ disposals: [Disposal], _ cluster: Cluster
    ) async throws {
      let units = disposals.reduce(0) { $0 + $1.quantity }
      _ = try await cluster.returns.createReturn(
        .init(
          returnOrder: .init(
            returnID: id, lines: [.init(lineID: "1", sku: "TEE", quantity: units)])))
      _ = try await cluster.returns.receiveReturn(.init(returnID: id, locationID: "north"))
      try await inspect(id, disposals, cluster)
    }

    private func inspect(
      _ id: String, _ disposals: [Disposal], _ cluster: Cluster
    ) async throws {
      _ = try await cluster.returns.inspectReturn(
        .init(returnID: id, lines: [.init(lineID: "1", disposals: disposals)]))
    }

    /// `L1 5, L2 3`, and what is on hand.
    private func lots(_ cluster: Cluster) async throws -> String {
      let found = try await cluster.pool.getStock(.init(sku: "TEE"))
      let lots = found.lots.map { "\($0.lotID) \($0.onHandCount)" }.sorted()
      return (lots + ["on hand \(found.total?.onHandCount ?? 0)"]).joined(separator: ", ")
    }
  }
}
