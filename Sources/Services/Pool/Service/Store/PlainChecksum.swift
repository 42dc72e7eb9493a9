internal import Primitives

/// A quick 64-bit sum: it finds accidents; it is no defence against forgery.
///
/// Rows of the ledger kept it before there was a hash chain, over the row and the sum of the row before
/// it; the rows of all other tables have it as their seal.
struct PlainChecksum {
  private(set) var value: UInt64

  static func of(_ row: LedgerRow, after previous: Int64) -> Int64 {
    var sum = PlainChecksum(UInt64(bitPattern: previous))
    sum.add(UInt64(bitPattern: row.number))
    sum.add(UInt64(bitPattern: row.sequence))
    sum.add(UInt64(bitPattern: row.time.microseconds))
    sum.add(row.requestID)
    sum.add(row.bodyHash)
    sum.add(row.response)
    sum.add(row.entry)
    return Int64(bitPattern: sum.value)
  }

  init(_ start: UInt64 = 0) {
    value = start ^ 0x9E37_79B9_7F4A_7C15
  }

  mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0xFF51_AFD7_ED55_8CCD
    value ^= value >> 32
  }

  mutating func add(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { add($0) }
  }

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// Eight bytes a step, each mixed in by a multiplication.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    var offset = 0
    while offset + 8 <= bytes.count {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    add(rest)
  }
}
