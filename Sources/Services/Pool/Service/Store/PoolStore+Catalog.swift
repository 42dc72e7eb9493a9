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
    try put(
      [
        .int(record.index.int), .id(record.sku), .text(record.displayName),
        .time(record.createTime), .time(record.updateTime), .integer(record.revision),
        .text(record.group?.text ?? ""),
      ], in: .sku)
  }

  private func write(_ record: LocationRecord) throws(StorageError) {
    try put(
      [
        .int(record.index.int), .id(record.location), .text(record.displayName),
        .int(Int(record.rank)), .time(record.createTime), .time(record.updateTime),
        .integer(record.revision), .integer(Int64(record.traits.kind.rawValue)),
        .text(RuleRow.list(record.traits.zones)), .bool(record.traits.offersPickup),
      ], in: .location)
  }
}
