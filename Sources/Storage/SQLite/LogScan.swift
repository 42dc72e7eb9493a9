/// Follows the frames of a log, and finds out whether it goes on behind a frame that is not what was written: SQLite
/// ends the log there without a word.
///
/// A commit returns once its frames are on disk, and only then is the next transaction written. So a frame that follows a
/// commit says that all before it were on disk once. One of them that is damaged is no torn end of what nobody was told
/// of: what was acknowledged would be lost.
///
/// - Note: Source: sqlite.org/fileformat2.html, 4.1 and 4.2.
struct LogScan {
  static let headerBytes = 32
  static let frameHeaderBytes = 24

  private struct Sum: Equatable {
    var first: UInt32 = 0
    var second: UInt32 = 0
  }

  /// What a frame says of itself.
  private struct Frame {
    var page: UInt32
    var isCommit: Bool
    var sum: Sum
  }

  let pageBytes: Int
  var frameBytes: Int { Self.frameHeaderBytes + pageBytes }
  private let isBigEndian: Bool
  private let salts: [UInt32]
  private var sum: Sum
  private var count = 0
  /// The frame before, if it is of this log at all.
  private var last: Frame?
  /// The first frame that does not follow from those before it, from 1.
  private(set) var badFrame: Int?
  /// Whether something that was on disk lies behind it.
  private(set) var isCutOff = false

  /// Nil for what does not begin as a log does.
  init?(header: UnsafeRawBufferPointer) {
    guard header.count >= Self.headerBytes else { return nil }
    let words = (0..<8).map { Self.word(header, $0 * 4, isBigEndian: true) }
    guard words[0] & ~1 == 0x377F_0682, words[2].nonzeroBitCount == 1 else { return nil }
    isBigEndian = words[0] & 1 == 1
    pageBytes = Int(words[2])
    salts = [words[4], words[5]]
    sum = Sum()
    Self.add(UnsafeRawBufferPointer(rebasing: header[0..<24]), isBigEndian, to: &sum)
    guard sum == Sum(first: words[6], second: words[7]) else { return nil }
  }

  /// Takes in the next frame, with its header.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    count += 1
    let words = (0..<6).map { Self.word(bytes, $0 * 4, isBigEndian: true) }
    let before = last
    last = nil
    guard words[2...3].elementsEqual(salts) else {
      // Of an older log, which this one is written over.
      badFrame = badFrame ?? count
      return
    }
    let frame = Frame(
      page: words[0], isCommit: words[1] != 0, sum: Sum(first: words[4], second: words[5]))
    last = frame
    if badFrame == nil {
      if frame.sum == sum(of: bytes, after: sum) { sum = frame.sum } else { badFrame = count }
      return
    }
    // The last frame may have been written several times, to fill a sector.
    guard let before, before.isCommit, frame.page != before.page || !frame.isCommit else { return }
    if frame.sum == sum(of: bytes, after: before.sum) { isCutOff = true }
  }

  private func sum(of frame: UnsafeRawBufferPointer, after sum: Sum) -> Sum {
    var sum = sum
    for part in [frame[0..<8], frame[Self.frameHeaderBytes...]] {
      Self.add(UnsafeRawBufferPointer(rebasing: part), isBigEndian, to: &sum)
    }
    return sum
  }

  private static func word(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, isBigEndian: Bool
  ) -> UInt32 {
    let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
  }

  /// Eight bytes a step.
  private static func add(
    _ bytes: UnsafeRawBufferPointer, _ isBigEndian: Bool, to sum: inout Sum
  ) {
    for offset in stride(from: 0, to: bytes.count, by: 8) {
      sum.first &+= word(bytes, offset, isBigEndian: isBigEndian) &+ sum.second
      sum.second &+= word(bytes, offset + 4, isBigEndian: isBigEndian) &+ sum.first
    }
  }
}
