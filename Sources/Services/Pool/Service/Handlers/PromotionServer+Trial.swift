internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore
internal import Synchronization

extension PromotionServer {
  public func simulatePromotion(
    _ request: SimulatePromotionRequest, context: ServerContext
  ) async throws -> SimulatePromotionResponse {
    var check = RequestCheck()
    let id = check.identifier(PromotionID.self, request.promotionID, "promotion_id")
    let now = pool.now
    let from = check.instant(request.fromTime, "from_time", now: now)
    let to = check.instant(request.toTime, "to_time", now: now)
    if from >= to { check.refuse("to_time", "It must be after from_time.") }
    try check.finish()
    let place = try pool.view.read { state in
      TrialPlace(
        PromotionTrial(of: try state.promotion(id), from: from, to: to, in: state), from, to,
        playedTime: min(to, now))
    }
    var isOver = false
    while !isOver {
      isOver = try await pool.database.read(until: context.deadline) { transaction in
        try place.advance(LedgerReader(transaction))
      }
    }
    return pool.view.read { state in place.response(state) }
  }
}

/// Where a trial stays while it goes from reader to reader.
private final class TrialPlace: Sendable {
  private struct State {
    var trial: PromotionTrial
    /// The next row to play; nil before it was looked for.
    var nextRow: Int64?
    var rowCount = 0
    var playedTime: Timestamp
  }

  private let state: Mutex<State>
  private let from: Timestamp
  private let to: Timestamp

  init(_ trial: PromotionTrial, _ from: Timestamp, _ to: Timestamp, playedTime: Timestamp) {
    (self.from, self.to) = (from, to)
    state = Mutex(State(trial: trial, playedTime: playedTime))
  }

  /// Plays the next part of the ledger; true when it was the last.
  func advance(_ reader: LedgerReader) throws -> Bool {
    try state.withLock { state in
      let first = try state.nextRow ?? firstRow(reader)
      var count = 0
      var isOver = false
      try reader.scanEntries(from: first, count: ServiceLimits.provedRows) { row, entry in
        // It was archived meanwhile.
        guard row.number == first + Int64(count) else { throw PoolError.storeUnavailable }
        guard row.time < to else {
          isOver = true
          return false
        }
        guard state.rowCount < ServiceLimits.trialRows else {
          state.playedTime = row.time
          isOver = true
          return false
        }
        count += 1
        state.rowCount += 1
        play(entry, &state.trial)
        return true
      }
      state.nextRow = first + Int64(count)
      isOver = isOver || count < ServiceLimits.provedRows
      if isOver { state.trial.finish() }
      return isOver
    }
  }

  /// Orders that lie in an archive are not left out silently.
  private func firstRow(_ reader: LedgerReader) throws -> Int64 {
    if try from <= reader.base.time, let archive = try reader.archive(at: from) {
      throw LedgerError.archived(archive)
    }
    return try reader.row(from: from)
  }

  private func play(_ entry: LedgerEntry, _ trial: inout PromotionTrial) {
    for movement in entry.movements where movement.kind.sells {
      trial.play(movement.sku, on: entry.channelID, movement.quantity, at: entry.time)
    }
  }

  func response(_ names: ReadModel.State) -> SimulatePromotionResponse {
    state.withLock { state in
      SimulatePromotionResponse(
        outcomes: state.trial.outcomes.map {
          SimulatePromotionResponse.Outcome(
            sku: names.name(of: $0.sku), availableCount: $0.available, allottedCount: $0.allotted,
            promotedCount: $0.promoted, leftCount: $0.left, lostInsideCount: $0.lostInside,
            lostElsewhereCount: $0.lostElsewhere)
        },
        points: state.trial.points.map {
          SimulatePromotionResponse.Point(
            time: $0.time, sku: names.name(of: $0.sku), channelID: $0.channel.text,
            shownCount: $0.shown, shownCountWithout: $0.shownWithout)
        },
        orderLineCount: state.trial.lineCount, playedTime: state.playedTime)
    }
  }
}
