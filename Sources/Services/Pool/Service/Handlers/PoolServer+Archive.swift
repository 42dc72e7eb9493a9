internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore
internal import StorageSQLite

extension PoolServer {
  public func archiveLedger(
    _ request: ArchiveLedgerRequest, context: ServerContext
  ) async throws -> ArchiveLedgerResponse {
    var check = RequestCheck()
    let time = check.required(request.beforeTime, "before_time") ?? .zero
    if time > clock.now() - Limits.requestKept {
      check.refuse(
        "before_time", "It must be 24 hours ago at least: so long are requests answered again.")
    }
    try check.finish()
    guard isArchiving.exchange(true, ordering: .sequentiallyConsistent) == false else {
      throw LedgerError.archiveRunning
    }
    defer { isArchiving.store(false, ordering: .sequentiallyConsistent) }
    let archiver = LedgerArchiver(
      storePath: writer.path, view: view, queue: writer.queue)
    do {
      let made = try await Self.onThread { try archiver.archive(before: time) }
      return ArchiveLedgerResponse(archive: made.map { PoolAPI.LedgerArchive($0) })
    } catch let damage as any StoreDamage {
      writer.readers.found("\(damage); \(BadRow.remedy)")
      if let row = damage as? BadRow { throw LedgerError.damaged(row) }
      throw damage
    }
  }

  public func verifyArchive(
    _ request: VerifyArchiveRequest, context: ServerContext
  ) async throws -> VerifyArchiveResponse {
    var check = RequestCheck()
    check.text(request.archive, "archive", atMost: 100)
    try check.finish()
    // Only names that the store knows become paths.
    let known = try await database.read(until: context.deadline) { transaction in
      let reader = LedgerReader(transaction)
      let record = try reader.archive(named: request.archive)
      return try record.map { ($0, try reader.archive($0.id - 1)?.head ?? .origin) }
    }
    guard let (record, start) = known else {
      throw LedgerError.archiveUnknown(request.archive)
    }
    let path = "\(LedgerArchiver.folder(of: writer.path))/\(record.file)"
    var proof: ArchiveFile.Proof
    do {
      proof = try await Self.onThread { try ArchiveFile.prove(path) }
    } catch StorageError.cannotOpen {
      throw LedgerError.archiveUnknown(request.archive)
    } catch StorageError.corrupt(_, let reason), StorageError.invalidStatement(_, let reason) {
      proof = ArchiveFile.Proof(difference: "the file is damaged: \(reason)")
    }
    if proof.difference == nil, proof.start.row != start.row || proof.start.hash != start.hash {
      proof.difference = "it does not begin where the archive before it ends"
    }
    if proof.difference == nil, proof.head.hash != record.head.hash {
      (proof.badRow, proof.difference) = (record.head.row, "it is not the one that the store knows")
    }
    return VerifyArchiveResponse(
      proved: proof.difference == nil, rowCount: proof.rowCount,
      movementCount: proof.movementCount, difference: proof.difference ?? "",
      badRowNumber: proof.badRow, start: PoolAPI.LedgerHead(proof.start),
      head: PoolAPI.LedgerHead(proof.head))
  }

  /// Runs what waits for disks on a thread of its own.
  private static func onThread<T: Sendable>(
    _ body: @escaping @Sendable () throws -> T
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      _ = Worker.start { continuation.resume(with: Result { try body() }) }
    }
  }
}

extension PoolAPI.LedgerArchive {
  init(_ archive: ArchiveRecord) {
    self.init(
      archive: archive.file, firstRowNumber: archive.firstRow,
      firstSequence: archive.firstSequence, firstTime: archive.firstTime,
      lastTime: archive.head.time, head: PoolAPI.LedgerHead(archive.head))
  }
}
