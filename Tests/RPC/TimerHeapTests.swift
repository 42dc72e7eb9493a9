import Primitives
import Testing

@testable import RPCHTTP2

@Suite struct TimerHeapTests {
  private final class Numbered: LoopTimer {
    let number: Int
    init(_ number: Int) { self.number = number }
  }

  /// Goal: timers come out in the order in which they are due, whatever is cancelled between. Method: against a sorted
  /// list, from a seed.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func timersComeInOrder(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var heap = TimerHeap()
    var model: [(due: Int64, timer: Numbered)] = []
    for number in 0..<2000 {
      switch random.next() % 4 {
      case 0, 1:
        let timer = Numbered(number)
        let due = Int64(random.next() % 1000)
        heap.insert(timer, due: due)
        model.append((due, timer))
      case 2 where !model.isEmpty:
        let index = Int(random.next() % UInt64(model.count))
        let timer = model.remove(at: index).timer
        heap.remove(timer)
        #expect(!timer.isScheduled)
        heap.remove(timer)
      default:
        let now = Int64(random.next() % 1000)
        let first = model.map(\.due).min()
        #expect(heap.firstDue == first, "seed \(seed)")
        let popped = heap.popDue(now) as? Numbered
        #expect((popped != nil) == (first.map { $0 <= now } ?? false), "seed \(seed)")
        guard let popped else { continue }
        #expect(popped.due == first, "seed \(seed)")
        model.removeAll { $0.timer === popped }
      }
    }
    while let timer = heap.popDue(.max) as? Numbered { model.removeAll { $0.timer === timer } }
    #expect(model.isEmpty && heap.isEmpty, "seed \(seed)")
  }
}
