/// Looks for an order of calls that explains all answers: one call after another, each at some moment between its
/// beginning and its end.
///
/// Wing and Gong's search, with Lowe's memory of what was tried (Lowe, "Testing for linearizability", 2017): calls are
/// taken as long as one explains its answer; when the end of a call comes up that was not taken, the last one is given
/// back. A set of calls that has led to the same state before is not tried twice. SKUs are independent of each other, so
/// each has a search of its own (Herlihy and Wing, 1990, "locality").
struct LinearizabilityChecker {
  enum Verdict: Equatable {
    case linearizable
    /// With the latest call that no order explained.
    case violated(latest: Int)
    /// The search was given up.
    case undecided
  }

  static let maximumSteps = 1_000_000

  private struct Tried: Hashable {
    var taken: [UInt64]
    var state: Shelf
  }

  private let calls: [Call]
  /// A ring of events, of which 0 stands before the first: each call has one where it begins and one where it ends.
  private var next: [Int] = []
  private var previous: [Int] = []
  private var callOfEvent: [Int] = []
  private var isBeginning: [Bool] = []
  private var endOfCall: [Int]
  private var taken: [UInt64]

  private init(_ calls: [Call]) {
    self.calls = calls
    endOfCall = Array(repeating: 0, count: calls.count)
    taken = Array(repeating: 0, count: (calls.count + 63) / 64)
    var events: [(time: Int64, isEnd: Bool, call: Int)] = []
    for (number, call) in calls.enumerated() {
      events.append((call.begin, false, number))
      events.append((call.end ?? .max, true, number))
    }
    // At the same moment, calls overlap.
    events.sort { ($0.time, $0.isEnd ? 1 : 0, $0.call) < ($1.time, $1.isEnd ? 1 : 0, $1.call) }
    callOfEvent = [-1] + events.map(\.call)
    isBeginning = [false] + events.map { !$0.isEnd }
    let count = callOfEvent.count
    next = (0..<count).map { ($0 + 1) % count }
    previous = (0..<count).map { ($0 + count - 1) % count }
    for (place, event) in events.enumerated() where event.isEnd {
      endOfCall[event.call] = place + 1
    }
  }

  /// Holds the history of one SKU, in any order, against the specification.
  static func check(_ calls: [Call], from start: Shelf) -> Verdict {
    var checker = LinearizabilityChecker(calls)
    return checker.search(start)
  }

  private mutating func search(_ start: Shelf) -> Verdict {
    var state = start
    var stack: [(event: Int, state: Shelf)] = []
    var tried: Set<Tried> = []
    var latest = 0
    var event = next[0]
    var steps = 0
    while next[0] != 0 {
      steps += 1
      guard steps < Self.maximumSteps else { return .undecided }
      let call = callOfEvent[event]
      if isBeginning[event] {
        if let after = state.after(calls[call]) {
          mark(call, true)
          if tried.insert(Tried(taken: taken, state: after)).inserted {
            stack.append((event, state))
            state = after
            lift(event)
            event = next[0]
            continue
          }
          mark(call, false)
        }
        event = next[event]
      } else {
        // What nobody heard of need not have been done.
        if calls[call].end == nil { return .linearizable }
        latest = max(latest, event)
        guard let last = stack.popLast() else { return .violated(latest: callOfEvent[latest]) }
        state = last.state
        mark(callOfEvent[last.event], false)
        unlift(last.event)
        event = next[last.event]
      }
    }
    return .linearizable
  }

  private mutating func mark(_ call: Int, _ isTaken: Bool) {
    let bit: UInt64 = 1 << UInt64(call % 64)
    if isTaken { taken[call / 64] |= bit } else { taken[call / 64] &= ~bit }
  }

  /// Takes a call's two events out of the ring.
  private mutating func lift(_ event: Int) {
    for event in [event, endOfCall[callOfEvent[event]]] {
      next[previous[event]] = next[event]
      previous[next[event]] = previous[event]
    }
  }

  private mutating func unlift(_ event: Int) {
    for event in [endOfCall[callOfEvent[event]], event] {
      next[previous[event]] = event
      previous[next[event]] = event
    }
  }
}
