internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Buffers, sourcings and locks on last units, written as the catalogue is, and each change of them
/// once more beside it, so that it is known what they were.
extension PoolStore {
  func write(rulesOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for buffer in changes.setBuffers { try write(buffer, pool) }
    // What was removed and set in one batch is there at its end, or is not.
    for channel in Set(changes.removedSourcings + changes.setSourcings.map(\.channel)) {
      try write(pool.sourcings[channel], of: channel, pool)
    }
    for lock in changes.setLastUnits { try write(lock, pool) }
  }

  private func write(_ buffer: Buffer, _ pool: Pool) throws(StorageError) {
    let scope = buffer.scope
    let key: [SQLValue] = [
      .text(Self.name(of: scope.sku, pool)), .text(scope.group?.text ?? ""),
      .text(scope.channel?.text ?? ""), .text(scope.listing?.text ?? ""), .text(buffer.key.name),
    ]
    let row =
      key + Self.columns(of: buffer.margin) + [
        .integer(buffer.least), .integer(buffer.most), .integer(buffer.cap),
        .time(buffer.startTime), .time(buffer.endTime), .time(buffer.updateTime),
        .bool(buffer.isLagMeasured),
      ]
    try addChange(row, to: .bufferRuleHistory)
    try connection.execute(
      """
      DELETE FROM buffer_rule
      WHERE sku = ? AND sku_group = ? AND channel = ? AND listing = ? AND name = ?
      """, key)
    if !buffer.isEmpty { try add(row, to: .bufferRule) }
  }

  private static func columns(of margin: Buffer.Margin?) -> [SQLValue] {
    var columns = [SQLValue](repeating: .null, count: 7)
    switch margin {
    case .units(let count): columns[0] = .integer(count)
    case .basisPoints(let count): columns[1] = .integer(Int64(count))
    case .tiers(let threshold, let above, let below):
      columns.replaceSubrange(2...4, with: [threshold, above, below].map { .integer($0) })
    case .demand(let lag, let factor):
      columns.replaceSubrange(
        5...6, with: [.integer(lag.microseconds), .integer(Int64(factor))])
    case nil: break
    }
    return columns
  }

  private func write(
    _ sourcing: Sourcing?, of channel: ChannelID, _ pool: Pool
  ) throws(StorageError) {
    let row: [SQLValue] = [
      .id(channel),
      .integer(sourcing.map { Int64($0.strategy.rawValue) } ?? RuleRow.noStrategy),
      .text(RuleRow.list(sourcing?.locations.map { pool.record(of: $0).location } ?? [])),
      .time(sourcing?.updateTime ?? pool.now),
    ]
    try addChange(row, to: .sourcingHistory)
    try connection.execute("DELETE FROM sourcing WHERE channel = ?", [.id(channel)])
    if sourcing != nil { try add(row, to: .sourcing) }
  }

  private func write(_ lock: LastUnits, _ pool: Pool) throws(StorageError) {
    let key: [SQLValue] = [
      .text(Self.name(of: lock.scope.sku, pool)), .text(lock.scope.group?.text ?? ""),
    ]
    let row = key + [.id(lock.channel), .integer(lock.units), .time(lock.updateTime)]
    try addChange(row, to: .lastUnitsHistory)
    try connection.execute("DELETE FROM last_units WHERE sku = ? AND sku_group = ?", key)
    if lock.units > 0 { try add(row, to: .lastUnits) }
  }

  /// Notes that a SKU is of another group than the store has it in; before the SKU itself is written.
  func keepGroup(of record: SKURecord) throws(StorageError) {
    let group = record.group?.text ?? ""
    var known = ""
    if case .text(let text)? = try values(of: .sku, key: Int64(record.index.int))?[6] {
      known = text
    }
    guard !known.utf8.elementsEqual(group.utf8) else { return }
    try addChange(
      [.id(record.sku), .text(group), .time(record.updateTime)], to: .skuGroupHistory)
  }

  private static func name(of sku: SKUIndex?, _ pool: Pool) -> String {
    sku.map { pool.record(of: $0).sku.text } ?? ""
  }

  func loadRules(_ pool: Pool) throws {
    try loadRules(.bufferRule) { row in pool.load(try RuleRow.buffer(row, pool)) }
    try loadRules(.sourcing) { row in
      guard let sourcing = try RuleRow.sourcing(row, pool) else {
        throw BadRule(problem: "a channel that has no sourcing has one")
      }
      pool.load(sourcing)
    }
    try loadRules(.lastUnits) { row in pool.load(try RuleRow.lastUnits(row, pool)) }
  }

  private func loadRules(_ table: SealedTable, _ load: (any Row) throws -> Void) throws {
    try connection.scan(table) { row in
      do {
        try load(row)
      } catch let error as BadRule {
        throw table.damaged(row, error.problem)
      }
      return true
    }
  }
}
