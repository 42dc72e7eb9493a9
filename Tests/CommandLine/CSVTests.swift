import PoolAPI
import Primitives
import Testing

@testable import CommandLineMain

@Suite struct CSVTests {
  @Test(arguments: [
    ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
    ("two\r\nlines", "\"two\r\nlines\""), ("ä,ö", "\"ä,ö\""), ("=1+1", "'=1+1"),
    ("+65", "'+65"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
    ("=A1,\"x\"", "\"'=A1,\"\"x\"\"\""), ("a=b", "a=b"), ("\"", "\"\"\"\""),
  ])
  func textIsQuotedAndHarmless(text: String, expected: String) {
    #expect(CSV.line([.text(text)]) == expected + "\r\n")
  }

  @Test func numbersStayNumbers() {
    #expect(CSV.line([.number(-5), .text("x"), .number(0)]) == "-5,x,0\r\n")
  }

  @Test func headComesBackFromItsText() throws {
    let head = LedgerHead(rowNumber: 12, sequence: 34, hash: Array(0..<32))
    #expect(try LedgerHead(text: head.text) == head)
    for text in ["", "12", "12:34", "a:34:00", "12:34:xyz", "12:34:00:1"] {
      #expect(throws: UsageError.self) { try LedgerHead(text: text) }
    }
  }

  @Test(arguments: [
    ("2026-11-25T08:00:00Z", 1_795_593_600_000_000),
    ("2026-11-25T08:00:00.25Z", 1_795_593_600_250_000),
    ("2026-11-25T08:00:00+02:00", 1_795_586_400_000_000),
  ])
  func momentsAreRead(text: String, microseconds: Int64) throws {
    let arguments = try Arguments(["--from", text], for: LedgerCommands.export)
    #expect(try arguments.time(option: "from") == Timestamp(microseconds: microseconds))
    #expect(try arguments.time(option: "to") == nil)
    let wrong = try Arguments(["--to", "yesterday"], for: LedgerCommands.export)
    #expect(throws: UsageError.self) { try wrong.time(option: "to") }
  }
}
