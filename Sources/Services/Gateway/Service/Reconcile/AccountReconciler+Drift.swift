internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives

/// From readings that differ to drifts: what they are likely to come from, and what is done about them.
extension AccountReconciler {
  /// A reading shows another number than it should.
  func differs(_ finding: AccountPusher.Finding, _ reading: DriftWatch.Reading) async {
    let id = finding.asked.id
    let now = now
    guard var watch = watches[id] else {
      guard watches.count < GatewayLimits.watchedListings else { return }
      watches[id] = DriftWatch(reading, now: now)
      return schedule(id)
    }
    let isDrift = watch.look(reading, now: now)
    watches[id] = watch
    schedule(id)
    if isDrift { await found(finding, reading, since: watch.firstTime, now) }
  }

  /// It is a drift, a new one or one that is known.
  private func found(
    _ finding: AccountPusher.Finding, _ reading: DriftWatch.Reading, since: Timestamp,
    _ now: Timestamp
  ) async {
    let id = finding.asked.id
    do {
      var drift =
        drifts[id]
        ?? DriftRow(
          accountID: accountID, listingID: id, should: reading.should, shown: reading.shown,
          cause: "", firstTime: since, lastTime: now)
      drift.should = reading.should
      drift.shown = reading.shown
      drift.lastTime = now
      let cause = try await facts(finding, reading, now).likelyCause
      drift.cause = cause.rawValue
      if await isSetRight(finding, reading) { drift.correctionCount += 1 }
      let saved = drift
      let message = Self.message(saved)
      drift.driftID = try await surroundings.store.write {
        try $0.save(saved, message, now: now)
      }
      if drifts.updateValue(drift, forKey: id) == nil {
        row?.pass.driftCount += 1
        surroundings.metrics.drifts.increment([accountID.text, cause.rawValue])
        surroundings.log.warning("drift", ["listing": id.text, "text": message])
      }
      showDrifts()
    } catch {
      surroundings.log.error(
        "a drift could not be kept", ["listing": id.text, "error": "\(error)"])
    }
  }

  /// Sets it right where the account's policy says so. A promotion's number comes back by itself, and what was given up waits for
  /// somebody.
  private func isSetRight(
    _ finding: AccountPusher.Finding, _ reading: DriftWatch.Reading
  ) async -> Bool {
    guard let shown = reading.shown, !finding.isLocked, !finding.isDead,
      surroundings.plan.policies[accountID].corrects(shown: shown, should: reading.should)
    else { return false }
    return await pusher.correct(finding.asked, shown: shown)
  }

  private func facts(
    _ finding: AccountPusher.Finding, _ reading: DriftWatch.Reading, _ now: Timestamp
  ) async throws -> DriftFacts {
    let id = finding.asked.id
    var facts = DriftFacts(should: reading.should, shown: reading.shown)
    facts.isLocked = finding.isLocked
    facts.isDead = finding.isDead
    facts.undoneCount = try await surroundings.store.undoneCount(
      of: id, since: now - GatewayLimits.undoneWithin)
    let history = try await surroundings.store.history(
      of: id, upTo: now, limit: GatewayLimits.driftHistory)
    if let last = history.firstIndex(where: { $0.kind == .acknowledged }) {
      facts.wasSeen = history[..<last].contains {
        $0.kind == .read && $0.quantity == history[last].quantity
      }
      facts.before =
        history[(last + 1)...].first { $0.kind == .read || $0.kind == .acknowledged }?.quantity
    }
    if reading.shown != nil { facts.reservedCount = await reserved(finding.asked.listing) }
    return facts
  }

  /// Units that promotions set aside, where the channel tells and there is a call to spare.
  private func reserved(_ listing: ChannelListing) async -> Quantity {
    guard let reader = session.adapter as? any ReservedStockReading, await session.takeSpare()
    else { return 0 }
    do throws(ChannelError) {
      let found = try await session.callNow(isSpare: true) { api async throws(ChannelError) in
        try await reader.readReserved([listing], api: api)
      }
      return (found.first ?? nil)?.reduce(0) { $0 + $1.quantity } ?? 0
    } catch {
      // The cause is a guess in any case.
      surroundings.log.debug(
        "what promotions hold could not be read", ["account": accountID, "error": error.text])
      return 0
    }
  }

  private static func message(_ drift: DriftRow) -> String {
    let shown = drift.shown.map { "shows \($0)" } ?? "is not known to its channel"
    let action =
      drift.correctionCount > 0 ? "it is set right" : "nothing was done about it"
    return "Listing \(drift.listingID) \(shown) and should show \(drift.should); likely "
      + "\(drift.cause); \(action)."
  }

  /// A listing shows what it should, or takes nothing any more.
  func end(_ id: ListingID) async {
    watches[id] = nil
    looks.remove(id)
    guard let drift = drifts[id] else { return }
    let now = now
    do {
      try await surroundings.store.write { try $0.endDrift(drift, now: now) }
      drifts[id] = nil
      showDrifts()
    } catch {
      surroundings.log.error(
        "a drift could not be ended", ["listing": id.text, "error": "\(error)"])
      // It is looked at again, so that it ends once the store takes it.
      let reading = DriftWatch.Reading(
        shown: drift.shown, should: drift.should, intakeCount: 0, isCurrent: true)
      watches[id] = DriftWatch(known: reading, since: drift.firstTime, now: now)
      watches[id]?.putOff(now: now)
      schedule(id)
    }
  }
}
