import Foundation
import Primitives
import Testing

@testable import PoolDomain

/// The pool against a model of ten lines, over random commands.
@Suite struct ModelTests {
  /// What a person would keep on paper.
  struct Model {
    var onHand: [String: Quantity] = [:]
    var promised: [String: Quantity] = [:]
    var holds: [String: (sku: String, quantity: Quantity, expiry: Int64)] = [:]
    /// Holds that ran out.
    var expired: [String: (sku: String, quantity: Quantity)] = [:]
    var orders: [String: (sku: String, sold: Quantity, cancelled: Quantity, shipped: Quantity)] =
      [:]

    func available(_ sku: String) -> Quantity {
      onHand[sku, default: 0] - promised[sku, default: 0]
        - holds.values.reduce(0) { $1.sku == sku ? $0 + $1.quantity : $0 }
    }
  }

  /// The same few in every run, and as many new ones as ONEPOOL_SIMULATIONS asks for.
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    let more = environment["ONEPOOL_SIMULATIONS"].flatMap(Int.init) ?? 0
    let drawn = (0..<more).map { _ in UInt64.random(in: 0..<1 << 32) }
    return [1, 2, 3, 5, 8, 13, 21, 20_251_123] + drawn
  }()

  @Test(arguments: seeds) func randomCommandsAgreeWithTheModel(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(locations: [("A", 1), ("B", 2), ("C", 2)])
    var model = Model()
    for step in 1...1_500 {
      try play(step, machine, &model, &random)
      for (number, sku) in ["TEE", "CAP"].enumerated() {
        let index = SKUIndex(number)
        try #require(machine.pool.available(index) == model.available(sku), "step \(step)")
        let balances = machine.pool.balances(of: index)
        let isConsistent = balances.allSatisfy { $0.isConsistent }
        let onHand: Quantity = balances.reduce(0) { $0 + $1.onHand }
        let available: Quantity = balances.reduce(0) { $0 + $1.available }
        try #require(isConsistent)
        try #require(onHand == model.onHand[sku, default: 0])
        try #require(available == model.available(sku))
      }
      expectDerived(machine.pool)
    }
    expectFold(machine.pool, machine.entries)
  }

  /// Held and committed are the sums of the holds and sales behind them (peers T3, T16, T20).
  private func expectDerived(_ pool: Pool) {
    var held: [SKUIndex: Quantity] = [:]
    for hold in pool.holds.values where hold.state == .held {
      for line in hold.lines { held[line.sku, default: 0] += line.quantity }
    }
    var open: [SKUIndex: Quantity] = [:]
    for sale in pool.sales.values {
      for line in sale.lines {
        open[line.sku, default: 0] += line.open
        #expect(line.allocations.reduce(0) { $0 + $1.open } == line.open)
      }
    }
    for number in 0..<2 {
      let balances = pool.balances(of: SKUIndex(number))
      #expect(balances.reduce(0) { $0 + $1.held } == held[SKUIndex(number), default: 0])
      #expect(balances.reduce(0) { $0 + $1.committed } == open[SKUIndex(number), default: 0])
    }
  }

  private func play(
    _ step: Int, _ machine: Script, _ model: inout Model, _ random: inout SeededRandom
  ) throws {
    let sku = Bool.random(using: &random) ? "TEE" : "CAP"
    let quantity = Quantity.random(in: 1...6, using: &random)
    let place = ["", "@A", "@B", "@C"].randomElement(using: &random)!
    func attempt(_ text: String) throws -> Bool {
      do {
        _ = try machine.run(text.words)
        return true
      } catch is PoolError { return false }
    }
    switch Int.random(in: 0..<12, using: &random) {
    case 0:
      let there = place.isEmpty ? "@A" : place
      #expect(try attempt("receive \(quantity):\(sku)\(there)"))
      model.onHand[sku, default: 0] += quantity
    case 1:
      let deltas = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        Quantity.random(in: 1...6, using: &random) * (Bool.random(using: &random) ? 1 : -2)
      }
      let net = deltas.reduce(0, +)
      let there = onHand(sku, at: "A", machine.pool)
      let done = try attempt("adjust " + deltas.map { "\($0):\(sku)@A" }.joined(separator: " "))
      #expect(done == (there + net >= 0 || deltas.allSatisfy { $0 > 0 }))
      if done { model.onHand[sku, default: 0] += net }
    case 2, 3:
      let isEnough = quantity <= model.available(sku)
      let done = try attempt(
        "hold h-\(step) \(quantity):\(sku)\(place) until=\(quantity * 10) by=o-\(step)")
      // A place of its own may be short; the whole never is when the hold was taken.
      #expect(done ? isEnough : !isEnough || !place.isEmpty)
      let expiry = machine.now.seconds + quantity * 10
      if done { model.holds["h-\(step)"] = (sku, quantity, expiry) }
    case 4:
      guard let hold = model.holds.keys.sorted().randomElement(using: &random) else { return }
      #expect(try attempt("commit \(hold)"))
      let was = model.holds.removeValue(forKey: hold)!
      model.promised[was.sku, default: 0] += was.quantity
    case 9, 10, 11:
      try playHold(quantity, &model, &random) { try attempt($0) }
    case 6:
      #expect(try attempt("sell o-\(step) \(quantity):\(sku)\(place)"))
      model.promised[sku, default: 0] += quantity
      model.orders["o-\(step)"] = (sku, quantity, 0, 0)
    case 7:
      guard let id = model.orders.keys.sorted().randomElement(using: &random) else { return }
      settle(id, &model, &random) { try attempt($0) }
    default:
      let span = Int64.random(in: 1...15, using: &random)
      _ = try attempt("wait \(span)")
      for (id, hold) in model.holds where hold.expiry <= machine.now.seconds {
        model.holds[id] = nil
        model.expired[id] = (hold.sku, hold.quantity)
      }
    }
  }

  /// Commits a part of a hold, changes one, or takes an expired one again.
  private func playHold(
    _ quantity: Quantity, _ model: inout Model, _ random: inout SeededRandom,
    _ attempt: (String) throws -> Bool
  ) throws {
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      guard let hold = model.holds.keys.sorted().randomElement(using: &random) else { return }
      let was = model.holds[hold]!
      let isPart = quantity <= was.quantity
      #expect(try attempt("commit \(hold) p-\(hold) \(quantity):\(was.sku)") == isPart)
      guard isPart else { return }
      model.holds[hold] = nil
      model.promised[was.sku, default: 0] += quantity
    case 1:
      guard let hold = model.holds.keys.sorted().randomElement(using: &random) else { return }
      try change(hold, by: quantity, &model, &random) { try attempt($0) }
    default:
      guard let hold = model.expired.keys.sorted().randomElement(using: &random) else { return }
      let was = model.expired[hold]!
      let isEnough = was.quantity <= model.available(was.sku)
      let done = try attempt("commit \(hold) r-\(hold)")
      // A place that was named may be short; the whole never is when it was taken.
      if done { #expect(isEnough) }
      guard done else { return }
      model.expired[hold] = nil
      model.promised[was.sku, default: 0] += was.quantity
    }
  }

  /// Extends a hold, or gives it units more or less.
  private func change(
    _ id: String, by quantity: Quantity, _ model: inout Model, _ random: inout SeededRandom,
    _ attempt: (String) throws -> Bool
  ) throws {
    let hold = model.holds[id]!
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      #expect(try attempt("extend \(id) at=\(hold.expiry + quantity)"))
      model.holds[id]!.expiry += quantity
    case 1:
      let isEnough = quantity <= model.available(hold.sku)
      #expect(try attempt("edit \(id) \(quantity):\(hold.sku)") == isEnough)
      if isEnough { model.holds[id]!.quantity += quantity }
    default:
      let isEnough = quantity <= hold.quantity
      #expect(try attempt("edit \(id) \(-quantity):\(hold.sku)") == isEnough)
      guard isEnough else { return }
      model.holds[id]!.quantity -= quantity
      if model.holds[id]!.quantity == 0 { model.holds[id] = nil }
    }
  }

  private func onHand(_ sku: String, at location: String, _ pool: Pool) -> Quantity {
    guard let sku = pool.index(of: SKU(trusted: sku)),
      let location = pool.index(of: LocationID(trusted: location))
    else { return 0 }
    return pool.findBalance(sku, location).map { pool.balances[$0].onHand } ?? 0
  }

  private func settle(
    _ id: String, _ model: inout Model, _ random: inout SeededRandom,
    _ attempt: (String) throws -> Bool
  ) {
    var order = model.orders[id]!
    let total = Quantity.random(in: 0...6, using: &random)
    let open = order.sold - order.cancelled - order.shipped
    let isShipping = Bool.random(using: &random)
    let more = max(0, total - (isShipping ? order.shipped : order.cancelled))
    let done = (try? attempt("\(isShipping ? "ship" : "cancel") \(id) \(total)")) ?? false
    #expect(done == (more <= open))
    guard done else { return }
    model.promised[order.sku, default: 0] -= more
    if isShipping {
      order.shipped += more
      model.onHand[order.sku, default: 0] -= more
    } else {
      order.cancelled += more
    }
    model.orders[id] = order
  }
}
