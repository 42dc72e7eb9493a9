internal import Glibc
internal import Kit
internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import StorageSQLite

/// Moves the ledger's oldest rows into a file of their own, on a thread of its own beside the writer,
/// whom it asks for what the store has to note or forget: a little in each of its commits.
///
/// The store forgets nothing before the file is whole, on disk, and proved. Whatever comes between two
/// steps, the next call begins where the store says the ledger begins.
struct LedgerArchiver: Sendable {
  let storePath: String
  let view: ReadModel
  let queue: JobQueue<any WriterJob>

  private struct Plan {
    var id: Int64
    var base: LedgerHead
    var plainRow: Int64
    var last: Int64
  }

  private struct Written {
    var record: ArchiveRecord
    var sums: [BalanceSum]
    var parts: ArchivedParts?
  }

  static func folder(of storePath: String) -> String {
    let folder = storePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (folder + ["archive"]).joined(separator: "/")
  }

  /// Archives the swept rows of before `time`; nil when there are none.
  func archive(before time: Timestamp) throws -> ArchiveRecord? {
    let connection = try SQLiteConnection.open(storePath, as: .reader)
    defer { connection.close() }
    let reader = LedgerReader(connection)
    try forgetArchived(reader)
    let base = try reader.base
    let plan = Plan(
      id: try (reader.lastArchive?.id ?? 0) + 1, base: base, plainRow: try reader.plainRow,
      last: min(try reader.row(from: time) - 1, try reader.sweptRow))
    guard plan.last > base.row else { return nil }
    let written = try write(plan, reader)
    try note(written)
    try forgetArchived(reader)
    return written.record
  }

  // MARK: The file

  private func write(_ plan: Plan, _ reader: LedgerReader) throws -> Written {
    let folder = Self.folder(of: storePath)
    guard mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw failed(folder) }
    let name = "ledger-\(plan.base.row + 1)-\(plan.last).db"
    let path = "\(folder)/\(name)"
    let file = try ArchiveFile(
      creating: path + ".part", after: plan.base, plainRow: plan.plainRow)
    let chain = LedgerChain(after: plan.base, plainRow: plan.plainRow)
    var sums = try Sums(reader)
    var firstTime: Timestamp?
    do {
      while chain.head.row < plan.last {
        var rows: [LedgerRow] = []
        let count = min(ServiceLimits.archivedAtOnce, Int(plan.last - chain.head.row))
        try reader.scan(from: chain.head.row + 1, count: count) { row in
          if let problem = sums.count(try chain.follow(row)) {
            throw BadRow(number: row.number, problem: "cannot be: \(problem)")
          }
          rows.append(row)
          return true
        }
        guard let first = rows.first else {
          throw BadRow(number: chain.head.row + 1, problem: "is missing")
        }
        firstTime = firstTime ?? first.time
        try file.append(rows)
      }
      let names = view.read { state in
        (
          sums.skus.map { ($0, state.name(of: $0)) },
          sums.locations.map { ($0, state.name(of: $0)) }
        )
      }
      try file.finish(chain.head, skus: names.0, locations: names.1)
    } catch {
      file.close()
      unlink(path + ".part")
      throw error
    }
    try putInPlace(path, folder)
    let proof = try ArchiveFile.prove(path)
    guard proof.difference == nil, proof.head.hash == chain.head.hash else {
      throw StorageError.corrupt(
        path: path, detail: proof.difference ?? "the archive is not what was written")
    }
    return Written(
      record: ArchiveRecord(
        id: plan.id, file: name, firstRow: plan.base.row + 1,
        firstSequence: plan.base.sequence + 1, firstTime: firstTime ?? chain.head.time,
        head: chain.head, hasParts: sums.parts != nil), sums: sums.sums, parts: sums.parts)
  }

  private func putInPlace(_ path: String, _ folder: String) throws {
    guard rename(path + ".part", path) == 0 else { throw failed(path) }
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed(folder) }
  }

  private func failed(_ path: String) -> StorageError {
    .failed(path: path, reason: String(cString: strerror(errno)))
  }

  // MARK: The store

  private func note(_ written: Written) throws {
    let record = written.record
    var rest = written.sums[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(ServiceLimits.archivedAtOnce))
      rest = rest.dropFirst(part.count)
      try StoreTask.run(on: queue) { store throws(StorageError) in
        try store.write(part, archive: record.id)
      }
    }
    var parts = (written.parts?.rows(archive: record.id) ?? [])[...]
    while !parts.isEmpty {
      let part = Array(parts.prefix(ServiceLimits.archivedAtOnce))
      parts = parts.dropFirst(part.count)
      try StoreTask.run(on: queue) { store throws(StorageError) in
        for row in part { try store.put(row.values, in: row.table) }
      }
    }
    var first = record.firstRow
    while first <= record.head.row {
      let start = first
      let last = min(record.head.row, start + Int64(ServiceLimits.archivedAtOnce) - 1)
      try StoreTask.run(on: queue) { store throws(StorageError) in
        try store.keepResponses(from: start, through: last)
      }
      first = last + 1
    }
    try StoreTask.run(on: queue) { store throws(StorageError) in try store.write(record) }
  }

  /// Forgets what the archives have, and what an attempt that was cut off has left.
  private func forgetArchived(_ reader: LedgerReader) throws {
    let last = try reader.lastArchive
    var key: Int64? = Int64.min
    repeat {
      let from = key ?? Int64.max
      key = try reader.historyKey(after: from, count: ServiceLimits.archivedAtOnce)
      let keys = from...(key ?? Int64.max)
      try StoreTask.run(on: queue) { store throws(StorageError) in
        try store.forgetArchived(last, history: keys)
      }
    } while try key != nil || reader.hasRows(upTo: last?.head.row ?? 0)
      || reader.hasSums(besides: last?.id ?? 0)
  }
}

/// What archived rows add up to, and which names occur in them.
private struct Sums {
  private var places: [Int64: Int] = [:]
  private(set) var sums: [BalanceSum] = []
  /// Nil when nobody knows what earlier archives add up to.
  private(set) var parts: ArchivedParts?
  private(set) var skus: Set<SKUIndex> = []
  private(set) var locations: Set<LocationIndex> = []

  /// Begins with what earlier archives add up to.
  init(_ reader: LedgerReader) throws {
    parts = try reader.archivedParts
    try reader.archivedBalances { sum in
      places[PoolStore.key(sum.balance.sku, sum.balance.location)] = sums.count
      sums.append(sum)
    }
  }

  /// Returns what is wrong with the entry.
  mutating func count(_ entry: LedgerEntry) -> String? {
    var sequence = entry.firstSequence
    for movement in entry.movements {
      let key = PoolStore.key(movement.sku, movement.location)
      let place = places[key] ?? sums.count
      if place == sums.count {
        places[key] = place
        sums.append(BalanceSum(Balance(sku: movement.sku, location: movement.location)))
      }
      sums[place].count(movement, sequence: sequence, at: entry.time)
      skus.insert(movement.sku)
      locations.insert(movement.location)
      sequence += 1
    }
    return parts?.count(entry)
  }
}
