internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives

/// What a promotion holds is no failure: it is tried again when the promotion ends.
extension AccountPusher {
  /// The channel lets the number not be set, since a promotion holds it.
  func locked(_ id: ListingID, _ text: String) async {
    guard let entry = entries[id], entry.state.wanted != nil else { return }
    let isNew = !entry.isLockAlerted
    entry.isLockAlerted = true
    let end = await promotionEnd(of: id)
    if let end, end > now {
      entry.state.holdLocked(until: end)
      dirty.insert(id)
    }
    guard isNew, entry.isLockAlerted, let wanted = entry.state.wanted else { return }
    let until = end.map { "until \($0.rfc3339)" } ?? "until an end that it does not tell"
    await surroundings.alerts.raise(
      .promotionLock, about: id.text, account: accountID,
      "A promotion holds the number of listing \(id), which should be \(wanted), \(until): \(text)")
  }

  /// The latest end of what promotions hold, where the channel tells. It is asked only with a call that nobody else misses:
  /// without an end the number is tried again now and then.
  private func promotionEnd(of id: ListingID) async -> Timestamp? {
    guard let reader = session.adapter as? any ReservedStockReading, let entry = entries[id],
      await session.takeSpare()
    else { return nil }
    let listing = entry.listing
    do throws(ChannelError) {
      let found = try await session.callNow(isSpare: true) { api async throws(ChannelError) in
        try await reader.readReserved([listing], api: api)
      }
      return (found.first ?? nil)?.compactMap(\.endTime).max()
    } catch {
      surroundings.log.debug(
        "the end of a promotion is not known", ["listing": id.text, "error": error.text])
      return nil
    }
  }
}
