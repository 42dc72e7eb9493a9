internal import StorageCore

/// A table of which each row has a seal in its column `checksum`: who reads a row finds out whether it is the one
/// that was written.
struct SealedTable: Sendable {
  let name: String
  /// What the seal is over, in that order.
  let columns: [String]
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

  init(_ name: String, _ columns: String, key: String) {
    self.name = name
    let names = Self.names(columns)
    let key = Self.names(key)
    self.columns = names
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
  }

  private static func names(_ list: String) -> [String] {
    list.split { $0 == "," || $0.isWhitespace }.map(String.init)
  }

  /// Reads the seal of a row of which `list` was asked for first.
  func check(_ row: any Row) throws(DamagedRecord) {
    var seal = RowSeal()
    for column in columns.indices { seal.add(row, column) }
    guard row.kind(columns.count) == .integer, row.int64(columns.count) == seal.value else {
      throw DamagedRecord(table: name, key: words(for: row))
    }
  }

  /// How a row is called: by its key, or by what it begins with.
  private func words(for row: any Row) -> String {
    let named = columns.indices.filter { key.contains(columns[$0]) }
    return (named.isEmpty ? Array(columns.indices.prefix(2)) : named)
      .map { "\(columns[$0]) \(row.text($0))" }.joined(separator: ", ")
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
    try scan("SELECT \(table.list) FROM \(table.name) \(rest)", values) { row in
      try table.check(row)
      return try body(row)
    }
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
