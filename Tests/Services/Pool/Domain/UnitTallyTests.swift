import Primitives
import Testing

@testable import PoolDomain

@Suite struct UnitTallyTests {
  @Test(arguments: [1, 16, 17, 1000])
  func sumsStayWithTheirNumbersHoweverManyThereAre(count: Int) {
    var tally = UnitTally()
    for round in 1...3 {
      for number in 0..<count { tally.add(Quantity(number + round), to: number * 7) }
    }
    for number in 0..<count {
      #expect(tally[number * 7] == Quantity(3 * number + 6))
      #expect(tally[number * 7 + 1] == 0)
    }
  }

  @Test(arguments: [1, 17])
  func nothingIsLeftOfTheCommandBefore(count: Int) {
    var tally = UnitTally()
    for number in 0..<count { tally.add(5, to: number) }
    tally.removeAll()
    #expect((0..<count).allSatisfy { tally[$0] == 0 })
    tally.add(2, to: 0)
    #expect(tally[0] == 2)
  }
}
