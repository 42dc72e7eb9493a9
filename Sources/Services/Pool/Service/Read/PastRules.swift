internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The rules that could count for a SKU on some channels at a past instant: of each, the last that was
/// set until then.
struct PastRules: Sendable {
  private(set) var group: SKUGroup?
  private(set) var buffers = BufferTable()
  private(set) var sourcings = SourcingTable()
  private(set) var lastUnits = LastUnitsTable()

  /// What the rows of one SKU's rules may name.
  private struct KnownNames: RuleNames {
    var sku: SKU
    var skuIndex: SKUIndex
    var locations: [LocationID: LocationIndex] = [:]

    func index(of sku: SKU) -> SKUIndex? { sku == self.sku ? skuIndex : nil }
    func index(of location: LocationID) -> LocationIndex? { locations[location] }
  }

  /// - Parameter channels: without any, no rules are looked for.
  init(
    _ sku: SKU, _ index: SKUIndex, _ channels: [ChannelID], at time: Timestamp,
    _ reader: LedgerReader
  ) throws {
    guard !channels.isEmpty else { return }
    let transaction = reader.transaction
    let start = Timestamp(
      microseconds: try transaction.int64("SELECT rule_time FROM history_start") ?? 0)
    guard time >= start else { throw LedgerError.rulesUnknown(before: start) }
    group =
      try transaction.first(
        """
        SELECT sku_group FROM sku_group_history WHERE sku = ? AND update_time <= ?
        ORDER BY update_time DESC, change_id DESC LIMIT 1
        """, [.id(sku), .time(time)]
      ) { $0.text(0).isEmpty ? nil : $0.id(0) } ?? nil
    var names = KnownNames(sku: sku, skuIndex: index)
    try transaction.query("SELECT location, location_id FROM location", []) { row in
      names.locations[row.id(0)] = LocationIndex(row.int(1))
    }
    do {
      try load(sku, channels, until: time, names, transaction)
    } catch let error as BadRule {
      throw StorageError.corrupt(path: "rules", detail: error.problem)
    }
  }

  private mutating func load(
    _ sku: SKU, _ channels: [ChannelID], until time: Timestamp, _ names: KnownNames,
    _ transaction: any ReadTransaction
  ) throws {
    let goods = (
      sql: "sku IN ('', ?) AND sku_group IN ('', ?)",
      values: [SQLValue.id(sku), .text(group?.text ?? "")]
    )
    let places = Array(repeating: "?", count: channels.count).joined(separator: ", ")
    let ids = channels.map { SQLValue.id($0) }
    try transaction.query(
      Self.last(
        RuleRow.bufferColumns, of: "buffer_rule_history",
        where: "\(goods.sql) AND channel IN ('', \(places))",
        by: "sku, sku_group, channel, listing, name"),
      goods.values + ids + [.time(time)]
    ) { buffers.set(try RuleRow.buffer($0, names)) }
    try transaction.query(
      Self.last(
        RuleRow.sourcingColumns, of: "sourcing_history", where: "channel IN (\(places))",
        by: "channel"),
      ids + [.time(time)]
    ) { if let sourcing = try RuleRow.sourcing($0, names) { sourcings.set(sourcing) } }
    try transaction.query(
      Self.last(
        RuleRow.lastUnitsColumns, of: "last_units_history", where: goods.sql, by: "sku, sku_group"),
      goods.values + [.time(time)]
    ) { lastUnits.set(try RuleRow.lastUnits($0, names)) }
  }

  /// The last change of each key until a time, which is the last value.
  private static func last(
    _ columns: String, of table: String, where condition: String, by key: String
  ) -> String {
    """
    SELECT \(columns) FROM \(table) WHERE change_id IN (
      SELECT max(change_id) FROM \(table) WHERE \(condition) AND update_time <= ?
      GROUP BY \(key))
    """
  }
}
