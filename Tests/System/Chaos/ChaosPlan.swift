import Primitives

/// What goes wrong in a chaos run, and when: drawn from a seed, so that the seed plays it again.
struct ChaosPlan: Sendable, CustomStringConvertible {
  struct Step: Sendable, CustomStringConvertible {
    var milliseconds: Int
    var act: Act

    var description: String { "\(milliseconds) ms: \(act)" }
  }

  enum Act: Sendable {
    /// A channel's faults, by the sandbox's names for them, in place of those before.
    case faults(channel: String, [String: Int])
    case down(channel: String, Bool)
    case webhooks(shop: String, Bool)
    case promotion(shop: String, offer: Int, units: Int)
    case expireTokens(channel: String)
    /// Somebody changes the number on the channel's own page.
    case handChange(shop: String, offer: Int, units: Int)
    case receive(sku: String, units: Int64)
    case kill(services: [String], downMilliseconds: Int)

    var isKill: Bool { if case .kill = self { true } else { false } }
  }

  /// How long it lasts, and whether it may have what takes its time to be found: units that a promotion holds, numbers
  /// that were changed by hand, calls that are never answered.
  enum Length: Sendable { case short, full }

  let seed: UInt64
  let milliseconds: Int
  let steps: [Step]
  let isFull: Bool

  init(seed: UInt64, _ length: Length) {
    self.seed = seed
    isFull = length == .full
    milliseconds = isFull ? 12_000 : 2_500
    var random = SeededRandom(seed: seed)
    var steps: [Step] = []
    let span = milliseconds
    for shop in Shop.everyChannel {
      steps += Self.troubles(shop, span, isFull, &random)
    }
    steps += Self.kills(span, isFull, &random)
    for _ in 0..<(isFull ? 6 : 2) {
      steps.append(
        Step(
          milliseconds: .random(in: 0..<span, using: &random),
          act: .receive(
            sku: ChaosGoods.skus.randomElement(using: &random) ?? "",
            units: .random(in: 1...8, using: &random))))
    }
    self.steps = steps.sorted { $0.milliseconds < $1.milliseconds }
  }

  var description: String {
    let lines = steps.map { "  \($0)" }.joined(separator: "\n")
    return "chaos of seed \(seed), \(milliseconds) ms\n\(lines)"
  }

  var channelsWhoseTokensEnd: Set<String> {
    Set(
      steps.compactMap { step in
        if case .expireTokens(let channel) = step.act { channel } else { nil }
      })
  }

  // MARK: Drawing

  private static func troubles(
    _ shop: Shop, _ span: Int, _ isFull: Bool, _ random: inout SeededRandom
  ) -> [Step] {
    let channel = shop.channel
    var steps = [
      Step(milliseconds: 0, act: .faults(channel: channel, faults(isFull, &random))),
      Step(milliseconds: span / 2, act: .faults(channel: channel, faults(isFull, &random))),
    ]
    func add(_ oneIn: Int, _ acts: (inout SeededRandom) -> [Act]) {
      guard Int.random(in: 0..<oneIn, using: &random) == 0 else { return }
      let begin = Int.random(in: 0..<span * 2 / 3, using: &random)
      let pause = Int.random(in: 300...span / 3, using: &random)
      for (index, act) in acts(&random).enumerated() {
        steps.append(Step(milliseconds: begin + index * pause, act: act))
      }
    }
    add(3) { _ in [.down(channel: channel, true), .down(channel: channel, false)] }
    add(3) { _ in [.webhooks(shop: channel, false), .webhooks(shop: channel, true)] }
    if shop.hasTokens { add(2) { _ in [.expireTokens(channel: channel)] } }
    guard isFull else { return steps }
    if shop.hasPromotions {
      add(3) { random in
        let offer = Int.random(in: 0..<3, using: &random)
        let units = Int.random(in: 2...12, using: &random)
        return [
          .promotion(shop: channel, offer: offer, units: units),
          .promotion(shop: channel, offer: offer, units: 0),
        ]
      }
    }
    add(6) { random in
      [
        .handChange(
          shop: channel, offer: .random(in: 0..<ChaosGoods.offers.count, using: &random),
          units: .random(in: 0...40, using: &random))
      ]
    }
    return steps
  }

  private static func faults(_ isFull: Bool, _ random: inout SeededRandom) -> [String: Int] {
    var faults = ["seed": Int.random(in: 1...1_000_000, using: &random)]
    func draw(_ name: String, _ most: Int, oneIn: Int) {
      guard Int.random(in: 0..<oneIn, using: &random) == 0 else { return }
      faults[name] = Int.random(in: 1...most, using: &random)
    }
    draw("fail_percent", 30, oneIn: 2)
    draw("timeout_percent", isFull ? 4 : 10, oneIn: 3)
    if faults["timeout_percent"] != nil {
      // Longer than the gateway waits, or merely slow.
      faults["timeout_ms"] =
        isFull && Bool.random(using: &random)
        ? 16_000 : Int.random(in: 1...2, using: &random) * 1000
    }
    draw("partial_failure_percent", 40, oneIn: 3)
    draw("duplicate_percent", 60, oneIn: 2)
    draw("reorder_percent", 60, oneIn: 2)
    draw("drop_percent", 60, oneIn: 2)
    draw("delay_ms", 800, oneIn: 3)
    if Int.random(in: 0..<3, using: &random) == 0 {
      faults["rate_limit_per_second"] = Int.random(in: 3...20, using: &random)
    }
    return faults
  }

  private static func kills(
    _ span: Int, _ isFull: Bool, _ random: inout SeededRandom
  ) -> [Step] {
    var victims = Cluster.services.map { [$0] } + [["gateway"]]
    if !isFull { victims = [["gateway"], [Cluster.services.randomElement(using: &random) ?? ""]] }
    if isFull, Bool.random(using: &random) {
      let first = Int.random(in: 0..<4, using: &random)
      victims.append([Cluster.services[first], "gateway"])
    }
    if isFull, Int.random(in: 0..<4, using: &random) == 0 { victims.append(Cluster.services) }
    return victims.map { services in
      Step(
        milliseconds: .random(in: span / 10..<span, using: &random),
        act: .kill(services: services, downMilliseconds: .random(in: 0...900, using: &random)))
    }
  }
}
