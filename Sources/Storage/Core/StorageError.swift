/// What can go wrong with a store.
public enum StorageError: Error, Hashable, Sendable {
  /// Another process owns the store.
  case inUse(path: String, owner: String)
  /// The file cannot be made or opened: rights, a missing disk.
  case cannotOpen(path: String, reason: String)
  /// The file is not a store or is damaged.
  case corrupt(path: String, detail: String)
  /// The store knows migrations that this program does not.
  case newer(path: String, number: Int, known: Int)
  /// A migration that was applied reads differently in this program.
  case changedMigration(path: String, number: Int, name: String)
  case failedMigration(path: String, number: Int, name: String, reason: String)
  /// No room left on the disk.
  case full(path: String)
  /// The operating system failed a read or write.
  case failed(path: String, reason: String)
  /// The store takes no writes until it has recovered.
  case unhealthy(path: String, reason: String)
  /// A foreign tool holds the store's lock for longer than we wait.
  case busy(path: String)
  case constraint(Constraint, detail: String)
  /// The SQL is wrong, or its values do not fit: our mistake.
  case invalidStatement(sql: String, reason: String)
  case requestIDReused(String)
  case deadlinePassed
  case queueFull
  case closed

  /// The kind of rule that a row broke.
  public enum Constraint: String, Hashable, Sendable {
    case unique, foreignKey, check, notNull, other
  }

  /// Whether the store itself is in doubt, not just this statement.
  public var isFatal: Bool {
    switch self {
    case .corrupt, .full, .failed: true
    case .inUse, .cannotOpen, .newer, .changedMigration, .failedMigration, .unhealthy, .busy,
      .constraint, .invalidStatement, .requestIDReused, .deadlinePassed, .queueFull, .closed:
      false
    }
  }
}

extension StorageError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .inUse(let path, let owner):
      "the store \(path) is in use by another process" + (owner.isEmpty ? "" : " (\(owner))")
    case .cannotOpen(let path, let reason): "the store \(path) cannot be opened: \(reason)"
    case .corrupt(let path, let detail): "the store \(path) is damaged: \(detail)"
    case .newer(let path, let number, let known):
      "the store \(path) was written by a newer version: it has migration \(number), "
        + "and this program knows migrations up to \(known)"
    case .changedMigration(let path, let number, let name):
      "the store \(path) had migration \(number) (\(name)) applied with other SQL than this program has"
    case .failedMigration(let path, let number, let name, let reason):
      "migration \(number) (\(name)) of the store \(path) failed: \(reason)"
    case .full(let path): "no room is left on the disk of the store \(path)"
    case .failed(let path, let reason): "the store \(path) cannot be read or written: \(reason)"
    case .unhealthy(let path, let reason): "the store \(path) takes no writes: \(reason)"
    case .busy(let path): "the store \(path) is locked by another program"
    case .constraint(let kind, let detail): "a \(kind.rawValue) rule refused the row: \(detail)"
    case .invalidStatement(let sql, let reason): "wrong statement: \(reason) in: \(sql)"
    case .requestIDReused(let id): "the request ID \(id) was used for another request"
    case .deadlinePassed: "the deadline passed before the store came to it"
    case .queueFull: "too many requests wait for the store"
    case .closed: "the store is closed"
    }
  }
}
