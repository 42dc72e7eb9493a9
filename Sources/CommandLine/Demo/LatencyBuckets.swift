internal import Foundation

/// A histogram as a service's metrics show it: how many observations do not exceed each bound.
///
/// Two of them, one from before and one from after, say what happened between.
struct LatencyBuckets: Equatable, Sendable {
  /// Seconds, and how many are not above them; the last bound is infinite.
  private var counts: [Double: Int]

  init(counts: [Double: Int] = [:]) {
    self.counts = counts
  }

  /// Reads one histogram of an exposition, by the values of one label.
  static func read(
    _ name: String, by label: String, from exposition: String
  ) -> [String: LatencyBuckets] {
    var found: [String: LatencyBuckets] = [:]
    for line in exposition.split(separator: "\n") where line.hasPrefix("\(name)_bucket{") {
      guard let value = text(of: label, in: line), let bound = text(of: "le", in: line),
        let seconds = bound == "+Inf" ? Double.infinity : Double(bound),
        let count = line.split(separator: " ").last.flatMap({ Int($0) })
      else { continue }
      found[value, default: LatencyBuckets()].counts[seconds, default: 0] += count
    }
    return found
  }

  private static func text(of label: String, in line: Substring) -> String? {
    for start in ["{", ","] {
      guard let range = line.range(of: "\(start)\(label)=\"") else { continue }
      return line[range.upperBound...].split(separator: "\"").first.map(String.init)
    }
    return nil
  }

  /// What was observed after `before`.
  func since(_ before: LatencyBuckets?) -> LatencyBuckets {
    guard let before else { return self }
    return LatencyBuckets(counts: counts.mapValuesWithKeys { $1 - (before.counts[$0] ?? 0) })
  }

  static func + (one: LatencyBuckets, other: LatencyBuckets) -> LatencyBuckets {
    LatencyBuckets(counts: one.counts.merging(other.counts, uniquingKeysWith: +))
  }

  var total: Int { counts[.infinity] ?? 0 }

  /// How many took no longer; `bound` is one of the histogram's own, so nothing is guessed.
  func count(within bound: Duration) -> Int? { counts[bound.inSeconds] }

  /// The span that a share of all does not exceed, interpolated inside its bucket; beyond the last bound it is that bound.
  func quantile(_ share: Double) -> Duration? {
    guard total > 0 else { return nil }
    let rank = share * Double(total)
    var start = (bound: 0.0, count: 0)
    for (bound, count) in counts.sorted(by: { $0.key < $1.key }) {
      if bound.isInfinite { break }
      if Double(count) >= rank, count > start.count {
        let part = (rank - Double(start.count)) / Double(count - start.count)
        return .seconds(start.bound + (bound - start.bound) * part)
      }
      start = (bound, count)
    }
    return .seconds(start.bound)
  }
}

extension Dictionary {
  fileprivate func mapValuesWithKeys<New>(_ body: (Key, Value) -> New) -> [Key: New] {
    var result: [Key: New] = [:]
    for (key, value) in self { result[key] = body(key, value) }
    return result
  }
}

/// What the gateway has measured until now.
struct Latencies: Sendable {
  /// From the pool's commit to the channel's acknowledgement, by account.
  var pushes: [String: LatencyBuckets] = [:]
  /// From an event's last byte to its answer, by channel.
  var hooks: [String: LatencyBuckets] = [:]

  init() {}

  init(exposition: String) {
    pushes = LatencyBuckets.read(
      "onepool_gateway_push_lag_seconds", by: "account", from: exposition)
    hooks = LatencyBuckets.read("onepool_gateway_hook_seconds", by: "channel", from: exposition)
    // A till asks and is answered; only channels have hooks.
    hooks["till"] = nil
  }

  func since(_ before: Latencies) -> Latencies {
    var result = Latencies()
    for (name, buckets) in pushes { result.pushes[name] = buckets.since(before.pushes[name]) }
    for (name, buckets) in hooks { result.hooks[name] = buckets.since(before.hooks[name]) }
    return result
  }

  var allPushes: LatencyBuckets { pushes.values.reduce(LatencyBuckets(), +) }
  var allHooks: LatencyBuckets { hooks.values.reduce(LatencyBuckets(), +) }

  static let header = ["", "count", "p50", "p95", "p99"]

  var rows: [[String]] {
    pushes.sorted { $0.key < $1.key }.map { Self.row($0.key, $0.value) }
      + [Self.row("all pushes", allPushes), Self.row("webhook answers", allHooks)]
  }

  private static func row(_ name: String, _ buckets: LatencyBuckets) -> [String] {
    [name, "\(buckets.total)"]
      + [0.5, 0.95, 0.99].map { buckets.quantile($0)?.milliseconds ?? "–" }
  }
}
