/// Bytes on their way out: appended at the end, taken from the front.
///
/// What was taken is let go of as the queue goes on, whether or not it is ever empty: a reader that never quite
/// catches up costs no more memory than what it has not taken.
struct ByteQueue {
  /// Taken bytes are let go of in pieces of this size at least, so that each byte is moved once on average.
  private static let compactionBytes = 32 << 10

  private var bytes: [UInt8] = []
  private var start = 0
  private var hasLetGo = false
  /// Whether taken bytes are kept, so that they can be taken once more after `rewind`.
  private(set) var keepsTaken: Bool

  init(keepsTaken: Bool = false) {
    self.keepsTaken = keepsTaken
  }

  /// Bytes that were not taken yet.
  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }
  /// Bytes that were taken and are kept.
  var takenBytes: Int { start }
  /// What the queue holds on to, in bytes.
  var capacity: Int { bytes.capacity }

  /// Appends a message with its prefix.
  mutating func append(message: [UInt8], compressed: Bool = false) {
    MessageFraming.frame(message, compressed: compressed, into: &bytes)
  }

  mutating func append(_ more: some Sequence<UInt8>) {
    bytes.append(contentsOf: more)
  }

  /// Appends bytes that nobody else needs: without a copy, when nothing is queued.
  mutating func append(owned more: consuming [UInt8]) {
    if bytes.isEmpty { bytes = more } else { bytes.append(contentsOf: more) }
  }

  /// Lends what was not taken.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }

  /// Moves as much as fits; returns how much.
  mutating func move(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let moved = min(buffer.count, count)
    guard moved > 0 else { return 0 }
    withBytes {
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: .init(rebasing: $0[..<moved]))
    }
    remove(moved)
    return moved
  }

  /// Takes `taken` bytes off the front.
  mutating func remove(_ taken: Int) {
    precondition(taken <= count, "no more is taken than there is")
    start += taken
    if !keepsTaken { letGo() }
  }

  /// Keeps taken bytes no longer.
  mutating func forgetTaken() {
    keepsTaken = false
    letGo()
  }

  /// Makes everything that was ever appended be taken once more; false when some of it is gone.
  mutating func rewind() -> Bool {
    guard !hasLetGo else { return false }
    start = 0
    return true
  }

  /// Gives memory back that the queue does not need while it is empty.
  mutating func shrink(above bound: Int) {
    if isEmpty, !keepsTaken, bytes.capacity > bound { bytes = [] }
  }

  private mutating func letGo() {
    guard start > 0 else { return }
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
    } else if start >= Self.compactionBytes, start * 2 >= bytes.count {
      bytes.removeSubrange(..<start)
    } else {
      return
    }
    start = 0
    hasLetGo = true
  }
}
