internal import RPCCore
internal import StorageCore

/// A row of the store's tables that is not the one that was written.
struct DamagedRecord: Error, Hashable, CustomStringConvertible {
  var table: String
  /// The row's key, column by column.
  var key: String

  var description: String {
    "the row (\(key)) of the table \(table) is damaged: it is not the one that was written"
  }
}

extension DamagedRecord: RPCErrorConvertible {
  var rpcError: RPCError {
    RPCError(
      .dataLoss, "STORE_DAMAGED", "\(self); \(BadRow.remedy).", ["table": table, "key": key])
  }
}
