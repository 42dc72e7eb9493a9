internal import RPCCore
internal import StorageCore

/// A row of the store that is not the one that was written, or is not there.
protocol StoreDamage: Error, CustomStringConvertible {}

/// One of the tables beside the ledger.
struct DamagedRecord: StoreDamage, Hashable {
  static let changed = "is damaged: it is not the one that was written"

  var table: String
  /// The row's key, column by column.
  var key: String
  var problem = Self.changed

  var description: String { "the row (\(key)) of the table \(table) \(problem)" }
}

extension DamagedRecord: RPCErrorConvertible {
  var rpcError: RPCError {
    RPCError(
      .dataLoss, "STORE_DAMAGED", "\(self); \(BadRow.remedy).", ["table": table, "key": key])
  }
}

extension StorageError {
  /// What stops a start: damage with what an operator does about it.
  init(atStart error: StorageError) {
    guard case .corrupt(let path, let detail) = error else {
      self = error
      return
    }
    self = .corrupt(path: path, detail: "\(detail); \(BadRow.remedy)")
  }
}
