public import StorageCore

extension SQLiteConnection {
  /// Applies what is missing of `migrations`, each in a transaction of its own, in order.
  public func migrate(_ migrations: [Migration]) throws(StorageError) {
    for (index, migration) in migrations.enumerated() {
      precondition(migration.number == index + 1, "migrations are numbered from 1 without a gap")
    }
    // A store whose list of migrations is gone must not be taken for a new one.
    if try !schemaNames(ofType: "table").isEmpty { try expect(tables: ["migration"]) }
    try execute(
      script: """
        CREATE TABLE IF NOT EXISTS migration (
          number INTEGER NOT NULL PRIMARY KEY,
          name TEXT NOT NULL,
          fingerprint TEXT NOT NULL
        );
        CREATE TABLE IF NOT EXISTS trial (id INTEGER NOT NULL PRIMARY KEY, count INTEGER NOT NULL);
        """)
    let applied = try appliedMigrations()
    for (index, (number, fingerprint)) in applied.enumerated() {
      guard number <= migrations.count else {
        throw .newer(path: path, number: number, known: migrations.count)
      }
      guard number == index + 1 else {
        throw .corrupt(
          path: path, detail: "the row (number \(index + 1)) of the table migration is missing")
      }
      let migration = migrations[number - 1]
      guard migration.fingerprint == fingerprint else {
        throw .changedMigration(path: path, number: number, name: migration.name)
      }
    }
    for migration in migrations.dropFirst(applied.count) { try apply(migration) }
  }

  /// Looks whether tables and indexes are there.
  ///
  /// - Throws: `StorageError.corrupt` with the name of one that is missing.
  public func expect(tables: [String], indexes: [String] = []) throws(StorageError) {
    for (type, names) in [("table", tables), ("index", indexes)] {
      let known = try schemaNames(ofType: type)
      guard let missing = names.first(where: { !known.contains($0) }) else { continue }
      throw .corrupt(path: path, detail: "the \(type) \(missing) is missing")
    }
  }

  func schemaNames(ofType type: String) throws(StorageError) -> Set<String> {
    let statement = try prepare("SELECT name FROM sqlite_schema WHERE type = ?")
    statement.bind(1, type)
    defer { statement.reset() }
    var names: Set<String> = []
    while try statement.step() { names.insert(statement.text(0)) }
    return names
  }

  private func appliedMigrations() throws(StorageError) -> [(number: Int, fingerprint: String)] {
    let statement = try prepare("SELECT number, fingerprint FROM migration ORDER BY number")
    defer { statement.reset() }
    var applied: [(number: Int, fingerprint: String)] = []
    while try statement.step() { applied.append((statement.int(0), statement.text(1))) }
    return applied
  }

  private func apply(_ migration: Migration) throws(StorageError) {
    do throws(StorageError) {
      try begin()
      try execute(script: migration.sql)
      try execute(
        "INSERT INTO migration (number, name, fingerprint) VALUES (?, ?, ?)",
        [.int(migration.number), .text(migration.name), .text(migration.fingerprint)])
      try commit()
    } catch {
      rollback()
      throw .failedMigration(
        path: path, number: migration.number, name: migration.name, reason: "\(error)")
    }
  }
}
