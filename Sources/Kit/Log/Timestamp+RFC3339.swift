public import Primitives

extension Timestamp {
  /// `2026-11-23T08:15:00.000123Z`: UTC, always six digits of a second.
  ///
  /// - Note: Source: RFC 3339; the civil calendar by Howard Hinnant, "chrono-Compatible Low-Level Date
  ///   Algorithms".
  public var rfc3339: String {
    let secondsOfDay = ((seconds % 86_400) + 86_400) % 86_400
    let days = (seconds - secondsOfDay) / 86_400 + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let time = [secondsOfDay / 3600, secondsOfDay / 60 % 60, secondsOfDay % 60]
    let date = "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
    let clock = time.map { Self.padded($0, 2) }.joined(separator: ":")
    return "\(date)T\(clock).\(Self.padded(Int64(nanoseconds) / 1000, 6))Z"
  }

  private static func padded(_ number: Int64, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
