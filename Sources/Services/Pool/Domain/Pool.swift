public import Primitives

/// The stock pool: a pure state machine. Commands go in; replies, ledger entries and changes come
/// out.
///
///     pool.advance(to: now)                    // ends the holds whose time is over
///     let reply = try pool.apply(command)      // nothing changes on a throw
///     let entries = pool.takeEntries()    // to be made durable before anybody hears the reply
///
/// The state is the sum of the ledger's entries and the catalogue, so that whoever folds the same
/// entries has the same state. No clock, no random source, no I/O, no waiting inside. One owner at
/// a time.
public final class Pool {
  /// What is known of a SKU over all of its locations.
  public struct Stock: Sendable {
    /// The sum of its balances' available units.
    public internal(set) var available: Quantity = 0
    /// Of the last movement of it.
    public internal(set) var sequence: Int64 = 0
    /// The first of its balances, or -1; the list goes on in `nextBalance`, in the order of the locations'
    /// ranks.
    public internal(set) var firstBalance: Int32 = -1
    /// The round of changes in which it was last noted.
    var round: UInt32 = 0

    /// Counts a movement in.
    ///
    /// - Returns: whether it is the first of the round.
    mutating func count(_ units: Quantity, sequence: Int64, in round: UInt32) -> Bool {
      available += units
      self.sequence = max(self.sequence, sequence)
      defer { self.round = round }
      return self.round != round
    }
  }

  let catalog = Catalog()
  public internal(set) var buffers = BufferTable()
  public internal(set) var sourcings = SourcingTable()
  public internal(set) var lastUnits = LastUnitsTable()
  public internal(set) var promotions = PromotionTable()
  /// When a promotion next starts or ends.
  var nextPromotionMoment: Timestamp?
  public internal(set) var stocks = Pool.noStocks
  public internal(set) var balances = Pool.noBalances
  /// How fast each balance sells, in the same places.
  public internal(set) var rates = Pool.noRates
  /// The next balance of the same SKU, in the order of the locations' ranks; -1 after the last.
  public internal(set) var nextBalance = Pool.noPlaces
  public internal(set) var holds = HoldTable()
  /// What an operator allows to be set aside.
  public var holdCaps = HoldCaps()
  public internal(set) var sales = PlacedTable<OrderID, Sale>()
  /// Those of which something can still come, and what has ended since they were last unloaded.
  public internal(set) var documents: [DocumentKey: Document] = [:]
  var endedDocuments: Set<DocumentKey> = []
  /// Units on their way, by SKU, in the order in which their documents were set.
  public internal(set) var incoming: [SKUIndex: [Incoming]] = [:]
  public internal(set) var reorderPoints = ReorderTable()
  public internal(set) var bundles = BundleTable()
  /// Of the last movement.
  public internal(set) var sequence: Int64 = 0
  /// The moment at which things are decided.
  public internal(set) var now = Timestamp.zero

  var expiries = ExpiryQueue<HoldID>()
  public internal(set) var lots = LotTable()
  var lotExpiries = ExpiryQueue<Lot.Key>()
  var holdIndex = HoldIndex()
  public var holdLists: HoldLists { holdIndex.lists }
  /// When a rule next begins or ends to count.
  var nextRuleMoment: Timestamp?
  /// SKUs that sold lately, while a rule follows demand: their numbers change with time alone.
  public internal(set) var sellingSKUs: Set<SKUIndex> = []
  /// Why the last command's lines were taken where they were.
  public internal(set) var placements: [Placement] = []
  /// Ended holds, those that ended first in front; `endedStart` have been forgotten.
  var ended: [(id: HoldID, time: Timestamp)] = []
  var endedStart = 0
  /// Units that the lines of the command at hand want already, by balance and by SKU; none between
  /// commands.
  var wantedOfBalance = UnitTally()
  var wantedOfSKU = UnitTally()
  /// The same as `wantedOfBalance` where there is no balance yet.
  var wantedElsewhere: [SKUIndex: [LocationIndex: Quantity]] = [:]
  /// What the owner's other holds give up for the command at hand; empty between commands.
  var lent = Lent()

  private(set) var entries: [LedgerEntry] = []
  var changes = Changes()
  private var round: UInt32 = 1

  public init() {}

  // MARK: What happened

  /// The entries since the last call, in order.
  public func takeEntries() -> [LedgerEntry] {
    var taken: [LedgerEntry] = []
    takeEntries(into: &taken)
    return taken
  }

  /// The same, into an array whose memory is used again.
  public func takeEntries(into taken: inout [LedgerEntry]) {
    taken.removeAll(keepingCapacity: true)
    swap(&taken, &entries)
  }

  /// What changed since the last call.
  public func takeChanges() -> Changes {
    beginRound()
    defer { changes = Changes() }
    return changes
  }

  private func beginRound() {
    if round == .max {
      for place in stocks.indices { stocks[place].round = 0 }
      round = 0
    }
    round += 1
  }

