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
    let start = try reader.historyStart.rules
    guard time >= start else { throw LedgerError.rulesUnknown(before: start) }
    var names = KnownNames()
    for index in skus { names.skus[try reader.name(of: index)] = index }
    try transaction.query("SELECT location, location_id FROM location", []) { row in
      names.locations[row.id(0)] = LocationIndex(row.int(1))
    }
    for (sku, index) in names.skus {
      groups[index] = try Self.group(of: sku, at: time, transaction)
      try load(sku, groups[index], channels, until: time, names, transaction)
    }
  }

  private static func group(
    of sku: SKU, at time: Timestamp, _ transaction: any ReadTransaction
  ) throws -> SKUGroup? {
    try transaction.first(
      .skuGroupHistory,
      "WHERE sku = ? AND update_time <= ? ORDER BY update_time DESC, change_id DESC LIMIT 1",
      [.id(sku), .time(time)]
    ) { $0.text(1).isEmpty ? nil : $0.id(1) } ?? nil
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
    try Self.last(
      of: .bufferRuleHistory, where: "\(goods.sql) AND channel IN ('', \(places))",
      goods.values + ids, by: "sku, sku_group, channel, listing, name", until: time, transaction
    ) { buffers.set(try RuleRow.buffer($0, names)) }
    try Self.last(
      of: .sourcingHistory, where: "channel IN (\(places))", ids, by: "channel", until: time,
      transaction
    ) { row in
      if let sourcing = try RuleRow.sourcing(row, names) { sourcings.set(sourcing) }
    }
    try Self.last(
      of: .lastUnitsHistory, where: goods.sql, goods.values, by: "sku, sku_group", until: time,
      transaction
    ) { lastUnits.set(try RuleRow.lastUnits($0, names)) }
  }

  /// Hands over the last change of each key until a time, which is the last value.
  private static func last(
    of table: SealedTable, where condition: String, _ values: [SQLValue], by key: String,
    until time: Timestamp, _ transaction: any ReadTransaction, _ body: (any Row) throws -> Void
  ) throws {
    try transaction.scan(
      table,
      """
      WHERE change_id IN (
        SELECT max(change_id) FROM \(table.name) WHERE \(condition) AND update_time <= ?
        GROUP BY \(key))
      """, values + [.time(time)]
    ) { row in
      do {
        try body(row)
      } catch let error as BadRule {
        throw table.damaged(row, error.problem)
      }
      return true
    }
  }
}
