internal import GatewayDomain
internal import Primitives

/// What happened to each listing's number, for whoever asks later. It is kept with the push itself, in the same commit.
extension AccountPusher {
  /// A push ended; `before` is the listing's state while it was on its way.
  func remember(
    _ id: ListingID, _ outcome: PushState.Outcome, _ before: PushState, _ now: Timestamp
  ) {
    guard let quantity = before.sent, let cause = before.flightCause else { return }
    let (kind, text): (HistoryRow.Kind, String) =
      switch outcome {
      case .acknowledged: (.acknowledged, "")
      case .stale(let shown): (.stale, shown.map { "the channel shows \($0)" } ?? "")
      case .retry(let text, _, _): (.retry, text)
      case .locked(let text): (.locked, text)
      case .refused(let text): (.refused, text)
      }
    append(
      HistoryRow(
        listingID: id, time: now, kind: kind, quantity: quantity, wanted: before.wanted ?? 0,
        unseenCount: cause.unseenCount, poolVersion: cause.version.pool, sendTime: cause.sendTime,
        commitTime: cause.commitTime, text: text))
  }

  /// The channel was read.
  func remember(_ id: ListingID, shown: Quantity?, _ now: Timestamp) {
    guard let entry = entries[id], let shown else { return }
    let state = entry.state
    if shown == state.acknowledged { entry.isSeen = true }
    append(
      HistoryRow(
        listingID: id, time: now, kind: .read, quantity: shown, wanted: state.wanted ?? 0,
        poolVersion: state.wantedVersion.pool))
  }

  /// While the store takes nothing, what is too much is not kept.
  private func append(_ row: HistoryRow) {
    guard history.count < GatewayLimits.historyUnsaved else { return }
    history.append(row)
    wake()
  }
}
