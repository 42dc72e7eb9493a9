internal import Primitives

/// What is to happen when, the soonest first: a binary heap.
struct Timeline<Value> {
  private var heap: [(time: Deadline, value: Value)] = []

  var next: Deadline? { heap.first?.time }
  var count: Int { heap.count }

  mutating func add(_ value: Value, at time: Deadline) {
    heap.append((time, value))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].time < heap[parent].time else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the soonest when its time has come.
  mutating func takeDue() -> Value? {
    guard let first = heap.first, first.time.isPast else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      let left = parent * 2 + 1
      var least = parent
      for child in [left, left + 1] where child < heap.count {
        if heap[child].time < heap[least].time { least = child }
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return first.value
  }

  /// Takes everything, whatever its time.
  mutating func takeAll() -> [Value] {
    let all = heap.map(\.value)
    heap = []
    return all
  }
}

/// First in, first out, with places that may be handed back.
struct Queue<Element> {
  private var items: [Element] = []
  private var head = 0

  var isEmpty: Bool { head == items.count }
  var count: Int { items.count - head }

  mutating func append(_ element: Element) { items.append(element) }

  mutating func popFirst() -> Element? {
    guard head < items.count else { return nil }
    let first = items[head]
    head += 1
    if head > 64, head * 2 > items.count {
      items.removeFirst(head)
      head = 0
    }
    return first
  }

  /// Puts elements back in front, in their order.
  mutating func putBack(_ elements: [Element]) {
    items.removeFirst(head)
    head = 0
    items.insert(contentsOf: elements, at: 0)
  }

  mutating func takeAll() -> [Element] {
    let all = Array(items[head...])
    items = []
    head = 0
    return all
  }
}
