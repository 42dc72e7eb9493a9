internal import Foundation
internal import GatewayAPI
internal import PoolAPI
internal import Primitives
internal import RPCCore
internal import Synchronization

/// Many buyers, few units, all channels, events doubled and out of order.
struct FlashSale: Sendable {
  struct Size: Sendable {
    var orders: Int
    var units: Int64
    var ordersPerSecond: Int
    var seed: UInt64
  }

  /// Buyers at work at the same time.
  private static let concurrency = 48

  let world: DemoWorld
  let size: Size
  let isQuiet: Bool

  func run() async throws -> Proof {
    let sku = "FLASH-\(UInt32(Date().timeIntervalSince1970))"
    let listings = try await prepare(sku)
    say(
      "\nFlash sale: \(size.orders) orders at \(size.ordersPerSecond) a second for \(size.units) units of \(sku), "
        + "10 % of events doubled, 10 % out of order, seed \(size.seed)")
    try await world.sandbox.disturb(duplicates: 10, reordering: 10)
    let mark = try await world.mark()
    let begun = Date()
    let tally = try await sell(sku, listings)
    let spent = -begun.timeIntervalSinceNow
    // The proof looks again at what has not settled by then.
    _ = try await world.settle(sku, seconds: 60)
    let settled = -begun.timeIntervalSinceNow
    try await world.sandbox.disturb(duplicates: 0, reordering: 0)
    var facts = SaleFacts(
      units: size.units, size: size, accepted: tally, seconds: spent, settledSeconds: settled)
    try await facts.gather(world, sku: sku, since: mark)
    return Proof(facts)
  }

  /// A fresh SKU with its units received, listed everywhere, and shown everywhere.
  private func prepare(_ sku: String) async throws -> [SandboxControl.Shown] {
    _ = try await world.peers.pool.setSku(SetSkuRequest(sku: Sku(sku: sku)))
    _ = try await world.peers.pool.setBuffer(
      SetBufferRequest(buffer: Buffer(sku: sku, margin: .unitCount(0))))
    for (position, channel) in DemoData.channels.dropLast().enumerated() {
      let number =
        10_000_000 * (position + 1) + Int(UInt32(Date().timeIntervalSince1970) % 10_000_000)
      try await world.sandbox.list(channel, number: number, sku: sku, title: "Flash sale")
      _ = try await world.peers.gateway.importListings(
        ImportListingsRequest(accountID: DemoData.accounts[position]),
        options: CallOptions(timeout: .seconds(30)))
    }
    _ = try await world.peers.pool.receiveStock(
      ReceiveStockRequest(
        lines: [StockLine(sku: sku, locationID: DemoData.warehouse, quantity: size.units)],
        cause: "flash sale", actor: "demo"))
    guard try await world.settle(sku, seconds: 30) else {
      throw Failure("the channels did not show the flash sale's units")
    }
    return try await world.shown(sku)
  }

  /// Lets buyers in at the given rate; returns the units that each channel accepted.
  private func sell(
    _ sku: String, _ listings: [SandboxControl.Shown]
  ) async throws -> [String: Int64] {
    let tally = Tally()
    var random = SeededRandom(seed: size.seed)
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<size.orders {
        if number >= Self.concurrency { try await group.next() }
        let due = start + .seconds(1) * number / size.ordersPerSecond
        try await Task.sleep(until: due, clock: .continuous)
        let choice = Int.random(in: 0...listings.count, using: &random)
        let quantity = Int64.random(in: 1...2, using: &random)
        group.addTask {
          if choice == listings.count {
            let isSold = try await world.till.sell(sku, quantity, id: UUID().uuidString)
            tally.add("till", isSold ? quantity : 0)
          } else {
            let order = try await world.sandbox.order(listings[choice], quantity: quantity)
            tally.add(listings[choice].channel, order == nil ? 0 : quantity)
          }
        }
      }
      try await group.waitForAll()
    }
    return tally.counts
  }

  private func say(_ text: String) {
    if !isQuiet { Output.line(text) }
  }
}

/// Units by channel, counted by many tasks.
private final class Tally: Sendable {
  private let state = Mutex<[String: Int64]>([:])

  func add(_ channel: String, _ units: Int64) {
    state.withLock { $0[channel, default: 0] += units }
  }

  var counts: [String: Int64] { state.withLock { $0 } }
}
