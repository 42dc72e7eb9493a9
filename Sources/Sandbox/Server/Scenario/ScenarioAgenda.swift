internal import Primitives

/// What a scenario does next, in the order of time; of two things at once, the one that the file names first.
struct ScenarioAgenda {
  enum Deed: Sendable {
    case order(Shop.Key, sku: String, quantity: Int64, isCancelled: Bool)
    case cancel(Shop.Key, order: String)
    case begin(ScenarioStep.Act)
    case end(ScenarioStep.Act)
  }

  private struct Stream {
    var orders: ScenarioStep.Orders
    var start: Double
    var end: Double
    var count = 0

    var next: Double? {
      let next = start + Double(count) / orders.perSecond
      return next < end ? next : nil
    }
  }

  private var deeds: [(at: Double, deed: Deed)] = []
  private var streams: [Stream] = []
  private var random: SeededRandom

  init(_ scenario: Scenario) {
    random = SeededRandom(seed: scenario.seed)
    for step in scenario.steps {
      if case .orders(let orders) = step.act {
        streams.append(Stream(orders: orders, start: step.at, end: step.at + (step.span ?? 0)))
        continue
      }
      add(.begin(step.act), at: step.at)
      if let span = step.span { add(.end(step.act), at: step.at + span) }
    }
  }

  mutating func add(_ deed: Deed, at time: Double) {
    let place = deeds.firstIndex { $0.at > time } ?? deeds.count
    deeds.insert((time, deed), at: place)
  }

  /// Takes the next one; nil when nothing is left.
  mutating func next() -> (at: Double, deed: Deed)? {
    let due = streams.indices.compactMap { index in streams[index].next.map { (index, $0) } }
      .min { $0.1 < $1.1 }
    guard let (index, time) = due, deeds.first.map({ time < $0.at }) ?? true else {
      return deeds.isEmpty ? nil : deeds.removeFirst()
    }
    let orders = streams[index].orders
    let shop = orders.shops[streams[index].count % orders.shops.count]
    streams[index].count += 1
    return (
      time,
      .order(
        shop, sku: orders.skus.randomElement(using: &random) ?? "", quantity: orders.quantity,
        isCancelled: Double.random(in: 0..<100, using: &random) < orders.cancelPercent)
    )
  }
}
