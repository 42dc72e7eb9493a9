internal import StorageCore

/// A table of which each row has a seal in its column `checksum`: who reads a row finds out whether it is the one
/// that was written.
struct SealedTable: Sendable {
  let name: String
  /// What the seal is over, in that order.
  let columns: [String]
  /// How many of them the seals of a program were over that did not seal all of them yet.
  let olderCount: Int
  /// The columns that name a row.
  let key: [String]
  /// The columns and the seal, as a statement names them.
  let list: String
  let insert: String
  /// Inserts a row, or puts it in the place of the one with its key.
  let upsert: String
  /// What stands before and behind the rows of the same.
  let insertion: String
  let ending: String
  /// Two looks for a key: at it or what comes before it, and at what comes behind it.
  let lookUps: [String]

  /// - Parameter later: columns that came under the seal after it was first made; they stand behind the others.
  init(_ name: String, _ columns: String, later: String = "", key: String) {
    self.name = name
    let older = Self.names(columns)
    let names = older + Self.names(later)
    let key = Self.names(key)
    self.columns = names
    olderCount = older.count
    self.key = key
    list = (names + ["checksum"]).joined(separator: ", ")
    let places = Array(repeating: "?", count: names.count + 1).joined(separator: ", ")
    insertion = "INSERT INTO \(name) (\(list)) VALUES"
    insert = "\(insertion) (\(places))"
    let changes = (names + ["checksum"]).filter { !key.contains($0) }
      .map { "\($0) = excluded.\($0)" }
    ending =
      "ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET "
      + changes.joined(separator: ", ")
    upsert = "\(insert) \(ending)"
    let list = list
    lookUps = [("<=", " DESC"), (">", "")].map { comparison, order in
      let keys = "(\(key.joined(separator: ", ")))"
      let values = "(\(key.map { _ in "?" }.joined(separator: ", ")))"
      let orders = key.map { $0 + order }.joined(separator: ", ")
      return "SELECT \(list), \(keys) = \(values) FROM \(name) "
        + "WHERE \(keys) \(comparison) \(values) ORDER BY \(orders) LIMIT 1"
    }
  }

  private static func names(_ list: String) -> [String] {
    list.split { $0 == "," || $0.isWhitespace }.map(String.init)
  }

  /// Reads the seal of a row of which `list` was asked for first.
  func check(_ row: any Row) throws(DamagedRecord) {
    var seal = RowSeal()
    for column in columns.indices { seal.add(row, column) }
    guard row.kind(columns.count) == .integer, row.int64(columns.count) == seal.value else {
      throw damaged(row)
    }
  }

  /// The seal that a row of an older store has not got yet; nil when it has it.
  ///
  /// - Throws: `DamagedRecord` when it has another than an older program gave it.
  func missingSeal(of row: any Row) throws(DamagedRecord) -> Int64? {
    var seal = RowSeal()
    var older: Int64?
    for column in columns.indices {
      if column == olderCount { older = seal.value }
      seal.add(row, column)
    }
    guard let kept = row.optionalInt64(columns.count) else { return seal.value }
    guard kept != seal.value else { return nil }
    guard kept == older else { throw damaged(row) }
    return seal.value
  }

  /// - Parameter row: of which `list` was asked for first.
  /// - Parameter why: what gives it away; nil for its seal.
  func damaged(_ row: any Row, _ why: String? = nil) -> DamagedRecord {
    let words = columns.indices.filter { key.contains(columns[$0]) }
      .map { "\(columns[$0]) \(row.text($0))" }.joined(separator: ", ")
    return DamagedRecord(
      table: name, key: words, problem: why.map { "is damaged: \($0)" } ?? DamagedRecord.changed)
  }

  /// - Parameter key: column by column, as `damaged` has it.
  func missing(_ key: String) -> DamagedRecord {
    DamagedRecord(table: name, key: key, problem: "is missing")
  }
}

extension ReadTransaction {
  /// Hands each row of a sealed table to `body` until it returns false.
  ///
  /// - Parameter rest: of the statement, behind the table's name.
  /// - Throws: also `DamagedRecord`.
  func scan(
    _ table: SealedTable, _ rest: String = "", _ values: [SQLValue] = [],
    _ body: (any Row) throws -> Bool
  ) throws {
    do {
      try scan("SELECT \(table.list) FROM \(table.name) \(rest)", values) { row in
        try table.check(row)
        return try body(row)
      }
    } catch StorageError.corrupt(let path, let detail) {
      throw StorageError.corrupt(path: path, detail: "the table \(table.name): \(detail)")
    }
  }

  /// The first row of a sealed table as `map` reads it.
  func first<T>(
    _ table: SealedTable, _ rest: String = "", _ values: [SQLValue] = [],
    _ map: (any Row) throws -> T
  ) throws -> T? {
    var found: T?
    try scan(table, rest, values) { row in
      found = try map(row)
      return false
    }
    return found
  }

  /// The row with a key as `map` reads it. Where there is none, the rows beside its place are looked at as well: one
  /// whose key is damaged still lies where it was written, and must not pass for one that never was.
  ///
  /// - Throws: also `DamagedRecord`.
  func find<T>(
    _ table: SealedTable, key: [SQLValue], _ map: (any Row) throws -> T
  ) throws -> T? {
    var found: T?
    for lookUp in table.lookUps where found == nil {
      try scan(lookUp, key + key) { row in
        try table.check(row)
        if row.bool(table.columns.count + 1) { found = try map(row) }
        return false
      }
    }
    return found
  }
}

/// Reads a sealed table in the order of its key, part by part.
struct SealedPages: Sendable {
  let table: SealedTable
  private var last: [SQLValue] = []
  private(set) var isAtEnd = false

  init(_ table: SealedTable) {
    self.table = table
  }

  /// Hands over the next rows, each with its key.
  mutating func next(
    _ count: Int, of transaction: some ReadTransaction,
    _ body: (any Row, [SQLValue]) throws -> Void
  ) throws {
    let key = table.key.joined(separator: ", ")
    let places = Array(repeating: "?", count: table.key.count).joined(separator: ", ")
    let start = last.isEmpty ? "" : "WHERE (\(key)) > (\(places))"
    var found = 0
    var end = last
    try transaction.query(
      "SELECT \(table.list), \(key) FROM \(table.name) \(start) ORDER BY \(key) LIMIT ?",
      last + [.int(count)]
    ) { row in
      let first = table.columns.count + 1
      let values = table.key.indices.map { place in
        row.kind(first + place) == .text
          ? SQLValue.text(row.text(first + place)) : .integer(row.int64(first + place))
      }
      try body(row, values)
      end = values
      found += 1
    }
    last = end
    isAtEnd = found < count
  }
}
