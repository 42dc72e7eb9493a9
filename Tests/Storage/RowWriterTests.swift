import StorageCore
import StorageSQLite
import Testing

@Suite struct RowWriterTests {
  private func rows(
    _ folder: TemporaryFolder, ending: String = ""
  ) throws -> (SQLiteConnection, SQLiteRowWriter) {
    let connection = try SQLiteConnection.open(folder.file("rows.db"), as: .owner)
    try connection.execute(
      "CREATE TABLE t (number INTEGER NOT NULL PRIMARY KEY, word TEXT, bytes BLOB)")
    return (
      connection,
      try SQLiteRowWriter(
        "INSERT INTO t (number, word, bytes) VALUES", columns: 3, ending: ending, on: connection)
    )
  }

  private func add(_ number: Int, to rows: SQLiteRowWriter) throws {
    rows.add(Int64(number))
    if number % 5 == 0 { rows.addNull() } else { rows.add(word(number)) }
    rows.add([UInt8](repeating: UInt8(number % 256), count: number % 7))
    try rows.endRow()
  }

  private func word(_ number: Int) -> String { String(repeating: "é", count: number % 4) }

  /// Goal: each row arrives as it was added, however many there are to a statement.
  @Test(arguments: [0, 1, 15, 16, 17, 32, 100]) func writesEachRow(count: Int) throws {
    let folder = try TemporaryFolder()
    let (connection, rows) = try rows(folder)
    for number in 0..<count { try add(number, to: rows) }
    try rows.flush()
    try rows.flush()
    var next = 0
    try connection.scan("SELECT number, word, bytes FROM t ORDER BY number") { row in
      #expect(row.int64(0) == Int64(next))
      // Empty is no NULL.
      #expect(row.kind(1) == (next % 5 == 0 ? .null : .text))
      #expect(row.text(1) == (next % 5 == 0 ? "" : word(next)))
      #expect(row.kind(2) == .blob)
      #expect(row.bytes(2) == [UInt8](repeating: UInt8(next % 256), count: next % 7))
      next += 1
      return true
    }
    #expect(next == count)
  }

  @Test func latestRowOfAKeyStays() throws {
    let folder = try TemporaryFolder()
    let (connection, rows) = try rows(
      folder, ending: "ON CONFLICT (number) DO UPDATE SET word = excluded.word")
    for number in 0..<40 {
      rows.add(Int64(number % 3))
      rows.add("\(number)")
      rows.add([])
      try rows.endRow()
    }
    try rows.flush()
    var words: [String] = []
    try connection.scan("SELECT word FROM t ORDER BY number") { row in
      words.append(row.text(0))
      return true
    }
    #expect(words == ["39", "37", "38"])
  }

  /// Goal: a row that is refused is told, by the statement of many as by that of one, and the next ones are not
  /// held up by it.
  @Test(arguments: [1, 16]) func refusedRowIsTold(count: Int) throws {
    let folder = try TemporaryFolder()
    let (connection, rows) = try rows(folder)
    try add(0, to: rows)
    try rows.flush()
    #expect(throws: StorageError.self) {
      for _ in 0..<count { try add(0, to: rows) }
      try rows.flush()
    }
    try add(1, to: rows)
    try rows.flush()
    var numbers: [Int64] = []
    try connection.scan("SELECT number FROM t ORDER BY number") { row in
      numbers.append(row.int64(0))
      return true
    }
    #expect(numbers == [0, 1])
  }
}
