internal import Primitives

/// The lines of a hold while an entry of the ledger changes them.
struct HoldLines {
  /// Lines times changes up to which they are just searched: a hold may have very many, and an entry as many changes.
  static let searched = 4_096

  private struct Place: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  /// With an index, those that are used up stay among them until the end, so that the numbers hold.
  private var all: [Hold.Line]
  /// Of the lines that are not used up; nil when they are searched.
  private var numbers: [Place: [Int]]?

  init(_ lines: [Hold.Line], changes: Int) {
    all = lines
    guard lines.count * changes > Self.searched else { return }
    var numbers: [Place: [Int]] = [:]
    for (number, line) in lines.enumerated() {
      numbers[Place(sku: line.sku, location: line.location), default: []].append(number)
    }
    self.numbers = numbers
  }

  var lines: [Hold.Line] { numbers == nil ? all : all.filter { $0.quantity != 0 } }

  mutating func add(_ change: Hold.Line) {
    // No copy of the index is held, which would be made anew with each change.
    let place = Place(sku: change.sku, location: change.location)
    let isThere =
      numbers == nil ? add(change, at: all.indices) : add(change, at: numbers?[place] ?? [])
    guard !isThere else { return }
    numbers?[place, default: []].append(all.count)
    all.append(change)
  }

  /// As many units out of its allotment as the ledger says, whichever lines they were planned from.
  mutating func take(_ change: Hold.Line) {
    guard numbers != nil else {
      take(change, at: all.indices.reversed())
      all.removeAll { $0.quantity == 0 }
      return
    }
    let place = Place(sku: change.sku, location: change.location)
    let known = numbers?[place] ?? []
    take(change, at: known.reversed())
    numbers?[place] = known.filter { all[$0].quantity != 0 }
  }

  private mutating func add(_ change: Hold.Line, at numbers: some Sequence<Int>) -> Bool {
    for number in numbers
    where all[number].sku == change.sku && all[number].location == change.location
      && all[number].allotment?.promotion == change.allotment?.promotion
    {
      all[number].quantity += change.quantity
      all[number].isPlaced = all[number].isPlaced || change.isPlaced
      all[number].allotment?.quantity += change.allotment?.quantity ?? 0
      return true
    }
    return false
  }

  private mutating func take(_ change: Hold.Line, at numbers: some Sequence<Int>) {
    var allotted = change.allotment?.quantity ?? 0
    var plain = change.quantity - allotted
    for number in numbers
    where all[number].sku == change.sku && all[number].location == change.location {
      let kept = all[number].allotment?.quantity ?? 0
      let isSame = all[number].allotment?.promotion == change.allotment?.promotion
      let use = isSame ? min(allotted, kept) : 0
      let rest = min(plain, all[number].quantity - kept)
      all[number].quantity -= use + rest
      all[number].allotment?.quantity -= use
      if use > 0, use == kept { all[number].allotment = nil }
      (allotted, plain) = (allotted - use, plain - rest)
    }
    precondition(allotted == 0 && plain == 0, "a hold gives up no more than it has")
  }
}
