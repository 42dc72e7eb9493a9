internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The catalogue changes seldom: its rows are written as it changes, in the commit of the command.
extension PoolStore {
  func write(catalogOf changes: Changes, _ pool: Pool) throws(StorageError) {
    for index in changes.setSKUs { try write(pool.record(of: index)) }
    for index in changes.setLocations { try write(pool.record(of: index)) }
    for buffer in changes.setBuffers {
      try write(buffer, sku: buffer.scope.sku.map { pool.record(of: $0).sku.text } ?? "")
    }
  }

  private func write(_ record: SKURecord) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO sku (sku_id, sku, display_name, create_time, update_time, revision)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (sku_id) DO UPDATE SET display_name = excluded.display_name,
        update_time = excluded.update_time, revision = excluded.revision
      """,
      [
        .int(record.index.int), .id(record.sku), .text(record.displayName),
        .time(record.createTime), .time(record.updateTime), .integer(record.revision),
      ])
  }

  private func write(_ record: LocationRecord) throws(StorageError) {
    try connection.execute(
      """
      INSERT INTO location
        (location_id, location, display_name, rank, create_time, update_time, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (location_id) DO UPDATE SET display_name = excluded.display_name,
        rank = excluded.rank, update_time = excluded.update_time, revision = excluded.revision
      """,
      [
        .int(record.index.int), .id(record.location), .text(record.displayName),
        .int(Int(record.rank)), .time(record.createTime), .time(record.updateTime),
        .integer(record.revision),
      ])
  }

  private func write(_ buffer: Buffer, sku: String) throws(StorageError) {
    let channel = buffer.scope.channel?.text ?? ""
    try keep(buffer, sku: sku, channel: channel)
    guard !buffer.isEmpty else {
      try connection.execute(
        "DELETE FROM buffer WHERE sku = ? AND channel = ?", [.text(sku), .text(channel)])
      return
    }
    let (units, points) = Self.columns(buffer.margin)
    try connection.execute(
      """
      INSERT INTO buffer (sku, channel, unit_count, basis_points, cap_count, update_time)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (sku, channel) DO UPDATE SET unit_count = excluded.unit_count,
        basis_points = excluded.basis_points, cap_count = excluded.cap_count,
        update_time = excluded.update_time
      """,
      [
        .text(sku), .text(channel), .integer(units), .integer(points), .integer(buffer.cap),
        .time(buffer.updateTime),
      ])
  }

  /// What a rule became and when, so that it is known what it was.
  private func keep(_ buffer: Buffer, sku: String, channel: String) throws(StorageError) {
    let (units, points) = Self.columns(buffer.margin)
    try connection.execute(
      """
      INSERT INTO buffer_history (sku, channel, unit_count, basis_points, cap_count, change_time)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .text(sku), .text(channel), .integer(units), .integer(points), .integer(buffer.cap),
        .time(buffer.updateTime),
      ])
  }

  private static func columns(_ margin: Buffer.Margin?) -> (units: Int64?, points: Int64?) {
    switch margin {
    case .units(let count): (count, nil)
    case .basisPoints(let count): (nil, Int64(count))
    case nil: (nil, nil)
    }
  }
}
