internal import Primitives

/// Holds by the moment at which they end on their own: a binary heap. A hold that has ended
/// otherwise stays in until its moment and is then passed over.
struct ExpiryQueue {
  private struct Item {
    var time: Timestamp
    var hold: HoldID
  }

  private var items: [Item] = []

  /// The earliest moment at which something may be due.
  var first: Timestamp? { items.first?.time }

  mutating func add(_ hold: HoldID, at time: Timestamp) {
    items.append(Item(time: time, hold: hold))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard items[child].time < items[parent].time else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out one hold whose moment is not after `now`.
  mutating func next(at now: Timestamp) -> HoldID? {
    guard let top = items.first, top.time <= now else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return top.hold }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < items.count && items[child].time < items[least].time {
        least = child
      }
      guard least != parent else { return top.hold }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
