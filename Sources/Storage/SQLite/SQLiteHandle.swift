internal import CSQLite
internal import Glibc
internal import Primitives
internal import StorageCore
internal import Synchronization

/// Owns one `sqlite3 *`. Made by a connection, shared with its statements, closed by the connection.
///
/// `@unchecked Sendable`: SQLite is opened without its own lock (SQLITE_OPEN_NOMUTEX), so one thread
/// at a time may use it; `check` enforces that on every use, and `adopt` moves the ownership.
final class SQLiteHandle: @unchecked Sendable {
  let path: String
  private var pointer: OpaquePointer?
  private let owner: Atomic<UInt>
  /// The first error that put the store itself in doubt; the connection must then be opened again.
  private(set) var fatal: StorageError?
  /// When a running statement gives up.
  var deadline = Deadline.never

  /// Before the first connection: SQLite would count each allocation under a lock (sqlite.org/malloc.html, 3.3), and
  /// nobody asks for the sum. Where SQLite is at work already, it goes on counting.
  private static let configuration: Void = { _ = onepool_sqlite_without_statistics() }()

  init(opening path: String, flags: Int32) throws(StorageError) {
    self.path = path
    _ = Self.configuration
    owner = Atomic(UInt(pthread_self()))
    // The path may be a URI that names another disk than the system's (sqlite.org/uri.html): the simulation's.
    let code = sqlite3_open_v2(path, &pointer, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nil)
    guard code == SQLITE_OK else {
      let reason = pointer.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(pointer)
      pointer = nil
      throw .cannotOpen(path: path, reason: reason)
    }
    sqlite3_extended_result_codes(pointer, 1)
    sqlite3_busy_timeout(pointer, StorageLimits.busyMilliseconds)
  }

  deinit {
    // With statements left, SQLite waits for the last of them to be finalised (sqlite.org/c3ref/close.html).
    sqlite3_close_v2(pointer)
  }

  var isOpen: Bool { pointer != nil }

  /// The connection, for the thread that owns it.
  var database: OpaquePointer {
    precondition(
      owner.load(ordering: .relaxed) == UInt(pthread_self()),
      "a connection is used by one thread at a time; adopt() it first")
    guard let pointer else { preconditionFailure("the connection is closed") }
    return pointer
  }

  /// Makes the calling thread the owner. The former owner must be done with it.
  func adopt() {
    owner.store(UInt(pthread_self()), ordering: .sequentiallyConsistent)
  }

  func close() {
    guard isOpen else { return }
    let code = sqlite3_close_v2(database)
    precondition(code == SQLITE_OK, "sqlite3_close_v2 fails only for a wrong pointer")
    pointer = nil
  }

  /// Lets a running statement end itself once `deadline` is past.
  func watchDeadline() {
    let context = Unmanaged.passUnretained(self).toOpaque()
    let instructionsBetweenLooks: Int32 = 20_000
    sqlite3_progress_handler(
      database, instructionsBetweenLooks,
      { raw in
        guard let raw else { return 0 }
        let handle = Unmanaged<SQLiteHandle>.fromOpaque(raw).takeUnretainedValue()
        return handle.deadline.isPast ? 1 : 0
      }, context)
  }

  /// What a result code means; remembers a fatal one.
  func error(_ code: Int32, _ sql: String) -> StorageError {
    let meaning = meaning(of: code, sql)
    if meaning.isFatal, fatal == nil { fatal = meaning }
    return meaning
  }

  /// - Note: Source: sqlite.org/rescode.html.
  private func meaning(of code: Int32, _ sql: String) -> StorageError {
    let message = String(cString: sqlite3_errmsg(database))
    switch code & 0xFF {
    case SQLITE_CONSTRAINT: return .constraint(constraint(of: code), detail: message)
    case SQLITE_BUSY, SQLITE_LOCKED: return .busy(path: path)
    case SQLITE_FULL: return .full(path: path)
    case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(path: path, detail: message)
    case SQLITE_INTERRUPT: return .deadlinePassed
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_NOMEM, SQLITE_PERM, SQLITE_PROTOCOL:
      let number = sqlite3_system_errno(database)
      if number == ENOSPC || number == EDQUOT { return .full(path: path) }
      let cause = number == 0 ? "" : ": \(systemMessage(number))"
      return .failed(path: path, reason: "\(message) (SQLite code \(code))\(cause)")
    default: return .invalidStatement(sql: sql, reason: "\(message) (SQLite code \(code))")
    }
  }

  private func constraint(of code: Int32) -> StorageError.Constraint {
    let rowid: Int32 = 2579  // The macros are expressions that Swift does not import.
    switch code {
    case 2067, 1555, rowid: return .unique
    case 787: return .foreignKey
    case 275: return .check
    case 1299: return .notNull
    default: return .other
    }
  }
}

/// The operating system's text for an `errno`.
func systemMessage(_ number: Int32) -> String {
  String(cString: strerror(number))
}
