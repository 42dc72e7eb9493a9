internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The promotions that kept units of SKUs at a past instant, each with what was allotted by then.
///
/// A promotion that is scheduled changes in two ways only: more is allotted, which is kept with its time, and it ends
/// early. So the promotions of now say which were active then.
struct PastPromotions: Sendable {
  /// Units of one SKU in a promotion.
  struct Line: Sendable {
    var promotion: Promotion
    var sku: SKUIndex
    /// Of the allotment, in the table of all.
    var place: Int
    var quantity: Quantity = 0

    var key: AllotmentSum.Key { AllotmentSum.Key(promotion: promotion.index, sku: sku) }
  }

  private(set) var lines: [Line] = []

  init() {}

  /// - Parameter candidates: those that may have been active.
  /// - Throws: `LedgerError.allotmentsUnknown` for an instant at which it was not kept what was allotted, and at which
  ///   something may have been.
  init(_ candidates: [Line], at time: Timestamp, _ reader: LedgerReader) throws {
    let start = try reader.assortmentStart
    for line in candidates {
      if time < start {
        // What was made, or scheduled, later kept nothing then, however early its window begins.
        let first = try reader.firstAllotted(line.place) ?? start
        if line.promotion.createTime > time || first > start { continue }
        throw LedgerError.allotmentsUnknown(try reader.name(of: line.sku), line.promotion.id)
      }
      var line = line
      guard let quantity = try reader.allotted(line.place, at: time) else { continue }
      line.quantity = quantity
      lines.append(line)
    }
  }

  /// As they were, numbered anew, with what had been taken out of them.
  func table(at time: Timestamp, taken: (AllotmentSum.Key) -> AllotmentSum) -> PromotionTable {
    var table = PromotionTable()
    for (number, line) in lines.enumerated() {
      let index = PromotionIndex(number)
      let known = line.promotion
      var promotion = Promotion(
        index: index, id: known.id, displayName: known.displayName, channels: known.channels,
        strategy: known.strategy, startTime: known.startTime, endTime: known.endTime,
        lines: [Promotion.Line(sku: line.sku, quantity: line.quantity)],
        createTime: known.createTime, updateTime: known.updateTime)
      promotion.isScheduled = true
      promotion.firstAllotment = number
      table.put(promotion)
      let sum = taken(line.key)
      table.put(
        Allotment(
          promotion: index, sku: line.sku, quantity: line.quantity, taken: sum.taken,
          sequence: sum.sequence), at: number)
    }
    table.refresh(at: time)
    return table
  }
}

extension ReadModel.State {
  /// What may have been kept of SKUs at a past instant.
  func pastLines(of skus: Set<SKUIndex>, at time: Timestamp) -> [PastPromotions.Line] {
    promotions.promotions.filter { promotion in
      promotion.isScheduled && !promotion.isCancelled && promotion.startTime <= time
        && time < promotion.endTime
    }.flatMap { promotion in
      promotion.allotments.compactMap { place in
        let sku = promotions.allotments[place].sku
        return skus.contains(sku)
          ? PastPromotions.Line(promotion: promotion, sku: sku, place: place) : nil
      }
    }
  }
}

extension LedgerReader {
  /// When an allotment was made; when its history begins, for one that was there before.
  fileprivate func firstAllotted(_ place: Int) throws -> Timestamp? {
    var found: Timestamp?
    try transaction.scan(
      .allottedHistory, "WHERE allotment_id = ? ORDER BY update_time, change_id LIMIT 1",
      [.int(place)]
    ) { row in
      found = row.time(2)
      return false
    }
    return found
  }

  /// Units of an allotment at an instant; nil before it was made.
  fileprivate func allotted(_ place: Int, at time: Timestamp) throws -> Quantity? {
    var found: Quantity?
    try transaction.scan(
      .allottedHistory,
      """
      WHERE allotment_id = ? AND update_time <= ? ORDER BY update_time DESC, change_id DESC LIMIT 1
      """, [.int(place), .time(time)]
    ) { row in
      found = row.int64(1)
      return false
    }
    return found
  }

  /// What was taken out of an allotment as it was swept last.
  func sweptAllotment(_ place: Int) throws -> AllotmentSum? {
    var found: AllotmentSum?
    try transaction.scan(.allotment, "WHERE allotment_id = ?", [.int(place)]) { row in
      found = AllotmentSum(AllotmentSQL.allotment(row))
      return false
    }
    return found
  }

  /// The last that was kept of it, at `sequence` or before, and up to where it was sure to hold.
  func keptAllotment(
    _ place: Int, upTo sequence: Int64
  ) throws -> (sum: AllotmentSum, through: Int64)? {
    try transaction.first(
      .allotmentHistory,
      "WHERE allotment_id = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1",
      [.int(place), .integer(sequence)]
    ) { (AllotmentSum(AllotmentSQL.allotment($0)), $0.int64(6)) }
  }
}
