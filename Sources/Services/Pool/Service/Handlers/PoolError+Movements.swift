internal import PoolDomain
internal import RPCCore

extension PoolError {
  static func tooManyMovements(of count: Int) -> RPCError {
    RPCError(
      .failedPrecondition, "TOO_MANY_MOVEMENTS",
      """
      It comes to \(count) movements with bundles taken apart and one for each location and lot; \
      \(Limits.movements) are allowed. Name fewer lines at a time.
      """, ["movementCount": "\(count)", "movementLimit": "\(Limits.movements)"])
  }
}
