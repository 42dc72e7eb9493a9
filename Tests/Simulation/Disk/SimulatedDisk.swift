import CSQLite
import Glibc
import Primitives

/// A disk in memory that fails by seed: what SQLite reads and writes in the simulation.
///
/// Each connection to `uri` uses it through a VFS of its own (sqlite.org/vfs.html). All of it runs on one thread.
final class SimulatedDisk {
  /// What goes wrong, each as one of so many operations; 0 for never.
  struct Faults: Equatable {
    var read = 0
    var write = 0
    var sync = 0
    var open = 0
    /// Whether a sync that failed leaves its pages clean, as Linux does.
    var failedSyncForgets = false
    /// Whether files can grow.
    var isFull = false
    /// A sync says that it is done, and has done nothing.
    var syncLies = false

    static let none = Faults()
  }

  enum Ending { case powerLost, killed }

  enum Operation: String {
    case open, write, truncate, sync, delete
  }

  let trace: Trace
  /// What is always wrong with it.
  var baseFaults = Faults.none { didSet { faults = baseFaults } }
  var faults = Faults.none
  /// The number of the operation at which the power goes.
  var powerFailsAt: Int?
  /// Since the beginning, those that change or sync something.
  private(set) var changeCount = 0
  /// Why nothing works, until `start`.
  private(set) var ending: Ending?
  private(set) var life = 0
  /// What the system said of the last failure, as `errno`.
  private(set) var lastError: Int32 = 0
  private(set) var files: [String: SimulatedFile] = [:]
  /// Deleted, and a power cut may bring them back.
  private var deleted: [String: SimulatedFile] = [:]
  private var random: SeededRandom
  private let system: SimulatedVFS

  init(seed: UInt64, trace: Trace) {
    random = SeededRandom(seed: seed)
    self.trace = trace
    system = SimulatedVFS()
    system.attach(self)
  }

  deinit {
    system.remove()
  }

  /// The store's name for SQLite.
  var uri: String { "file:/pool.db?vfs=\(system.name)" }

  // MARK: The machine

  /// The power goes, or the process. Who has files open can close them, and nothing else.
  func end(_ ending: Ending) {
    self.ending = ending
    trace.add("\(ending) after \(changeCount) changes")
  }

  /// The machine comes up again after a power cut, or another process after a kill.
  func start() {
    life += 1
    for name in files.keys.sorted() { recover(name) }
    if ending == .powerLost {
      for name in deleted.keys.sorted() where files[name] == nil && flip(2) {
        files[name] = deleted[name]
        recover(name)
      }
      deleted = [:]
    }
    ending = nil
    powerFailsAt = nil
  }

  private func recover(_ name: String) {
    guard let file = files[name] else { return }
    guard ending == .powerLost else { return file.loseProcess() }
    if file.hasDurableName || flip(2) {
      file.losePower(&random)
    } else {
      files[name] = nil
    }
  }

  /// What runs inside meets no fault, and leaves no trace.
  func undisturbed<T>(_ body: () throws -> T) rethrows -> T {
    let before = (faults, powerFailsAt, trace.isSilent)
    faults = baseFaults
    powerFailsAt = nil
    trace.isSilent = true
    defer { (faults, powerFailsAt, trace.isSilent) = before }
    return try body()
  }

