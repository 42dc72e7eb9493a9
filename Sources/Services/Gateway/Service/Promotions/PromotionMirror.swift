internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// Makes the pool keep for one channel what that channel has set aside for its own promotions, so that no other sells it.
///
/// The pool's promotions are what is remembered: after a start they are read, and each round reads them before the channel, so
/// that an order between the two looks like more kept and never like less. They end by the pool's clock, whatever the channel
/// tells or does not tell.
actor PromotionMirror {
  struct Surroundings: Sendable {
    var directory: AccountDirectory
    var planner: StockPlanner
    var promotions: PromotionServiceClient
    var alerts: AlertBook
    var clock: any WallClock
    var log: Log
    var strategy: Promotion.Strategy
  }

  nonisolated let channelID: ChannelID
  private let surroundings: Surroundings
  private nonisolated let news = FeedSignal()
  /// Items to look at soon, by account; nil for all of them.
  private var changed: [AccountID: Set<String>?] = [:]
  private var nextPass: [AccountID: Timestamp] = [:]
  /// What each listing was last seen to have set aside.
  private var reserved: [AccountID: [ListingID: [ReservedStock]]] = [:]
  private var passed: Set<AccountID> = []
  /// The pool's promotions that are ours and have not ended; nil when they are to be read.
  private var mirrors: [String: MirrorPromotion]?
  /// Since when the pool keeps more for one than the channel.
  private var overfullSince: [String: Timestamp] = [:]
  /// SKUs that cannot be mirrored, until all is read again.
  private var leftOut: Set<SKU> = []
  /// SKUs of which somebody was told so; nil until it was read what an earlier run has told.
  private var told: Set<SKU>?
  private var isAtWork = false

  init(_ channelID: ChannelID, _ surroundings: Surroundings) {
    self.channelID = channelID
    self.surroundings = surroundings
  }

  /// An event says that something has changed.
  func heard(_ change: ReservedChange, of accountID: AccountID) {
    switch change {
    case .all: changed[accountID] = .some(nil)
    case .item(let item):
      // One that wants all of them already stays so.
      if case .some(nil) = changed[accountID] { break }
      let items = ((changed[accountID] ?? nil) ?? []).union([item])
      changed[accountID] = .some(items.count > GatewayLimits.reserveItems ? nil : items)
    }
    news.raise()
  }

  func run() async {
    while !Task.isCancelled {
      let seen = news.latest
      await round()
      await news.wait(past: seen, atMost: GatewayLimits.reserveLookEvery)
      // What comes close together is looked at in one.
      do { try await Task.sleep(for: GatewayLimits.reserveNewsWait) } catch { return }
    }
  }

  /// Looks at what has changed, at accounts whose turn it is, and at what may be given back by now; false when it is at it
  /// already.
  @discardableResult
  func round() async -> Bool {
    guard !isAtWork else { return false }
    isAtWork = true
    defer { isAtWork = false }
    await lookAround()
    return true
  }

  private func lookAround() async {
    // What has no listing yet must not look like what is not set aside.
    guard await surroundings.planner.hasAllListings else { return }
    let sessions = await surroundings.directory.sessions(of: channelID)
    let now = surroundings.clock.now()
    let due = Set(
      sessions.map(\.accountID).filter { id in nextPass[id].map { $0 <= now } ?? true })
    let asked = changed
    guard !due.isEmpty || !asked.isEmpty || !overfullSince.isEmpty else { return }
    changed = [:]
    do {
      let mirrors = try await currentMirrors()
      var all: [AccountID: [PlannedListing]] = [:]
      for session in sessions {
        all[session.accountID] = await surroundings.planner.listings(of: session.accountID)
      }
      let chosen = chosenListings(all, due, asked, mirrors)
      var read: Set<ListingID> = []
      for session in sessions {
        guard let listings = chosen[session.accountID] else { continue }
        let isDue = due.contains(session.accountID)
        do {
          try await look(session, listings, isDue: isDue)
          read.formUnion(listings.map(\.listingID))
        } catch {
          // What was not seen is not given back.
          if isDue {
            nextPass[session.accountID] = now + GatewayLimits.reserveAgain
          } else {
            changed[session.accountID] = asked[session.accountID]
          }
          warn(session.accountID.text, error)
        }
      }
      try await mirror(mirrors, sessions, fresh: freshSKUs(all, read, mirrors))
    } catch {
      for (id, items) in asked where changed[id] == nil { changed[id] = items }
      warn(channelID.text, error)
    }
  }

  private func warn(_ whose: String, _ error: any Error) {
    surroundings.log.warning(
      "a channel's promotions could not be mirrored",
      ["account": whose, "error": (error as? ChannelError)?.text ?? "\(error)"])
  }

  /// By account: all of those whose turn it is, the items that events named, what has SKUs in common with them and something set
  /// aside, since a SKU's units are summed, and all of a SKU of which the pool keeps too much.
  private func chosenListings(
    _ all: [AccountID: [PlannedListing]], _ due: Set<AccountID>,
    _ asked: [AccountID: Set<String>?], _ mirrors: [String: MirrorPromotion]
  ) -> [AccountID: [PlannedListing]] {
    let doubtful = Set(
      mirrors.values.filter { overfullSince[$0.id] != nil }.flatMap(\.remaining.keys))
    var skus = doubtful
    var named: Set<ListingID> = []
    for (id, listings) in all {
      let items: Set<String>? = due.contains(id) ? nil : asked[id] ?? []
      for listing in listings
      where items.map({ $0.contains(listing.channelListing.itemID) }) ?? true {
        named.insert(listing.listingID)
        skus.formUnion(listing.components.map(\.sku))
      }
    }
    return all.mapValues { listings in
      listings.filter { listing in
        let isKept = reserved[listing.accountID]?[listing.listingID] != nil
        return named.contains(listing.listingID)
          || listing.components.contains {
            doubtful.contains($0.sku) || isKept && skus.contains($0.sku)
          }
      }
    }.filter { !$0.value.isEmpty || due.contains($0.key) }
  }

  /// SKUs of which all that may be set aside is known from this round; one that no listing takes any more is, too.
  private func freshSKUs(
    _ all: [AccountID: [PlannedListing]], _ read: Set<ListingID>,
    _ mirrors: [String: MirrorPromotion]
  ) -> Set<SKU> {
    let listings = all.values.joined()
    var fresh = Set(mirrors.values.flatMap(\.remaining.keys))
    fresh.subtract(listings.flatMap(\.components).map(\.sku))
    fresh.formUnion(
      listings.filter { read.contains($0.listingID) }.flatMap(\.components).map(\.sku))
    for listing in listings
    where !read.contains(listing.listingID)
      && reserved[listing.accountID]?[listing.listingID] != nil
    {
      fresh.subtract(listing.components.map(\.sku))
    }
    return fresh
  }

  private func look(
    _ session: AccountSession, _ listings: [PlannedListing], isDue: Bool
  ) async throws {
    let accountID = session.accountID
    let found = try await read(listings, session)
    var known = isDue ? [:] : reserved[accountID] ?? [:]
    for (listing, stock) in zip(listings, found) {
      known[listing.listingID] = stock.flatMap { $0.isEmpty ? nil : $0 }
    }
    reserved[accountID] = known
    guard isDue else { return }
    passed.insert(accountID)
    leftOut = []
    nextPass[accountID] = surroundings.clock.now() + GatewayLimits.reservePassEvery
  }

  private func read(
    _ listings: [PlannedListing], _ session: AccountSession
  ) async throws -> [[ReservedStock]?] {
    guard let reader = session.adapter as? any ReservedStockReading else { return [] }
    var found: [[ReservedStock]?] = []
    for start in stride(from: 0, to: listings.count, by: reader.reservedBatch) {
      let end = min(start + reader.reservedBatch, listings.count)
      let batch = listings[start..<end].map(\.channelListing)
      try await session.waitForSpare(orTurnWithin: GatewayLimits.turnWait)
      let part = try await session.callNow { api async throws(ChannelError) in
        try await reader.readReserved(batch, api: api)
      }
      guard part.count == batch.count else {
        throw ChannelError.malformed("\(part.count) answers for \(batch.count) listings")
      }
      found += part
    }
    return found
  }

  // MARK: The pool's side

  /// Ours that have not ended, with what is left of them.
  private func currentMirrors() async throws -> [String: MirrorPromotion] {
    guard let known = mirrors else {
      let found = try await listMirrors()
      mirrors = found
      return found
    }
    var fresh: [String: MirrorPromotion] = [:]
    for id in known.keys {
      let answer = try await surroundings.promotions.getPromotion(.init(promotionID: id))
      if let promotion = answer.promotion, let mirror = MirrorPromotion(promotion) {
        fresh[id] = mirror
      }
    }
    overfullSince = overfullSince.filter { fresh[$0.key] != nil }
    mirrors = fresh
    return fresh
  }

  private func listMirrors() async throws -> [String: MirrorPromotion] {
    var found: [String: MirrorPromotion] = [:]
    var request = ListPromotionsRequest(pageSize: GatewayLimits.promotionPage)
    repeat {
      let page = try await surroundings.promotions.listPromotions(request)
      for promotion in page.promotions where promotion.promotionID.hasPrefix(prefix) {
        if promotion.state == .draft {
          // Its making was cut off.
          _ = try await surroundings.promotions.cancelPromotion(
            .init(promotionID: promotion.promotionID))
        } else if let mirror = MirrorPromotion(promotion) {
          found[mirror.id] = mirror
        }
      }
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    return found
  }

  private func mirror(
    _ mirrors: [String: MirrorPromotion], _ sessions: [AccountSession], fresh: Set<SKU>
  ) async throws {
    let now = surroundings.clock.now()
    let wanted = await wantedUnits()
    try await readWhatWasTold()
    // What an account has set aside that was not looked at yet is not given back for the others.
    let isWhole = sessions.allSatisfy { passed.contains($0.accountID) }
    noteOverfull(mirrors, wanted, fresh, now)
    let steps = ReserveMirror.steps(
      reserved: wanted, mirrors: Array(mirrors.values), fresh: fresh, leftOut: leftOut,
      now: now
    ) { id in
      isWhole && overfullSince[id].map { now - $0 >= GatewayLimits.reserveSettle } == true
    }
    do {
      for step in steps { try await take(step, now) }
    } catch {
      // How far it came is not known: what stands is read before the next step.
      self.mirrors = nil
      throw error
    }
    if isWhole { await endWhatWasTold(ReserveMirror.total(wanted)) }
  }

  private func noteOverfull(
    _ mirrors: [String: MirrorPromotion], _ wanted: [ReservedUnits], _ fresh: Set<SKU>,
    _ now: Timestamp
  ) {
    let total = ReserveMirror.total(wanted.filter { $0.endTime.map { $0 > now } ?? true })
    for mirror in mirrors.values {
      if ReserveMirror.isOverfull(mirror, total, fresh) {
        overfullSince[mirror.id] = overfullSince[mirror.id] ?? now
      } else if fresh.isSuperset(of: mirror.remaining.keys) {
        overfullSince[mirror.id] = nil
      }
    }
  }

  /// In the pool's SKUs, by account and promotion.
  private func wantedUnits() async -> [ReservedUnits] {
    var found: [String: ReservedUnits] = [:]
    for (accountID, listings) in reserved {
      for (listingID, stocks) in listings {
        guard let listing = await surroundings.planner.listing(listingID)?.listing else { continue }
        for stock in stocks {
          let key = "\(accountID)\n\(stock.name)"
          var promotion =
            found[key]
            ?? ReservedUnits(
              accountID: accountID, name: stock.name, endTime: stock.endTime, units: [:])
          for component in listing.components {
            let units = stock.quantity.multipliedReportingOverflow(by: component.quantity)
            promotion.units[component.sku, default: 0] = min(
              (promotion.units[component.sku] ?? 0)
                + (units.overflow ? GatewayLimits.allotment : units.partialValue),
              GatewayLimits.allotment)
          }
          found[key] = promotion
        }
      }
    }
    return Array(found.values)
  }

  private func take(_ step: ReserveMirror.Step, _ now: Timestamp) async throws {
    switch step {
    case .end(let id):
      _ = try await surroundings.promotions.endPromotion(.init(promotionID: id))
      mirrors?[id] = nil
      overfullSince[id] = nil
    case .topUp(let id, let units):
      for lines in Self.lines(units) {
        // It names this call alone: whoever tries again reads first what stands.
        _ = try await surroundings.promotions.topUpPromotion(
          .init(
            promotionID: id, lines: lines, acceptedClashes: [.overPromised, .buffer],
            requestID: UUIDText.random()))
      }
    case .create(let promotion):
      for lines in Self.lines(promotion.units) { try await create(promotion, lines, now) }
    }
  }

  private func create(
    _ source: ReservedUnits, _ lines: [PromotionLine], _ now: Timestamp
  ) async throws {
    // Where the channel does not say when it ends, it is kept for a while, and then anew.
    let end = min(
      source.endTime ?? now + GatewayLimits.reserveLease, now + GatewayLimits.longestReserve)
    var promotion = Promotion(
      promotionID: id(source, lines, now), displayName: Self.shown(source),
      channelIDs: [channelID.text], strategy: surroundings.strategy, startTime: now, endTime: end,
      lines: lines)
    while true {
      do throws(RPCError) {
        _ = try await surroundings.promotions.setPromotion(.init(promotion: promotion))
        break
      } catch {
        // A SKU that is a bundle of the pool's, or that it does not know.
        guard error.code == .invalidArgument, let sku = error.metadata["sku"],
          promotion.lines.contains(where: { $0.sku == sku })
        else { throw error }
        await leaveOut(SKU(trusted: sku), source, error.message)
        promotion.lines.removeAll { $0.sku == sku }
        if promotion.lines.isEmpty { return }
      }
    }
    let clashes = try await surroundings.promotions.checkPromotion(
      .init(promotionID: promotion.promotionID)
    ).clashes.filter { $0.kind == .overlap }
    if clashes.contains(where: { $0.otherPromotionID.hasPrefix(prefix) }) {
      throw Restart()
    }
    for clash in clashes where promotion.lines.contains(where: { $0.sku == clash.sku }) {
      await leaveOut(
        SKU(trusted: clash.sku), source,
        "the pool's own promotion \(clash.otherPromotionID) has it in the same time")
      promotion.lines.removeAll { $0.sku == clash.sku }
    }
    guard !promotion.lines.isEmpty else {
      _ = try await surroundings.promotions.cancelPromotion(
        .init(promotionID: promotion.promotionID))
      return
    }
    if !clashes.isEmpty {
      _ = try await surroundings.promotions.setPromotion(.init(promotion: promotion))
    }
    let answer = try await surroundings.promotions.schedulePromotion(
      .init(
        promotionID: promotion.promotionID, acceptedClashes: [.overPromised, .buffer]))
    if let made = answer.promotion.flatMap({ MirrorPromotion($0) }) { mirrors?[made.id] = made }
    surroundings.log.info(
      "a channel's promotion is mirrored",
      [
        "promotion": promotion.promotionID, "account": source.accountID, "name": source.name,
        "skus": promotion.lines.count, "until": end.rfc3339,
      ])
  }

  /// One of ours is there that we did not know of.
  private struct Restart: Error {}

  private func leaveOut(_ sku: SKU, _ source: ReservedUnits, _ reason: String) async {
    leftOut.insert(sku)
    guard told?.insert(sku).inserted == true else { return }
    await surroundings.alerts.raise(
      .promotionUnmirrored, about: "\(channelID)/\(sku)", account: source.accountID,
      "\(source.accountID) has set units of \(sku) aside for \(source.name), and the pool does not keep them: \(reason)"
    )
  }

  private func readWhatWasTold() async throws {
    guard told == nil else { return }
    let open = try await surroundings.alerts.open(.promotionUnmirrored)
    let stem = "\(channelID)/"
    told = Set(
      open.filter { $0.hasPrefix(stem) }.map { SKU(trusted: String($0.dropFirst(stem.count))) })
  }

  /// Ends what was told of SKUs that are mirrored now, or not set aside any more.
  private func endWhatWasTold(_ wanted: [SKU: Quantity]) async {
    for sku in told ?? [] where wanted[sku] ?? 0 == 0 || !leftOut.contains(sku) {
      leftOut.remove(sku)
      told?.remove(sku)
      for session in await surroundings.directory.sessions(of: channelID) {
        await surroundings.alerts.resolve(
          .promotionUnmirrored, about: "\(channelID)/\(sku)", account: session.accountID)
      }
    }
  }

  private var prefix: String { Self.prefix(of: channelID) }

  /// How the IDs of a channel's mirrors begin in the pool.
  static func prefix(of channelID: ChannelID) -> String {
    "mirror-\(short(channelID.text, 8))-"
  }

  private func id(
    _ source: ReservedUnits, _ lines: [PromotionLine], _ now: Timestamp
  ) -> String {
    let skus = lines.map(\.sku).joined(separator: "\n")
    return prefix
      + Self.short("\(source.accountID)\n\(source.name)\n\(skus)\n\(now.microseconds)", 32)
  }

  /// As long as the pool takes, and without what it does not.
  private static func shown(_ source: ReservedUnits) -> String {
    let text = "\(source.accountID): \(source.name)".unicodeScalars.filter { $0.value >= 0x20 }
    let name = String(String.UnicodeScalarView(text))
    return String(decoding: name.utf8.prefix(GatewayLimits.promotionName), as: UTF8.self)
  }

  private static func short(_ text: String, _ count: Int) -> String {
    String(Hex.encode(SHA256.hash(Array(text.utf8))).prefix(count))
  }

  private static func lines(_ units: [SKU: Quantity]) -> [[PromotionLine]] {
    let all = units.sorted { $0.key < $1.key }.map {
      PromotionLine(sku: $0.key.text, allottedCount: min($0.value, GatewayLimits.allotment))
    }
    return stride(from: 0, to: all.count, by: GatewayLimits.promotionLines).map {
      Array(all[$0..<min($0 + GatewayLimits.promotionLines, all.count)])
    }
  }
}

extension MirrorPromotion {
  /// Nil for one that keeps nothing any more.
  init?(_ promotion: Promotion) {
    guard promotion.state == .active || promotion.state == .scheduled,
      let end = promotion.endTime
    else { return nil }
    self.init(
      id: promotion.promotionID, endTime: end,
      remaining: Dictionary(
        promotion.lines.map { (SKU(trusted: $0.sku), $0.remainingCount) },
        uniquingKeysWith: { first, _ in first }))
  }
}
