import GatewayDomain
import Primitives
import Testing

@Suite struct NumberQueueTests {
  private static func take(_ queue: inout NumberQueue<String>) -> [String] {
    var all: [String] = []
    while let place = queue.popFirst() { all.append(place.element) }
    return all
  }

  @Test func smallestGoesFirstAndOfTwoTheOneThatCameFirst() {
    var queue = NumberQueue<String>()
    for (element, number) in [("c", 5), ("a", 0), ("d", 9), ("b", 0), ("e", 5)] as [(String, Int64)]
    {
      queue.set(element, to: number)
    }
    queue.set("d", to: 1)
    let order = Self.take(&queue)
    #expect(order == ["a", "b", "d", "c", "e"])
  }

  @Test func whoIsPutBackKeepsItsPlace() throws {
    var queue = NumberQueue<String>()
    for element in ["a", "b"] { queue.set(element, to: 3) }
    let popped = queue.popFirst()
    let place = try #require(popped)
    queue.set("c", to: 3)
    queue.putBack(place)
    queue.putBack(place)
    #expect(queue.count == 3)
    let order = Self.take(&queue)
    #expect(order == ["a", "b", "c"])
  }

  /// Goal: the same order as a sorted list. Method: random changes.
  @Test(arguments: 0..<20) func queueAgreesWithASortedList(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var queue = NumberQueue<Int>()
    var model: [Int: Int64] = [:]
    for _ in 0..<2000 {
      let element = Int.random(in: 0..<60, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0...1:
        let number = Int64.random(in: 0..<40, using: &random)
        queue.set(element, to: number)
        model[element] = number
      case 2:
        queue.remove(element)
        model[element] = nil
      default:
        let place = queue.popFirst()
        #expect(place?.number == model.values.min(), "seed \(seed)")
        if let place {
          let known = model.removeValue(forKey: place.element)
          #expect(known == place.number)
        }
      }
      #expect(queue.count == model.count && queue.contains(element) == (model[element] != nil))
    }
  }
}

@Suite struct KeyedTableTests {
  private final class Thing: Keyed {
    let key: String
    var value: Int

    init(_ key: String, _ value: Int) {
      self.key = key
      self.value = value
    }
  }

  /// Goal: the same answers as a dictionary. Method: random insertions and changes.
  @Test(arguments: 0..<10) func tableAgreesWithADictionary(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var table = KeyedTable<Thing>()
    var model: [String: Int] = [:]
    #expect(table["0"] == nil && table.count == 0)
    for step in 0..<3000 {
      let key = "\(Int.random(in: 0..<1000, using: &random))"
      if Bool.random(using: &random) {
        table.insert(Thing(key, step))
        model[key] = step
      } else if let thing = table[key] {
        thing.value += 1
        model[key]? += 1
      }
      let probe = "\(Int.random(in: 0..<1100, using: &random))"
      #expect(table[probe]?.value == model[probe], "seed \(seed)")
    }
    #expect(table.count == model.count)
    let all = table.values.map { ($0.key, $0.value) }
    #expect(Dictionary(uniqueKeysWithValues: all) == model)
  }
}
