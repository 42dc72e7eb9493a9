internal import CSQLite
public import StorageCore

/// A prepared statement: bind, run, repeat. Parameters count from 1, columns from 0, as in SQL.
///
/// Belongs to the thread that owns its connection. Bound values stay until they are bound anew.
///
/// `@unchecked Sendable`: every use goes through the connection's handle, which checks the thread.
public final class SQLiteStatement: @unchecked Sendable {
  public let sql: String
  private let handle: SQLiteHandle
  private let pointer: OpaquePointer
  /// Between the first `step` and `reset`.
  private(set) var isRunning = false

  init(_ sql: String, on handle: SQLiteHandle) throws(StorageError) {
    self.sql = sql
    self.handle = handle
    var made: OpaquePointer?
    let code = sqlite3_prepare_v3(
      handle.database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
    guard code == SQLITE_OK else { throw handle.error(code, sql) }
    guard let made else { throw .invalidStatement(sql: sql, reason: "there is no statement") }
    pointer = made
  }

  deinit {
    sqlite3_finalize(pointer)
  }

  public var parameterCount: Int { Int(sqlite3_bind_parameter_count(pointer)) }

  public func bind(_ parameter: Int, _ value: Int64) {
    check(sqlite3_bind_int64(pointer, Int32(parameter), value))
  }

  public func bind(_ parameter: Int, _ value: Double) {
    check(sqlite3_bind_double(pointer, Int32(parameter), value))
  }

  public func bind(_ parameter: Int, _ value: String) {
    var text = value
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        // An empty string has no address, which SQLite would take for NULL.
        let start = characters.baseAddress ?? emptyText
        check(
          sqlite3_bind_text(
            pointer, Int32(parameter), start, Int32(characters.count), onepool_sqlite_transient()))
      }
    }
  }

  public func bind(_ parameter: Int, _ value: [UInt8]) {
    value.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, !bytes.isEmpty else {
        check(sqlite3_bind_zeroblob(pointer, Int32(parameter), 0))
        return
      }
      check(
        sqlite3_bind_blob(
          pointer, Int32(parameter), start, Int32(bytes.count), onepool_sqlite_transient()))
    }
  }

  /// Binds bytes without copying them: they must stay in place until the statement was run, and are bound anew before it
  /// is run again.
  public func bind(_ parameter: Int, borrowing bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else {
      check(sqlite3_bind_zeroblob(pointer, Int32(parameter), 0))
      return
    }
    check(sqlite3_bind_blob(pointer, Int32(parameter), start, Int32(bytes.count), nil))
  }

  /// The same of a text in UTF-8.
  func bind(_ parameter: Int, borrowingText bytes: UnsafeRawBufferPointer) {
    // An empty string has no address, which SQLite would take for NULL.
    let start = bytes.baseAddress ?? UnsafeRawPointer(emptyText)
    check(
      sqlite3_bind_text(
        pointer, Int32(parameter), start.assumingMemoryBound(to: CChar.self), Int32(bytes.count),
        nil))
  }

  public func bindNull(_ parameter: Int) {
    check(sqlite3_bind_null(pointer, Int32(parameter)))
  }

  public func bind(_ parameter: Int, _ value: SQLValue) {
    switch value {
    case .integer(let value): bind(parameter, value)
    case .real(let value): bind(parameter, value)
    case .text(let value): bind(parameter, value)
    case .blob(let value): bind(parameter, value)
    case .null: bindNull(parameter)
    }
  }

  /// Moves to the next row; false when there is none, and the statement is then ready to run again.
  public func step() throws(StorageError) -> Bool {
    let database = handle.database
    isRunning = true
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      _ = database
      reset()
      return false
    case let code:
      let error = handle.error(code, sql)
      reset()
      throw error
    }
  }

  /// Runs a statement to its end, leaving out its rows, and makes it ready to run again.
  public func run() throws(StorageError) {
    if try step() { reset() }
  }

  /// Ends a run early.
  public func reset() {
    // Its code repeats that of the last step (sqlite.org/c3ref/reset.html), which was read there.
    sqlite3_reset(pointer)
    isRunning = false
  }

  /// Frees what was bound.
  public func clear() {
    sqlite3_clear_bindings(pointer)
  }

  /// A refused binding means a wrong number or a value beyond a gigabyte: our mistake.
  private func check(_ code: Int32) {
    precondition(code == SQLITE_OK, "bind failed with code \(code) in: \(sql)")
  }
}

extension SQLiteStatement: Row {
  public var columnCount: Int { Int(sqlite3_column_count(pointer)) }

  public func kind(_ column: Int) -> SQLKind {
    switch sqlite3_column_type(pointer, Int32(column)) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(pointer, Int32(column)) == SQLITE_NULL
  }

  public func int64(_ column: Int) -> Int64 { sqlite3_column_int64(pointer, Int32(column)) }

  public func double(_ column: Int) -> Double { sqlite3_column_double(pointer, Int32(column)) }

  public func text(_ column: Int) -> String {
    guard let start = sqlite3_column_text(pointer, Int32(column)) else { return "" }
    let count = Int(sqlite3_column_bytes(pointer, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  public func bytes(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }

  public func withBytes<T>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T
  ) rethrows -> T {
    let start = sqlite3_column_blob(pointer, Int32(column))
    let count = Int(sqlite3_column_bytes(pointer, Int32(column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}

/// One NUL that lives as long as the process.
private nonisolated(unsafe) let emptyText: UnsafePointer<CChar> = {
  let text = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
  text.pointee = 0
  return UnsafePointer(text)
}()
