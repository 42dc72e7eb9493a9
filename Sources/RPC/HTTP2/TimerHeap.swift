/// Something that an event loop does once, at a moment. Scheduled and fired on the loop only.
class LoopTimer {
  /// When it is due, in monotonic nanoseconds.
  fileprivate(set) var due: Int64 = .max
  /// Where it stands in the heap; negative when it is in none.
  fileprivate var index = -1

  var isScheduled: Bool { index >= 0 }

  func fire() {}
}

/// A timer of one closure.
final class ActionTimer: LoopTimer {
  private let action: () -> Void

  init(_ action: @escaping () -> Void) {
    self.action = action
  }

  override func fire() { action() }
}

/// Timers by the moment at which they are due: a binary heap whose members know their place, so that one that is
/// cancelled leaves at once.
struct TimerHeap {
  private var timers: [LoopTimer] = []

  var isEmpty: Bool { timers.isEmpty }
  var firstDue: Int64? { timers.first?.due }

  mutating func insert(_ timer: LoopTimer, due: Int64) {
    precondition(!timer.isScheduled, "a timer is scheduled once at a time")
    timer.due = due
    timer.index = timers.count
    timers.append(timer)
    siftUp(timer.index)
  }

  /// Takes a timer out; harmless for one that is not in.
  mutating func remove(_ timer: LoopTimer) {
    let index = timer.index
    guard index >= 0 else { return }
    timer.index = -1
    let last = timers.removeLast()
    guard last !== timer else { return }
    timers[index] = last
    last.index = index
    siftUp(index)
    siftDown(last.index)
  }

  /// Takes out the first timer that is due by `now`.
  mutating func popDue(_ now: Int64) -> LoopTimer? {
    guard let first = timers.first, first.due <= now else { return nil }
    remove(first)
    return first
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard timers[index].due < timers[parent].due else { return }
      swap(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      let left = 2 * index + 1
      if left < timers.count, timers[left].due < timers[smallest].due { smallest = left }
      let right = left + 1
      if right < timers.count, timers[right].due < timers[smallest].due { smallest = right }
      guard smallest != index else { return }
      swap(index, smallest)
      index = smallest
    }
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    timers.swapAt(left, right)
    timers[left].index = left
    timers[right].index = right
  }
}
