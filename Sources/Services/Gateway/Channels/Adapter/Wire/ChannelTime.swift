public import Primitives

/// The times of channels: Unix times in one unit or another, and ISO 8601 in its many spellings.
public enum ChannelTime {
  private static let lastSecond: Int64 = 253_402_300_799

  /// Takes a Unix time whose unit shows in its size, as Lazada mixes them: seconds, or milliseconds
  /// from 10^11 on. Nil for one outside of the years 1970 to 9999.
  public static func unix(_ number: Int64) -> Timestamp? {
    guard number >= 0 else { return nil }
    if number < 100_000_000_000 { return Timestamp(seconds: number) }
    guard number / 1000 <= lastSecond else { return nil }
    return Timestamp(microseconds: number * 1000)
  }

  /// Takes `2026-01-05T11:00:05+08:00`, `2026-01-05 11:00:05 +0800` and their like. The offset is
  /// required: without one nobody knows when it was. Nil for anything else.
  public static func iso8601(_ text: String) -> Timestamp? {
    var reader = Reader(bytes: Array(text.utf8))
    guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2),
      reader.take("-"), let day = reader.digits(2), reader.take("T") || reader.take(" "),
      let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
      reader.take(":"), let second = reader.digits(2)
    else { return nil }
    guard (1970...9999).contains(year), (1...12).contains(month),
      (1...daysOf(month, year)).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    guard let microseconds = reader.fraction(), let offset = reader.offsetSeconds(), reader.isAtEnd
    else { return nil }
    let clock = hour * 3600 + minute * 60 + second
    let seconds = daysSince1970(year, month, day) * 86_400 + clock - offset
    return Timestamp(microseconds: seconds * 1_000_000 + microseconds)
  }

  private static func daysOf(_ month: Int64, _ year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// - Note: Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private struct Reader {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
      self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
      index += 1
      return true
    }

    mutating func digit() -> Int64? {
      guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
      index += 1
      return Int64(bytes[index - 1] - 0x30)
    }

    mutating func digits(_ count: Int) -> Int64? {
      var value: Int64 = 0
      for _ in 0..<count {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    /// Microseconds behind the point; zero without one. What is finer is cut off.
    mutating func fraction() -> Int64? {
      guard take(".") else { return 0 }
      guard var value = digit() else { return nil }
      var count = 1
      while let digit = digit() {
        count += 1
        if count <= 6 { value = value * 10 + digit }
      }
      while count < 6 {
        value *= 10
        count += 1
      }
      return value
    }

    mutating func offsetSeconds() -> Int64? {
      if take("Z") { return 0 }
      _ = take(" ")
      let sign: Int64
      if take("+") {
        sign = 1
      } else if take("-") {
        sign = -1
      } else {
        return nil
      }
      guard let hours = digits(2) else { return nil }
      _ = take(":")
      guard let minutes = digits(2), hours < 24, minutes < 60 else { return nil }
      return sign * (hours * 3600 + minutes * 60)
    }
  }
}
