internal import PoolDomain
internal import Primitives
internal import StorageCore

/// The buffers that could count for a SKU on some channels at a past instant.
struct PastRules: Sendable {
  private(set) var table = BufferTable()

  init(
    _ sku: SKU, _ index: SKUIndex, _ channels: [ChannelID], at time: Timestamp,
    _ reader: LedgerReader
  ) throws {
    guard !channels.isEmpty else { return }
    let start = Timestamp(
      microseconds: try reader.transaction.int64("SELECT rule_time FROM history_start") ?? 0)
    guard time >= start else { throw LedgerError.rulesUnknown(before: start) }
    for channel in channels {
      for scope in BufferTable.scopes(of: index, on: channel) {
        if let buffer = try Self.buffer(scope, sku, at: time, reader) { table.set(buffer) }
      }
    }
  }

  private static func buffer(
    _ scope: Buffer.Scope, _ sku: SKU, at time: Timestamp, _ reader: LedgerReader
  ) throws -> Buffer? {
    try reader.transaction.first(
      """
      SELECT unit_count, basis_points, cap_count, change_time FROM buffer_history
      WHERE sku = ? AND channel = ? AND change_time <= ?
      ORDER BY change_time DESC, change_id DESC LIMIT 1
      """,
      [
        .text(scope.sku == nil ? "" : sku.text), .text(scope.channel?.text ?? ""), .time(time),
      ]
    ) { row in
      let points = row.optionalInt64(1).map { Buffer.Margin.basisPoints(Int32(clamping: $0)) }
      return Buffer(
        scope: scope, margin: row.optionalInt64(0).map { .units($0) } ?? points,
        cap: row.optionalInt64(2), updateTime: row.time(3))
    }
  }
}