  private func flip(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &random) == 0 }

  private func happens(_ oneOf: Int) -> Bool { oneOf > 0 && flip(oneOf) }

  private func fail(_ code: Int32, _ number: Int32 = EIO) -> Int32 {
    lastError = number
    return code
  }

  /// Counts what changes something; whether the power fails at it.
  private func counts(_ operation: Operation, _ name: String, _ detail: String = "") -> Bool {
    changeCount += 1
    trace.add("\(operation.rawValue) \(name) \(detail)", isDisk: true)
    guard let powerFailsAt, changeCount >= powerFailsAt else { return false }
    end(.powerLost)
    return true
  }

  // MARK: What SQLite asks for

  func open(_ name: String?, creates: Bool) -> (file: OpenFile?, code: Int32) {
    guard let name else { return (OpenFile(SimulatedFile(), "temporary", on: self), SQLITE_OK) }
    if ending != nil || happens(faults.open) { return (nil, fail(SQLITE_CANTOPEN)) }
    if files[name] == nil {
      guard creates else { return (nil, fail(SQLITE_CANTOPEN, ENOENT)) }
      if counts(.open, name) { return (nil, fail(SQLITE_CANTOPEN)) }
      if faults.isFull { return (nil, fail(SQLITE_CANTOPEN, ENOSPC)) }
    }
    let file = files[name] ?? SimulatedFile()
    files[name] = file
    return (OpenFile(file, name, on: self), SQLITE_OK)
  }

  func exists(_ name: String) -> Bool { ending == nil && files[name] != nil }

  func delete(_ name: String, isSynced: Bool) -> Int32 {
    guard ending == nil else { return fail(DiskError.delete) }
    guard let file = files[name] else { return fail(DiskError.noFile, ENOENT) }
    if counts(.delete, name) { return fail(DiskError.delete) }
    files[name] = nil
    deleted[name] = isSynced || !file.hasDurableName ? nil : file
    return SQLITE_OK
  }

  private func isUsable(_ open: OpenFile) -> Bool { ending == nil && open.life == life }

  func read(_ open: OpenFile, _ count: Int, at offset: Int) -> (
    bytes: ArraySlice<UInt8>, code: Int32
  ) {
    guard isUsable(open), !happens(faults.read) else { return ([], fail(DiskError.read)) }
    let bytes = open.file.read(count, at: offset)
    return (bytes, bytes.count < count ? DiskError.shortRead : SQLITE_OK)
  }

  func write(_ open: OpenFile, _ bytes: [UInt8], at offset: Int) -> Int32 {
    guard isUsable(open) else { return fail(DiskError.write) }
    if counts(.write, open.name, "\(offset) \(bytes.count)") {
      open.file.write(bytes, at: offset)
      return fail(DiskError.write)
    }
    if happens(faults.write) {
      // What fails half-way has written some of it.
      let done = Int.random(in: 0..<bytes.count, using: &random)
      open.file.write(Array(bytes.prefix(done)), at: offset)
      return fail(DiskError.write)
    }
    guard !faults.isFull || offset + bytes.count <= open.file.bytes.count else {
      return fail(SQLITE_FULL, ENOSPC)
    }
    open.file.write(bytes, at: offset)
    return SQLITE_OK
  }

  func truncate(_ open: OpenFile, to count: Int) -> Int32 {
    guard isUsable(open) else { return fail(DiskError.truncate) }
    let isLast = counts(.truncate, open.name, "\(count)")
    if !isLast, happens(faults.write) { return fail(DiskError.truncate) }
    open.file.truncate(to: count)
    return isLast ? fail(DiskError.truncate) : SQLITE_OK
  }

  func sync(_ open: OpenFile) -> Int32 {
    guard isUsable(open) else { return fail(DiskError.sync) }
    if counts(.sync, open.name) { return fail(DiskError.sync) }
    if happens(faults.sync) {
      if faults.failedSyncForgets { open.file.forgetUnsynced() }
      return fail(DiskError.sync)
    }
    guard !faults.syncLies else { return SQLITE_OK }
    // The first sync of a log is one of the folder, too (sqlite.org/src, os_unix.c, UNIXFILE_DIRSYNC).
    if open.name != "/pool.db", !open.file.hasDurableName {
      for file in files.values { file.hasDurableName = true }
      deleted = [:]
    }
    open.file.sync()
    return SQLITE_OK
  }

  func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) {
    for place in bytes.indices { bytes[place] = UInt8.random(in: 0...255, using: &random) }
  }
}

/// SQLite's extended result codes, whose macros Swift does not import (sqlite.org/rescode.html).
enum DiskError {
  static let read = SQLITE_IOERR | 1 << 8
  static let shortRead = SQLITE_IOERR | 2 << 8
  static let write = SQLITE_IOERR | 3 << 8
  static let sync = SQLITE_IOERR | 4 << 8
  static let truncate = SQLITE_IOERR | 6 << 8
  static let delete = SQLITE_IOERR | 10 << 8
  static let noFile = SQLITE_IOERR | 23 << 8
}
