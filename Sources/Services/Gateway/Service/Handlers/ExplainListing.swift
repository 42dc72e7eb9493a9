internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func explainListing(
    _ request: ExplainListingRequest, context: ServerContext
  ) async throws -> ExplainListingResponse {
    var check = RequestCheck()
    let id = check.identifier(ListingID.self, request.listingID, "listing_id")
    check.integer(
      Int64(request.eventCount), "event_count", in: 0...Int64(GatewayLimits.historyTold))
    try check.finish()
    guard let (listing, maximum) = await gateway.planner.listing(id) else {
      throw GatewayError.listingUnknown(id.text)
    }
    let now = store.clock.now()
    let time = request.time ?? now
    let parts = try await parts(of: listing, at: request.time)
    let available = Dictionary(
      parts.map { (SKU(trusted: $0.sku), $0.availableToSellCount) }, uniquingKeysWith: min)
    let should = ListingNumber.wanted(listing.components, maximum: maximum) { available[$0] }
    let limit = request.eventCount == 0 ? 20 : Int(request.eventCount)
    let history = try await store.history(of: id, upTo: time, limit: limit)
    let shown = try await store.lastShown(id, upTo: time)
    return ExplainListingResponse(
      listingID: id.text, time: time, shouldShowCount: should ?? -1, components: parts,
      shownCount: shown?.quantity ?? -1, showTime: shown?.time,
      events: history.map { ListingEvent($0) },
      explanation: Self.words(should: should, shown: shown, newest: history.first))
  }

  /// What the pool says of each SKU that the listing takes, at a past moment too.
  private func parts(
    of listing: PlannedListing, at time: Timestamp?
  ) async throws -> [ListingComponent] {
    var parts: [ListingComponent] = []
    for component in listing.components {
      let answer = try await gateway.peers.pool.explainAvailability(
        ExplainAvailabilityRequest(
          sku: component.sku.text, channelID: listing.channelID.text,
          listingID: listing.listingID.text, time: time))
      parts.append(
        ListingComponent(
          sku: component.sku.text, unitCount: component.quantity,
          availableToSellCount: answer.availableToSellCount))
    }
    return parts
  }

  private static func words(
    should: Quantity?, shown: HistoryRow?, newest: HistoryRow?
  ) -> String {
    guard let should else { return "The listing takes nothing from the pool: it is not linked." }
    guard let shown else { return "It should show \(should); what it showed is not known." }
    if shown.quantity == should { return "It showed \(should), as it should." }
    let difference = "It showed \(shown.quantity) and should have shown \(should)"
    switch newest?.kind {
    case .retry, .stale: return "\(difference): the last push failed and was to be tried again."
    case .locked: return "\(difference): the channel held the number, as in a promotion."
    case .refused: return "\(difference): the channel refused the last push."
    case .read, .acknowledged, nil:
      return shown.unseenCount > 0
        ? "\(difference): \(shown.unseenCount) units were left out that the channel seemed to have sold."
        : "\(difference): a push had not been answered yet, or waited for the channel's own sales."
    }
  }
}

extension ListingEvent {
  init(_ row: HistoryRow) {
    let kind: Kind =
      switch row.kind {
      case .read: .read
      case .acknowledged: .acknowledged
      case .stale: .stale
      case .retry: .retry
      case .locked: .locked
      case .refused: .refused
      }
    self.init(
      kind: kind, time: row.time, count: row.quantity, wantedCount: row.wanted,
      unseenCount: row.unseenCount, poolSequence: row.poolVersion, sendTime: row.sendTime,
      commitTime: row.commitTime, message: row.text)
  }
}
