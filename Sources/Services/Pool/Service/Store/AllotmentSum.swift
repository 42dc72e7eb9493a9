internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What movements add up to that take units out of one allotment.
struct AllotmentSum: Hashable, Sendable {
  struct Key: Hashable {
    var promotion: PromotionIndex
    var sku: SKUIndex
  }

  let promotion: PromotionIndex
  let sku: SKUIndex
  private(set) var taken: Quantity = 0
  /// Of the last movement in it.
  private(set) var sequence: Int64 = 0

  var key: Key { Key(promotion: promotion, sku: sku) }

  init(promotion: PromotionIndex, sku: SKUIndex, taken: Quantity = 0, sequence: Int64 = 0) {
    self.promotion = promotion
    self.sku = sku
    self.taken = taken
    self.sequence = sequence
  }

  init(_ allotment: Allotment) {
    self.init(
      promotion: allotment.promotion, sku: allotment.sku, taken: allotment.taken,
      sequence: allotment.sequence)
  }

  mutating func count(_ movement: Movement, sequence: Int64) {
    guard let taken = movement.taken else { return }
    self.taken += taken
    self.sequence = sequence
  }
}

/// What movements take out of all allotments.
struct AllotmentSums: Sendable {
  private var sums: [AllotmentSum.Key: AllotmentSum] = [:]
  var all: [AllotmentSum] { Array(sums.values) }

  init(_ sums: [AllotmentSum] = []) {
    for sum in sums { self.sums[sum.key] = sum }
  }

  subscript(key: AllotmentSum.Key) -> AllotmentSum {
    sums[key] ?? AllotmentSum(promotion: key.promotion, sku: key.sku)
  }

  /// Counts a movement in, and returns what it is a part of now; nil for one that takes out of none.
  mutating func count(_ movement: Movement, sequence: Int64) -> AllotmentSum? {
    guard let use = movement.allotment, movement.taken != nil else { return nil }
    let key = AllotmentSum.Key(promotion: use.promotion, sku: movement.sku)
    var sum = self[key]
    sum.count(movement, sequence: sequence)
    sums[key] = sum
    return sum
  }
}

/// How allotments are read, by the writer and by the readers.
enum AllotmentSQL {
  /// A row of the table, the columns in its order.
  static func allotment(_ row: any Row) -> Allotment {
    Allotment(
      promotion: PromotionIndex(row.int(1)), sku: SKUIndex(row.int(2)), quantity: row.int64(3),
      taken: row.int64(4), sequence: row.int64(5))
  }
}
