internal import StorageCore

/// What a closure of `write` or `read` sees of the connection while it runs.
final class SQLiteTransaction: Transaction {
  private let connection: SQLiteConnection

  init(_ connection: SQLiteConnection) {
    self.connection = connection
  }

  func scan(_ sql: String, _ values: [SQLValue], _ row: (any Row) throws -> Bool) throws {
    try connection.scan(sql, values, row)
  }

  func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
    try connection.execute(sql, values)
  }

  var lastInsertedRow: Int64 { connection.lastInsertedRow }
}
