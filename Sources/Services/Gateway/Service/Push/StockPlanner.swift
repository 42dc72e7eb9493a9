internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import MappingAPI
internal import PoolAPI
internal import Primitives

/// Works out what every listing should show, from what the pool says is available and what mapping
/// says it takes.
actor StockPlanner {
  /// What is known of one SKU.
  private final class SKURecord: Keyed {
    static let unknown = Quantity.min
    let key: SKU
    /// Those that take it: mostly one, which is kept in place.
    private var first: PlannedListing?
    private var others: [PlannedListing] = []
    /// What each channel may show of it, by the channel's place.
    var counts: [Quantity] = []
    /// What listings may show of it by a buffer of their own, instead of what their channel may.
    var own: [ListingID: Quantity] = [:]

    init(_ sku: SKU) {
      key = sku
    }

    var listings: [PlannedListing] { first.map { [$0] + others } ?? [] }

    func add(_ listing: PlannedListing) {
      remove(listing.listingID)
      if first == nil { first = listing } else { others.append(listing) }
    }

    func remove(_ id: ListingID) {
      if first?.listingID == id {
        first = others.popLast()
      } else {
        others.removeAll { $0.listingID == id }
      }
    }
  }

  private var listings = KeyedTable<PlannedListing>()
  private var skus = KeyedTable<SKURecord>()
  /// Places in `SKURecord.counts`.
  private var channels: [ChannelID: Int] = [:]
  private var owners: [AccountID: ListingOwner] = [:]
  /// By account and the merchant's code, for channels whose sales name nothing else; made when it is first asked for.
  private var codes: [AccountID: [String: PlannedListing]] = [:]
  private var pushers: [AccountID: AccountPusher] = [:]
  private var maximum: [AccountID: Quantity] = [:]
  /// Sales that the pool has recorded and whose change of availability has not come back yet.
  private var open: [(sequence: Int64, listings: [ListingID])] = []
  /// Units of orders that were taken in though the order's record does not say so yet: a later step
  /// failed, and will be made again.
  private var early: [String: [String: Quantity]] = [:]
  /// The pool's sequence up to which wanted numbers are worked out.
  private(set) var sequence: Int64 = 0
  /// Mapping's sequence up to which listings are known.
  private(set) var listingSequence: Int64 = 0
  private(set) var hasAllListings = false
  private var hasSnapshot = false

  /// Whether everything is known that numbers are worked out from.
  var isReady: Bool { pushers.isEmpty || (hasAllListings && hasSnapshot) }

  func add(_ pusher: AccountPusher, maximum: Quantity) async {
    pushers[pusher.accountID] = pusher
    self.maximum[pusher.accountID] = maximum
    await send(
      listings.values.filter { $0.accountID == pusher.accountID }.map { want($0, commitTime: nil) })
    await tellReady()
  }

  private func tellReady() async {
    guard hasAllListings, hasSnapshot else { return }
    for pusher in pushers.values { await pusher.setAllKnown() }
  }

  /// A listing, and the most that its channel takes.
  func listing(_ id: ListingID) -> (listing: PlannedListing, maximum: Quantity)? {
    listings[id].map { ($0, maximum[$0.accountID] ?? 0) }
  }

  /// An account's listings that take something from the pool.
  func listings(of accountID: AccountID) -> [PlannedListing] {
    listings.values.filter { $0.accountID == accountID && !$0.components.isEmpty }
      .sorted { $0.listingID < $1.listingID }
  }

  func pusher(_ accountID: AccountID) -> AccountPusher? { pushers[accountID] }

  func pusher(of listingID: ListingID) -> AccountPusher? {
    listings[listingID].flatMap { pushers[$0.accountID] }
  }

  var allPushers: [AccountPusher] { pushers.values.sorted { $0.accountID < $1.accountID } }

  // MARK: What mapping says

  /// Takes a listing in as it stands; returns whether it takes something from the pool.
  func apply(_ listing: MappingAPI.Listing, sequence: Int64) async -> Bool {
    let planned = PlannedListing(listing, of: owner(of: listing), sequence: sequence) { shared($0) }
    listingSequence = max(listingSequence, sequence)
    let id = planned.listingID
    if let known = listings[id] {
      guard known.sequence <= sequence else { return !known.components.isEmpty }
      for component in known.components {
        skus[component.sku]?.remove(id)
      }
      if codes[known.accountID]?[known.sellerSKU] === known {
        codes[known.accountID]?[known.sellerSKU] = nil
      }
    }
    listings.insert(planned)
    for component in planned.components {
      record(of: component.sku).add(planned)
    }
    if !planned.sellerSKU.isEmpty, !planned.components.isEmpty {
      codes[planned.accountID]?[planned.sellerSKU] = planned
    }
    await send([want(planned, commitTime: nil)])
    return !planned.components.isEmpty
  }

  private func record(of sku: SKU) -> SKURecord {
    if let known = skus[sku] { return known }
    let record = SKURecord(sku)
    skus.insert(record)
    return record
  }

  private func owner(of listing: MappingAPI.Listing) -> ListingOwner {
    let accountID = AccountID(trusted: listing.accountID)
    let channelID = ChannelID(trusted: listing.channelID)
    if let known = owners[accountID], known.channelID == channelID { return known }
    let owner = ListingOwner(accountID, channelID)
    owners[accountID] = owner
    return owner
  }

  /// The text that is here already, where it is too long to be kept in place.
  private func shared(_ text: String) -> String {
    guard text.utf8.count > 15 else { return text }
    return skus[SKU(trusted: text)]?.key.text ?? text
  }

  func setAllListings() async {
    hasAllListings = true
    await tellReady()
  }

  func isLinked(_ listingID: String) -> Bool {
    !(listings[ListingID(trusted: listingID)]?.components.isEmpty ?? true)
  }

  /// What a code of the account's means, when a listing of it has that code.
  func components(_ accountID: AccountID, code: String) -> [SKUAmount]? {
    let known = codes[accountID] ?? codes(of: accountID)
    codes[accountID] = known
    return known[code].map { Array($0.components) }
  }

  private func codes(of accountID: AccountID) -> [String: PlannedListing] {
    let own = listings.values.filter {
      $0.accountID == accountID && !$0.sellerSKU.isEmpty && !$0.components.isEmpty
    }
    // Of two the one that changed last.
    return Dictionary(own.map { ($0.sellerSKU, $0) }) { $0.sequence > $1.sequence ? $0 : $1 }
  }

  // MARK: What the pool says

  func apply(_ change: WatchAvailabilityResponse) async {
    sequence = max(sequence, change.sequence)
    let isEnd = !hasSnapshot && (change.sku.isEmpty || !change.snapshot)
    hasSnapshot = hasSnapshot || isEnd
    if !change.sku.isEmpty {
      let record = record(of: SKU(trusted: change.sku))
      for channel in change.channels {
        let place = place(of: ChannelID(trusted: channel.channelID))
        while record.counts.count <= place { record.counts.append(SKURecord.unknown) }
        record.counts[place] = channel.availableToSellCount
      }
      // All of them come with each change: one that is missing has no buffer of its own any more.
      let own = change.channels.flatMap(\.listings).map {
        (ListingID(trusted: $0.listingID), $0.availableToSellCount)
      }
      record.own = Dictionary(own, uniquingKeysWith: { first, _ in first })
      let commitTime = change.snapshot ? nil : change.commitTime
      await send(record.listings.map { want($0, commitTime: commitTime) })
    }
    if isEnd { await tellReady() }
    await closeReached()
  }

  private func place(of channelID: ChannelID) -> Int {
    if let known = channels[channelID] { return known }
    channels[channelID] = channels.count
    return channels.count - 1
  }

  private func want(_ listing: PlannedListing, commitTime: Timestamp?) -> Want {
    let place = channels[listing.channelID]
    let quantity = ListingNumber.wanted(
      listing.components, maximum: maximum[listing.accountID] ?? 0
    ) { sku in
      guard let record = skus[sku] else { return nil }
      if let own = record.own[listing.listingID] { return own }
      guard let place, place < record.counts.count, record.counts[place] != SKURecord.unknown else {
        return nil
      }
      return record.counts[place]
    }
    return Want(
      listing: listing, quantity: quantity,
      version: PushVersion(pool: sequence, mapping: listing.sequence), commitTime: commitTime)
  }

  /// A version goes with each, so it makes no difference which of two calls arrives first.
  private func send(_ wants: [Want]) async {
    for (accountID, wants) in Dictionary(grouping: wants, by: \.listing.accountID) {
      await pushers[accountID]?.want(wants)
    }
  }

  // MARK: What channels have sold

  /// The channel has sold this of these listings by an order, and the pool is about to know.
  ///
  /// - Returns: what of it was not taken in before.
  func openIntake(
    _ total: [String: Quantity], of orderID: String
  ) async -> [String: Quantity] {
    let before = early[orderID] ?? [:]
    let units = total.merging(before.mapValues { -$0 }, uniquingKeysWith: +)
      .filter { total[$0.key] != nil && $0.value != 0 }
    early[orderID] = before.merging(units, uniquingKeysWith: +)
    for (listing, units) in units {
      let id = ListingID(trusted: listing)
      await pusher(of: id)?.openIntake(id, units)
    }
    return units
  }

  /// The pool knows; raises wait until its sequence has come back.
  func closeIntake(_ units: [String: Quantity], after sequence: Int64) async {
    guard !units.isEmpty else { return }
    open.append((sequence, units.keys.map { ListingID(trusted: $0) }))
    await closeReached()
  }

  /// The pool could not be told; it will be tried again.
  func undoIntake(_ units: [String: Quantity], of orderID: String) async {
    for (listing, units) in units {
      early[orderID]?[listing, default: 0] -= units
      let id = ListingID(trusted: listing)
      await pusher(of: id)?.undoIntake(id, units)
    }
  }

  /// The order's record says now what was taken in.
  func forgetIntake(of orderID: String) { early[orderID] = nil }

  private func closeReached() async {
    guard !open.isEmpty else { return }
    let reached = open.filter { $0.sequence <= sequence }
    open.removeAll { $0.sequence <= sequence }
    for entry in reached {
      for id in entry.listings { await pusher(of: id)?.closeIntake(id) }
    }
  }
}
