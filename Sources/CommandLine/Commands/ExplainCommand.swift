internal import GatewayAPI
internal import MappingAPI
internal import PoolAPI
internal import Primitives

/// How a channel's number comes about: the pool's sum, its rules, and what the gateway made of it.
enum ExplainCommand {
  static let explain = Command(
    name: "explain", usage: "SKU CHANNEL [--listing LISTING] [--at TIME]",
    summary: "how a channel's number comes about, and what its listings show", wordLimit: 2,
    options: ["listing": "", "at": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let sku = try arguments.word(0, "SKU")
    let channel = try arguments.word(1, "CHANNEL")
    let time = try arguments.time(option: "at")
    let listing = arguments.option("listing")
    try await KnownChannels.check([channel], peers)
    let listings = try await listings(of: sku, on: channel, only: listing, peers)
    let answer = try await peers.pool.explainAvailability(
      ExplainAvailabilityRequest(
        sku: sku, channelID: channel, listingID: listing, time: time))
    Output.table(
      ["term", "change", "sum", "why"],
      answer.terms.map { [$0.name, "\($0.deltaCount)", "\($0.runningCount)", $0.explanation] })
    for line in lines(answer) { Output.line(line) }
    // Of a past instant, the pool alone knows.
    guard time == nil else { return 0 }
    let pushes = try await pushes(of: listings, peers)
    if !pushes.isEmpty { Output.table(pushHeader, pushes.map(row)) }
    return 0
  }

  /// What stands below the table of terms.
  static func lines(_ answer: ExplainAvailabilityResponse) -> [String] {
    func verdict(_ won: Bool, _ words: String) -> String {
      "\(won ? "counts" : "does not count"): \(words)"
    }
    var lines = answer.rules.map { verdict($0.won, $0.explanation) }
    lines += answer.locks.map { lock in
      let kept = lock.lastUnits.map { "last \($0.unitCount) units for \($0.channelID), " } ?? ""
      return verdict(lock.won, kept + lock.explanation)
    }
    lines += answer.places.map {
      "at \($0.locationID): \($0.availableCount) available, \(verdict($0.counts, $0.explanation))"
    }
    lines += held(answer.owners, answer.ownerCount, answer.holders, answer.holdCount)
    for component in answer.components {
      let held = held(
        component.owners, component.ownerCount, component.holders, component.holdCount)
      lines += held.map { "\(component.sku) \($0)" }
    }
    lines.append("available to sell: \(answer.availableToSellCount) at sequence \(answer.sequence)")
    return lines
  }

  /// Who holds a SKU; the counts are of all, also of those that are not listed.
  private static func held(
    _ owners: [ExplainAvailabilityResponse.Owner], _ ownerCount: Int64,
    _ holders: [ExplainAvailabilityResponse.Holder], _ holdCount: Int64
  ) -> [String] {
    var lines = owners.map { "held by \($0.owner): \($0.quantity) in \($0.holdCount) holds" }
    if ownerCount > Int64(owners.count) {
      lines.append("held by others: \(ownerCount - Int64(owners.count)) owners")
    }
    lines += holders.map {
      "hold \($0.holdID) of \($0.owner): \($0.quantity) until \($0.expireTime.text)"
    }
    if holdCount > Int64(holders.count) {
      lines.append("and \(holdCount - Int64(holders.count)) younger holds")
    }
    return lines
  }

  // MARK: Pushes

  private static let pushHeader = [
    "listing", "wanted", "at sequence", "acknowledged", "at sequence", "last error",
  ]

  private static func row(_ push: ListingPush) -> [String] {
    [
      push.listingID, "\(push.wantedCount)", "\(push.wantedVersion)",
      push.acknowledgedCount < 0 ? "–" : "\(push.acknowledgedCount)",
      push.acknowledgedCount < 0 ? "–" : "\(push.acknowledgedVersion)", push.lastError,
    ]
  }

  /// The listings on the channel that take from the SKU, or the one that is asked for.
  private static func listings(
    of sku: String, on channel: String, only wanted: String, _ peers: Peers
  ) async throws -> [Listing] {
    let listings = try await allPages { token in
      let page = try await peers.mapping.listListings(
        ListListingsRequest(sku: sku, pageSize: 1000, pageToken: token))
      return (page.listings, page.nextPageToken)
    }.filter { $0.channelID == channel }
    guard !wanted.isEmpty else { return listings }
    guard let listing = listings.first(where: { $0.listingID == wanted }) else {
      let names = listings.map(\.listingID).joined(separator: ", ")
      throw Failure(
        "no listing \(wanted) on \(channel) takes \(sku)\(names.isEmpty ? "" : "; there is \(names)")"
      )
    }
    return [listing]
  }

  /// What the gateway knows of listings.
  private static func pushes(of listings: [Listing], _ peers: Peers) async throws -> [ListingPush] {
    var found: [ListingPush] = []
    for listing in listings {
      found += try await peers.gateway.listListingPushes(
        ListListingPushesRequest(accountID: listing.accountID, listingID: listing.listingID)
      ).pushes
    }
    return found
  }
}
