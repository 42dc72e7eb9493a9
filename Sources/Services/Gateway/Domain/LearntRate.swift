/// Calls a second that a channel bears, learnt from its answers: halved when there were too many, and raised again little by
/// little while it says nothing.
///
/// It rises quickly up to shortly below the rate that was too much, slowly around it, and quickly again once that is known to be
/// history, so that a limit that nobody documents is found with few refusals. Time alone does not raise it: only calls that the
/// channel takes do.
public struct LearntRate: Equatable, Sendable {
  /// A refusal of calls that went out before the last one was heard counts with it.
  static let refusalsTogether: Int64 = 1_000_000_000
  /// From nothing to the ceiling, in seconds of calls, while no limit is near.
  static let secondsToCeiling = 60.0
  /// From the lower to the upper end of what counts as near the limit, in seconds of calls.
  static let secondsPastLimit = 1200.0
  /// What counts as near the limit: this share of it up or down.
  static let nearLimit = 0.1
  /// The longest pause between two calls that still counts as going on, in nanoseconds.
  static let longestStep: Int64 = 10_000_000_000
  /// How much of what a channel tells of itself is taken over at each call: costs differ from call to call.
  static let weight = 0.1

  /// Calls a second that are never exceeded: what somebody configured, or what the channel documents.
  public let configured: Double
  /// Whether the channel may raise it by what it tells of itself.
  public let isFixed: Bool
  public private(set) var current: Double
  /// The rate at which the channel last refused a call.
  public private(set) var limit: Double?
  /// What the channel tells that it bears.
  public private(set) var told: Double?
  private var meanCost: Double?
  private var raised: Int64
  private var cut: Int64?

  public init(_ configured: Double, isFixed: Bool, now: Int64) {
    precondition(configured > 0, "an account may make some calls")
    self.configured = configured
    self.isFixed = isFixed
    current = configured
    raised = now
  }

  public var ceiling: Double {
    guard let told else { return configured }
    return isFixed ? min(configured, told) : told
  }

  /// Never below: one call in ten seconds, or what was configured when that is less still.
  public var floor: Double { min(0.1, configured) }

  /// The channel refused a call since there were too many.
  public mutating func refused(now: Int64) {
    raised = now
    if let cut, now - cut < Self.refusalsTogether { return }
    cut = now
    limit = current
    current = max(floor, current / 2)
  }

  /// The channel took a call.
  public mutating func accepted(now: Int64) {
    let seconds = Double(max(0, min(now - raised, Self.longestStep))) / 1e9
    raised = max(raised, now)
    guard current != ceiling else { return }
    guard current < ceiling else {
      current = max(floor, ceiling)
      return
    }
    let isNear = limit.map { abs(current - $0) <= $0 * Self.nearLimit } ?? false
    let step =
      isNear
      ? (limit ?? 0) * 2 * Self.nearLimit / Self.secondsPastLimit
      : ceiling / Self.secondsToCeiling
    var next = current + step * seconds
    // Not over the edge in one step.
    if !isNear, let limit, current < limit { next = min(next, limit * (1 - Self.nearLimit / 2)) }
    current = min(ceiling, next)
    if let limit, current > limit * (1 + Self.nearLimit) { self.limit = nil }
  }

  /// The channel told what it bears, in units of its own: what the call cost, what is left, and what comes back a second.
  ///
  /// - Returns: how long nothing should go, in nanoseconds, until the next two calls fit.
  public mutating func told(cost: Double, left: Double, perSecond: Double) -> Int64 {
    guard cost > 0, perSecond > 0, left.isFinite, cost.isFinite, perSecond.isFinite else {
      return 0
    }
    let mean = meanCost.map { $0 + (cost - $0) * Self.weight } ?? cost
    meanCost = mean
    told = max(floor, perSecond / mean)
    current = min(current, ceiling)
    let seconds = min(60, max(0, (2 * mean - left) / perSecond))
    return Int64((seconds * 1e9).rounded(.up))
  }

  /// The channel told how many calls are left until its window ends.
  ///
  /// - Returns: how long nothing should go, in nanoseconds, when none is left.
  public mutating func told(left: Int, untilReset seconds: Double) -> Int64 {
    guard left >= 0, seconds.isFinite, seconds > 0 else { return 0 }
    guard left > 0 else { return Int64(min(60, seconds) * 1e9) }
    let share = Double(left) / seconds
    if share < current { current = max(floor, share) }
    return 0
  }
}
