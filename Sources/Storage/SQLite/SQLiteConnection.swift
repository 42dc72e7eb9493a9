internal import CSQLite
public import StorageCore

/// One connection to a store, for one thread at a time: what a service with a writer of its own uses.
///
///     let connection = try SQLiteConnection.open("var/pool.db", as: .owner)
///     try connection.migrate(migrations)
///     // on the writer's thread:
///     connection.adopt()
///     let insert = try connection.prepare("INSERT INTO movement VALUES (?, ?)")
///     try connection.transaction {
///       insert.bind(1, sequence); insert.bind(2, borrowing: bytes); try insert.run()
///     }
///
/// `@unchecked Sendable`: its handle checks on each use that the calling thread owns it.
public final class SQLiteConnection: @unchecked Sendable {
  /// What a connection may do.
  public enum Role: Hashable, Sendable {
    /// Reads and writes; takes the store's lock, so that no other process can.
    case owner
    /// Reads and writes beside an owner in this process, which holds the lock.
    case writer
    /// Reads only, beside an owner in this process.
    case reader
  }

  public var path: String { handle.path }
  let handle: SQLiteHandle
  private var cache: [String: SQLiteStatement] = [:]
  private let lock: StoreLock?
  /// Pages that it keeps in memory, but for a trial.
  var cacheKibibytes = StorageLimits.cacheKibibytes
  /// Between `begin` and the end of its transaction.
  public private(set) var hasTransaction = false

  init(handle: SQLiteHandle, lock: StoreLock?) {
    self.handle = handle
    self.lock = lock
  }

  /// Makes the calling thread the one that may use the connection and its statements.
  public func adopt() { handle.adopt() }

  /// The first error that put the store in doubt. Close the connection then, and open it again.
  public var fatalError: StorageError? { handle.fatal }

  /// A statement of the caller's own, for one that runs often.
  public func prepare(_ sql: String) throws(StorageError) -> SQLiteStatement {
    try SQLiteStatement(sql, on: handle)
  }

  /// A statement from the connection's cache; a new one when the cached one is in the middle of a run.
  public func statement(_ sql: String) throws(StorageError) -> SQLiteStatement {
    if let known = cache[sql] {
      return known.isRunning ? try prepare(sql) : known
    }
    if cache.count >= StorageLimits.cachedStatements { cache.removeAll(keepingCapacity: true) }
    let made = try prepare(sql)
    cache[sql] = made
    return made
  }

  /// Runs one or more statements that have neither values nor rows.
  public func execute(script: String) throws(StorageError) {
    let code = sqlite3_exec(handle.database, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw handle.error(code, script) }
  }

  /// Runs one statement and returns the number of rows that it changed.
  @discardableResult
  public func execute(_ sql: String, _ values: [SQLValue] = []) throws(StorageError) -> Int {
    let statement = try bound(sql, values)
    try statement.run()
    statement.clear()
    return Int(sqlite3_changes64(handle.database))
  }

  /// Hands each row to `row` until it returns false.
  public func scan(
    _ sql: String, _ values: [SQLValue] = [], _ row: (any Row) throws -> Bool
  ) throws {
    let statement = try bound(sql, values)
    defer {
      statement.reset()
      statement.clear()
    }
    while try statement.step() {
      guard try row(statement) else { return }
    }
  }

  public var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle.database) }

  /// BEGIN IMMEDIATE, `body`, COMMIT; ROLLBACK when `body` throws or the commit fails.
  public func transaction<T>(_ body: () throws -> T) throws -> T {
    try begin()
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      rollback()
      throw error
    }
  }

  /// Begins a transaction that may write.
  public func begin() throws(StorageError) {
    try statement("BEGIN IMMEDIATE").run()
    hasTransaction = true
  }

  /// Begins a transaction that reads one moment's state.
  public func beginReading() throws(StorageError) {
    try statement("BEGIN").run()
    hasTransaction = true
  }

  /// Returns once the transaction is on disk; after a throw, `rollback`.
  public func commit() throws(StorageError) {
    precondition(hasTransaction, "commit needs begin")
    try statement("COMMIT").run()
    hasTransaction = false
  }

  /// Undoes the transaction, if there is one. SQLite may have done so by itself after an error
  /// (sqlite.org/lang_transaction.html, "response to errors").
  public func rollback() {
    guard hasTransaction else { return }
    hasTransaction = false
    guard isInTransaction else { return }
    // What still fails here is in `fatalError`; the connection is then given up as a whole.
    try? execute(script: "ROLLBACK")
  }

  /// Whether SQLite has a transaction open: false in one that it has undone by itself.
  public var isInTransaction: Bool { sqlite3_get_autocommit(handle.database) == 0 }

  /// Copies the log into the store as far as no reader is in the way, and waits for nobody.
  public func checkpoint() throws(StorageError) {
    try statement("PRAGMA wal_checkpoint(PASSIVE)").run()
  }

  /// Frees the statements of the cache, the connection and the lock; statements of the caller's own
  /// must not be used any more.
  public func close() {
    cache.removeAll()
    handle.close()
    lock?.release()
  }

  private func bound(_ sql: String, _ values: [SQLValue]) throws(StorageError) -> SQLiteStatement {
    let statement = try statement(sql)
    guard statement.parameterCount == values.count else {
      throw .invalidStatement(
        sql: sql, reason: "\(values.count) values for \(statement.parameterCount) parameters")
    }
    var parameter = 0
    for value in values {
      parameter += 1
      statement.bind(parameter, value)
    }
    return statement
  }
}

/// Whoever reads beside a writer with a connection of its own; each statement sees its own moment.
extension SQLiteConnection: ReadTransaction {}
