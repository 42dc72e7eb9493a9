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
    let (file, methods) = try log()
    guard let read = methods.xRead, let write = methods.xWrite, let sync = methods.xSync else {
      throw .failed(path: path, reason: "the log cannot be written")
    }
    let byteCount = try byteCount(of: file, methods)
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

  /// Looks whether the log is damaged in front of what was on disk, before anything is written over it.
  ///
  /// - Throws: `StorageError.corrupt` when SQLite has passed over transactions that somebody was told of.
  func checkLog() throws(StorageError) {
    try begin()
    defer { rollback() }
    let (file, methods) = try log()
    guard let read = methods.xRead else { throw .failed(path: path, reason: "no log can be read") }
    let byteCount = try byteCount(of: file, methods)
    guard byteCount > LogScan.headerBytes else { return }
    let header = UnsafeMutableRawBufferPointer.allocate(
      byteCount: LogScan.headerBytes, alignment: 16)
    defer { header.deallocate() }
    try check(read(file, header.baseAddress, Int32(header.count), 0))
    // A log that was to begin anew may have been torn there: all of the older one is in the store then.
    guard var scan = LogScan(header: UnsafeRawBufferPointer(header)) else { return }
    let frame = UnsafeMutableRawBufferPointer.allocate(byteCount: scan.frameBytes, alignment: 16)
    defer { frame.deallocate() }
    var offset = Int64(header.count)
    while offset + Int64(frame.count) <= byteCount, !scan.isCutOff {
      try check(read(file, frame.baseAddress, Int32(frame.count), offset))
      scan.add(UnsafeRawBufferPointer(frame))
      offset += Int64(frame.count)
    }
    guard scan.isCutOff else { return }
    throw .corrupt(
      path: path,
      detail: "frame \(scan.badFrame ?? 0) of its log is not what was written, and what was "
        + "committed behind it cannot be read")
  }

  private func log() throws(StorageError) -> (
    UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods
  ) {
    var file: UnsafeMutablePointer<sqlite3_file>?
    let code = sqlite3_file_control(handle.database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
    guard code == SQLITE_OK, let file, let methods = file.pointee.pMethods?.pointee else {
      throw .failed(path: path, reason: "the log cannot be reached (SQLite code \(code))")
    }
    return (file, methods)
  }

  private func byteCount(
    of file: UnsafeMutablePointer<sqlite3_file>, _ methods: sqlite3_io_methods
  ) throws(StorageError) -> Int64 {
    guard let size = methods.xFileSize else { return 0 }
    var byteCount: Int64 = 0
    try check(size(file, &byteCount))
    return byteCount
  }

  private func check(_ code: Int32) throws(StorageError) {
    guard code != SQLITE_OK else { return }
    if code & 0xFF == SQLITE_FULL { throw .full(path: path) }
    throw .failed(
      path: path, reason: "the log cannot be read and written again (SQLite code \(code))")
  }
}
