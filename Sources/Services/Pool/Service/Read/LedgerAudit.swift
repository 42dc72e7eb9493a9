internal import Kit
internal import Primitives
internal import StorageCore
internal import Synchronization

/// Proves the ledger again and again in the background, at a pace that nobody notices.
///
/// A large pool's balances are added up in shares, one an audit, so that an audit needs little memory;
/// the chain is followed from its beginning each time.
struct LedgerAudit: Sendable {
  let view: ReadModel
  let database: any Database
  let readers: ReaderHealth
  let metrics: PoolMetrics
  let log: Log
  /// Between two parts of the ledger.
  var pace = ServiceLimits.auditPace

  /// Runs until the task is cancelled or the ledger disagrees; then nothing is written any more.
  func run(every pause: Duration) async throws {
    var number = 0
    while !Task.isCancelled {
      guard try await audit(number) else { return }
      number += 1
      try await Task.sleep(for: pause)
    }
  }

  /// Whether nothing was found.
  func audit(_ number: Int) async throws -> Bool {
    let count = max(1, view.balanceCount / ServiceLimits.auditedBalances)
    let share = LedgerProof.Share(number: number % count, count: count)
    let proof = try await LedgerProving(LedgerProof(view, share: share)).finish(
      database, until: .never, pace: pace)
    metrics.auditedSequence.set(Double(proof.head.sequence))
    guard tell(proof) else { return false }
    metrics.proved.set(1)
    log.info(
      "the ledger is proved",
      [
        "rows": Int(proof.rowCount), "sequence": proof.head.sequence,
        "hash": Hex.encode(proof.head.hash.bytes), "share": "\(share.number + 1)/\(share.count)",
      ])
    return true
  }

  /// Stops the writer until the next start when a proof has found that the store disagrees with itself. What somebody
  /// else expects of it is no reason to.
  ///
  /// - Returns: whether nothing was found.
  func tell(_ proof: LedgerProof) -> Bool {
    guard let difference = proof.difference, !proof.isUnexpectedHead else { return true }
    metrics.proved.set(0)
    log.error("the ledger disagrees", ["difference": difference, "remedy": BadRow.remedy])
    readers.found("\(difference); \(BadRow.remedy)")
    return false
  }
}

/// Where a proof stays while it goes from reader to reader: its sums are as many as there are balances,
/// so that a copy with each part of the ledger would cost more than the part.
final class LedgerProving: Sendable {
  private let proof: Mutex<LedgerProof>

  init(_ proof: LedgerProof) {
    self.proof = Mutex(proof)
  }

  /// Reads part after part, and hands over the proof once it has come to its end.
  func finish(
    _ database: any Database, until deadline: Deadline, pace: Duration = .zero
  ) async throws -> LedgerProof {
    while !proof.withLock({ $0.isFinished }) {
      try await database.read(until: deadline) { [self] transaction in
        try proof.withLock { try $0.advance(LedgerReader(transaction)) }
      }
      let pause =
        proof.withLock { $0.isWaiting } ? max(pace, ServiceLimits.proofPause) : pace
      if pause > .zero { try await Task.sleep(for: pause) }
    }
    return proof.withLock { $0 }
  }
}
