internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The rules that could count for some SKUs on some channels at a past instant: of each, the last that was
/// set until then.
struct PastRules: Sendable {
  private(set) var groups: [SKUIndex: SKUGroup] = [:]
  private(set) var buffers = BufferTable()
  private(set) var sourcings = SourcingTable()
  private(set) var lastUnits = LastUnitsTable()

  /// What the rows of the SKUs' rules may name.
  private struct KnownNames: RuleNames {
    var skus: [SKU: SKUIndex] = [:]
    var locations: [LocationID: LocationIndex] = [:]

    func index(of sku: SKU) -> SKUIndex? { skus[sku] }
    func index(of location: LocationID) -> LocationIndex? { locations[location] }
  }

  /// - Parameter channels: without any, no rules are looked for.
  init(
    _ skus: Set<SKUIndex>, _ channels: [ChannelID], at time: Timestamp, _ reader: LedgerReader
  ) throws {
    guard !channels.isEmpty else { return }
    let transaction = reader.transaction
    let start = Timestamp(
      microseconds: try transaction.int64("SELECT rule_time FROM history_start") ?? 0)
    guard time >= start else { throw LedgerError.rulesUnknown(before: start) }
    var names = KnownNames()
    for index in skus { names.skus[try reader.name(of: index)] = index }
    try transaction.query("SELECT location, location_id FROM location", []) { row in
      names.locations[row.id(0)] = LocationIndex(row.int(1))
    }
    do {
      for (sku, index) in names.skus {
        groups[index] = try Self.group(of: sku, at: time, transaction)
        try load(sku, groups[index], channels, until: time, names, transaction)
      }
    } catch let error as BadRule {
      throw StorageError.corrupt(path: "rules", detail: error.problem)
    }
  }

  private static func group(
    of sku: SKU, at time: Timestamp, _ transaction: any ReadTransaction
  ) throws -> SKUGroup? {
    try transaction.first(
      """
      SELECT \(SealedTable.skuGroupHistory.list) FROM sku_group_history
      WHERE sku = ? AND update_time <= ? ORDER BY update_time DESC, change_id DESC LIMIT 1
      """, [.id(sku), .time(time)]
    ) { row in
      try SealedTable.skuGroupHistory.check(row)
      return row.text(1).isEmpty ? nil : row.id(1)
    } ?? nil
  }

  private mutating func load(
    _ sku: SKU, _ group: SKUGroup?, _ channels: [ChannelID], until time: Timestamp,
    _ names: KnownNames, _ transaction: any ReadTransaction
  ) throws {
    let goods = (
      sql: "sku IN ('', ?) AND sku_group IN ('', ?)",
      values: [SQLValue.id(sku), .text(group?.text ?? "")]
    )
    let places = Array(repeating: "?", count: channels.count).joined(separator: ", ")
    let ids = channels.map { SQLValue.id($0) }
    try transaction.query(
      Self.last(
        of: .bufferRuleHistory,
        where: "\(goods.sql) AND channel IN ('', \(places))",
        by: "sku, sku_group, channel, listing, name"),
      goods.values + ids + [.time(time)]
    ) { row in
      try SealedTable.bufferRuleHistory.check(row)
      buffers.set(try RuleRow.buffer(row, names))
    }
    try transaction.query(
      Self.last(
        of: .sourcingHistory, where: "channel IN (\(places))",
        by: "channel"),
      ids + [.time(time)]
    ) { row in
      try SealedTable.sourcingHistory.check(row)
      if let sourcing = try RuleRow.sourcing(row, names) { sourcings.set(sourcing) }
    }
    try transaction.query(
      Self.last(
        of: .lastUnitsHistory, where: goods.sql, by: "sku, sku_group"),
      goods.values + [.time(time)]
    ) { row in
      try SealedTable.lastUnitsHistory.check(row)
      lastUnits.set(try RuleRow.lastUnits(row, names))
    }
  }

  /// The last change of each key until a time, which is the last value.
  private static func last(
    of table: SealedTable, where condition: String, by key: String
  ) -> String {
    """
    SELECT \(table.list) FROM \(table.name) WHERE change_id IN (
      SELECT max(change_id) FROM \(table.name) WHERE \(condition) AND update_time <= ?
      GROUP BY \(key))
    """
  }
}
