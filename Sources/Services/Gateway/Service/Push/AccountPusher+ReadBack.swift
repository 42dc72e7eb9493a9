internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Reads some numbers back after the channel has acknowledged them, with calls that pushes do not need: an answer of success is
/// no proof that the number is shown.
extension AccountPusher {
  /// A push was acknowledged, so long after the pool's commit.
  func acknowledged(_ id: ListingID, after span: Duration, _ now: Timestamp) {
    entries[id]?.lags.add(span)
    entries[id]?.unseenSince = now - span
    guard session.adapter.traits.readsStock else { return }
    readBackDebt += surroundings.readBackShare
    guard readBackDebt >= 1, readBackQueue.count < GatewayLimits.readBackQueue else { return }
    readBackDebt -= 1
    readBackQueue.append(id)
  }

  /// The channel was seen to show this, for whatever reason it was read.
  func seen(_ id: ListingID, _ shown: Quantity?, _ now: Timestamp) async {
    guard let entry = entries[id], let since = entry.unseenSince, let shown,
      shown == entry.state.acknowledged, !entry.state.isInFlight
    else { return }
    let span = max(.zero, now - since)
    entry.unseenSince = nil
    entry.readBackLags.add(span)
    surroundings.metrics.readBackSeconds.observe(span, [accountID.text])
    await surroundings.lag.addReadBack(span, account: accountID)
  }

  func startReadingBack(_ group: inout DiscardingTaskGroup) {
    guard !isReadingBack, !readBackQueue.isEmpty else { return }
    isReadingBack = true
    group.addTask {
      await self.readBack()
      await self.endReadBack()
    }
  }

  private func endReadBack() {
    isReadingBack = false
    if !readBackQueue.isEmpty { wake() }
  }

  /// Reads as many of those that wait as go in one call, as soon as there is a call to spare.
  private func readBack() async {
    guard await session.waitForSpare() else { return }
    var seen: Set<ListingID> = []
    let (asked, others) = oneCall(of: readBackQueue.takeAll().filter { seen.insert($0).inserted })
    readBackQueue.putBack(others)
    guard !asked.isEmpty else { return await session.giveBack() }
    var batch = asked.map(\.id)
    for attempt in 1...GatewayLimits.readBackTries {
      batch = await lookAt(batch, isLast: attempt == GatewayLimits.readBackTries)
      guard !batch.isEmpty, await session.waitForSpare() else { return }
    }
  }

  /// Reads listings; returns those that do not show yet what was acknowledged. Some channels take a moment, so only
  /// the last look makes the gateway doubt the number.
  private func lookAt(_ ids: [ListingID], isLast: Bool) async -> [ListingID] {
    let asked = ids.compactMap { Asked($0, entries[$0]) }
      .filter { entries[$0.id]?.unseenSince != nil }
    guard !asked.isEmpty else { return [] }
    let found: [Quantity?]
    do throws(ChannelError) {
      found = try await session.readSpare(asked.map(\.listing))
    } catch {
      // Whatever is wrong is seen by the pushes; a sample less is no harm.
      surroundings.log.debug("nothing was read back", ["account": accountID, "error": error.text])
      return []
    }
    let now = now
    var differing: [ListingID] = []
    for (before, shown) in zip(asked, found) {
      let id = before.id
      guard let entry = entries[id], before.isStill(entry), let shown else { continue }
      remember(id, shown: shown, now)
      await seen(id, shown, now)
      let isRight = shown == entry.state.acknowledged
      if !isRight, !isLast {
        differing.append(id)
        continue
      }
      surroundings.metrics.readBacks.increment([accountID.text, isRight ? "right" : "differs"])
      if !isRight {
        entry.state.doubt()
        file(id, now)
        wake()
      }
    }
    return differing
  }
}

/// A listing as it was when it was asked what it shows.
struct Asked: Sendable {
  var id: ListingID
  var listing: ChannelListing
  private var serial: UInt32
  private var intakeCount: Int

  /// Nil while a push of it is on its way.
  init?(_ id: ListingID, _ entry: AccountPusher.Entry?) {
    guard let entry, !entry.state.isInFlight else { return nil }
    self.id = id
    listing = entry.listing
    serial = entry.serial
    intakeCount = entry.state.intakeCount
  }

  /// Whether nothing has happened to it since.
  func isStill(_ entry: AccountPusher.Entry) -> Bool {
    entry.serial == serial && !entry.state.isInFlight && entry.state.intakeCount == intakeCount
  }
}
