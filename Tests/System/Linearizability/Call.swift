import Primitives

/// One call of a client on one SKU, with when it began and ended.
struct Call: Sendable {
  enum Question: Hashable, Sendable {
    case receive(Quantity)
    case sell(Quantity, refusesShortage: Bool)
    case hold(String, Quantity)
    case commit(String)
    case release(String)
    case read
  }

  enum Answer: Hashable, Sendable {
    case done
    case sold(oversold: Quantity)
    case refused
    case counted(onHand: Quantity, held: Quantity, committed: Quantity)
  }

  var sku: String
  var client: Int
  var question: Question
  /// Nanoseconds of the monotonic clock.
  var begin: Int64
  /// Nil where nobody heard how it ended: it may have been done at any time since, or never.
  var end: Int64?
  var answer: Answer?
}

/// What one SKU has to do, one call after another: the specification that every history is held against.
struct Shelf: Hashable {
  enum HoldState: Hashable {
    case held(Quantity)
    case committed, released
  }

  var onHand: Quantity = 0
  private(set) var held: Quantity = 0
  private(set) var committed: Quantity = 0
  private var holds: [String: HoldState] = [:]

  init(onHand: Quantity) {
    self.onHand = onHand
  }

  private var available: Quantity { onHand - held - committed }

  /// Does a call; nil when it would have been answered otherwise. A call without an answer may end in any way.
  func after(_ call: Call) -> Shelf? {
    var next = self
    let answer = next.perform(call.question)
    return call.answer == nil || call.answer == answer ? next : nil
  }

  private mutating func perform(_ question: Call.Question) -> Call.Answer {
    switch question {
    case .receive(let units):
      onHand += units
      return .done
    case .sell(let units, let refusesShortage):
      let oversold = max(0, units - max(0, available))
      if refusesShortage, oversold > 0 { return .refused }
      committed += units
      return .sold(oversold: oversold)
    case .hold(let id, let units):
      guard units <= available else { return .refused }
      held += units
      holds[id] = .held(units)
      return .done
    case .commit(let id):
      guard case .held(let units)? = holds[id] else {
        return holds[id] == .committed ? .done : .refused
      }
      held -= units
      committed += units
      holds[id] = .committed
      return .done
    case .release(let id):
      guard case .held(let units)? = holds[id] else {
        return holds[id] == .released ? .done : .refused
      }
      held -= units
      holds[id] = .released
      return .done
    case .read: return .counted(onHand: onHand, held: held, committed: committed)
    }
  }

  // The counts tell almost all states apart.
  func hash(into hasher: inout Hasher) {
    hasher.combine(onHand)
    hasher.combine(held)
    hasher.combine(committed)
  }
}
