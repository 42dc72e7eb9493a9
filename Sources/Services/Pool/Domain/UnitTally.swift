internal import Primitives

/// Units by a number, for the lines of one command: few of them are looked through, many are hashed.
struct UnitTally {
  private static let fewEntries = 16

  private var few: [(number: Int, units: Quantity)] = []
  private var many: [Int: Quantity] = [:]

  subscript(number: Int) -> Quantity {
    if !many.isEmpty { return many[number] ?? 0 }
    for entry in few where entry.number == number { return entry.units }
    return 0
  }

  mutating func add(_ units: Quantity, to number: Int) {
    guard many.isEmpty else {
      many[number, default: 0] += units
      return
    }
    if let place = few.firstIndex(where: { $0.number == number }) {
      few[place].units += units
    } else if few.count < Self.fewEntries {
      few.append((number, units))
    } else {
      for entry in few { many[entry.number] = entry.units }
      many[number] = units
    }
  }

  mutating func removeAll() {
    few.removeAll(keepingCapacity: true)
    if !many.isEmpty { many = [:] }
  }
}
