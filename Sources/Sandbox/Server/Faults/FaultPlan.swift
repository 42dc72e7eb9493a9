/// What goes wrong on one platform, on purpose. All shares are of a hundred.
struct FaultPlan: Equatable, Sendable {
  /// Events that are sent twice.
  var duplicatePercent = 0.0
  /// Events that are held back until later ones have passed.
  var reorderPercent = 0.0
  /// Events that are never sent.
  var dropPercent = 0.0
  /// How long an event waits before it is sent, from and to, in milliseconds.
  var delayMilliseconds: ClosedRange<Double> = 0...0
  /// API calls that end with a 5xx; half of them after their work was done.
  var failPercent = 0.0
  /// API calls whose work is done and whose answer comes too late.
  var timeoutPercent = 0.0
  /// How late, in milliseconds.
  var timeoutMilliseconds = 30_000.0
  /// How long each API call takes beside its work, as on a way around the world, in milliseconds.
  var latencyMilliseconds = 0.0
  /// Entries of a stock call that are refused for the time being.
  var partialFailurePercent = 0.0
  /// Whether the platform is out of order: every call ends with a 503, and nobody can buy.
  var isDown = false
  /// API calls a second and shop; nil for the platform's own rule.
  var callsPerSecond: Double?
  /// Of the random choices.
  var seed: UInt64 = 1

  /// How far a held back event falls behind, and how late a duplicate may come, in milliseconds.
  static let reorderSpan = 20.0...250.0
}

extension FaultPlan {
  /// Reads what is there and leaves the rest as it was; nil with the name of the first wrong
  /// member.
  func changed(by body: JSONValue) -> Result<FaultPlan, ControlError> {
    var plan = self
    for member in body.members ?? [] {
      guard plan.take(member) else {
        return .failure(ControlError(400, "\(member.name) is not what it should be"))
      }
    }
    return .success(plan)
  }

  /// Whether the member was understood.
  private mutating func take(_ member: JSONValue.Member) -> Bool {
    switch member.name {
    case "channel", "expire_tokens": true
    case "duplicate_percent": set(\.duplicatePercent, member.value)
    case "reorder_percent": set(\.reorderPercent, member.value)
    case "drop_percent": set(\.dropPercent, member.value)
    case "fail_percent": set(\.failPercent, member.value)
    case "timeout_percent": set(\.timeoutPercent, member.value)
    case "partial_failure_percent": set(\.partialFailurePercent, member.value)
    case "drop_webhooks": drop(member.value)
    case "down": setDown(member.value)
    case "delay_ms": setDelay(member.value)
    case "timeout_ms": setTimeout(member.value)
    case "latency_ms": setLatency(member.value)
    case "rate_limit_per_second": setRate(member.value)
    case "seed": setSeed(member.value)
    default: false
    }
  }

  private mutating func set(
    _ path: WritableKeyPath<FaultPlan, Double>, _ value: JSONValue
  ) -> Bool {
    guard let share = value.double, (0...100).contains(share) else { return false }
    self[keyPath: path] = share
    return true
  }

  private mutating func drop(_ value: JSONValue) -> Bool {
    guard let isDropping = value.bool else { return false }
    dropPercent = isDropping ? 100 : 0
    return true
  }

  private mutating func setDown(_ value: JSONValue) -> Bool {
    guard let isDown = value.bool else { return false }
    self.isDown = isDown
    return true
  }

  private mutating func setDelay(_ value: JSONValue) -> Bool {
    let bounds = value.array?.map(\.double) ?? [value.double, value.double]
    guard bounds.count == 2, let low = bounds[0], let high = bounds[1], 0 <= low, low <= high,
      high <= 3_600_000
    else { return false }
    delayMilliseconds = low...high
    return true
  }

  private mutating func setTimeout(_ value: JSONValue) -> Bool {
    guard let span = value.double, (0...600_000).contains(span) else { return false }
    timeoutMilliseconds = span
    return true
  }

  private mutating func setLatency(_ value: JSONValue) -> Bool {
    guard let span = value.double, (0...60_000).contains(span) else { return false }
    latencyMilliseconds = span
    return true
  }

  private mutating func setRate(_ value: JSONValue) -> Bool {
    guard !value.isNull else {
      callsPerSecond = nil
      return true
    }
    guard let rate = value.double, rate >= 0 else { return false }
    callsPerSecond = rate == 0 ? nil : rate
    return true
  }

  private mutating func setSeed(_ value: JSONValue) -> Bool {
    guard let number = value.integer else { return false }
    seed = UInt64(bitPattern: number)
    return true
  }

  var json: JSONValue {
    [
      "duplicate_percent": .number(duplicatePercent), "reorder_percent": .number(reorderPercent),
      "drop_percent": .number(dropPercent), "fail_percent": .number(failPercent),
      "timeout_percent": .number(timeoutPercent), "timeout_ms": .number(timeoutMilliseconds),
      "latency_ms": .number(latencyMilliseconds),
      "partial_failure_percent": .number(partialFailurePercent),
      "delay_ms": [.number(delayMilliseconds.lowerBound), .number(delayMilliseconds.upperBound)],
      "down": .bool(isDown), "rate_limit_per_second": callsPerSecond.map { .number($0) } ?? .null,
      "seed": .integer(Int64(bitPattern: seed)),
    ]
  }
}
