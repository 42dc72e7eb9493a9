/// Which events of one account are stored and not worked on to their end: is everything up to one
/// of them done?
public struct IntakeBarrier: Equatable, Sendable {
  /// In rising order; those in `left` are over.
  private var entered: [Int64] = []
  private var head = 0
  private var left: Set<Int64> = []

  public init() {}

  public var isEmpty: Bool { entered.count - head == left.count }
  public var waitingCount: Int { entered.count - head - left.count }
  /// The newest event that came in; nil before the first.
  public private(set) var newest: Int64?

  public mutating func enter(_ id: Int64) {
    newest = max(newest ?? id, id)
    guard let last = entered.last, entered.count > head, last >= id else {
      entered.append(id)
      return
    }
    // A replay: rare, so it may cost a search.
    let place = position(of: id)
    guard place == entered.endIndex || entered[place] != id else {
      left.remove(id)
      return
    }
    entered.insert(id, at: place)
  }

  public mutating func leave(_ id: Int64) {
    let place = position(of: id)
    guard place < entered.endIndex, entered[place] == id else { return }
    left.insert(id)
    while head < entered.count, left.remove(entered[head]) != nil { head += 1 }
    if head > 1024, head * 2 > entered.count {
      entered.removeFirst(head)
      head = 0
    }
  }

  /// Where `id` is, or would be.
  private func position(of id: Int64) -> Int {
    var low = head
    var high = entered.count
    while low < high {
      let middle = (low + high) / 2
      if entered[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether no event up to `id` is being worked on.
  public func isPast(_ id: Int64) -> Bool {
    head == entered.count || entered[head] > id
  }
}
