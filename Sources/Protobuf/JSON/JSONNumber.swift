/// Numbers of JSON, read without rounding.
enum JSONNumber {
  /// Exponents beyond it make any number of JSON zero or too large for 64 bits.
  private static let maximumExponent = 4000

  /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
  static func isWellFormed(_ text: UnsafeRawBufferPointer) -> Bool {
    parts(text) != nil
  }

  /// The value when it is whole, however it is written: `1`, `1.0`, `10e-1`. Nil when it is not, or is
  /// larger than `UInt64` in size.
  static func whole(_ text: UnsafeRawBufferPointer) -> (isNegative: Bool, magnitude: UInt64)? {
    guard let parts = parts(text) else { return nil }
    var digits = Array(text[parts.integer]) + Array(text[parts.fraction])
    var exponent = parts.exponent - parts.fraction.count
    while digits.last == UInt8(ascii: "0"), exponent < 0 {
      digits.removeLast()
      exponent += 1
    }
    var magnitude: UInt64 = 0
    for digit in digits {
      guard let next = appended(UInt64(digit - UInt8(ascii: "0")), to: magnitude) else {
        return nil
      }
      magnitude = next
    }
    if magnitude == 0 { return (parts.isNegative, 0) }
    guard exponent >= 0 else { return nil }
    for _ in 0..<exponent {
      guard let next = appended(0, to: magnitude) else { return nil }
      magnitude = next
    }
    return (parts.isNegative, magnitude)
  }

  private static func appended(_ digit: UInt64, to value: UInt64) -> UInt64? {
    let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
    let (sum, carried) = product.addingReportingOverflow(digit)
    return tooLarge || carried ? nil : sum
  }

  static func integer<Integer: FixedWidthInteger>(
    _ text: UnsafeRawBufferPointer, as type: Integer.Type
  ) -> Integer? {
    guard let (isNegative, magnitude) = whole(text) else { return nil }
    guard isNegative else { return Integer(exactly: magnitude) }
    if magnitude == UInt64(Int64.max) + 1 { return Integer(exactly: Int64.min) }
    return Int64(exactly: magnitude).flatMap { Integer(exactly: -$0) }
  }

  /// Nil when the text is not a number or is too large for a `Double`.
  static func double(_ text: UnsafeRawBufferPointer) -> Double? {
    guard isWellFormed(text), let value = Double(String(decoding: text, as: UTF8.self)),
      value.isFinite
    else { return nil }
    return value
  }

  private typealias Parts = (
    isNegative: Bool, integer: Range<Int>, fraction: Range<Int>, exponent: Int
  )

  private static func parts(_ text: UnsafeRawBufferPointer) -> Parts? {
    var offset = 0
    func next(_ characters: Unicode.Scalar...) -> Bool {
      guard offset < text.count, characters.contains(Unicode.Scalar(text[offset])) else {
        return false
      }
      offset += 1
      return true
    }
    func digits() -> Range<Int> {
      let start = offset
      while offset < text.count, (0x30...0x39).contains(text[offset]) { offset += 1 }
      return start..<offset
    }
    let isNegative = next("-")
    let integer = digits()
    guard let first = integer.first, text[first] != 0x30 || integer.count == 1 else { return nil }
    var fraction = offset..<offset
    if next(".") {
      fraction = digits()
      guard !fraction.isEmpty else { return nil }
    }
    var exponent = 0
    if next("e", "E") {
      let isDown = next("-")
      if !isDown { _ = next("+") }
      let range = digits()
      guard !range.isEmpty else { return nil }
      for digit in text[range] {
        exponent = min(exponent * 10 + Int(digit - 0x30), maximumExponent)
      }
      if isDown { exponent = -exponent }
    }
    return offset == text.count ? (isNegative, integer, fraction, exponent) : nil
  }
}
