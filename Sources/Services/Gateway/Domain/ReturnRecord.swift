public import Primitives

/// A channel's return as the gateway knows it. Of two snapshots the later one counts, of the same
/// moment the higher rank; but what was restocked stays so, whenever it is heard of: the goods are
/// on the shelf.
public struct ReturnRecord: Equatable, Sendable {
  public enum State: String, Sendable, CaseIterable, Comparable {
    case requested
    case restocked
    case closed

    private var rank: Int {
      switch self {
      case .requested: 0
      case .restocked: 1
      case .closed: 2
      }
    }

    public static func < (left: State, right: State) -> Bool { left.rank < right.rank }
  }

  /// How far the returns service was told.
  public enum Told: String, Sendable, CaseIterable {
    case nothing
    case created
    case inspected
    case cancelled
    /// Created once more, as another return: goods came back after it was cancelled.
    case recreated
  }

  public enum Step: Equatable, Sendable {
    /// Create it with the returns service.
    case create
    /// Receive and inspect it: the channel has the goods on sale already.
    case restock
    /// Withdraw it.
    case cancel
  }

  public var state: State
  public var updateTime: Timestamp
  public var told: Told

  public init(state: State, updateTime: Timestamp, told: Told = .nothing) {
    self.state = state
    self.updateTime = updateTime
    self.told = told
  }

  /// Takes a snapshot in; returns false when it was older and changed nothing.
  public mutating func merge(state newer: State, updateTime time: Timestamp) -> Bool {
    guard state != .restocked, newer != .restocked else {
      let isChange = state != .restocked
      state = .restocked
      updateTime = max(updateTime, time)
      return isChange
    }
    guard time >= updateTime else { return false }
    state = time == updateTime ? max(state, newer) : newer
    updateTime = time
    return true
  }

  /// What is to be done, in order; goods that were inspected are never taken back off the shelf.
  public var steps: [Step] {
    switch (state, told) {
    case (.requested, .nothing): [.create]
    case (.restocked, .nothing), (.restocked, .cancelled): [.create, .restock]
    case (.restocked, .created), (.restocked, .recreated): [.restock]
    case (.closed, .created): [.cancel]
    case (.requested, .created), (.requested, .inspected), (.requested, .cancelled),
      (.requested, .recreated), (.restocked, .inspected), (.closed, .nothing),
      (.closed, .inspected), (.closed, .cancelled), (.closed, .recreated):
      []
    }
  }

  public mutating func markTold(_ step: Step) {
    switch step {
    case .create: told = told == .cancelled ? .recreated : .created
    case .restock: told = .inspected
    case .cancel: told = .cancelled
    }
  }

  /// The goods are here already, so it was not cancelled: what becomes of them is the returns
  /// service's affair.
  public mutating func markCancelRefused() { told = .inspected }

  /// Whether what is told now is about the second return of that name.
  public var isSecond: Bool { told == .cancelled || told == .recreated }
}
