import Primitives
import Testing

@testable import PoolDomain

/// What the pool and its readers share until either changes.
@Suite struct SharedTests {
  /// Goal: a copy that takes over what changed has the same as its original, and what it had not taken
  /// over yet as it was. Method: random changes and additions, some taken over one by one.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func sharedChunksAreTheOriginals(seed: UInt64) {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    var original = ChunkedArray<Int>(chunkSize: 4)
    var copy = ChunkedArray<Int>(chunkSize: 4)
    for round in 1...300 {
      var changed: [Int] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        if original.isEmpty || Bool.random(using: &random) {
          original.append(round)
          changed.append(original.count - 1)
        } else {
          let place = original.indices.randomElement(using: &random)!
          original[place] += round
          changed.append(place)
        }
      }
      let before = Array(copy)
      if round % 3 == 0 { original[0] += 1 }
      #expect(Array(copy) == before, "a change of the original is not to be seen")
      changed.append(0)
      for place in changed.shuffled(using: &random).sorted() { copy.share(original, at: place) }
      #expect(Array(copy) == Array(original))
    }
  }

  @Test func everySKUIsFoundByItsName() {
    func record(_ number: Int, _ revision: Int64 = 1) -> SKURecord {
      SKURecord(
        index: SKUIndex(number), sku: SKU(trusted: "S-\(number)"), displayName: "",
        createTime: .zero, updateTime: .zero, revision: revision)
    }
    var table = SKUTable()
    var readers = SKUTable()
    for number in 0..<1_000 {
      table.put(record(number))
      if number % 7 == 6 {
        for place in number - 6...number { readers.share(table, at: place) }
      }
    }
    table.put(record(5, 2))
    #expect(readers[5].revision == 1 && table[5].revision == 2)
    readers.share(table, at: 5)
    #expect(readers[5].revision == 2 && readers.count == 994 && table.count == 1_000)
    for number in 0..<1_000 {
      let name = SKU(trusted: "S-\(number)")
      #expect(table[name] == SKUIndex(number))
      #expect(readers[name] == (number < readers.count ? SKUIndex(number) : nil))
    }
    #expect(table[SKU(trusted: "S-1000")] == nil && SKUTable()[SKU(trusted: "S")] == nil)
  }
}
