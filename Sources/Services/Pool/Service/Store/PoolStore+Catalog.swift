internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The catalogue changes seldom: its rows are written as it changes, in the commit of the command.
extension PoolStore {
  func write(catalogOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for index in changes.setSKUs { try write(pool.record(of: index)) }
    for index in changes.setLocations { try write(pool.record(of: index)) }
    try write(rulesOf: changes, pool)
    try write(promotionsOf: changes, pool)
  }

  private func write(_ record: SKURecord) throws(StorageError) {
    try keepGroup(of: record)
    try connection.execute(
      """
      INSERT INTO sku (sku_id, sku, display_name, sku_group, create_time, update_time, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (sku_id) DO UPDATE SET display_name = excluded.display_name,
        sku_group = excluded.sku_group, update_time = excluded.update_time,
        revision = excluded.revision
      """,
      [
        .int(record.index.int), .id(record.sku), .text(record.displayName),
        .text(record.group?.text ?? ""), .time(record.createTime), .time(record.updateTime),
        .integer(record.revision),
      ])
  }

  private func write(_ record: LocationRecord) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO location
        (location_id, location, display_name, rank, kind, zones, offers_pickup, create_time,
         update_time, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (location_id) DO UPDATE SET display_name = excluded.display_name,
        rank = excluded.rank, kind = excluded.kind, zones = excluded.zones,
        offers_pickup = excluded.offers_pickup, update_time = excluded.update_time, revision = excluded.revision
      """,
      [
        .int(record.index.int), .id(record.location), .text(record.displayName),
        .int(Int(record.rank)), .integer(Int64(record.traits.kind.rawValue)),
        .text(RuleRow.list(record.traits.zones)), .bool(record.traits.offersPickup),
        .time(record.createTime), .time(record.updateTime),
        .integer(record.revision),
      ])
  }
}
