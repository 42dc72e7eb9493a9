/// Bounds of every store.
public enum StorageLimits {
  /// Writes that may wait for the writer; more are refused with `StorageError.queueFull`.
  public static let queuedWrites = 16_384
  /// Reads that may wait for a reader.
  public static let queuedReads = 16_384
  /// Callers whose writes share one commit.
  public static let writesInBatch = 512
  /// Prepared statements kept by one connection.
  public static let cachedStatements = 256
  /// How long a statement waits for a lock that a foreign tool holds, in milliseconds.
  public static let busyMilliseconds: Int32 = 5_000
  /// A page of a store, in bytes.
  public static let pageBytes: Int64 = 4_096
  /// Stores up to this size are checked page by page when they are opened, in bytes.
  public static let checkedAtOpenBytes: Int64 = 256 << 20
  /// The first and the longest pause before an unhealthy store tries again.
  public static let firstRecovery = Duration.milliseconds(500)
  public static let lastRecovery = Duration.seconds(15)
  /// How long a store must have been well for the pauses to begin anew.
  public static let steadyHealth = Duration.seconds(60)
  /// What a trial writes to find out whether a batch has room, in bytes, and the pages that may wait in memory
  /// meanwhile.
  public static let trialBytes = 256 << 10
  public static let trialCachePages = 8
  /// Bytes of a log that are copied at once; SQLite's own files take 128 KiB at most (os_unix.c, seekAndWriteFd).
  public static let logCopyBytes = 64 << 10
  /// Pages that a connection keeps in memory, in KiB, unless its service says otherwise.
  public static let cacheKibibytes = 16_384
  /// Expired request records that one `once` tidies away.
  public static let requestsPrunedAtOnce = 16
  /// How long the answer to a request ID is kept.
  public static let requestsKept = Duration.seconds(24 * 3600)
}
