internal import Primitives

/// Holds, or lots, by the moment at which they end on their own: a binary heap. One that has ended
/// otherwise stays in until its moment and is then passed over.
struct ExpiryQueue<ID> {
  private struct Item {
    var time: Timestamp
    var id: ID
  }

  private var items: [Item] = []

  /// The earliest moment at which something may be due.
  var first: Timestamp? { items.first?.time }

  mutating func add(_ id: ID, at time: Timestamp) {
    items.append(Item(time: time, id: id))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard items[child].time < items[parent].time else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out one whose moment is not after `now`.
  mutating func next(at now: Timestamp) -> ID? {
    guard let top = items.first, top.time <= now else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return top.id }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < items.count && items[child].time < items[least].time {
        least = child
      }
      guard least != parent else { return top.id }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
