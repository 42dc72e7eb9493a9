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
      try add(
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
    let list = SealedTable.allotment.list
    try connection.execute(
      """
      INSERT INTO allotment_history (\(list), through_sequence)
      SELECT \(list), max(sequence, ?) FROM allotment
      WHERE allotment_id = ? AND sequence < ? AND (sequence = 0 OR sequence / ? <> ? / ?)
      """,
      [
        .integer(through), .int(place), .integer(allotment.sequence),
        .integer(ServiceLimits.historyMovements), .integer(allotment.sequence),
        .integer(ServiceLimits.historyMovements),
      ])
    try put(
      [
        .int(place), .int(allotment.promotion.int), .int(allotment.sku.int),
        .integer(allotment.quantity), .integer(allotment.taken), .integer(allotment.sequence),
      ], in: .allotment)
  }

  func loadPromotions(_ pool: Pool) throws {
    try connection.scan(.promotion, "ORDER BY promotion_id") { row in
      let index = PromotionIndex(row.int(0))
      guard row.int(0) == pool.promotions.promotions.count,
        let promotion = try? Promotion(index: index, id: row.id(1), bytes: row.bytes(2)),
        promotion.lines.allSatisfy({ $0.sku.int < pool.skuCount })
      else { throw corrupt("promotion \(row.int(0)) cannot be read") }
      pool.load(promotion)
      return true
    }
    try connection.scan(.allotment, "ORDER BY allotment_id") { row in
      guard row.int(0) == pool.promotions.allotments.count,
        row.int(1) < pool.promotions.promotions.count, row.int(2) < pool.skuCount,
        (0...row.int64(3)).contains(row.int64(4))
      else { throw corrupt("allotment \(row.int(0)) contradicts itself") }
      pool.load(AllotmentSQL.allotment(row), at: row.int(0))
      return true
    }
    let end = pool.promotions.allotments.count
    guard pool.promotions.promotions.allSatisfy({ $0.allotments.upperBound <= end }) else {
      throw corrupt("a promotion's allotments are missing")
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
