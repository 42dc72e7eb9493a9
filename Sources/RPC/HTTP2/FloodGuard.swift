internal import RPCCore

/// Counts the frames that cost their sender less than us, and says when there are too many of a kind.
///
/// Each kind has a budget an interval. Two things that a decent peer does give budget back, so that a busy connection
/// is not taken for a flood: an answer that went out, and DATA that went out. Plain values and no clock: it costs an
/// ordinary frame one comparison.
struct FloodGuard {
  /// A kind's place in the budgets.
  enum Kind: Int, CaseIterable {
    case resets, pings, settings, emptyData, windowUpdates, priorities, refusedStreams, otherFrames

    var end: ConnectionEnd {
      switch self {
      case .resets: .resets
      case .pings: .pings
      case .settings: .settings
      case .emptyData: .emptyData
      case .windowUpdates: .windowUpdates
      case .priorities: .priorities
      case .refusedStreams: .refusedStreams
      case .otherFrames: .otherFrames
      }
    }
  }

  private let budget: SIMD8<Int32>
  private var left: SIMD8<Int32>
  private var intervalStart: Int64
  private let intervalNanoseconds: Int64
  private let pingNanoseconds: Int64
  private let pingStrikes: Int32
  private let updatesPerData: Int32
  private let continuationLimit: Int32
  private var lastPing: Int64?
  private var strikes: Int32 = 0
  private var continuations: Int32 = 0

  init(_ limits: TransportLimits, now: Int64) {
    var budget = SIMD8<Int32>()
    for kind in Kind.allCases { budget[kind.rawValue] = Int32(clamping: limits.budget(kind)) }
    self.budget = budget
    left = budget
    intervalStart = now
    intervalNanoseconds = Int64(limits.floodIntervalSeconds) * 1_000_000_000
    pingNanoseconds = Int64(limits.pingIntervalSeconds) * 1_000_000_000
    pingStrikes = Int32(clamping: limits.pingStrikes)
    updatesPerData = Int32(clamping: limits.windowUpdatesPerData)
    continuationLimit = Int32(clamping: limits.continuationFrames)
  }

  /// One more of a kind came at `now` (monotonic nanoseconds); the reason to end the connection, or nil.
  mutating func note(_ kind: Kind, now: Int64) -> ConnectionEnd? {
    left[kind.rawValue] -= 1
    guard left[kind.rawValue] < 0 else { return nil }
    guard now - intervalStart >= intervalNanoseconds else { return kind.end }
    intervalStart = now
    left = budget
    left[kind.rawValue] -= 1
    return left[kind.rawValue] < 0 ? kind.end : nil
  }

  /// A PING that asks for an answer: too soon after the last one too often ends the connection, as gRPC's servers do
  /// (grpc/proposal A8).
  mutating func notePing(now: Int64) -> ConnectionEnd? {
    if let lastPing, now - lastPing < pingNanoseconds {
      strikes += 1
      if strikes > pingStrikes { return .pings }
    }
    lastPing = now
    return note(.pings, now: now)
  }

  /// A header block begins.
  mutating func headersBegan() { continuations = 0 }

  /// One more piece of a header block.
  mutating func noteContinuation() -> ConnectionEnd? {
    continuations += 1
    return continuations > continuationLimit ? .continuations : nil
  }

  /// DATA or HEADERS went out: the peer may ping again (A8), and give room.
  mutating func sent() {
    strikes = 0
    lastPing = nil
    earn(.windowUpdates, updatesPerData)
  }

  /// A stream's answer is out whole.
  mutating func answered() {
    earn(.resets, 1)
    earn(.priorities, 2)
    earn(.emptyData, 1)
  }

  private mutating func earn(_ kind: Kind, _ count: Int32) {
    left[kind.rawValue] = min(budget[kind.rawValue], left[kind.rawValue] + count)
  }
}

extension TransportLimits {
  /// How many frames of a kind a peer may send in `floodIntervalSeconds`.
  func budget(_ kind: FloodGuard.Kind) -> Int {
    switch kind {
    case .resets: resets
    case .pings: pings
    case .settings: settingsFrames
    case .emptyData: emptyDataFrames
    case .windowUpdates: windowUpdates
    case .priorities: priorityFrames
    case .refusedStreams: refusedStreams
    case .otherFrames: otherFrames
    }
  }
}
