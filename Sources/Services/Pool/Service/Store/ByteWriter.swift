/// Writes numbers and texts as few bytes: the form of the ledger's entries, holds and sales on
/// disk.
///
/// One that lives on is cleared and used again, so that writing costs no allocation.
struct ByteWriter: ~Copyable {
  private var start: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 96) {
    self.capacity = max(16, capacity)
    start = .allocate(byteCount: self.capacity, alignment: 1)
  }

  deinit {
    start.deallocate()
  }

  /// A copy of what was written.
  var bytes: [UInt8] { withBytes { [UInt8]($0) } }

  func withBytes<T, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> T
  ) throws(Failure) -> T {
    try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  mutating func clear() { count = 0 }

  private mutating func reserve(_ added: Int) {
    guard count + added > capacity else { return }
    capacity = max(2 * capacity, count + added)
    let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
    grown.copyMemory(from: start, byteCount: count)
    start.deallocate()
    start = grown
  }

  mutating func byte(_ value: UInt8) {
    reserve(1)
    start.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Seven bits a byte, the lowest first, as protobuf does it.
  mutating func unsigned(_ value: UInt64) {
    let longest = 10
    reserve(longest)
    var rest = value
    while rest >= 0x80 {
      start.storeBytes(
        of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
      count += 1
      rest >>= 7
    }
    start.storeBytes(of: UInt8(rest), toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Zigzag, so that small negative numbers are short, too.
  mutating func integer(_ value: Int64) {
    unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  mutating func count(_ value: Int) {
    unsigned(UInt64(value))
  }

  mutating func text(_ value: String) {
    var text = value
    text.withUTF8 {
      count($0.count)
      raw(UnsafeRawBufferPointer($0))
    }
  }

  /// Bytes as they are, without their number in front.
  mutating func raw(_ added: UnsafeRawBufferPointer) {
    guard let source = added.baseAddress, !added.isEmpty else { return }
    reserve(added.count)
    (start + count).copyMemory(from: source, byteCount: added.count)
    count += added.count
  }
}

/// Reads what `ByteWriter` wrote.
struct ByteReader {
  /// The bytes are not what was written.
  struct Malformed: Error {}

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { position == bytes.count }

  mutating func byte() throws(Malformed) -> UInt8 {
    guard position < bytes.count else { throw Malformed() }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func unsigned() throws(Malformed) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      let byte = try byte()
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw Malformed()
  }

  mutating func integer() throws(Malformed) -> Int64 {
    let value = try unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A number of things of which each takes a byte at least.
  mutating func count() throws(Malformed) -> Int {
    let value = try unsigned()
    guard value <= UInt64(bytes.count - position) else { throw Malformed() }
    return Int(value)
  }

  /// A place in the catalogue.
  mutating func index() throws(Malformed) -> Int {
    let value = try unsigned()
    guard value <= UInt64(Int32.max) else { throw Malformed() }
    return Int(value)
  }

  mutating func text() throws(Malformed) -> String {
    let count = try count()
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }
}
