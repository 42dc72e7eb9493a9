internal import CSQLite
internal import Glibc
public import StorageCore

extension SQLiteConnection {
  /// Opens the store at `path`; an owner makes the folder and the file where there are none, and
  /// looks for damage.
  public static func open(_ path: String, as role: Role) throws(StorageError) -> SQLiteConnection {
    guard role == .owner else { return try open(path, as: role, lock: nil) }
    try makeFolder(of: path)
    return try open(path, as: role, lock: StoreLock(of: path))
  }

  /// Opens a store whose lock outlives the connection, which may be opened again after an error.
  ///
  /// - Parameter isSynced: each commit was synced, so that what is missing in the log is damage.
  static func openOwned(
    _ path: String, isSynced: Bool
  ) throws(StorageError) -> (SQLiteConnection, StoreLock) {
    try makeFolder(of: path)
    let lock = try StoreLock(of: path)
    return (try open(path, as: .owner, lock: nil, isSynced: isSynced), lock)
  }

  private static func open(
    _ path: String, as role: Role, lock: StoreLock?, isSynced: Bool = true
  ) throws(StorageError) -> SQLiteConnection {
    let create = role == .reader ? 0 : SQLITE_OPEN_CREATE
    let handle = try SQLiteHandle(opening: path, flags: SQLITE_OPEN_READWRITE | create)
    let connection = SQLiteConnection(handle: handle, lock: lock)
    do throws(StorageError) {
      try connection.configure(role)
      if role == .owner, isSynced { try connection.checkLog() }
      if role == .owner { try connection.takeOver() }
    } catch {
      connection.close()
      throw openingError(error, path)
    }
    return connection
  }

  /// A store that cannot be opened is the operator's to mend: say what the system said.
  private static func openingError(_ error: StorageError, _ path: String) -> StorageError {
    if case .failed(_, let reason) = error { return .cannotOpen(path: path, reason: reason) }
    return error
  }

  /// - Note: Source: sqlite.org/pragma.html. No `mmap_size`: a failing disk would then be a SIGBUS.
  private func configure(_ role: Role) throws(StorageError) {
    if role != .reader {
      try execute(script: "PRAGMA page_size = \(StorageLimits.pageBytes)")
      let mode = try pragma("journal_mode = WAL")
      guard mode == "wal" else {
        throw .cannotOpen(path: path, reason: "the journal mode is \(mode) and cannot be WAL")
      }
    }
    try execute(
      script: """
        PRAGMA synchronous = FULL;
        PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA trusted_schema = OFF;
        PRAGMA cell_size_check = ON;
        PRAGMA wal_autocheckpoint = 1000;
        PRAGMA journal_size_limit = 67108864;
        """)
    try setCache(kibibytes: StorageLimits.cacheKibibytes)
    if role == .reader { try execute(script: "PRAGMA query_only = ON") }
    _ = try pragma("schema_version")
  }

  /// How much of the store the connection keeps in memory.
  func setCache(kibibytes: Int) throws(StorageError) {
    try execute(script: "PRAGMA cache_size = \(-kibibytes)")
    cacheKibibytes = kibibytes
  }

  /// What an owner does before it trusts what another process, or a failure, has left.
  func takeOver(isSuspect: Bool = false) throws(StorageError) {
    try rewriteLog()
    try lookForDamage(isSuspect: isSuspect)
  }

  /// Checks a store that is small enough for it; a large one shows its damage when a page is read.
  ///
  /// - Parameter isSuspect: damage was met, so that a large one is checked, too.
  private func lookForDamage(isSuspect: Bool) throws(StorageError) {
    let pageCount = Int64(try pragma("page_count")) ?? 0
    guard isSuspect || pageCount * StorageLimits.pageBytes <= StorageLimits.checkedAtOpenBytes
    else { return }
    let verdict = try pragma("quick_check(1)")
    try shrink()
    guard verdict == "ok" else {
      throw .corrupt(path: path, detail: try verdictOfTable() ?? verdict)
    }
  }

  /// The first table that is damaged, with what is wrong with it; nil when none is, but what is between them.
  private func verdictOfTable() throws(StorageError) -> String? {
    for name in try schemaNames(ofType: "table").sorted() {
      let verdict = try pragma("quick_check('\(name)')")
      if verdict != "ok" { return "the table \(name): \(verdict)" }
    }
    return nil
  }

  /// Gives back the memory of pages that were read once, for a check or for loading, and are not needed again.
  public func shrink() throws(StorageError) {
    try execute(script: "PRAGMA shrink_memory")
  }

  private func pragma(_ text: String) throws(StorageError) -> String {
    let statement = try prepare("PRAGMA \(text)")
    defer { statement.reset() }
    return try statement.step() ? statement.text(0) : ""
  }

  private static func makeFolder(of path: String) throws(StorageError) {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
      made += made.isEmpty && !path.hasPrefix("/") ? "\(part)" : "/\(part)"
      if part.isEmpty { made = made == "/" ? "" : made }
      guard !made.isEmpty else { continue }
      guard mkdir(made, 0o750) == 0 || errno == EEXIST else {
        throw .cannotOpen(path: path, reason: "the folder \(made): \(systemMessage(errno))")
      }
    }
  }
}
