internal import Kit
internal import Primitives
internal import StorageCore

/// The gateway's rows. Each file of `Store` has the statements of one table.
struct GatewayStore: Sendable {
  let database: any Database
  let clock: any WallClock
  /// Whether it takes events.
  var room = StoreRoom()

  func write<T: Sendable>(
    _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    try await database.write(until: .after(GatewayLimits.store), body)
  }

  func read<T: Sendable>(
    _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try await database.read(until: .after(GatewayLimits.store), body)
  }

  /// Where a watch of another service goes on.
  func cursor(_ name: String) async throws -> Int64 {
    try await read {
      try $0.int64("SELECT sequence FROM cursor WHERE name = ?", [.text(name)]) ?? 0
    }
  }

  func counts() async throws -> (waiting: Int64, dead: Int64, quarantined: Int64, notices: Int64) {
    try await read { transaction in
      let waiting = try transaction.int64(
        "SELECT COUNT(*) FROM inbox WHERE state IN ('waiting', 'retrying')")
      let dead = try transaction.int64("SELECT COUNT(*) FROM inbox WHERE state = 'dead'")
      let quarantined = try transaction.int64(
        "SELECT COUNT(*) FROM order_line WHERE is_quarantined = 1")
      let notices = try transaction.int64("SELECT COUNT(*) FROM notice WHERE state = 'waiting'")
      return (waiting ?? 0, dead ?? 0, quarantined ?? 0, notices ?? 0)
    }
  }
}

extension Transaction {
  func setCursor(_ name: String, _ sequence: Int64) throws {
    try execute(
      """
      INSERT INTO cursor (name, sequence) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence
      """,
      [.text(name), .integer(sequence)])
  }
}

extension String {
  /// An error's text, short enough to keep.
  var kept: String { String(decoding: utf8.prefix(GatewayLimits.errorBytes), as: UTF8.self) }
}
