public import StorageCore

extension SQLiteConnection {
  /// Tries whether the store takes writes: first as much as a batch, which is undone, then a row, which stays.
  ///
  /// The row alone would prove too little on a full disk. Its page may go where an earlier write has left room in
  /// the log, and the next batch fails. So the first part changes more pages than the cache may hold; SQLite then
  /// writes them to the log before the transaction ends, and the log keeps their room when it is undone: the next
  /// batch needs none from the disk. The bytes are random, so that no file system leaves them out.
  ///
  /// - Note: Source: sqlite.org/pragma.html, cache_size and cache_spill.
  public func tryWriting() throws(StorageError) {
    try execute(script: "PRAGMA cache_size = \(StorageLimits.trialCachePages)")
    try begin()
    do throws(StorageError) {
      try execute(
        "CREATE TABLE room AS SELECT randomblob(\(StorageLimits.trialBytes)) AS body")
    } catch {
      rollback()
      throw error
    }
    rollback()
    try setCache(kibibytes: cacheKibibytes)
    try begin()
    do throws(StorageError) {
      try execute(
        "INSERT INTO trial (id, count) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET count = count + 1"
      )
      try commit()
    } catch {
      rollback()
      throw error
    }
  }
}
