public import Primitives

/// How much of its error budget an account has left: of the pushes of the last hour, so many may be late.
public struct LagBudget: Equatable, Sendable {
  /// What is promised: a share of pushes is acknowledged within the target.
  public struct Goal: Equatable, Sendable {
    public var target: Duration
    /// From 0 to 1.
    public var objective: Double

    public init(target: Duration, objective: Double) {
      precondition(target > .zero && (0...1).contains(objective), "a goal can be met")
      self.target = target
      self.objective = objective
    }
  }

  public static let window = Duration.seconds(slotSeconds * Int64(slotCount))
  private static let slotSeconds: Int64 = 300
  private static let slotCount = 12

  private struct Slot: Equatable {
    /// Since 1970, in slots.
    var number: Int64
    var count = 0
    var lateCount = 0
  }

  public let goal: Goal
  /// The oldest first; at most `slotCount`.
  private var slots: [Slot] = []

  public init(_ goal: Goal) {
    self.goal = goal
  }

  public mutating func add(_ span: Duration, now: Timestamp) {
    // A clock that is set back counts in the newest slot.
    let number = max(now.seconds / Self.slotSeconds, slots.last?.number ?? .min)
    if slots.last?.number != number { slots.append(Slot(number: number)) }
    slots[slots.count - 1].count += 1
    if span > goal.target { slots[slots.count - 1].lateCount += 1 }
    if slots.count > Self.slotCount { slots.removeFirst() }
  }

  /// Pushes of the window, and how many of them were late.
  public func counts(now: Timestamp) -> (all: Int, late: Int) {
    let oldest = now.seconds / Self.slotSeconds - Int64(Self.slotCount)
    let recent = slots.filter { $0.number > oldest }
    return (recent.reduce(0) { $0 + $1.count }, recent.reduce(0) { $0 + $1.lateCount })
  }

  /// The share of the budget that is left: 1 when nothing was late, 0 when as much was as may be, below when more was.
  public func left(now: Timestamp) -> Double {
    let (all, late) = counts(now: now)
    guard late > 0 else { return 1 }
    let allowed = (1 - goal.objective) * Double(all)
    return allowed > 0 ? 1 - Double(late) / allowed : -Double(late)
  }
}