  // MARK: Time

  /// When the next hold or lot may end on its own.
  public var nextExpiry: Timestamp? {
    guard let lot = lotExpiries.first else { return expiries.first }
    return min(lot, expiries.first ?? lot)
  }

  /// Moves time on and ends what is over: a decision never counts a hold whose time has passed.
  public func advance(to time: Timestamp) {
    let before = now
    now = max(now, time)
    followTime(since: before)
    followPromotions(since: before)
    while let id = expiries.next(at: now) {
      guard let hold = holds[id], hold.state == .held else { continue }
      guard hold.expireTime <= now else {
        // It was extended meanwhile.
        expiries.add(id, at: hold.expireTime)
        continue
      }
      var entry = LedgerEntry(holdID: id)
      entry.movements = hold.lines.map { $0.movement(.expired) }
      post(entry)
    }
    expireLots()
    forgetHolds()
  }

  private func forgetHolds() {
    while endedStart < ended.count {
      let (id, endTime) = ended[endedStart]
      // One that was taken again after it had expired stands here a second time.
      if let place = holds.place(of: id), holds[place].endTime == endTime {
        guard endTime + Limits.endedHoldKept <= now else { break }
        changes.forgottenHolds.append(ForgottenHold(id: id, number: holds[place].number))
        holds.remove(at: place)
      }
      endedStart += 1
    }
    if endedStart > 1024, endedStart * 2 > ended.count {
      ended.removeFirst(endedStart)
      endedStart = 0
    }
  }

  // MARK: Commands

  /// Decides a command, all of it or nothing.
  public func apply(_ command: Command) throws(PoolError) -> Reply {
    if !placements.isEmpty { placements.removeAll(keepingCapacity: true) }
    return switch command {
    case .setSKU(let command): try set(command)
    case .setLocation(let command): try set(command)
    case .setBuffer(let command): try set(command)
    case .setSourcing(let command): try set(command)
    case .setLastUnits(let command): try set(command)
    case .reportLag(let command): take(command)
    case .receive(let command): try receive(command)
    case .adjust(let command): try adjust(command)
    case .returnStock(let command): try takeBack(command)
    case .resolve(let command): try resolve(command)
    case .createHold(let command): try create(command)
    case .commitHold(let command): try commit(command)
    case .releaseHold(let command): try release(command)
    case .extendHold(let command): try extend(command)
    case .editHold(let command): try edit(command)
    case .recordSale(let command): try record(command)
    case .cancelSale(let command): try cancel(command)
    case .shipSale(let command): try ship(command)
    case .document(let command): try apply(command)
    case .setReorderPoint(let command): try set(command)
    case .setBundle(let command): try set(command)
    case .promotion(let command): try apply(command)
    }
  }

  /// Gives an entry its place in the ledger and counts it in; one without movements has none.
  func post(_ entry: consuming LedgerEntry) {
    guard !entry.movements.isEmpty else { return }
    entry.firstSequence = sequence + 1
    entry.time = now
    fold(entry)
    moveLots(&entry)
    entries.append(consume entry)
  }

  // MARK: Fold

  /// Counts an entry in that is durable already. What a balance, hold or sale has counted before is
  /// passed over, so that a state may be completed from any earlier place of the ledger.
  public func replay(_ entry: LedgerEntry) {
    now = max(now, entry.time)
    fold(entry)
  }

  private func fold(_ entry: LedgerEntry) {
    var place = entry.firstSequence
    for movement in entry.movements {
      count(movement, sequence: place, at: entry.time)
      if movement.allotment != nil, let place = promotions.count(movement, sequence: place) {
        note(allotment: place, isSet: false)
      }
      place += 1
    }
    if let id = entry.holdID { fold(entry, intoHold: id) }
    if let id = entry.orderID { fold(entry, intoSale: id) }
    sequence = max(sequence, entry.lastSequence)
  }

  private func count(_ movement: Movement, sequence: Int64, at time: Timestamp) {
    let place = balancePlace(movement.sku, movement.location)
    guard sequence > balances[place].sequence else { return }
    let before = balances[place].available
    balances[place].count(movement, sequence: sequence)
    precondition(balances[place].isConsistent, "the counts of a balance contradict each other")
    precondition(
      movement.kind != .lost || balances[place].onHand >= 0, "what is not there cannot be lost")
    rates[place].count(movement, at: time)
    if movement.kind.sells, buffers.followsDemand { sellingSKUs.insert(movement.sku) }
    let change = balances[place].available - before
    if stocks[movement.sku.int].count(change, sequence: sequence, in: round) {
      noteFirst(movement.sku)
    }
  }

  func note(_ sku: SKUIndex) {
    guard stocks[sku.int].round != round else { return }
    stocks[sku.int].round = round
    noteFirst(sku)
  }

  private func noteFirst(_ sku: SKUIndex) {
    changes.skus.append(sku)
    if !bundles.isEmpty { noteBundles(with: sku) }
  }

