public import Kit

/// What an operator may set beside what all services have in common.
public enum PoolSettings {
  public static let salesInMemory = Setting<Int>.integer(
    "ONEPOOL_POOL_SALES_IN_MEMORY", "sales beyond which those on disk leave memory",
    default: 500_000, in: 1_000...100_000_000)
  public static let auditPause = Setting<Duration>.seconds(
    "ONEPOOL_POOL_AUDIT_SECONDS", "pause between two proofs of the ledger in the background",
    default: 3600, in: 1...2_592_000)
}
