internal import Kit
internal import PoolDomain
internal import Primitives
internal import Synchronization

/// The latest changes of availability, in the order of the ledger, for any number of watchers.
///
/// The writer appends and wakes; it never waits for a watcher and keeps nothing for one. Each
/// watcher has a place of its own in the list, reads on from there when it can, and takes the
/// newest value of each SKU from the read model. Whoever falls off the end of the list begins again
/// with a snapshot.
final class AvailabilityFeed: Sendable {
  struct Change: Sendable {
    /// Of the SKU's last movement; of the ledger, when a rule changed and no stock.
    var sequence: Int64
    var commitTime: Timestamp
    /// Nil: every SKU may show something else now.
    var sku: SKUIndex?
    /// A rule or the catalogue changed, which takes no place in the ledger: it is sent again to
    /// whoever resumes at this very sequence.
    var isRule: Bool
  }

  private struct State {
    var changes: [Change] = []
    /// The number of changes that are no longer kept.
    var dropped = 0
    /// What was durable before the first change that was ever kept.
    var startSequence: Int64 = 0
  }

  private let state = Mutex(State())
  /// The number of changes that there have ever been.
  let signal = FeedSignal()

  /// Forgets all and begins after `sequence`: at start, and after the store was read again.
  func reset(at sequence: Int64) {
    let end = state.withLock { state in
      state.dropped += state.changes.count + 1
      state.changes = []
      state.startSequence = sequence
      return state.dropped
    }
    signal.raise(to: Int64(end))
  }

  func append(_ changes: [Change]) {
    guard !changes.isEmpty else { return }
    let end = state.withLock { state in
      state.changes += changes
      // Twice as many are kept before the older half goes, so that it moves seldom.
      if state.changes.count > 2 * ServiceLimits.keptChanges {
        let surplus = state.changes.count - ServiceLimits.keptChanges
        state.startSequence = state.changes[surplus - 1].sequence
        state.changes.removeFirst(surplus)
        state.dropped += surplus
      }
      return state.dropped + state.changes.count
    }
    signal.raise(to: Int64(end))
  }

  /// The place after all changes.
  var end: Int { state.withLock { $0.dropped + $0.changes.count } }

  /// The place of the first change of `sequence` or later, for somebody who has seen everything up
  /// to there; nil when it is no longer kept.
  func place(from sequence: Int64) -> Int? {
    state.withLock { state in
      // At the start itself a rule may have changed that is not kept any more.
      guard sequence > state.startSequence else { return nil }
      var (low, high) = (0, state.changes.count)
      while low < high {
        let middle = (low + high) / 2
        if state.changes[middle].sequence < sequence { low = middle + 1 } else { high = middle }
      }
      return state.dropped + low
    }
  }

  /// Up to `count` changes from `place` on; nil when they are no longer kept.
  func changes(from place: Int, count: Int) -> [Change]? {
    state.withLock { state in
      guard place >= state.dropped else { return nil }
      let start = place - state.dropped
      guard start < state.changes.count else { return [] }
      return Array(state.changes[start..<min(state.changes.count, start + count)])
    }
  }
}
