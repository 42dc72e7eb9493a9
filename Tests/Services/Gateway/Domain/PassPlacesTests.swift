import GatewayDomain
import Primitives
import Testing

@Suite struct PassPlacesTests {
  @Test func placesAreTakenOnceAndInOrder() {
    var places = PassPlaces(count: 7)
    #expect(places.take(3) == 0..<3)
    #expect(places.take(3) == 3..<6)
    #expect(places.takenCount == 6 && places.readThrough == 0)
    places.finish(3..<6)
    #expect(places.readThrough == 0 && places.hasMore)
    places.finish(0..<3)
    #expect(places.readThrough == 6)
    #expect(places.take(3) == 6..<7)
    #expect(places.take(3) == nil && !places.hasMore && !places.isFinished)
    places.finish(6..<7)
    #expect(places.isFinished)
  }

  @Test func whatFailsComesAgainBeforeTheRest() {
    var places = PassPlaces(count: 10)
    #expect(places.take(4) == 0..<4)
    #expect(places.take(4) == 4..<8)
    places.giveBack(4..<8)
    places.giveBack(0..<4, keeping: 1)
    places.finish(0..<1)
    #expect(places.readThrough == 1)
    #expect(places.take(2) == 1..<3)
    #expect(places.take(9) == 3..<4, "what stands together")
    #expect(places.take(9) == 4..<8)
    #expect(places.take(9) == 8..<10)
  }

  @Test func nothingIsFinishedAtOnce() {
    var none = PassPlaces(count: 0)
    #expect(none.isFinished && !none.hasMore && none.take(1) == nil)
  }

  /// Goal: whatever fails in whatever order, each place is read once in the end, and a restart misses none. Method: many calls at
  /// once that end at random.
  @Test(arguments: 0..<50) func everyPlaceIsReadOnce(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 0...200, using: &random)
    var places = PassPlaces(count: count)
    var readCounts = [Int](repeating: 0, count: count)
    var open: [Range<Int>] = []
    while !places.isFinished {
      if open.count < 5, let range = places.take(Int.random(in: 1...9, using: &random)) {
        open.append(range)
        guard Bool.random(using: &random) else { continue }
      }
      let range = open.remove(at: Int.random(in: 0..<open.count, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: places.giveBack(range)
      case 1:
        let kept = Int.random(in: 0...range.count, using: &random)
        places.giveBack(range, keeping: kept)
        if kept > 0 { open.append(range.prefix(kept)) }
      default:
        places.finish(range)
        for place in range { readCounts[place] += 1 }
      }
      #expect(readCounts.prefix(places.readThrough).allSatisfy { $0 == 1 }, "seed \(seed)")
      #expect(places.takenCount == open.reduce(0) { $0 + $1.count }, "seed \(seed)")
    }
    #expect(open.isEmpty && readCounts.allSatisfy { $0 == 1 }, "seed \(seed)")
  }
}
