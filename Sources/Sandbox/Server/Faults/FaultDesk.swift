internal import Primitives
internal import Synchronization

/// Decides what goes wrong, from seeds, and counts calls against their limits.
final class FaultDesk: Sendable {
  /// What becomes of one API call.
  enum CallFate: Equatable, Sendable {
    case served
    case limited
    case failedBefore(status: Int)
    case failedAfter(status: Int)
    case late(by: Duration)
  }

  private struct State {
    var plans: [Channel: FaultPlan] = [:]
    var randoms: [Channel: SeededRandom] = [:]
    var buckets: [String: TokenBucket] = [:]

    /// Takes from the bucket of that name, or from a new one like `standard`.
    ///
    /// Anybody may name a shop that there is not: when there are too many, those that are full are as good as new and
    /// forgotten, and then all.
    mutating func take(
      _ cost: Double, _ name: String, standard: TokenBucket, at now: Int64
    ) -> (isTaken: Bool, level: Double) {
      if buckets[name] == nil, buckets.count >= SandboxLimits.buckets {
        buckets = buckets.filter { !$0.value.isFull(at: now) }
        if buckets.count >= SandboxLimits.buckets { buckets = [:] }
      }
      var bucket = buckets[name] ?? standard
      let isTaken = bucket.take(cost, at: now)
      buckets[name] = bucket
      return (isTaken, bucket.level)
    }
  }

  /// How many callers are counted.
  var bucketCount: Int { state.withLock { $0.buckets.count } }

  private let state = Mutex(State())
  /// Reads nanoseconds of a clock that only goes on; tests have their own.
  private let ticks: @Sendable () -> Int64

  init(ticks: @escaping @Sendable () -> Int64 = monotonicNanoseconds) {
    self.ticks = ticks
  }

  func plan(of channel: Channel) -> FaultPlan {
    state.withLock { $0.plans[channel] ?? FaultPlan() }
  }

  func set(_ plan: FaultPlan, for channel: Channel) {
    state.withLock { state in
      state.plans[channel] = plan
      state.randoms[channel] = SeededRandom(seed: plan.seed)
      state.buckets = [:]
    }
  }

  func reset() {
    state.withLock { $0 = State() }
  }

  /// Counts a call against its limit and says what becomes of it.
  ///
  /// - Parameter limit: the platform's own calls a second for this kind of call; nil for none.
  func fate(of shop: Shop.Key, limit: Double?, kind: String) -> CallFate {
    let now = ticks()
    return state.withLock { state in
      let plan = state.plans[shop.channel] ?? FaultPlan()
      if plan.isDown { return .failedBefore(status: 503) }
      if let rate = plan.callsPerSecond ?? limit {
        let name = plan.callsPerSecond == nil ? "\(shop)/\(kind)" : "\(shop)"
        let bucket = TokenBucket(capacity: max(1, rate), perSecond: rate, at: now)
        guard state.take(1, name, standard: bucket, at: now).isTaken else { return .limited }
      }
      return Self.draw(plan, &state.randoms[shop.channel, default: SeededRandom(seed: plan.seed)])
    }
  }

  private static func draw(_ plan: FaultPlan, _ random: inout SeededRandom) -> CallFate {
    if hits(plan.timeoutPercent, &random) {
      return .late(by: .seconds(plan.timeoutMilliseconds / 1000))
    }
    guard hits(plan.failPercent, &random) else { return .served }
    let status = [500, 502, 503][Int.random(in: 0..<3, using: &random)]
    return Bool.random(using: &random)
      ? .failedBefore(status: status) : .failedAfter(status: status)
  }

  /// How long a call takes beside its work.
  func latency(of channel: Channel) -> Duration {
    state.withLock { .milliseconds($0.plans[channel]?.latencyMilliseconds ?? 0) }
  }

  /// Takes points of a shop's bucket; what is left of it and whether they were there.
  func takePoints(
    _ cost: Double, of shop: Shop.Key, capacity: Double, perSecond: Double
  ) -> (isTaken: Bool, level: Double) {
    let now = ticks()
    return state.withLock { state in
      let bucket = TokenBucket(capacity: capacity, perSecond: perSecond, at: now)
      return state.take(cost, "\(shop)/points", standard: bucket, at: now)
    }
  }

  /// Whether an entry of a stock call is refused for the time being.
  func refusesEntry(of channel: Channel) -> Bool {
    state.withLock { state in
      guard let plan = state.plans[channel], plan.partialFailurePercent > 0 else { return false }
      return Self.hits(
        plan.partialFailurePercent, &state.randoms[channel, default: SeededRandom(seed: plan.seed)])
    }
  }

  /// When the copies of an event are sent, in milliseconds from now; none when it is dropped.
  func delays(of channel: Channel) -> [Double] {
    state.withLock { state in
      guard let plan = state.plans[channel] else { return [0] }
      return Self.delays(plan, &state.randoms[channel, default: SeededRandom(seed: plan.seed)])
    }
  }

  private static func delays(_ plan: FaultPlan, _ random: inout SeededRandom) -> [Double] {
    guard !hits(plan.dropPercent, &random) else { return [] }
    var delay = Double.random(in: plan.delayMilliseconds, using: &random)
    if hits(plan.reorderPercent, &random) {
      delay += Double.random(in: FaultPlan.reorderSpan, using: &random)
    }
    guard hits(plan.duplicatePercent, &random) else { return [delay] }
    return [delay, delay + Double.random(in: FaultPlan.reorderSpan, using: &random)]
  }

  private static func hits(_ percent: Double, _ random: inout SeededRandom) -> Bool {
    percent > 0 && Double.random(in: 0..<100, using: &random) < percent
  }
}
