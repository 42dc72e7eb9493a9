public import StorageCore

extension SQLiteConnection {
  /// Applies what is missing of `migrations`, each in a transaction of its own, in order.
  public func migrate(_ migrations: [Migration]) throws(StorageError) {
    for (index, migration) in migrations.enumerated() {
      precondition(migration.number == index + 1, "migrations are numbered from 1 without a gap")
    }
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
    for (number, fingerprint) in applied {
      guard number <= migrations.count else {
        throw .newer(path: path, number: number, known: migrations.count)
      }
      let migration = migrations[number - 1]
      guard migration.fingerprint == fingerprint else {
        throw .changedMigration(path: path, number: number, name: migration.name)
      }
    }
    for migration in migrations.dropFirst(applied.count) { try apply(migration) }
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
