import Foundation
import GatewayAPI
import PoolAPI
import Primitives
import RPCCore
import ReturnsAPI
import Synchronization
import Testing

extension SystemTests {
  /// kill -9 at any moment of a flash sale loses and invents nothing.
  @Suite struct CrashTests {
    static let seed =
      ProcessInfo.processInfo.environment["ONEPOOL_SEED"].flatMap(UInt64.init)
      ?? UInt64.random(in: 0..<1 << 32)

    /// Goal: the proof holds whichever service dies. Method: a sale of more orders than units on four channels, with
    /// duplicates and reordering, and each service killed and started again at random moments of it.
    @Test(
      .timeLimit(.minutes(10)), arguments: Cluster.services.filter { $0 != "returns" })
    func proofHoldsWhenAServiceDies(service: String) async throws {
      try await sellThroughCrashes([[service], [service], [service]])
    }

    /// The same with all of them at once.
    @Test(.timeLimit(.minutes(10))) func proofHoldsWhenAllDie() async throws {
      try await sellThroughCrashes([Cluster.services, Cluster.services])
    }

    /// Goal: what was inspected is in the pool once. Method: receipts come back one after another, half of each fit for
    /// sale, while `returns` is killed and started again at random moments.
    @Test(.timeLimit(.minutes(10))) func inspectedUnitsAreRestockedOnceWhenReturnsDies()
      async throws
    {
      var random = Self.seededRandom()
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 60)
        let counter = ReturnsCounter(merchant: merchant, receipts: 20)
        try await counter.sell()
        try await merchant.waitUntilAllShow(20)
        async let inspected: Void = counter.takeBack()
        try await crash(cluster, [["returns"], ["returns"], ["returns"]], &random)
        try await inspected
        try await eventually(
          "20 units restocked and 20 written off",
          seen: { "\(String(describing: try? await merchant.stock()))" }
        ) {
          let balance = try await merchant.stock()
          return balance.returnedCount >= 40 ? () : nil
        }
        try await merchant.waitUntilAllShow(40)
        let balance = try await merchant.stock()
        #expect(balance.returnedCount == 40 && balance.lostCount == 20)
        #expect(balance.onHandCount == 40 && balance.availableCount == 40)
        let returns = try await cluster.returns.listReturns(ListReturnsRequest(pageSize: 1_000))
        #expect(returns.returnOrders.count == 20)
        #expect(returns.returnOrders.allSatisfy { $0.state == .inspected })
        try await Proof.checkLedger(merchant)
        try await Proof.checkChannels(merchant, available: 40)
      }
    }

    private static func seededRandom() -> SeededRandom {
      print("seed: \(seed) (ONEPOOL_SEED=\(seed) repeats it)")
      return SeededRandom(seed: seed)
    }

    private func sellThroughCrashes(_ victims: [[String]]) async throws {
      var random = Self.seededRandom()
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 100)
        for shop in Shop.all {
          try await cluster.sandbox.disturb(shop, duplicates: 30, reordering: 30)
        }
        let sale = FlashSale(merchant: merchant, orders: 40)
        async let orders = sale.run()
        try await crash(cluster, victims, &random)
        try await Proof.check(merchant, received: 100, orders: try await orders)
      }
    }

    /// Kills services and starts them again, at moments that the seed has drawn.
    private func crash(
      _ cluster: Cluster, _ victims: [[String]], _ random: inout SeededRandom
    ) async throws {
      let pauses = victims.map { _ in Int.random(in: 50...900, using: &random) }
      for (names, pause) in zip(victims, pauses) {
        // The moment is what is tested.
        try await Task.sleep(for: .milliseconds(pause))
        try await cluster.kill(names)
        try await cluster.start(names)
      }
    }
  }
}

/// Buyers on every channel at once, until nothing is left or they have had enough.
struct FlashSale: Sendable {
  let merchant: Merchant
  /// Tries on each channel.
  let orders: Int

  /// Returns the orders that channels have accepted, each of one unit.
  func run() async throws -> [AcceptedOrder] {
    try await withThrowingTaskGroup(of: [AcceptedOrder].self) { group in
      for shop in Shop.all { group.addTask { try await buy(at: shop) } }
      group.addTask { try await sellAtTill() }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  private func buy(at shop: Shop) async throws -> [AcceptedOrder] {
    var accepted: [AcceptedOrder] = []
    for _ in 0..<orders {
      let order = try await merchant.cluster.sandbox.order(
        shop, item: Merchant.item(shop), quantity: 1)
      if let order { accepted.append(AcceptedOrder(shop.accountID, order, 1)) }
      // Buyers come one after another, so that the sale lasts as long as the crashes.
      try await Task.sleep(for: .milliseconds(60))
    }
    return accepted
  }

  private func sellAtTill() async throws -> [AcceptedOrder] {
    var accepted: [AcceptedOrder] = []
    for number in 0..<10 {
      try await merchant.sellAtTill("sale-\(number)", quantity: 1)
      accepted.append(AcceptedOrder(Merchant.tillAccount, "sale-\(number)", 1))
    }
    return accepted
  }
}

/// A counter where receipts of two units come back, of which one is fit for sale.
struct ReturnsCounter: Sendable {
  let merchant: Merchant
  let receipts: Int

  func sell() async throws {
    for number in 0..<receipts { try await merchant.sellAtTill("sale-\(number)", quantity: 2) }
  }

  func takeBack() async throws {
    for number in 0..<receipts {
      try await takeBack("sale-\(number)")
      // Customers come one after another, so that the day lasts as long as the crashes.
      try await Task.sleep(for: .milliseconds(60))
    }
  }

  private func takeBack(_ sale: String) async throws {
    let returns = merchant.cluster.returns
    let line = ReturnOrderLine(lineID: "1", sku: Merchant.sku, quantity: 2)
    let order = ReturnOrder(
      returnID: "counter/\(sale)", orderID: "\(Merchant.tillAccount)/\(sale)", lines: [line])
    try await answered("the return of \(sale)") {
      _ = try await returns.createReturn(CreateReturnRequest(returnOrder: order))
    }
    try await answered("the goods of \(sale)") {
      _ = try await returns.receiveReturn(
        ReceiveReturnRequest(returnID: order.returnID, locationID: Merchant.location))
    }
    let disposals = [
      Disposal(disposition: .restock, quantity: 1), Disposal(disposition: .writeOff, quantity: 1),
    ]
    try await answered("the inspection of \(sale)") {
      _ = try await returns.inspectReturn(
        InspectReturnRequest(
          returnID: order.returnID, lines: [LineInspection(lineID: "1", disposals: disposals)]))
    }
  }

  /// Asks until it is answered, as a counter's program does.
  private func answered(_ what: String, _ call: () async throws -> Void) async throws {
    try await eventually(what) {
      do {
        try await call()
        return ()
      } catch let error as RPCError where error.code == .unavailable {
        return nil
      }
    }
  }
}
