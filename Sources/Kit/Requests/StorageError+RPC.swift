public import RPCCore
public import StorageCore

extension StorageError: RPCErrorConvertible {
  /// What a caller may know. Paths and SQL stay here; those that are ours to mend are INTERNAL or
  /// UNAVAILABLE, and whoever serves logs them.
  public var rpcError: RPCError {
    switch self {
    case .requestIDReused(let id):
      RPCError(
        .invalidArgument, "REQUEST_ID_REUSED",
        "The request ID \(id) was used for another request; use a new one.", ["requestId": id])
    case .deadlinePassed:
      RPCError(
        .deadlineExceeded, "DEADLINE_PASSED",
        "The deadline passed before the store came to the request.")
    case .queueFull:
      RPCError(
        .resourceExhausted, "STORE_BUSY", "Too many requests wait for the store; try again.",
        retryAfter: .milliseconds(200))
    case .unhealthy, .full, .failed, .corrupt:
      RPCError(
        .unavailable, "STORE_UNAVAILABLE", "The store takes no writes now; try again later.",
        retryAfter: .seconds(1))
    case .busy:
      RPCError(
        .unavailable, "STORE_UNAVAILABLE", "The store is locked by another program; try again.",
        retryAfter: .seconds(1))
    case .closed:
      RPCError(.unavailable, "STORE_UNAVAILABLE", "The service is shutting down; try again.")
    case .inUse, .cannotOpen, .newer, .changedMigration, .failedMigration:
      RPCError(.unavailable, "STORE_UNAVAILABLE", "The store is not open.")
    case .constraint, .invalidStatement:
      RPCError(.internalError, "STORE_FAULT", "The store refused a statement of the service's own.")
    }
  }
}
