internal import CSQLite
internal import StorageCore

extension SQLiteConnection {
  /// Writes the log's own bytes over it once more and syncs it, before anything is built upon them.
  ///
  /// Where a sync has failed, Linux takes the pages for clean: they are in memory and not on disk, and no later sync puts
  /// them there. A process that begins finds whole transactions in such a log, adds its own behind them, and a power cut
  /// would then leave a hole in front of what was acknowledged. What was written once more is dirty, and is synced.
  ///
  /// - Note: Source: Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
  func rewriteLog() throws(StorageError) {
    // So that nobody else appends meanwhile, or begins the log anew.
    try begin()
    defer { rollback() }
    var file: UnsafeMutablePointer<sqlite3_file>?
    let code = sqlite3_file_control(handle.database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
    guard code == SQLITE_OK, let file, let methods = file.pointee.pMethods?.pointee,
      let size = methods.xFileSize, let read = methods.xRead, let write = methods.xWrite,
      let sync = methods.xSync
    else { throw .failed(path: path, reason: "the log cannot be reached (SQLite code \(code))") }
    var byteCount: Int64 = 0
    try check(size(file, &byteCount))
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: StorageLimits.logCopyBytes, alignment: 16)
    defer { buffer.deallocate() }
    var offset: Int64 = 0
    while offset < byteCount {
      let count = Int32(min(Int64(buffer.count), byteCount - offset))
      try check(read(file, buffer.baseAddress, count, offset))
      try check(write(file, buffer.baseAddress, count, offset))
      offset += Int64(count)
    }
    if byteCount > 0 { try check(sync(file, SQLITE_SYNC_NORMAL)) }
  }

  private func check(_ code: Int32) throws(StorageError) {
    guard code != SQLITE_OK else { return }
    if code & 0xFF == SQLITE_FULL { throw .full(path: path) }
    throw .failed(path: path, reason: "the log cannot be written again (SQLite code \(code))")
  }
}
