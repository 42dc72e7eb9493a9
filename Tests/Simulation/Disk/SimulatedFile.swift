import CSQLite
import Primitives

/// A file in memory that knows which of its bytes a power cut would leave.
///
/// Writes go to `bytes`, which is what readers see, and wait in `unsynced`. A sync makes them durable; a power cut takes
/// them up sector by sector, or not.
final class SimulatedFile {
  private enum Change {
    case write(at: Int, [UInt8])
    case truncate(to: Int)
  }

  static let sectorBytes = 512

  private(set) var bytes: [UInt8] = []
  private var durable: [UInt8] = []
  private var unsynced: [Change] = []
  /// Whether a power cut leaves the file's name.
  var hasDurableName = false

  /// Who has it open, for the locks between them.
  var handles: [ObjectIdentifier: OpenFile] = [:]
  var sharedMemory: SharedMemory?

  func read(_ count: Int, at offset: Int) -> ArraySlice<UInt8> {
    guard offset < bytes.count else { return [] }
    return bytes[offset..<min(bytes.count, offset + count)]
  }

  func write(_ new: [UInt8], at offset: Int) {
    Self.apply(.write(at: offset, new), to: &bytes)
    unsynced.append(.write(at: offset, new))
  }

  func truncate(to count: Int) {
    guard count < bytes.count else { return }
    Self.apply(.truncate(to: count), to: &bytes)
    unsynced.append(.truncate(to: count))
  }

  func sync() {
    for change in unsynced { Self.apply(change, to: &durable) }
    unsynced.removeAll()
    hasDurableName = true
  }

  /// What Linux does when a page cannot be written back: it is clean all the same, so that the next sync says that all is
  /// well. Readers see the new bytes until the power goes.
  ///
  /// - Note: Source: Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
  func forgetUnsynced() {
    unsynced.removeAll()
  }

  /// The power goes: of what was not synced, some sectors are there.
  func losePower(_ random: inout SeededRandom) {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: break
    case 1: for change in unsynced { Self.apply(change, to: &durable) }
    case 2:
      let kept = Int.random(in: 0...unsynced.count, using: &random)
      for change in unsynced.prefix(kept) { Self.apply(change, to: &durable) }
    default: for change in unsynced { tear(change, &random) }
    }
    unsynced.removeAll()
    bytes = durable
    hasDurableName = true
    handles.removeAll()
    sharedMemory = nil
  }

  /// The process dies and the machine does not: what was written is there, synced or not.
  func loseProcess() {
    handles.removeAll()
    sharedMemory = nil
  }

  /// Turns one bit over, where it lies and for good.
  func rot(byte: Int, bit: UInt8) {
    bytes[byte] ^= 1 << bit
    durable[byte] ^= 1 << bit
  }

  private func tear(_ change: Change, _ random: inout SeededRandom) {
    guard case .write(let offset, let new) = change else {
      if Bool.random(using: &random) { Self.apply(change, to: &durable) }
      return
    }
    var start = 0
    while start < new.count {
      let left = Self.sectorBytes - (offset + start) % Self.sectorBytes
      let end = min(new.count, start + left)
      if Bool.random(using: &random) {
        Self.apply(.write(at: offset + start, Array(new[start..<end])), to: &durable)
      }
      start = end
    }
  }

  private static func apply(_ change: Change, to bytes: inout [UInt8]) {
    switch change {
    case .truncate(let count):
      if count < bytes.count { bytes.removeLast(bytes.count - count) }
    case .write(let offset, let new):
      let end = offset + new.count
      if end > bytes.count { bytes.append(contentsOf: repeatElement(0, count: end - bytes.count)) }
      bytes.replaceSubrange(offset..<end, with: new)
    }
  }
}

/// A file as one connection has it open.
final class OpenFile {
  let disk: SimulatedDisk
  let file: SimulatedFile
  let name: String
  /// The machine's life in which it was opened: it is good for nothing in the next.
  let life: Int
  /// SQLITE_LOCK_NONE, SHARED, RESERVED, PENDING or EXCLUSIVE.
  var lock = SQLITE_LOCK_NONE
  /// Kept as long as it is mapped, even when the machine is gone.
  var sharedMemory: SharedMemory?
  var shared: Set<Int> = []
  var exclusive: Set<Int> = []

  init(_ file: SimulatedFile, _ name: String, on disk: SimulatedDisk) {
    self.disk = disk
    self.file = file
    self.name = name
    life = disk.life
    file.handles[ObjectIdentifier(self)] = self
  }

  private var others: some Sequence<OpenFile> {
    file.handles.values.lazy.filter { $0 !== self }
  }

  /// - Note: Source: sqlite.org/lockingv3.html.
  func raise(to level: Int32) -> Int32 {
    guard level > lock else { return SQLITE_OK }
    switch level {
    case SQLITE_LOCK_SHARED:
      if others.contains(where: { $0.lock >= SQLITE_LOCK_PENDING }) { return SQLITE_BUSY }
    case SQLITE_LOCK_RESERVED:
      if others.contains(where: { $0.lock >= SQLITE_LOCK_RESERVED }) { return SQLITE_BUSY }
    default:
      if others.contains(where: { $0.lock >= SQLITE_LOCK_RESERVED }) { return SQLITE_BUSY }
      if others.contains(where: { $0.lock >= SQLITE_LOCK_SHARED }) {
        lock = SQLITE_LOCK_PENDING
        return SQLITE_BUSY
      }
    }
    lock = level
    return SQLITE_OK
  }

  var someoneReserves: Bool { file.handles.values.contains { $0.lock >= SQLITE_LOCK_RESERVED } }

  /// The locks of the log's index.
  ///
  /// - Note: Source: sqlite.org/walformat.html, 2.3.
  func lockShared(_ places: Range<Int>, _ flags: Int32) -> Int32 {
    if flags & SQLITE_SHM_UNLOCK != 0 {
      shared.subtract(places)
      exclusive.subtract(places)
      return SQLITE_OK
    }
    let isExclusive = flags & SQLITE_SHM_EXCLUSIVE != 0
    let isTaken = others.contains { other in
      places.contains { other.exclusive.contains($0) || (isExclusive && other.shared.contains($0)) }
    }
    if isTaken { return SQLITE_BUSY }
    if isExclusive { exclusive.formUnion(places) } else { shared.formUnion(places) }
    return SQLITE_OK
  }

  func map(_ region: Int, bytes: Int, extends: Bool) -> UnsafeMutableRawPointer? {
    let memory = sharedMemory ?? file.sharedMemory ?? SharedMemory()
    file.sharedMemory = memory
    sharedMemory = memory
    return memory.region(region, bytes: bytes, extends: extends)
  }

  func unmap() {
    shared = []
    exclusive = []
    sharedMemory = nil
    // As with files: who opens it next makes the index anew from the log.
    if !others.contains(where: { $0.sharedMemory != nil }) { file.sharedMemory = nil }
  }

  func close() {
    file.handles[ObjectIdentifier(self)] = nil
  }
}

/// The index of a write-ahead log, which the connections of one process share.
final class SharedMemory {
  private var regions: [UnsafeMutableRawPointer] = []

  func region(_ number: Int, bytes: Int, extends: Bool) -> UnsafeMutableRawPointer? {
    while regions.count <= number {
      guard extends else { return nil }
      let region = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
      region.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      regions.append(region)
    }
    return regions[number]
  }

  deinit {
    for region in regions { region.deallocate() }
  }
}
