internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Promotions are written as the catalogue is; what was taken out of their allotments is swept, as
/// balances are.
extension PoolStore {
  func write(promotionsOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for index in Set(changes.setPromotions).sorted() {
      let promotion = pool.promotions[index]
      try put(
        [.int(index.int), .id(promotion.id), .blob(promotion.bytes)], in: .promotion)
    }
    for place in Set(changes.setAllotments).sorted() {
      let allotment = pool.promotions.allotments[place]
      try write(allotment, at: place, through: 0)
      try addChange(
        [
          .int(place), .integer(allotment.quantity),
          .time(pool.promotions[allotment.promotion].updateTime),
        ], to: .allottedHistory)
    }
  }

  /// Writes an allotment, and keeps what is overwritten when it is the last of its stretch of the ledger.
  ///
  /// - Parameter through: the sequence up to which it had no movement later than its own last.
  func write(_ allotment: Allotment, at place: Int, through: Int64) throws(StorageError) {
    let stretch = ServiceLimits.historyMovements
    if let swept = try values(of: .allotment, key: Int64(place)),
      case .integer(let sequence) = swept[5], sequence < allotment.sequence,
      sequence == 0 || sequence / stretch != allotment.sequence / stretch
    {
      try add(swept + [.integer(max(sequence, through))], to: .allotmentHistory)
    }
    try put(
      [
        .int(place), .int(allotment.promotion.int), .int(allotment.sku.int),
        .integer(allotment.quantity), .integer(allotment.taken), .integer(allotment.sequence),
      ], in: .allotment)
  }

  func loadPromotions(_ pool: Pool) throws {
    try connection.scan(.promotion, "ORDER BY promotion_id") { row in
      let count = pool.promotions.promotions.count
      guard row.int(0) == count else {
        throw SealedTable.promotion.missing("promotion_id \(count)")
      }
      guard
        let promotion = try? Promotion(
          index: PromotionIndex(count), id: row.id(1), bytes: row.bytes(2))
      else { throw SealedTable.promotion.damaged(row, "it cannot be read") }
      guard promotion.lines.allSatisfy({ $0.sku.int < pool.skuCount }) else {
        throw SealedTable.promotion.damaged(row, Self.unknown)
      }
      pool.load(promotion)
      return true
    }
    try connection.scan(.allotment, "ORDER BY allotment_id") { row in
      let count = pool.promotions.allotments.count
      guard row.int(0) == count else {
        throw SealedTable.allotment.missing("allotment_id \(count)")
      }
      guard row.int(1) < pool.promotions.promotions.count else {
        throw SealedTable.promotion.missing("promotion_id \(row.int(1))")
      }
      guard row.int(2) < pool.skuCount else {
        throw SealedTable.sku.missing("sku_id \(row.int(2))")
      }
      guard 0 <= row.int64(4), row.int64(4) <= row.int64(3) else {
        throw SealedTable.allotment.damaged(row, "its counts contradict each other")
      }
      pool.load(AllotmentSQL.allotment(row), at: row.int(0))
      return true
    }
    let end = pool.promotions.allotments.count
    guard pool.promotions.promotions.allSatisfy({ $0.allotments.upperBound <= end }) else {
      throw SealedTable.allotment.missing("allotment_id \(end)")
    }
    pool.finishLoadingPromotions()
  }
}

extension Promotion {
  fileprivate var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.text(displayName)
    writer.byte(UInt8(strategy.rawValue))
    writer.byte((isScheduled ? 1 : 0) | (isCancelled ? 2 : 0))
    for time in [startTime, endTime, createTime, updateTime] { writer.integer(time.microseconds) }
    writer.integer(revision)
    writer.integer(Int64(firstAllotment ?? -1))
    writer.count(channels.count)
    for channel in channels { writer.text(channel.text) }
    writer.count(lines.count)
    for line in lines {
      writer.unsigned(UInt64(line.sku.number))
      writer.integer(line.quantity)
    }
    return writer.bytes
  }

  fileprivate init(index: PromotionIndex, id: PromotionID, bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    let displayName = try reader.text()
    guard let strategy = Strategy(rawValue: Int32(try reader.byte())) else {
      throw ByteReader.Malformed()
    }
    let flags = try reader.byte()
    var times: [Timestamp] = []
    for _ in 0..<4 { times.append(Timestamp(microseconds: try reader.integer())) }
    let revision = try reader.integer()
    let first = try reader.integer()
    var channels: [ChannelID] = []
    for _ in 0..<(try reader.count()) { channels.append(ChannelID(trusted: try reader.text())) }
    var lines: [Line] = []
    for _ in 0..<(try reader.count()) {
      lines.append(Line(sku: SKUIndex(try reader.index()), quantity: try reader.integer()))
    }
    guard reader.isAtEnd else { throw ByteReader.Malformed() }
    self.init(
      index: index, id: id, displayName: displayName, channels: channels, strategy: strategy,
      startTime: times[0], endTime: times[1], lines: lines, createTime: times[2],
      updateTime: times[3], revision: revision)
    isScheduled = flags & 1 != 0
    isCancelled = flags & 2 != 0
    firstAllotment = first < 0 ? nil : Int(first)
  }
}
