/// One numbered step in a store's schema; applied once, in order, and never changed afterwards.
public struct Migration: Hashable, Sendable {
  /// From 1, without a gap.
  public var number: Int
  /// What it brings, for people.
  public var name: String
  /// One or more statements.
  public var sql: String

  public init(_ number: Int, _ name: String, _ sql: String) {
    self.number = number
    self.name = name
    self.sql = sql
  }

  /// Recorded with the store, so that a changed step is noticed: FNV-1a, 64 bits, of the SQL.
  public var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in sql.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return String(hash, radix: 16)
  }

  /// The table behind `Transaction.once`, for a store's list of migrations.
  public static func requests(_ number: Int) -> Migration {
    Migration(
      number, "request records",
      """
      CREATE TABLE request (
        request_id TEXT NOT NULL PRIMARY KEY,
        method TEXT NOT NULL,
        body_hash BLOB NOT NULL,
        response BLOB NOT NULL,
        expire_time INTEGER NOT NULL
      );
      CREATE INDEX request_by_expire_time ON request (expire_time);
      """)
  }
}
