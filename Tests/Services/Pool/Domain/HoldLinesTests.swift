import Primitives
import Testing

@testable import PoolDomain

/// Goal: a hold with very many lines is changed as one with few. Method: the same random changes with the index and without.
@Suite struct HoldLinesTests {
  @Test(arguments: 1...200 as ClosedRange<UInt64>) func indexChangesNothing(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var searched = HoldLines([], changes: 0)
    var indexed = HoldLines([], changes: 0)
    for _ in 0..<20 {
      // Both begin anew from the same lines, as with each entry; an index is made for this many changes.
      searched = HoldLines(searched.lines, changes: 0)
      indexed = HoldLines(indexed.lines, changes: HoldLines.searched + 1)
      for _ in 0..<4 {
        let lines = searched.lines
        if let line = lines.randomElement(using: &random), Bool.random(using: &random) {
          var whole = line
          let part = whole.split(.random(in: 1...line.quantity, using: &random))
          searched.take(part)
          indexed.take(part)
        } else {
          let line = Self.line(&random)
          searched.add(line)
          indexed.add(line)
        }
        #expect(indexed.lines == searched.lines, "seed \(seed)")
      }
    }
  }

  private static func line(_ random: inout SeededRandom) -> Hold.Line {
    let quantity = Quantity.random(in: 1...5, using: &random)
    let isAllotted = Bool.random(using: &random)
    return Hold.Line(
      sku: SKUIndex(.random(in: 0..<2, using: &random)),
      location: LocationIndex(.random(in: 0..<2, using: &random)), quantity: quantity,
      isPlaced: Bool.random(using: &random),
      allotment: isAllotted
        ? AllotmentUse(
          PromotionIndex(.random(in: 0..<2, using: &random)),
          .random(in: 1...quantity, using: &random)) : nil)
  }
}
