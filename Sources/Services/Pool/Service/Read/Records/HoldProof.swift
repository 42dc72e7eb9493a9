internal import PoolDomain
internal import Primitives

/// Folds holds out of the ledger and compares each with the one that is kept.
///
/// It keeps those that may still be read: a hold that ended a day ago is forgotten, here as in the pool.
struct HoldProof: Sendable {
  /// Which holds it looks at: those whose hash leaves `number` when divided by `count`.
  struct Share: Hashable, Sendable {
    var number: Int
    var count: Int

    func has(_ id: HoldID) -> Bool {
      guard count > 1 else { return true }
      var hasher = Hasher()
      hasher.combine(id.text)
      return UInt(bitPattern: hasher.finalize()) % UInt(count) == UInt(number)
    }
  }

  private let share: Share
  /// As the ledger has them so far; behind the mark only those that somebody waits for.
  private var holds: [HoldID: Hold] = [:]
  /// Rows that have counted later movements.
  private var claims: [HoldID: Hold] = [:]
  private var isAtMark = false
  /// Holds that were begun later know what they were first asked for.
  var firstLinesAfter: Int64 = 0
  private var time = Timestamp.zero
  private var tidyCount = ServiceLimits.tidiedHolds

  var hasClaims: Bool { !claims.isEmpty }

  init(_ share: Share) {
    self.share = share
  }

  /// - Returns: what differs from a row that claimed the entry's movements.
  mutating func count(_ entry: LedgerEntry) -> String? {
    time = max(time, entry.time)
    guard let id = entry.holdID, !entry.movements.isEmpty, share.has(id) else { return nil }
    guard entry.owner.isEmpty else {
      // Behind the mark, the hold that had the ID before is forgotten.
      holds[id] = isAtMark ? nil : Hold(id, madeBy: entry)
      claims[id] = nil
      tidy()
      return nil
    }
    // What was made before the ledger begins here is not known.
    guard holds[id] != nil else { return nil }
    holds[id]?.count(entry)
    guard let claim = claims[id], claim.sequence <= entry.lastSequence else { return nil }
    claims[id] = nil
    let isSame = matches(claim)
    holds[id] = nil
    return isSame ? nil : Self.differs(id, at: entry.lastSequence)
  }

  private mutating func tidy() {
    guard holds.count > tidyCount else { return }
    holds = holds.filter { !isForgotten($0.value) }
    tidyCount = max(ServiceLimits.tidiedHolds, 2 * holds.count)
  }

  private func isForgotten(_ hold: Hold) -> Bool {
    hold.endTime.map { $0 <= time - Limits.endedHoldKept } ?? false
  }

  /// Compares a hold as it was swept up to the mark at least, or notes what it claims of later movements.
  ///
  /// - Parameter isArchived: its beginning is in an archive, so that the ledger does not tell all of it.
  mutating func compare(_ hold: Hold, at mark: Int64, isArchived: Bool) -> String? {
    guard share.has(hold.id) else { return nil }
    // Its row is about to go, and its ID may have been given to another.
    if isForgotten(hold) { return nil }
    if isArchived {
      holds[hold.id] = nil
      return nil
    }
    guard holds[hold.id] != nil else {
      return "the hold \(hold.id) as swept is not in the ledger"
    }
    if hold.sequence > mark {
      claims[hold.id] = hold
      return nil
    }
    guard matches(hold) else { return Self.differs(hold.id, at: mark) }
    holds[hold.id] = nil
    return nil
  }

  /// Every row was compared. A hold without one must have ended since.
  mutating func finishRows() {
    isAtMark = true
    holds = holds.filter { claims[$0.key] != nil || $0.value.state == .held }
  }

  /// What is still not met at the end of the ledger.
  var openClaim: String? {
    if let claim = claims.values.min(by: { $0.number < $1.number }) {
      return
        "the hold \(claim.id) as swept claims movement \(claim.sequence), which the ledger has not"
    }
    return holds.values.filter { $0.state == .held }.min { $0.number < $1.number }.map {
      "the hold \($0.id) was not swept, which the mark says was"
    }
  }

  private func matches(_ row: Hold) -> Bool {
    guard var known = holds[row.id] else { return false }
    // Rows of an older store have a number that it gave them.
    if row.number < 0 { known.number = row.number }
    if row.number <= firstLinesAfter { known.firstLines = row.firstLines }
    return known == row
  }

  private static func differs(_ id: HoldID, at sequence: Int64) -> String {
    "the hold \(id) as swept differs from the ledger at movement \(sequence)"
  }
}
