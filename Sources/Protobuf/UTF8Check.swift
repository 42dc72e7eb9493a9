/// Whether bytes may be a `string`: UTF-8, and no NUL, where C would end it.
enum UTF8Check {
  /// Nil when they may.
  static func problem(in bytes: UnsafeRawBufferPointer) -> String? {
    var offset = 0
    // Eight bytes at a time while all of them are ASCII and none is zero.
    while offset + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let hasZero = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0
      guard word & 0x8080_8080_8080_8080 == 0, !hasZero else { break }
      offset += 8
    }
    while offset < bytes.count, bytes[offset] < 0x80, bytes[offset] != 0 { offset += 1 }
    if offset == bytes.count { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
    if rest.contains(0) { return "holds a NUL" }
    return rest.withMemoryRebound(to: UInt8.self) { text in
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: text.span)
        return nil
      } catch {
        return "is not UTF-8"
      }
    }
  }
}
