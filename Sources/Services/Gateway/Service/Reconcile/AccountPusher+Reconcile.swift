internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives

/// What the reconciler asks of the pusher, which alone knows what a listing should show.
extension AccountPusher {
  /// What a reading of one listing says.
  struct Finding: Sendable {
    enum Kind: Sendable {
      /// It takes nothing from the pool any more.
      case withdrawn
      /// Something happened to it meanwhile, or a push is still to come.
      case unclear
      case agrees(Quantity)
      case differs(DriftWatch.Reading)
    }
    var asked: Asked
    var kind: Kind
    var isLocked = false
    var isDead = false
  }

  /// The listings that take something from the pool.
  func readable() -> [(id: ListingID, listing: PlannedListing)] {
    entries.values.compactMap { entry in
      guard entry.state.wanted != nil, let listing = entry.planned else { return nil }
      return (entry.key, listing)
    }
  }

  func readingPlace(of id: ListingID) -> ReadingPlace {
    ReadingPlace(key: entries[id].map { session.adapter.readKey($0.listing) } ?? "", listingID: id)
  }

  /// Those of `ids` that go into one call with the first, and those that need another call. Of what cannot be read now
  /// neither says anything.
  func oneCall(of ids: [ListingID]) -> (asked: [Asked], others: [ListingID]) {
    let adapter = session.adapter
    var key: String?
    var asked: [Asked] = []
    var others: [ListingID] = []
    for id in ids {
      guard let entry = entries[id], entry.state.wanted != nil, let one = Asked(id, entry) else {
        continue
      }
      let own = adapter.readKey(one.listing)
      if asked.count < adapter.readBatch, key ?? own == own {
        key = own
        asked.append(one)
      } else {
        others.append(id)
      }
    }
    return (asked, others)
  }

  /// What the readings of these say. A number that was acknowledged and is shown is seen from then on.
  func compare(_ asked: [Asked], _ found: [Quantity?], isCurrent: Bool) async -> [Finding] {
    let now = now
    var findings: [Finding] = []
    for (one, shown) in zip(asked, found) {
      guard let entry = entries[one.id], let should = entry.state.wanted else {
        findings.append(Finding(asked: one, kind: .withdrawn))
        continue
      }
      if one.isStill(entry), need(entry, now) == .look { await looked(at: entry, shown, now) }
      let isStuck = entry.state.isLocked || entry.state.isDead
      guard one.isStill(entry), isStuck || !entry.state.isPending else {
        findings.append(Finding(asked: one, kind: .unclear))
        continue
      }
      entry.readSeconds = UInt32(clamping: now.seconds)
      let reading = DriftWatch.Reading(
        shown: shown, should: should, intakeCount: entry.state.intakeCount, isCurrent: isCurrent)
      if !reading.agrees || !entry.isSeen { remember(one.id, shown: shown, now) }
      findings.append(
        Finding(
          asked: one, kind: reading.agrees ? .agrees(should) : .differs(reading),
          isLocked: entry.state.isLocked, isDead: entry.state.isDead))
    }
    for (one, shown) in zip(asked, found) { await seen(one.id, shown, now) }
    return findings
  }

  /// Sets a number right that was read; false when something happened to the listing meanwhile.
  func correct(_ asked: Asked, shown: Quantity) -> Bool {
    guard let entry = entries[asked.id], asked.isStill(entry), entry.state.wanted != nil,
      !entry.state.isPending, !entry.state.isDead
    else { return false }
    entry.state.correct(shown: shown)
    entry.serial &+= 1
    dirty.insert(asked.id)
    file(asked.id, now)
    wake()
    return true
  }

  /// Listings whose number moved since the last call, with when they were last read.
  func takeTouched() -> [(id: ListingID, readTime: Timestamp?)] {
    defer { touched = [] }
    return touched.map { ($0, entries[$0].flatMap(Self.readTime)) }
  }

  /// When the listing was read that was not read for the longest; nil when one was never read, or there is none.
  func oldestReadTime() -> Timestamp? {
    var oldest: Entry?
    for entry in entries.values where entry.state.wanted != nil {
      if oldest.map({ entry.readSeconds < $0.readSeconds }) ?? true { oldest = entry }
    }
    return oldest.flatMap(Self.readTime)
  }

  /// After a restart: what the pass had read by then.
  func setRead(through place: ReadingPlace, at time: Timestamp, others: Timestamp?) {
    for entry in entries.values where entry.readSeconds == 0 && entry.state.wanted != nil {
      let own = ReadingPlace(key: session.adapter.readKey(entry.listing), listingID: entry.key)
      entry.readSeconds = UInt32(clamping: (own <= place ? time : others)?.seconds ?? 0)
    }
  }

  private static func readTime(_ entry: Entry) -> Timestamp? {
    entry.readSeconds == 0 ? nil : Timestamp(seconds: Int64(entry.readSeconds))
  }
}
