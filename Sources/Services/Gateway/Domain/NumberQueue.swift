/// Who waits for their turn, the smallest number first and of the same number who came first; each is in here once.
public struct NumberQueue<Element: Hashable & Sendable>: Sendable {
  public struct Place: Sendable {
    public var element: Element
    public var number: Int64
    fileprivate var arrival: Int64
  }

  /// A binary heap, and where in it everybody is.
  private var heap: [Place] = []
  /// Room for so many stays when all have gone; more is given back.
  private static var keptRoom: Int { 1024 }
  private var positions: [Element: Int] = [:]
  private var arrivals: Int64 = 0

  public init() {}

  public var count: Int { heap.count }
  public var isEmpty: Bool { heap.isEmpty }
  public var first: Place? { heap.first }

  /// Puts somebody in, or changes the number of who is in here.
  public mutating func set(_ element: Element, to number: Int64) {
    if let position = positions[element] {
      guard heap[position].number != number else { return }
      heap[position].number = number
      let risen = rise(position)
      sink(risen)
    } else {
      arrivals += 1
      add(Place(element: element, number: number, arrival: arrivals))
    }
  }

  public func contains(_ element: Element) -> Bool { positions[element] != nil }

  public mutating func remove(_ element: Element) {
    guard let position = positions[element] else { return }
    swap(position, heap.count - 1)
    heap.removeLast()
    positions[element] = nil
    guard position < heap.count else { return }
    let risen = rise(position)
    sink(risen)
  }

  /// Puts somebody back who was taken out, in front of those who came later.
  public mutating func putBack(_ place: Place) {
    guard positions[place.element] == nil else { return }
    add(place)
  }

  public mutating func popFirst() -> Place? {
    guard let first = heap.first else { return nil }
    swap(0, heap.count - 1)
    heap.removeLast()
    positions[first.element] = nil
    if !heap.isEmpty {
      sink(0)
    } else if heap.capacity > Self.keptRoom {
      heap = []
      positions = [:]
    }
    return first
  }

  private mutating func add(_ place: Place) {
    heap.append(place)
    positions[place.element] = heap.count - 1
    _ = rise(heap.count - 1)
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    heap[left].number != heap[right].number
      ? heap[left].number < heap[right].number : heap[left].arrival < heap[right].arrival
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    guard left != right else { return }
    heap.swapAt(left, right)
    positions[heap[left].element] = left
    positions[heap[right].element] = right
  }

  private mutating func rise(_ start: Int) -> Int {
    var child = start
    while child > 0, isBefore(child, (child - 1) / 2) {
      swap(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
    return child
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [parent * 2 + 1, parent * 2 + 2]
      where child < heap.count && isBefore(child, least) {
        least = child
      }
      guard least != parent else { return }
      swap(parent, least)
      parent = least
    }
  }
}
