/// Reads of one moment's state; lives inside the closure that received it, on that closure's thread.
///
/// Statements use `?` for values. SQL that only one database knows stays in that database's target.
public protocol ReadTransaction {
  /// Hands each row to `row` until it returns false.
  func scan(_ sql: String, _ values: [SQLValue], _ row: (any Row) throws -> Bool) throws
}

/// Reads and changes that come into force together, or not at all.
public protocol Transaction: ReadTransaction {
  /// Runs one statement and returns the number of rows that it changed.
  @discardableResult
  func execute(_ sql: String, _ values: [SQLValue]) throws -> Int

  /// The row id that the last INSERT of this transaction made.
  var lastInsertedRow: Int64 { get }
}

extension ReadTransaction {
  /// Hands every row to `row`.
  public func query(
    _ sql: String, _ values: [SQLValue] = [], _ row: (any Row) throws -> Void
  ) throws {
    try scan(sql, values) {
      try row($0)
      return true
    }
  }

  /// Every row as `map` reads it. The statement must have a LIMIT where the table may grow.
  public func rows<T>(
    _ sql: String, _ values: [SQLValue] = [], _ map: (any Row) throws -> T
  ) throws -> [T] {
    var found: [T] = []
    try query(sql, values) { found.append(try map($0)) }
    return found
  }

  /// The first row as `map` reads it, or nil when there is none.
  public func first<T>(
    _ sql: String, _ values: [SQLValue] = [], _ map: (any Row) throws -> T
  ) throws -> T? {
    var found: T?
    try scan(sql, values) {
      found = try map($0)
      return false
    }
    return found
  }

  /// Whether the statement has a row.
  public func exists(_ sql: String, _ values: [SQLValue] = []) throws -> Bool {
    try first(sql, values) { _ in true } ?? false
  }

  /// The first column of the first row: for COUNT, MAX and their like; nil for NULL or no row.
  public func int64(_ sql: String, _ values: [SQLValue] = []) throws -> Int64? {
    try first(sql, values) { $0.optionalInt64(0) } ?? nil
  }
}

extension Transaction {
  @discardableResult
  public func execute(_ sql: String) throws -> Int { try execute(sql, []) }
}
