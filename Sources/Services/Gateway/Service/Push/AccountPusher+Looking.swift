internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// After a restart nobody knows for sure what listings show. Those of which nothing else is to be done are looked at, as many in a
/// call as the channel allows and with calls that nobody else misses: a push reads its own listing anyway right before it goes out.
extension AccountPusher {
  func startLooking(_ group: inout DiscardingTaskGroup) {
    guard isAllKnown, !isLooking, !looks.isEmpty else { return }
    isLooking = true
    group.addTask {
      await self.lookAtAll()
      await self.endLooking()
    }
  }

  private func endLooking() {
    isLooking = false
    if !looks.isEmpty { wake() }
  }

  /// Several calls at once, since an answer takes longer than the next turn; first the account's events are taken in.
  private func lookAtAll() async {
    await surroundings.gate.wait(accountID)
    await surroundings.intake.caughtUp(accountID, atMost: GatewayLimits.raiseWait)
    let atOnce = GatewayLimits.readingsAtOnce(of: session.adapter.readBatch)
    await withTaskGroup(of: Bool.self) { group in
      var callCount = 0
      var failureCount = 0
      while callCount > 0 || !looks.isEmpty {
        if callCount == atOnce || looks.isEmpty {
          let wasAnswered = await group.next() ?? true
          callCount -= 1
          failureCount = wasAnswered ? 0 : failureCount + 1
          let pause = GatewayLimits.pushBackoff.pause(attempt: failureCount)
          if !wasAnswered { do { try await Task.sleep(for: pause) } catch { return } }
          continue
        }
        guard await session.waitForSpare() else { return }
        let ids = takeLooks()
        guard !ids.isEmpty else {
          await session.giveBack()
          continue
        }
        callCount += 1
        group.addTask { await self.look(at: ids) }
      }
    }
  }

  private func takeLooks() -> [ListingID] {
    let now = now
    var others: [ListingID] = []
    let ids = looks.take(session.adapter.readBatch) { id in
      guard let entry = entries[id], entry.lane == .look else { return false }
      entry.lane = nil
      guard need(entry, now) != .look else { return true }
      others.append(id)
      return false
    }
    for id in others { file(id, now) }
    return ids
  }

  /// Looks at listings with one call; false when the channel did not answer.
  private func look(at ids: [ListingID]) async -> Bool {
    let asked = ids.compactMap { Asked($0, entries[$0]) }
    let found: [Quantity?]
    do throws(ChannelError) {
      found = try await session.readSpare(asked.map(\.listing))
    } catch {
      surroundings.log.debug(
        "listings could not be looked at", ["account": accountID, "error": error.text])
      let isAnswer =
        switch error {
        case .notFound, .refused, .malformed: true
        case .unavailable, .rateLimited, .tokenExpired, .unauthorised, .suspended: false
        }
      putBack(asked, alone: isAnswer)
      return isAnswer
    }
    let now = now
    for (one, shown) in zip(asked, found) {
      guard let entry = entries[one.id], one.isStill(entry), need(entry, now) == .look else {
        file(one.id, now)
        continue
      }
      entry.readSeconds = UInt32(clamping: now.seconds)
      remember(one.id, shown: shown, now)
      await looked(at: entry, shown, now)
    }
    wake()
    return true
  }

  /// Those of one call that was refused are read one by one, by pushes, to find out which of them is why.
  private func putBack(_ asked: [Asked], alone: Bool) {
    let now = now
    for one in asked {
      guard let entry = entries[one.id], need(entry, now) == .look else { continue }
      if alone { entry.isAlone = true }
      file(one.id, now)
    }
    wake()
  }

  /// A listing that nobody had looked at was read, for whatever reason, and nothing of it came in between. What it shows otherwise
  /// than it should is pushed by the usual rules.
  func looked(at entry: Entry, _ shown: Quantity?, _ now: Timestamp) async {
    guard let shown else {
      // A push tells more.
      entry.isAlone = true
      return file(entry.key, now)
    }
    let decision = entry.state.decide(shown: shown, now: now)
    file(entry.key, now)
    guard decision == .settled else { return wake() }
    dirty.insert(entry.key)
    await endAlert(entry.key)
  }
}
