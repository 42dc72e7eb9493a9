/// `google.protobuf.Timestamp` and `google.protobuf.Duration` as JSON writes them.
enum TimeText {
  /// 0001-01-01 to 9999-12-31.
  static let timestampSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
  static let durationSeconds: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

  /// RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second: `2026-03-01T08:00:00.250Z`.
  static func timestamp(seconds: Int64, nanoseconds: Int32) -> String {
    let day = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let second = seconds - day * 86_400
    let (year, month, dayOfMonth) = date(day)
    var text = ""
    append(year, digits: 4, to: &text)
    for (mark, number) in [("-", month), ("-", dayOfMonth), ("T", second / 3600)] {
      text += mark
      append(number, digits: 2, to: &text)
    }
    for number in [second / 60 % 60, second % 60] {
      text += ":"
      append(number, digits: 2, to: &text)
    }
    return text + fraction(nanoseconds) + "Z"
  }

  /// Nil when the text is not RFC 3339, or the moment is not in the years 1 to 9999.
  static func timestamp(_ text: UnsafeRawBufferPointer) -> (seconds: Int64, nanoseconds: Int32)? {
    var cursor = TextCursor(text)
    guard let year = cursor.number(4), cursor.take("-"), let month = cursor.number(2),
      cursor.take("-"), let dayOfMonth = cursor.number(2), cursor.take("T"),
      let hour = cursor.number(2), cursor.take(":"), let minute = cursor.number(2),
      cursor.take(":"), let second = cursor.number(2), let nanoseconds = cursor.fraction(),
      let offset = zone(&cursor), cursor.isAtEnd
    else { return nil }
    guard year >= 1, 1...12 ~= month, 1...days(month, of: year) ~= dayOfMonth, hour < 24,
      minute < 60, second < 60
    else { return nil }
    let seconds =
      day(year, month, dayOfMonth) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return timestampSeconds.contains(seconds) ? (seconds, nanoseconds) : nil
  }

  /// Seconds east of Greenwich.
  private static func zone(_ cursor: inout TextCursor) -> Int64? {
    if cursor.take("Z") { return 0 }
    let isEast = cursor.take("+")
    guard isEast || cursor.take("-"), let hours = cursor.number(2), cursor.take(":"),
      let minutes = cursor.number(2), hours < 24, minutes < 60
    else { return nil }
    return (hours * 3600 + minutes * 60) * (isEast ? 1 : -1)
  }

  /// Seconds with 0, 3, 6 or 9 digits and an `s`: `-1.500s`.
  static func duration(seconds: Int64, nanoseconds: Int32) -> String {
    let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
    return sign + String(seconds.magnitude) + fraction(Int32(nanoseconds.magnitude)) + "s"
  }

  static func duration(_ text: UnsafeRawBufferPointer) -> (seconds: Int64, nanoseconds: Int32)? {
    var cursor = TextCursor(text)
    let isNegative = cursor.take("-")
    guard let seconds = cursor.number(1...12), let nanoseconds = cursor.fraction(),
      cursor.take("s"), cursor.isAtEnd, durationSeconds.contains(seconds)
    else { return nil }
    return isNegative ? (-seconds, -nanoseconds) : (seconds, nanoseconds)
  }

  private static func fraction(_ nanoseconds: Int32) -> String {
    switch nanoseconds {
    case 0: ""
    case _ where nanoseconds % 1_000_000 == 0: "." + padded(Int64(nanoseconds) / 1_000_000, 3)
    case _ where nanoseconds % 1000 == 0: "." + padded(Int64(nanoseconds) / 1000, 6)
    default: "." + padded(Int64(nanoseconds), 9)
    }
  }

  private static func append(_ number: Int64, digits: Int, to text: inout String) {
    let plain = String(number)
    for _ in 0..<max(0, digits - plain.utf8.count) { text += "0" }
    text += plain
  }

  private static func padded(_ number: Int64, _ digits: Int) -> String {
    var text = ""
    append(number, digits: digits, to: &text)
    return text
  }

  // The two ways between days since 1970 and the Gregorian calendar, with years that begin in March.
  // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

  private static func day(_ year: Int64, _ month: Int64, _ dayOfMonth: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + dayOfMonth - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func days(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// A place in some ASCII text.
private struct TextCursor {
  private let text: UnsafeRawBufferPointer
  private var offset = 0

  init(_ text: UnsafeRawBufferPointer) {
    self.text = text
  }

  var isAtEnd: Bool { offset == text.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func number(_ digits: Int) -> Int64? {
    number(digits...digits)
  }

  /// Takes as many digits as there are; nil when that is not a count in `digits`.
  mutating func number(_ digits: ClosedRange<Int>) -> Int64? {
    var value: Int64 = 0
    let start = offset
    while offset < text.count, (0x30...0x39).contains(text[offset]),
      offset - start < digits.upperBound
    {
      value = value * 10 + Int64(text[offset] - 0x30)
      offset += 1
    }
    return offset - start >= digits.lowerBound ? value : nil
  }

  /// Nanoseconds: 1 to 9 digits after a point, 0 where there is no point.
  mutating func fraction() -> Int32? {
    guard take(".") else { return 0 }
    let start = offset
    guard var value = number(1...9) else { return nil }
    for _ in (offset - start)..<9 { value *= 10 }
    return Int32(value)
  }
}
