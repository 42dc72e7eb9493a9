public import Primitives

/// What a store gives back before the ledger's rest is replayed.
extension Pool {
  /// In the order of their indices.
  public func load(_ record: SKURecord) { put(record) }

  public func load(_ record: LocationRecord) { put(record) }

  public func load(_ buffer: Buffer) { buffers.set(buffer) }

  public func load(_ sourcing: Sourcing) { sourcings.set(sourcing) }

  public func load(_ lock: LastUnits) { lastUnits.set(lock) }

  /// Time goes on from its last change, of which the ledger may have no entry: what was ended stays ended.
  public func load(_ promotion: Promotion) {
    promotions.put(promotion)
    now = max(now, promotion.updateTime)
  }

  public func load(_ allotment: Allotment, at place: Int) { promotions.put(allotment, at: place) }

  /// Makes allotments quick to find while the ledger's rest is replayed.
  public func finishLoadingPromotions() { promotions.refresh(at: now) }

  /// A balance and its place, which stays the same for ever: 0, 1, 2…
  public func load(_ balance: Balance, rate: SaleRate = SaleRate()) {
    precondition(findBalance(balance.sku, balance.location) == nil, "a balance is loaded once")
    addBalance(balance, rate: rate)
    let sku = balance.sku.int
    stocks[sku].available += balance.available
    stocks[sku].sequence = max(stocks[sku].sequence, balance.sequence)
    sequence = max(sequence, balance.sequence)
  }

  /// One that is there already was forgotten before its ID was used again.
  ///
  /// - Precondition: holds are loaded in the order of their numbers.
  public func load(_ hold: Hold) {
    if let known = holds[hold.id] {
      changes.forgottenHolds.append(ForgottenHold(id: known.id, number: known.number))
    }
    let place = holds.set(hold.id, hold)
    holdIndex.note(hold, at: place, was: nil, in: holds)
    sequence = max(sequence, hold.sequence)
    if hold.state == .held { expiries.add(hold.id, at: hold.expireTime) }
  }

  /// - Returns: its place in `sales`.
  @discardableResult
  public func load(_ sale: Sale) -> Int {
    sales.set(sale.orderID, sale)
  }

  /// Takes sales out of memory; each has to be loaded again before the next command of its order.
  ///
  /// - Parameter places: in `sales`.
  public func unload(salesAt places: [Int]) {
    sales.remove(at: places)
  }

  /// The first movement of an entry that breaks the rules of its balance or allotment as it was loaded, which then is not
  /// what it was when the entry was decided; nil when the entry can be replayed.
  ///
  /// - Precondition: its SKUs and locations are loaded.
  public func contradiction(in entry: LedgerEntry) -> Movement? {
    var counted: [Int64: Balance] = [:]
    var taken: [Int: Quantity] = [:]
    var sequence = entry.firstSequence
    for movement in entry.movements {
      defer { sequence += 1 }
      let key = Int64(movement.sku.number) << 32 | Int64(movement.location.number)
      var balance = counted[key] ?? balance(movement.sku, movement.location)
      if sequence > balance.sequence {
        balance.count(movement, sequence: sequence)
        guard balance.isConsistent, movement.kind != .lost || balance.onHand >= 0 else {
          return movement
        }
        counted[key] = balance
      }
      guard let units = movement.taken,
        let place = movement.allotment.flatMap({
          promotions.place(of: movement.sku, in: $0.promotion)
        }), sequence > promotions.allotments[place].sequence
      else { continue }
      taken[place, default: promotions.allotments[place].taken] += units
      guard (0...promotions.allotments[place].quantity).contains(taken[place] ?? 0) else {
        return movement
      }
    }
    return nil
  }

  /// Ends loading: `time` and `sequence` are those of the last entry of the ledger.
  public func finishLoading(time: Timestamp, sequence: Int64) {
    precondition(sequence >= self.sequence, "the ledger ends before what was counted from it")
    now = max(now, time)
    self.sequence = sequence
    ended = holds.values.filter { $0.state != .held }
      .sorted { ($0.endTime ?? .zero, $0.sequence) < ($1.endTime ?? .zero, $1.sequence) }
      .map { ($0.id, $0.endTime ?? .zero) }
    endedStart = 0
    rulesChanged()
    promotions.refresh(at: self.now)
    nextPromotionMoment = promotions.nextMoment(after: self.now)
    _ = takeChanges()
  }

  /// Everything that commands depend on, by name: two pools with equal states answer alike.
  public var state: PoolState {
    PoolState(
      sequence: sequence, skus: Array(catalog.skus.all), locations: catalog.locations,
      buffers: buffers, sourcings: sourcings, lastUnits: lastUnits,
      promotions: promotions.promotions, allotments: promotions.allotments, balances: Set(balances),
      rates: Dictionary(
        uniqueKeysWithValues: balances.indices.map { (balances[$0], rates[$0]) }),
      holds: holds.dictionary,
      sales: sales.dictionary, available: stocks.map(\.available), documents: documents,
      incoming: incoming.mapValues { Set($0) }, reorderPoints: reorderPoints, bundles: bundles,
      lots: lots)
  }
}

/// A copy of a pool's whole state, for comparison.
public struct PoolState: Equatable, Sendable {
  public var sequence: Int64
  public var skus: [SKURecord]
  public var locations: [LocationRecord]
  public var buffers: BufferTable
  public var sourcings: SourcingTable
  public var lastUnits: LastUnitsTable
  public var promotions: [Promotion]
  public var allotments: [Allotment]
  public var balances: Set<Balance>
  public var rates: [Balance: SaleRate]
  public var holds: [HoldID: Hold]
  public var sales: [OrderID: Sale]
  public var available: [Quantity]
  public var documents: [DocumentKey: Document]
  public var incoming: [SKUIndex: Set<Incoming>]
  public var reorderPoints: ReorderTable
  public var bundles: BundleTable
  public var lots: LotTable
}
