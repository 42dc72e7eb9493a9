import Foundation
import Primitives
import Synchronization
import Testing

@testable import Kit

/// Keeps what a log writes.
final class LogLines: Sendable {
  private let kept = Mutex<[String]>([])
  var all: [String] { kept.withLock { $0 } }

  func log(_ level: Log.Level = .debug, _ format: Log.Format = .logfmt) -> Log {
    let clock = ManualClock(Timestamp(seconds: 1_767_600_000, nanoseconds: 123_000))
    return Log(level: level, format: format, clock: clock) { bytes in
      self.kept.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    }
  }
}

@Suite struct LogTests {
  let lines = LogLines()

  @Test func lineHasItsFieldsInOrder() {
    let log = lines.log().with(["service": "pool"])
    log.info("pushed", ["listing": "shopee/1/2", "quantity": 3, "share": 0.5, "done": true])
    #expect(
      lines.all == [
        "time=2026-01-05T08:00:00.000123Z level=info message=pushed service=pool "
          + "listing=shopee/1/2 quantity=3 share=0.5 done=true\n"
      ])
  }

  @Test func jsonLineIsJSON() throws {
    let nasty = "a \"quoted\" \\ line\n\u{2028}\u{1}\u{7f}é"
    lines.log(.info, .json).warning(
      "it's", ["text": nasty, "count": 3, "rate": Double.nan, "ok": false])
    let line = try #require(lines.all.first)
    #expect(line.filter(\.isNewline) == "\n")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["text"] as? String == nasty)
    #expect(object["count"] as? Int == 3)
    #expect(object["rate"] as? String == "nan")
    #expect(object["ok"] as? Bool == false)
    #expect(object["level"] as? String == "warning")
  }

  /// Goal: no value can begin a line or a field of its own.
  @Test func valuesCannotForgeLinesOrFields() {
    let log = lines.log()
    log.info("x\ntime=1 level=error message=forged", ["a b=\n": "v level=error", "e": ""])
    log.info("tab\there", ["x": "back\\slash", "y": "\r\u{1b}[31mred", "z": "\u{85}\u{2029}"])
    #expect(
      lines.all.map { $0.replacing(#/^time=\S+ /#, with: "") } == [
        "level=info message=\"x\\ntime=1 level=error message=forged\" "
          + "a_b__=\"v level=error\" e=\"\"\n",
        "level=info message=\"tab\\there\" x=\"back\\\\slash\" y=\"\\r\\u001b[31mred\" "
          + "z=\"\\u0085\\u2029\"\n",
      ])
  }

  @Test func lowerLevelsAreNotEvaluated() {
    let log = lines.log(.warning)
    var evaluations = 0
    func count() -> String {
      evaluations += 1
      return "x"
    }
    log.info(count())
    log.debug("x", ["a": count()])
    #expect(lines.all.isEmpty && evaluations == 0)
    log.error(count())
    #expect(lines.all.count == 1 && evaluations == 1)
  }

  @Test func secretsAndLongValuesAreNotWritten() throws {
    lines.log().info("x", ["key": Secret("hunter2"), "long": String(repeating: "é", count: 9000)])
    let line = try #require(lines.all.first)
    #expect(!line.contains("hunter2") && line.contains("key=(secret)"))
    #expect(line.utf8.count < 5000)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"),
    (-1, "1969-12-31T23:59:59.999999Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (4_107_542_399_000_001, "2100-02-28T23:59:59.000001Z"),
    (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
  ])
  func momentsAreWrittenAsRFC3339(_ pair: (microseconds: Int64, text: String)) {
    #expect(Timestamp(microseconds: pair.microseconds).rfc3339 == pair.text)
  }
}
