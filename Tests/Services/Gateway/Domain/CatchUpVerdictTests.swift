import GatewayDomain
import Primitives
import Testing

@Suite struct CatchUpVerdictTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Order, units, units that were not there.
    var sales: [(String, Quantity, Quantity)]
    var available: Quantity
    /// Order: oversold, takers, saved, cancelled.
    var verdict: [String]
  }

  static let rows = [
    Row(
      testDescription: "the other account had the last unit",
      sales: [("lzd/1", 1, 0), ("shp/2", 1, 1)], available: -1,
      verdict: ["shp/2: 1 by lzd/1×1, save 0, cancel 1"]),
    Row(
      testDescription:
        "an own order before it is not to blame while another account has taken some",
      sales: [("lzd/1", 2, 0), ("shp/2", 3, 0), ("shp/3", 2, 2)], available: -2,
      verdict: ["shp/3: 2 by lzd/1×2, save 0, cancel 2"]),
    Row(
      testDescription: "own orders are named when no other account has taken any",
      sales: [("shp/1", 1, 0), ("shp/2", 1, 1)], available: -1,
      verdict: ["shp/2: 1 by shp/1×1, save 0, cancel 1"]),
    Row(
      testDescription: "each unit is counted once, the latest first",
      sales: [("lzd/1", 1, 0), ("tts/2", 1, 0), ("shp/3", 1, 1), ("shp/4", 1, 1)], available: -2,
      verdict: [
        "shp/3: 1 by tts/2×1, save 0, cancel 1", "shp/4: 1 by lzd/1×1, save 0, cancel 1",
      ]),
    Row(
      testDescription: "the part that was there is no oversell, and takes from others",
      sales: [("shp/1", 3, 1), ("lzd/2", 1, 1)], available: -2,
      verdict: ["shp/1: 1 by , save 0, cancel 1", "lzd/2: 1 by shp/1×1, save 0, cancel 1"]),
    Row(
      testDescription: "what is there after all saves those that came first",
      sales: [("lzd/1", 5, 0), ("shp/2", 2, 2), ("shp/3", 2, 2)], available: -1,
      verdict: [
        "shp/2: 2 by lzd/1×2, save 2, cancel 0", "shp/3: 2 by lzd/1×2, save 1, cancel 1",
      ]),
    Row(
      testDescription: "a buffer that covers all of it cancels nothing",
      sales: [("lzd/1", 1, 0), ("shp/2", 1, 1)], available: 3,
      verdict: ["shp/2: 1 by lzd/1×1, save 1, cancel 0"]),
    Row(
      testDescription: "an oversold order that was cancelled since has nothing to be done about",
      sales: [("lzd/1", 1, 0), ("shp/2", 0, 1)], available: 0, verdict: []),
    Row(
      testDescription: "more is missing than was oversold here",
      sales: [("shp/2", 1, 1)], available: -9, verdict: ["shp/2: 1 by , save 0, cancel 1"]),
    Row(testDescription: "nobody sold any", sales: [], available: -1, verdict: []),
  ]

  @Test(arguments: rows)
  func verdictSaysWhoAndWhatToDo(_ row: Row) {
    let judged = CatchUpVerdict.judge(
      sku: "TEE",
      sales: row.sales.map { RecordedSale(orderID: $0.0, count: $0.1, oversoldCount: $0.2) },
      available: row.available)
    let said = (judged?.orders ?? []).map { order in
      let takers = order.takers.map { "\($0.orderID)×\($0.count)" }.joined(separator: " ")
      return "\(order.orderID): \(order.oversoldCount) by \(takers), save \(order.saveCount), "
        + "cancel \(order.cancelCount)"
    }
    #expect(said == row.verdict)
    #expect((judged == nil) == row.verdict.isEmpty)
    #expect(judged.map { $0.availableCount == row.available } ?? true)
  }

  /// Goal: the rule as it reads, over any sales. Method: against the plainest way to write it down, which looks at all earlier
  /// sales of every order.
  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func takersAreThoseOfThePlainRule(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let sales = (0..<Int.random(in: 1...40, using: &random)).map { number in
      let count = Quantity.random(in: 0...4, using: &random)
      return RecordedSale(
        orderID: "\(["a", "b", "c"].randomElement(using: &random) ?? "")/\(number)", count: count,
        oversoldCount: Quantity.random(in: 0...4, using: &random))
    }
    let judged = CatchUpVerdict.judge(sku: "TEE", sales: sales, available: -3)
    let takers = (judged?.orders ?? []).map { order in
      order.takers.map { "\($0.orderID)×\($0.count)" }
    }
    #expect(takers == Self.plainTakers(sales), "seed \(seed)")
  }

  private static func plainTakers(_ sales: [RecordedSale]) -> [[String]] {
    var free = sales.map { max(0, $0.count - $0.oversoldCount) }
    var found: [[String]] = []
    for (place, sale) in sales.enumerated() where min(sale.oversoldCount, sale.count) > 0 {
      var left = min(sale.oversoldCount, sale.count)
      var takers: [String] = []
      for isOther in [true, false] {
        for earlier in (0..<place).reversed() where left > 0 && free[earlier] > 0 {
          let isApart = sales[earlier].orderID.first != sale.orderID.first
          guard isApart == isOther else { continue }
          let count = min(left, free[earlier])
          free[earlier] -= count
          left -= count
          takers.append("\(sales[earlier].orderID)×\(count)")
        }
      }
      found.append(takers)
    }
    return found
  }

  /// Goal: the time grows with the sales, not with their square. Method: so many that their square would take an hour; all of
  /// one account, whose own orders are the last that are asked.
  @Test(.timeLimit(.minutes(2))) func veryManySalesOfOneSKUAreJudged() {
    let count = 100_000
    let sales = (0..<count).map { number in
      RecordedSale(orderID: "shp/\(number)", count: 1, oversoldCount: number < count / 2 ? 0 : 1)
    }
    let judged = CatchUpVerdict.judge(sku: "TEE", sales: sales, available: -7)
    #expect(judged?.orders.count == count / 2)
    #expect(judged?.orders.last?.takers.map(\.orderID) == ["shp/0"])
    #expect(judged?.orders.reduce(0) { $0 + $1.cancelCount } == 7)
  }
}
