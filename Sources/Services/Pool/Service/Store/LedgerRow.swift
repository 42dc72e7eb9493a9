internal import PoolDomain
internal import Primitives

/// One command in the ledger: its movements, and what a repeat of its request is answered with.
struct LedgerRow: Hashable, Sendable {
  /// From 1, without a gap.
  var number: Int64
  /// Of the last movement in the ledger after this row.
  var sequence: Int64
  var time: Timestamp
  /// Empty when the caller named none.
  var requestID: String
  var bodyHash: [UInt8]
  var response: [UInt8]
  var entry: [UInt8]
  /// Over this row and the checksum of the row before it.
  var checksum: Int64

  /// - Parameter previous: the checksum of the row before, 0 before the first.
  init(
    number: Int64, sequence: Int64, time: Timestamp, requestID: String, bodyHash: [UInt8],
    response: [UInt8], entry: [UInt8], after previous: Int64
  ) {
    self.number = number
    self.sequence = sequence
    self.time = time
    self.requestID = requestID
    self.bodyHash = bodyHash
    self.response = response
    self.entry = entry
    checksum = 0
    checksum = expectedChecksum(after: previous)
  }

  /// The row as a store kept it.
  init(
    number: Int64, sequence: Int64, time: Timestamp, requestID: String, bodyHash: [UInt8],
    response: [UInt8], entry: [UInt8], checksum: Int64
  ) {
    self.number = number
    self.sequence = sequence
    self.time = time
    self.requestID = requestID
    self.bodyHash = bodyHash
    self.response = response
    self.entry = entry
    self.checksum = checksum
  }

  /// Finds a damaged, missing or exchanged row; it is no defence against somebody who means to
  /// forge one.
  func expectedChecksum(after previous: Int64) -> Int64 {
    var sum = Checksum(UInt64(bitPattern: previous))
    sum.add(UInt64(bitPattern: number))
    sum.add(UInt64(bitPattern: sequence))
    sum.add(UInt64(bitPattern: time.microseconds))
    sum.add(requestID)
    sum.add(bodyHash)
    sum.add(response)
    sum.add(entry)
    return Int64(bitPattern: sum.value)
  }

  func decoded() throws(ByteReader.Malformed) -> LedgerEntry {
    try LedgerEntry(bytes: entry, time: time, lastSequence: sequence)
  }
}

/// A quick 64-bit sum: eight bytes a step, each mixed in by a multiplication.
private struct Checksum {
  private(set) var value: UInt64

  init(_ start: UInt64) {
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

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
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
