internal import PoolDomain
internal import Primitives

// Uses of allotments behind a list of movements or lines: few have any.

extension ByteWriter {
  /// Nothing at all when there are none.
  mutating func allotments(_ uses: [AllotmentUse?]) {
    let numbers = uses.indices.filter { uses[$0] != nil }
    guard !numbers.isEmpty else { return }
    count(numbers.count)
    for number in numbers {
      guard let use = uses[number] else { continue }
      count(number)
      unsigned(UInt64(use.promotion.number))
      unsigned(UInt64(use.quantity))
    }
  }
}

extension ByteReader {
  /// - Parameter quantities: of what they belong to; a use is a part of one.
  mutating func allotments(
    of quantities: [Quantity]
  ) throws(Malformed) -> [(number: Int, use: AllotmentUse)] {
    var found: [(number: Int, use: AllotmentUse)] = []
    for _ in 0..<(try count()) {
      let number = try index()
      let promotion = PromotionIndex(try index())
      let quantity = Int64(truncatingIfNeeded: try unsigned())
      guard number < quantities.count, (1...max(1, quantities[number])).contains(quantity) else {
        throw Malformed()
      }
      found.append((number, AllotmentUse(promotion, quantity)))
    }
    return found
  }
}
