internal import StorageCore

/// A quick sum over the values of a row, kept beside them, so that a bit that turned over on the disk is found
/// when the row is read.
struct RowSeal {
  /// What a value is, beside what it says.
  private enum Mark {
    static let null: UInt64 = 0x6E75_6C6C
    static let real: UInt64 = 0x7265_616C
    static let text: UInt64 = 0x7465_7874
    static let blob: UInt64 = 0x626C_6F62
  }

  private var sum = PlainChecksum()

  /// What the row keeps: 32 bits, on each of which every bit of the sum has a bearing.
  var value: Int64 {
    Int64(Int32(truncatingIfNeeded: (sum.value &* 0x9E37_79B9_7F4A_7C15) >> 32))
  }

  static func of(_ values: [SQLValue]) -> SQLValue {
    var seal = RowSeal()
    for value in values { seal.add(value) }
    return .integer(seal.value)
  }

  mutating func add(_ number: Int64) { sum.add(UInt64(bitPattern: number)) }

  mutating func add(_ text: String) {
    sum.add(Mark.text)
    sum.add(text)
  }

  mutating func add(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { add($0) }
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    sum.add(Mark.blob)
    sum.add(bytes)
  }

  mutating func add(_ value: SQLValue) {
    switch value {
    case .integer(let number): add(number)
    case .real(let number): add(number)
    case .text(let text): add(text)
    case .blob(let bytes): add(bytes)
    case .null: sum.add(Mark.null)
    }
  }

  private mutating func add(_ number: Double) {
    sum.add(Mark.real)
    sum.add(number.bitPattern)
  }

  /// A column as a store has it.
  mutating func add(_ row: any Row, _ column: Int) {
    switch row.kind(column) {
    case .integer: add(row.int64(column))
    case .real: add(row.double(column))
    case .text:
      sum.add(Mark.text)
      row.withBytes(column) { sum.add($0) }
    case .blob:
      sum.add(Mark.blob)
      row.withBytes(column) { sum.add($0) }
    case .null: sum.add(Mark.null)
    }
  }
}
