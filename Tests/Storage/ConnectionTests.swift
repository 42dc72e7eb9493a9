import StorageCore
import StorageSQLite
import Testing

/// The synchronous connection that a service with a writer of its own uses.
@Suite struct ConnectionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Goal: what a connection commits survives a power cut, whatever its role.
  @Test func everyConnectionSyncsItsCommits() throws {
    let path = folder.file("store.db")
    let owner = try SQLiteConnection.open(path, as: .owner)
    defer { owner.close() }
    try owner.migrate(words)
    let writer = try SQLiteConnection.open(path, as: .writer)
    defer { writer.close() }
    for connection in [owner, writer] {
      let answers = try ["journal_mode", "synchronous"].map { setting in
        let statement = try connection.prepare("PRAGMA \(setting)")
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : ""
      }
      // 2 is FULL (sqlite.org/pragma.html, synchronous).
      #expect(answers == ["wal", "2"])
    }
  }

  @Test func batchOfBorrowedBytesIsKept() throws {
    let connection = try SQLiteConnection.open(folder.file("ledger.db"), as: .owner)
    try connection.migrate([
      Migration(1, "ledger", "CREATE TABLE movement (id INTEGER PRIMARY KEY, data BLOB NOT NULL);")
    ])
    let insert = try connection.prepare("INSERT INTO movement (id, data) VALUES (?, ?)")
    let bytes = [UInt8](0..<100)
    try connection.transaction {
      for number in 1...1000 {
        try bytes.withUnsafeBytes { buffer in
          insert.bind(1, Int64(number))
          insert.bind(2, borrowing: UnsafeRawBufferPointer(rebasing: buffer[0..<(number % 100)]))
          try insert.run()
        }
      }
    }
    let sum = try connection.prepare("SELECT count(*), sum(length(data)) FROM movement")
    #expect(try sum.step())
    #expect(sum.int64(0) == 1000 && sum.int64(1) == 49_500)
    sum.reset()
    connection.close()
  }

  @Test func throwingTransactionIsUndone() throws {
    let connection = try SQLiteConnection.open(folder.file("ledger.db"), as: .owner)
    try connection.migrate(words)
    #expect(throws: Refused(name: "x")) {
      try connection.transaction {
        try connection.execute("INSERT INTO word (text) VALUES ('x')")
        throw Refused(name: "x")
      }
    }
    #expect(!connection.isInTransaction)
    var count: Int64 = -1
    try connection.scan("SELECT count(*) FROM word") {
      count = $0.int64(0)
      return true
    }
    #expect(count == 0)
    connection.close()
  }

  @Test func secondOwnerAndReaderThatWritesAreRefused() throws {
    let path = folder.file("ledger.db")
    let owner = try SQLiteConnection.open(path, as: .owner)
    try owner.migrate(words)
    #expect(throws: StorageError.self) { try SQLiteConnection.open(path, as: .owner) }
    let reader = try SQLiteConnection.open(path, as: .reader)
    #expect(throws: StorageError.self) {
      try reader.execute("INSERT INTO word (text) VALUES ('x')")
    }
    reader.close()
    owner.close()
    try SQLiteConnection.open(path, as: .owner).close()
  }

  /// Goal: a statement that is in the middle of its rows is not disturbed by the same SQL inside.
  @Test func nestedUseOfOneStatementWorks() throws {
    let connection = try SQLiteConnection.open(folder.file("ledger.db"), as: .owner)
    try connection.migrate(words)
    for word in ["a", "b", "c"] {
      try connection.execute("INSERT INTO word (text) VALUES (?)", [.text(word)])
    }
    var pairs: [String] = []
    let sql = "SELECT text FROM word ORDER BY id"
    try connection.scan(sql) { outer in
      try connection.scan(sql) { inner in
        pairs.append(outer.text(0) + inner.text(0))
        return true
      }
      return true
    }
    #expect(pairs == ["aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc"])
    connection.close()
  }

  @Test func wrongNumberOfValuesIsRefused() throws {
    let connection = try SQLiteConnection.open(folder.file("ledger.db"), as: .owner)
    #expect(throws: StorageError.self) { try connection.execute("SELECT ?", []) }
    #expect(throws: StorageError.self) { try connection.execute("SELECT ?", [1, 2]) }
    connection.close()
  }
}
