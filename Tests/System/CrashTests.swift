import Foundation
import GatewayAPI
import PoolAPI
import Primitives
import RPCCore
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
    @Test(.timeLimit(.minutes(10)), arguments: Cluster.services)
    func proofHoldsWhenAServiceDies(service: String) async throws {
      try await sellThroughCrashes([[service], [service], [service]])
    }

    /// The same with all of them at once.
    @Test(.timeLimit(.minutes(10))) func proofHoldsWhenAllDie() async throws {
      try await sellThroughCrashes([Cluster.services, Cluster.services])
    }

    private func sellThroughCrashes(_ victims: [[String]]) async throws {
      print("seed: \(Self.seed) (ONEPOOL_SEED=\(Self.seed) repeats it)")
      var random = SeededRandom(seed: Self.seed)
      let pauses = victims.map { _ in Int.random(in: 50...900, using: &random) }
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 100)
        for shop in Shop.all {
          try await cluster.sandbox.disturb(shop, duplicates: 30, reordering: 30)
        }
        let sale = FlashSale(merchant: merchant, orders: 40)
        async let sold = sale.run()
        for (names, pause) in zip(victims, pauses) {
          // A moment of the sale that the seed has drawn.
          try await Task.sleep(for: .milliseconds(pause))
          try await cluster.kill(names)
          try await cluster.start(names)
        }
        try await Proof.check(merchant, received: 100, sold: try await sold)
      }
    }
  }
}

/// Buyers on every channel at once, until nothing is left or they have had enough.
struct FlashSale: Sendable {
  let merchant: Merchant
  /// Tries on each channel.
  let orders: Int

  /// Returns the units that channels have sold.
  func run() async throws -> Int64 {
    try await withThrowingTaskGroup(of: Int64.self) { group in
      for shop in Shop.all { group.addTask { try await buy(at: shop) } }
      group.addTask { try await sellAtTill() }
      return try await group.reduce(0, +)
    }
  }

  private func buy(at shop: Shop) async throws -> Int64 {
    var sold: Int64 = 0
    for _ in 0..<orders {
      let order = try await merchant.cluster.sandbox.order(
        shop, item: Merchant.item(shop), quantity: 1)
      if order != nil { sold += 1 }
      // Buyers come one after another, so that the sale lasts as long as the crashes.
      try await Task.sleep(for: .milliseconds(60))
    }
    return sold
  }

  private func sellAtTill() async throws -> Int64 {
    for number in 0..<10 { try await merchant.sellAtTill("sale-\(number)", quantity: 1) }
    return 10
  }
}
