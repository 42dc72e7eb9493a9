import Primitives
import Testing

@testable import PoolDomain

/// Random rules over random stock: what a channel shows is what it can take, no unit more or less.
@Suite struct RuleModelTests {
  private static let places = ["A", "B", "C", "D"]
  private static let channels = ["shopee", "till"]

  @Test(arguments: ModelTests.seeds) func channelTakesWhatItShows(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(locations: [("A", 1), ("B", 2), ("C", 3), ("D", 3)])
    _ = try machine.run("group TEE shirts".words)
    for step in 1...400 {
      let words = change(step, &random)
      do {
        _ = try machine.run(words.words)
      } catch is PoolError {}
      for channel in Self.channels { try expectExact(machine, channel, step, &random) }
      try expectPlacement(machine, step, &random)
    }
    expectFold(machine.pool, machine.entries)
  }

  private func change(_ step: Int, _ random: inout SeededRandom) -> String {
    func pick<T>(_ values: [T]) -> T { values.randomElement(using: &random)! }
    let count = Int.random(in: 0...12, using: &random)
    let fed = Self.places.filter { _ in Bool.random(using: &random) }
    let channel = pick(Self.channels)
    let scope = pick([
      "", "sku=TEE", "group=shirts", "channel=\(channel)", "sku=TEE channel=\(channel)",
      "group=shirts channel=\(channel)",
    ])
    switch Int.random(in: 0..<9, using: &random) {
    case 0, 1: return "receive \(count + 1)@\(pick(Self.places))"
    case 2: return "sell s-\(step) \(count + 1) on=\(channel)"
    case 3: return "sell s-\(step) \(count + 1)@\(pick(Self.places)) on=\(channel)"
    case 4:
      let strategy = pick(["ranked", "nearest", "most", ""])
      let list = fed.isEmpty || strategy.isEmpty ? "" : "by=\(fed.joined(separator: ","))"
      return "feed \(channel) \(strategy) \(list)"
    case 5:
      let margin = pick([
        "units=\(count)", "points=\(count * 700)", "tiers=20,\(count),3", "cap=\(count + 5)",
        "demand=\(count + 1),10000 most=9", "",
      ])
      let window = pick(["", "until=\(count + 1)", "from=\(count) name=w"])
      return "buffer \(scope) \(margin) \(window)"
    case 6: return "last \(count / 2) \(channel) \(pick(["", "sku=TEE", "group=shirts"]))"
    case 7: return "wait \(count + 1)"
    default:
      let zones = pick(["zones=north,south", "zones=south", ""])
      return "place \(pick(Self.places)) rank=\(count % 3) \(zones) \(pick(["pickup", ""]))"
    }
  }

  /// One unit more than is shown is refused, all that is shown is held.
  private func expectExact(
    _ machine: Script, _ channel: String, _ step: Int, _ random: inout SeededRandom
  ) throws {
    let sku = SKUIndex(0)
    let shown = machine.pool.availableToSell(sku, on: try ChannelID(channel))
    let explained = Explanation(of: sku, on: try ChannelID(channel), in: machine.pool)
    try #require(explained.availableToSell == shown, "step \(step)")
    // In one line or in two, which are counted together.
    let first = shown > 1 ? Quantity.random(in: 1..<shown, using: &random) : 0
    let lines = first > 0 ? "\(first) \(shown - first)" : "\(shown)"
    let hold = "h-\(step)-\(channel)"
    #expect(throws: PoolError.self, "step \(step)") {
      try machine.run("hold \(hold) \(lines) 1 on=\(channel)".words)
    }
    guard shown > 0 else { return }
    let outcome = try machine.run("hold \(hold) \(lines) on=\(channel) to=north".words)
    try #require(outcome.first == "held", "step \(step): \(shown) on \(channel)")
    _ = try machine.run(["release", hold])
  }

  /// A sale takes units of feeding locations only, and what is oversold is what they lack.
  private func expectPlacement(
    _ machine: Script, _ step: Int, _ random: inout SeededRandom
  ) throws {
    let pool = machine.pool
    let channel = try ChannelID(Self.channels.randomElement(using: &random)!)
    let sourcing = pool.sourcings[channel]
    let free = max(0, pool.available(SKUIndex(0), on: channel))
    let quantity = Quantity.random(in: 1...9, using: &random)
    let order = try OrderID("p-\(step)")
    _ = try machine.run("sell \(order) \(quantity) on=\(channel) to=south".words)
    let line = try #require(pool.sales[order]?.line("1"))
    #expect(line.oversold == max(0, quantity - free), "step \(step)")
    #expect(line.allocations.allSatisfy { sourcing?.isFed(by: $0.location) ?? true })
    if let placement = pool.placements.first {
      let taken = placement.considered.filter { $0.outcome == .taken }
      #expect(taken.reduce(0) { $0 + $1.taken } == quantity)
      #expect(Set(taken.map(\.location)) == Set(line.allocations.map(\.location)))
    } else {
      #expect(sourcing == nil)
    }
    _ = try machine.run("cancel \(order) \(quantity)".words)
  }
}
