import CSQLite
import Glibc
import Synchronization

/// A virtual file system that SQLite calls instead of the system's, for one disk (sqlite.org/c3ref/vfs.html).
final class SimulatedVFS {
  let name: String
  private let pointer: UnsafeMutablePointer<sqlite3_vfs>
  private let nameBytes: UnsafeMutablePointer<CChar>
  private static let number = Atomic(0)

  init() {
    name = "simulated-\(Self.number.add(1, ordering: .relaxed).newValue)"
    nameBytes = strdup(name)
    pointer = .allocate(capacity: 1)
    var functions = sqlite3_vfs()
    functions.iVersion = 2
    functions.szOsFile = Int32(MemoryLayout<FileCell>.size)
    functions.mxPathname = 512
    functions.zName = UnsafePointer(nameBytes)
    functions.xOpen = { vfs, name, file, flags, outFlags in
      open(vfs, name, file, flags, outFlags)
    }
    functions.xDelete = { vfs, name, syncsFolder in
      disk(of: vfs).delete(text(name), isSynced: syncsFolder != 0)
    }
    functions.xAccess = { vfs, name, _, result in
      result?.pointee = disk(of: vfs).exists(text(name)) ? 1 : 0
      return SQLITE_OK
    }
    functions.xFullPathname = { _, name, count, result in
      guard let name, let result, strlen(name) < Int(count) else { return SQLITE_CANTOPEN }
      strcpy(result, name)
      return SQLITE_OK
    }
    functions.xRandomness = { vfs, count, result in
      disk(of: vfs).fillRandom(UnsafeMutableRawBufferPointer(start: result, count: Int(count)))
      return count
    }
    // Nobody else runs meanwhile, so that there is nothing to wait for.
    functions.xSleep = { _, _ in 0 }
    functions.xCurrentTime = { _, result in
      result?.pointee = 2_460_000.5
      return SQLITE_OK
    }
    functions.xCurrentTimeInt64 = { _, result in
      result?.pointee = 212_544_043_200_000
      return SQLITE_OK
    }
    functions.xGetLastError = { vfs, _, _ in disk(of: vfs).lastError }
    pointer.initialize(to: functions)
  }

  func attach(_ disk: SimulatedDisk) {
    // The disk outlives its VFS, which it removes.
    pointer.pointee.pAppData = Unmanaged.passUnretained(disk).toOpaque()
    let code = sqlite3_vfs_register(pointer, 0)
    precondition(code == SQLITE_OK, "a VFS can be registered")
  }

  func remove() {
    sqlite3_vfs_unregister(pointer)
    pointer.deallocate()
    free(nameBytes)
  }
}

/// What SQLite keeps for an open file: its own part, then ours.
private struct FileCell {
  var base: sqlite3_file
  var open: UnsafeMutableRawPointer?
}

private func disk(of vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> SimulatedDisk {
  guard let data = vfs?.pointee.pAppData else { preconditionFailure("a VFS has its disk") }
  return Unmanaged<SimulatedDisk>.fromOpaque(data).takeUnretainedValue()
}

private func text(_ characters: UnsafePointer<CChar>?) -> String {
  characters.map { String(cString: $0) } ?? ""
}

private func cell(
  _ file: UnsafeMutablePointer<sqlite3_file>
) -> UnsafeMutablePointer<FileCell> {
  UnsafeMutableRawPointer(file).assumingMemoryBound(to: FileCell.self)
}

private func opened(_ file: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile {
  guard let file, let raw = cell(file).pointee.open else { preconditionFailure("it is open") }
  return Unmanaged<OpenFile>.fromOpaque(raw).takeUnretainedValue()
}

private func open(
  _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?,
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
  _ outFlags: UnsafeMutablePointer<Int32>?
) -> Int32 {
  guard let file else { return SQLITE_MISUSE }
  file.pointee.pMethods = nil
  let (made, code) = disk(of: vfs).open(
    name.map { String(cString: $0) }, creates: flags & SQLITE_OPEN_CREATE != 0)
  guard let made else { return code }
  cell(file).pointee.open = Unmanaged.passRetained(made).toOpaque()
  file.pointee.pMethods = UnsafePointer(methods)
  outFlags?.pointee = flags
  return SQLITE_OK
}

private func close(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
  guard let file, let raw = cell(file).pointee.open else { return SQLITE_OK }
  Unmanaged<OpenFile>.fromOpaque(raw).takeRetainedValue().close()
  cell(file).pointee.open = nil
  file.pointee.pMethods = nil
  return SQLITE_OK
}

private func read(
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ target: UnsafeMutableRawPointer?, _ count: Int32,
  _ offset: Int64
) -> Int32 {
  let open = opened(file)
  let (bytes, code) = open.disk.read(open, Int(count), at: Int(offset))
  guard let target, code == SQLITE_OK || code == DiskError.shortRead else { return code }
  bytes.withUnsafeBytes { source in
    if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
  }
  // SQLite wants the rest to be zero.
  memset(target + bytes.count, 0, Int(count) - bytes.count)
  return code
}

private func write(
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ source: UnsafeRawPointer?, _ count: Int32,
  _ offset: Int64
) -> Int32 {
  let open = opened(file)
  let bytes = [UInt8](UnsafeRawBufferPointer(start: source, count: Int(count)))
  return open.disk.write(open, bytes, at: Int(offset))
}

/// The functions of every open file. `nonisolated(unsafe)`: written once, before anybody reads it.
private nonisolated(unsafe) let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
  var functions = sqlite3_io_methods()
  // 2: shared memory, and no mapped files.
  functions.iVersion = 2
  functions.xClose = { close($0) }
  functions.xRead = { read($0, $1, $2, $3) }
  functions.xWrite = { write($0, $1, $2, $3) }
  functions.xTruncate = { opened($0).disk.truncate(opened($0), to: Int($1)) }
  functions.xSync = { file, _ in opened(file).disk.sync(opened(file)) }
  functions.xFileSize = { file, result in
    result?.pointee = Int64(opened(file).file.bytes.count)
    return SQLITE_OK
  }
  functions.xLock = { opened($0).raise(to: $1) }
  functions.xUnlock = { file, level in
    opened(file).lock = level
    return SQLITE_OK
  }
  functions.xCheckReservedLock = { file, result in
    result?.pointee = opened(file).someoneReserves ? 1 : 0
    return SQLITE_OK
  }
  functions.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
  functions.xSectorSize = { _ in 4096 }
  // What the system's VFS says on Linux, too.
  functions.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
  functions.xShmMap = { file, region, bytes, extends, result in
    let found = opened(file).map(Int(region), bytes: Int(bytes), extends: extends != 0)
    result?.pointee = found
    return SQLITE_OK
  }
  functions.xShmLock = { file, first, count, flags in
    opened(file).lockShared(Int(first)..<Int(first + count), flags)
  }
  functions.xShmBarrier = { _ in }
  functions.xShmUnmap = { file, _ in
    opened(file).unmap()
    return SQLITE_OK
  }
  let pointer = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
  pointer.initialize(to: functions)
  return pointer
}()
