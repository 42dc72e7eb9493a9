internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Buffers, sourcings and locks on last units, written as the catalogue is.
extension PoolStore {
  func write(rulesOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for buffer in changes.setBuffers { try write(buffer, pool) }
    for channel in changes.removedSourcings {
      try connection.execute("DELETE FROM sourcing WHERE channel = ?", [.id(channel)])
    }
    // What was removed and set in one batch is there at its end, or is not.
    for sourcing in changes.setSourcings {
      if let known = pool.sourcings[sourcing.channel] { try write(known, pool) }
    }
    for lock in changes.setLastUnits { try write(lock, pool) }
  }

  private func write(_ buffer: Buffer, _ pool: Pool) throws(StorageError) {
    let scope = buffer.scope
    let key: [SQLValue] = [
      .text(Self.name(of: scope.sku, pool)), .text(scope.group?.text ?? ""),
      .text(scope.channel?.text ?? ""), .text(scope.listing?.text ?? ""), .text(buffer.key.name),
    ]
    try connection.execute(
      """
      DELETE FROM buffer_rule
      WHERE sku = ? AND sku_group = ? AND channel = ? AND listing = ? AND name = ?
      """, key)
    guard !buffer.isEmpty else { return }
    try connection.execute(
      """
      INSERT INTO buffer_rule (sku, sku_group, channel, listing, name, unit_count, basis_points,
        threshold_count, above_count, below_count, lag_microseconds, factor_basis_points,
        minimum_count, maximum_count, cap_count, start_time, end_time, update_time)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      key + Self.columns(of: buffer.margin) + [
        .integer(buffer.least), .integer(buffer.most), .integer(buffer.cap),
        .time(buffer.startTime), .time(buffer.endTime), .time(buffer.updateTime),
      ])
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

  private func write(_ sourcing: Sourcing, _ pool: Pool) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO sourcing (channel, strategy, locations, update_time) VALUES (?, ?, ?, ?)
      ON CONFLICT (channel) DO UPDATE SET strategy = excluded.strategy,
        locations = excluded.locations, update_time = excluded.update_time
      """,
      [
        .id(sourcing.channel), .integer(Int64(sourcing.strategy.rawValue)),
        .text(Self.list(sourcing.locations.map { pool.record(of: $0).location })),
        .time(sourcing.updateTime),
      ])
  }

  private func write(_ lock: LastUnits, _ pool: Pool) throws(StorageError) {
    let key: [SQLValue] = [
      .text(Self.name(of: lock.scope.sku, pool)), .text(lock.scope.group?.text ?? ""),
    ]
    try connection.execute("DELETE FROM last_units WHERE sku = ? AND sku_group = ?", key)
    guard lock.units > 0 else { return }
    try connection.execute(
      """
      INSERT INTO last_units (sku, sku_group, channel, unit_count, update_time)
      VALUES (?, ?, ?, ?, ?)
      """, key + [.id(lock.channel), .integer(lock.units), .time(lock.updateTime)])
  }

  private static func name(of sku: SKUIndex?, _ pool: Pool) -> String {
    sku.map { pool.record(of: $0).sku.text } ?? ""
  }

  /// Identifiers in one column; none of them holds a line's end.
  static func list(_ items: [some Identifier]) -> String {
    items.map(\.text).joined(separator: "\n")
  }

  static func items<ID: Identifier>(_ text: String, as type: ID.Type = ID.self) -> [ID] {
    text.split(separator: "\n").map { ID(trusted: String($0)) }
  }

  // MARK: Loading

  func loadRules(_ pool: Pool) throws {
    try connection.scan(
      """
      SELECT sku, sku_group, channel, listing, name, unit_count, basis_points, threshold_count,
        above_count, below_count, lag_microseconds, factor_basis_points, minimum_count,
        maximum_count, cap_count, start_time, end_time, update_time
      FROM buffer_rule
      """
    ) { row in
      pool.load(try buffer(row, pool))
      return true
    }
    try connection.scan("SELECT channel, strategy, locations, update_time FROM sourcing") { row in
      guard let strategy = Int32(exactly: row.int64(1)).flatMap(Sourcing.Strategy.init) else {
        throw corrupt("a channel has the strategy \(row.int64(1))")
      }
      let locations = try Self.items(row.text(2), as: LocationID.self).map { location in
        guard let index = pool.index(of: location) else {
          throw corrupt("\(location), which feeds a channel, is no location")
        }
        return index
      }
      pool.load(
        Sourcing(
          channel: row.id(0), strategy: strategy, locations: locations, updateTime: row.time(3)))
      return true
    }
    try connection.scan(
      "SELECT sku, sku_group, channel, unit_count, update_time FROM last_units"
    ) { row in
      let (sku, group) = try goods(row, pool)
      pool.load(
        LastUnits(
          scope: LastUnits.Scope(sku: sku, group: group), channel: row.id(2),
          units: row.int64(3), updateTime: row.time(4)))
      return true
    }
  }

  /// The SKU or the group in a row's first two columns.
  private func goods(_ row: any Row, _ pool: Pool) throws -> (SKUIndex?, SKUGroup?) {
    let (sku, group) = (row.text(0), row.text(1))
    let index = sku.isEmpty ? nil : pool.index(of: SKU(trusted: sku))
    guard sku.isEmpty || (index != nil && group.isEmpty) else {
      throw corrupt("a rule is for no SKU")
    }
    return (index, group.isEmpty ? nil : SKUGroup(trusted: group))
  }

  private func buffer(_ row: any Row, _ pool: Pool) throws -> Buffer {
    let (sku, group) = try goods(row, pool)
    let (channel, listing) = (row.text(2), row.text(3))
    guard listing.isEmpty || (sku != nil && !channel.isEmpty) else {
      throw corrupt("a buffer is for a listing of no SKU or channel")
    }
    return Buffer(
      scope: Buffer.Scope(
        sku: sku, group: group, channel: channel.isEmpty ? nil : ChannelID(trusted: channel),
        listing: listing.isEmpty ? nil : ListingID(trusted: listing)),
      name: row.text(4), margin: try margin(row), least: row.int64(12),
      most: row.optionalInt64(13), cap: row.optionalInt64(14), startTime: row.optionalTime(15),
      endTime: row.optionalTime(16), updateTime: row.time(17))
  }

  private func margin(_ row: any Row) throws -> Buffer.Margin? {
    func points(_ number: Int64, upTo maximum: Int32) throws -> Int32 {
      guard (0...Int64(maximum)).contains(number) else {
        throw corrupt("a buffer hides \(number) basis points")
      }
      return Int32(number)
    }
    if let count = row.optionalInt64(5) { return .units(count) }
    if let count = row.optionalInt64(6) {
      return .basisPoints(try points(count, upTo: Limits.basisPoints))
    }
    if let threshold = row.optionalInt64(7) {
      return .tiers(threshold: threshold, above: row.int64(8), below: row.int64(9))
    }
    guard let lag = row.optionalInt64(10) else { return nil }
    return .demand(
      lag: .microseconds(lag), factor: try points(row.int64(11), upTo: Limits.demandFactor))
  }
}