  private func fold(_ entry: LedgerEntry, intoHold id: HoldID) {
    guard !entry.movements.isEmpty else { return }
    guard let place = holds.place(of: id) else {
      // A hold that was forgotten since changes here for the second time: in a replay only.
      guard !entry.owner.isEmpty else { return }
      let hold = Hold(id, madeBy: entry)
      expiries.add(id, at: hold.expireTime)
      let place = holds.add(id, consume hold)
      note(hold: place)
      return holdIndex.note(holds[place], at: place, was: nil, in: holds)
    }
    note(hold: place)
    var hold = holds[place]
    guard hold.sequence < entry.lastSequence else { return }
    let before = HoldLists.Before(hold)
    if entry.owner.isEmpty {
      hold.count(entry)
    } else {
      // In a replay one that was forgotten may still be there when another is made under its ID.
      hold = Hold(id, madeBy: entry)
      expiries.add(id, at: hold.expireTime)
    }
    let (state, endTime) = (hold.state, hold.endTime)
    holds.set(place, consume hold)
    holdIndex.note(holds[place], at: place, was: before, in: holds)
    if let endTime, state != before.state { ended.append((id, endTime)) }
  }

  private func fold(_ entry: LedgerEntry, intoSale id: OrderID) {
    if let place = sales.place(of: id) {
      var sale = sales[place]
      count(entry, into: &sale)
      sales.set(place, consume sale)
      note(sale: place)
    } else {
      // Returns of an order that the pool never heard of are no sale.
      guard let kind = entry.movements.first?.kind, kind.sells else { return }
      var sale = Sale(orderID: id, channelID: entry.channelID)
      sale.number = entry.firstSequence
      count(entry, into: &sale)
      note(sale: sales.add(id, consume sale))
    }
  }

  private func note(hold place: Int) {
    if changes.holds.last != place { changes.holds.append(place) }
  }

  private func note(sale place: Int) {
    if changes.sales.last != place { changes.sales.append(place) }
  }

  private func count(_ entry: LedgerEntry, into sale: inout Sale) {
    if sale.channelID == nil { sale.channelID = entry.channelID }
    if entry.hasDetails {
      for bundle in entry.details.bundles where sale.bundle(bundle.lineID) == nil {
        sale.append(bundle)
      }
    }
    if let holdID = entry.holdID {
      sale.source = Sale.Source(
        holdID: holdID, lineCount: entry.movements.count { $0.kind.sells },
        isRetaken: entry.movements.first?.kind == .retaken)
    }
    var place = entry.firstSequence
    for movement in entry.movements {
      if place > sale.sequence, belongs(movement, to: sale) {
        sale.count(movement, sequence: place)
      }
      place += 1
    }
  }

  /// A return belongs to a line only when that line sold the same SKU.
  private func belongs(_ movement: Movement, to sale: Sale) -> Bool {
    switch movement.kind {
    case .restocked, .quarantined, .writtenOff: sale.line(movement.lineID)?.sku == movement.sku
    // The rest of a hold of which a part was committed.
    case .released: false
    default: true
    }
  }

  // MARK: Notes of the catalogue

  func noteSet(_ sku: SKUIndex) { changes.setSKUs.append(sku) }
  func noteSet(_ location: LocationIndex) { changes.setLocations.append(location) }
  func noteSet(_ promotion: PromotionIndex) { changes.setPromotions.append(promotion) }
  /// - Parameter isSet: it was made or topped up, which is no part of the ledger.
  func note(allotment place: Int, isSet: Bool) {
    if isSet { changes.setAllotments.append(place) }
    changes.allotments.insert(place)
  }
  func noteSet(_ buffer: Buffer) { changes.setBuffers.append(buffer) }
  func noteSet(_ document: DocumentKey) {
    if changes.setDocuments.last != document { changes.setDocuments.append(document) }
  }
  func noteSet(_ bundle: Bundle) { changes.setBundles.append(bundle) }
  func noteSet(_ point: ReorderPoint) { changes.setReorderPoints.append(point) }
  func noteLot(_ key: Lot.Key) {
    if changes.lots.last != key { changes.lots.append(key) }
  }
  func noteIncoming(_ sku: SKUIndex) {
    if changes.incomingSKUs.last != sku { changes.incomingSKUs.append(sku) }
  }
  func noteSet(_ sourcing: Sourcing) { changes.setSourcings.append(sourcing) }
  func noteRemoved(_ channel: ChannelID) { changes.removedSourcings.append(channel) }
  func noteSet(_ lock: LastUnits) { changes.setLastUnits.append(lock) }

  /// Notes that channels may show something else though no stock has moved.
  ///
  /// - Parameter sku: nil for every SKU.
  func noteTurned(_ sku: SKUIndex?) {
    if changes.turned.last != .some(sku) { changes.turned.append(sku) }
  }
}
