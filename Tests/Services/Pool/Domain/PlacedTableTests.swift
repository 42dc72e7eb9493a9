import Primitives
import Testing

@testable import PoolDomain

@Suite struct PlacedTableTests {
  private func order(_ number: Int) -> OrderID { OrderID(trusted: "o-\(number)") }

  @Test func aPlaceIsKeptAndIsFreeWhenItsValueIsGone() {
    var table = PlacedTable<OrderID, Int>()
    let first = table.set(order(1), 1)
    let second = table.set(order(2), 2)
    #expect(table.set(order(1), 11) == first)
    #expect(table[order(1)] == 11 && table[second] == 2)
    table.remove(at: first)
    table.remove(at: first)
    table.remove(at: 5000)
    #expect(
      table.place(of: order(1)) == nil && !table.contains(first) && table.id(at: first) == nil)
    #expect(table.set(order(3), 3) == first)
    #expect(table.id(at: first) == order(3) && table.count == 2)
  }

  @Test func aCopyKeepsWhatItHasUntilItTakesOver() {
    var table = PlacedTable<OrderID, [Int]>()
    let place = table.set(order(1), [1])
    var copy = table
    table[place].append(2)
    #expect(copy[place] == [1])
    copy.take(table.excerpt(at: [place]))
    #expect(copy[order(1)] == [1, 2])
    table.remove(at: place)
    #expect(table.set(order(2), [3]) == place)
    copy.take(table.excerpt(at: [place]))
    #expect(copy.place(of: order(1)) == nil && copy[order(2)] == [3] && copy.count == 1)
  }

  /// Against a dictionary, with a copy that takes over what has changed now and then, and one that does so later.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func aTableIsADictionary(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var table = PlacedTable<OrderID, Int>()
    var copy = table
    var late = table
    var excerpts: [PlacedTable<OrderID, Int>.Excerpt] = []
    var model: [OrderID: Int] = [:]
    var changed: Set<Int> = []
    for step in 0..<20_000 {
      let id = order(Int.random(in: 0..<2_000, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        changed.insert(table.set(id, step))
        model[id] = step
      case 2, 3:
        if let place = table.place(of: id) {
          table.remove(at: place)
          changed.insert(place)
        }
        model[id] = nil
      default:
        if let place = table.place(of: id) {
          table[place] += 1
          changed.insert(place)
        }
        model[id]? += 1
      }
      #expect(table[id] == model[id], "seed \(seed), step \(step)")
      guard step % 500 == 499 else { continue }
      copy.take(table.excerpt(at: Array(changed)))
      // A place may be told twice: as one that lost its value, and as one that was changed.
      excerpts.append(table.excerpt(at: changed.filter { !table.contains($0) } + changed))
      changed = []
      if step % 2_000 == 1_999 {
        for excerpt in excerpts { late.take(excerpt) }
        excerpts = []
        #expect(late.dictionary == model && late.count == model.count, "seed \(seed), step \(step)")
        #expect(model.allSatisfy { late[$0.key] == $0.value }, "seed \(seed), step \(step)")
      }
      #expect(table.dictionary == model && table.count == model.count, "seed \(seed), step \(step)")
      #expect(copy.dictionary == model && copy.count == model.count, "seed \(seed), step \(step)")
      #expect(model.allSatisfy { copy[$0.key] == $0.value }, "seed \(seed), step \(step)")
    }
  }
}
