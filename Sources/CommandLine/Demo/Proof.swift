internal import Foundation
internal import PoolAPI

/// What must hold after the flash sale, each with the figures that it stands on.
struct Proof: Sendable {
  struct Check: Sendable {
    var name: String
    var holds: Bool
    var figures: String
    /// Whether it speaks of time, which a busy machine has less of.
    var isTimed = false
  }

  /// From the pool's commit to the channel's acknowledgement, 99 of 100.
  static let lagBound = Duration.milliseconds(100)
  /// From an event's last byte to its answer, 99 of 100.
  static let hookBound = Duration.milliseconds(50)
  /// With fewer than these, 99 of 100 says nothing.
  static let leastSamples = 20
  /// How much longer the orders may take than their rate says.
  static let rateTolerance = 1.1

  var checks: [Check]
  private let facts: SaleFacts

  var holds: Bool { checks.allSatisfy(\.holds) }

  init(_ facts: SaleFacts) {
    self.facts = facts
    checks = [
      Self.balance(facts), Self.orders(facts), Self.till(facts), Self.ledger(facts),
      Self.channels(facts), Self.events(facts), Self.rate(facts), Self.pushes(facts),
      Self.hooks(facts),
    ]
  }

  /// The accepted units are the channels' word and the others the pool's: no side can make up for the other.
  private static func balance(_ facts: SaleFacts) -> Check {
    let sold = facts.accepted.values.reduce(0, +)
    let left = facts.balance.availableCount
    let received = facts.balance.receivedCount
    return Check(
      name: "sold + left = received",
      holds: sold + left == received && received == facts.units && facts.balance.heldCount == 0,
      figures: "\(sold) + \(left) = \(received)")
  }

  /// Every unit that a channel accepted is in the ledger once, under that channel.
  private static func orders(_ facts: SaleFacts) -> Check {
    var booked: [String: Int64] = [:]
    for movement in facts.movements {
      switch movement.kind {
      case .sold, .committed: booked[movement.channelID, default: 0] += movement.quantity
      case .cancelled: booked[movement.channelID, default: 0] -= movement.quantity
      default: break
      }
    }
    let channels = Set(DemoData.channels).union(booked.keys).union(facts.accepted.keys)
    return Check(
      name: "each accepted unit is booked once",
      holds: channels.allSatisfy { booked[$0, default: 0] == facts.accepted[$0, default: 0] },
      figures: channels.sorted().map {
        "\($0) \(facts.accepted[$0, default: 0])/\(booked[$0, default: 0])"
      }.joined(separator: ", "))
  }

  /// No hold was ever granted without stock behind it: seen by walking the ledger. Where none was granted at all,
  /// nothing is proved.
  private static func till(_ facts: SaleFacts) -> Check {
    var available: Int64 = 0
    var lowest: Int64?
    for movement in facts.movements {
      switch movement.kind {
      case .received, .found, .restocked, .cleared, .cancelled, .released, .expired:
        available += movement.quantity
      case .sold, .lost: available -= movement.quantity
      case .held:
        available -= movement.quantity
        lowest = min(lowest ?? .max, available)
      default: break
      }
    }
    return Check(
      name: "oversold 0 where the channel asks first", holds: lowest.map { $0 >= 0 } ?? false,
      figures: lowest.map { "lowest stock after a hold: \($0)" } ?? "no hold was granted")
  }

  private static func ledger(_ facts: SaleFacts) -> Check {
    Check(
      name: "the ledger proves every balance", holds: facts.ledger.proved,
      figures: facts.ledger.proved
        ? "\(facts.ledger.movementCount) movements" : facts.ledger.difference)
  }

  private static func channels(_ facts: SaleFacts) -> Check {
    Check(
      name: "every channel shows what it may",
      holds: DemoData.areLevel(facts.shown, wanted: facts.wanted),
      figures: facts.shown.map { "\($0.channel) \($0.count)/\(facts.wanted[$0.channel] ?? -1)" }
        .joined(separator: ", "))
  }

  /// An event that a channel has given up, or has not sent yet, may still change what is above.
  private static func events(_ facts: SaleFacts) -> Check {
    Check(
      name: "every event came through",
      holds: facts.deliveries.waiting == 0 && facts.deliveries.lost == 0,
      figures: "\(facts.deliveries.waiting) waiting, \(facts.deliveries.lost) given up")
  }

  private static func rate(_ facts: SaleFacts) -> Check {
    let planned = Double(facts.size.orders) / Double(facts.size.ordersPerSecond)
    return Check(
      name: "orders came as fast as was asked", holds: facts.seconds <= planned * rateTolerance,
      figures: String(
        format: "%.1f s for %d at %d a second", facts.seconds, facts.size.orders,
        facts.size.ordersPerSecond), isTimed: true)
  }

  private static func pushes(_ facts: SaleFacts) -> Check {
    latency("pushes", facts.latencies.allPushes, within: lagBound)
  }

  private static func hooks(_ facts: SaleFacts) -> Check {
    latency("webhooks answered", facts.latencies.allHooks, within: hookBound)
  }

  private static func latency(
    _ what: String, _ buckets: LatencyBuckets, within bound: Duration
  ) -> Check {
    let share = Double(buckets.count(within: bound) ?? 0) / Double(max(1, buckets.total))
    return Check(
      name: "99 of 100 \(what) within \(bound.milliseconds)",
      holds: buckets.total >= leastSamples && share >= 0.99,
      figures: "\(buckets.quantile(0.99)?.milliseconds ?? "none") of \(buckets.total)",
      // How many there are is a matter of time too: what comes close together is pushed as one.
      isTimed: buckets.total > 0)
  }

  // MARK: - What it says

  private var summary: [(String, String)] {
    let oversold = max(0, -facts.balance.availableCount)
    return [
      ("orders tried", "\(facts.size.orders) in \(String(format: "%.1f", facts.seconds)) s"),
      ("units sold", "\(facts.balance.committedCount + facts.balance.shippedCount)"),
      ("oversold by channels that do not ask", "\(oversold)"),
      (
        "all channels level after the last order",
        String(format: "%.2f s", facts.settledSeconds - facts.seconds)
      ),
    ]
  }

  func print() {
    Output.line()
    for (name, value) in summary { Output.line("\(name): \(value)") }
    Output.line("\nlag, from the pool's commit to the channel's acknowledgement, in this sale")
    Output.table(Latencies.header, facts.latencies.rows)
    Output.line("\nproof")
    for check in checks {
      Output.line("  \(check.holds ? "holds" : "FAILS")  \(check.name): \(check.figures)")
    }
    Output.line(holds ? "\nThe proof holds." : "\nThe proof does not hold.")
  }

  var json: String {
    let object: [String: Any] = [
      "holds": holds,
      "checks": checks.map {
        ["name": $0.name, "holds": $0.holds, "figures": $0.figures, "timed": $0.isTimed]
      },
      "summary": Dictionary(uniqueKeysWithValues: summary),
      "lag": facts.latencies.rows,
    ]
    let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
    return String(decoding: data ?? Data(), as: UTF8.self)
  }
}
