public import Primitives

/// Units set aside for the lines of one checkout, from hold to their single end.
///
///     held ──commit──▶ committed      held ──release──▶ released      held ──expire──▶ expired
///
///     held ──extend──▶ held, to a later end         held ──edit──▶ held, or released when it has
///                                                                  no units left
///     expired ──commit, while there are units──▶ committed, and says that they were taken again
///
public struct Hold: Hashable, Sendable {
  public enum State: UInt8, CaseIterable, Sendable {
    case held = 1
    case committed, released, expired
  }

  /// One SKU of a hold at one location.
  public struct Line: Hashable, Sendable {
    public var sku: SKUIndex
    public var location: LocationIndex
    public var quantity: Quantity
    /// Whether the caller named the location, so that no other will do.
    public var isPlaced: Bool
    /// Those of its units that came out of a promotion's allotment.
    public var allotment: AllotmentUse?

    public init(
      sku: SKUIndex, location: LocationIndex, quantity: Quantity, isPlaced: Bool = false,
      allotment: AllotmentUse? = nil
    ) {
      self.sku = sku
      self.location = location
      self.quantity = quantity
      self.isPlaced = isPlaced
      self.allotment = allotment
    }

    /// What goes with `units` of it: allotted ones first.
    func allotment(of units: Quantity) -> AllotmentUse? {
      guard let allotment, units > 0 else { return nil }
      let quantity = min(allotment.quantity, units)
      return quantity > 0 ? AllotmentUse(allotment.promotion, quantity) : nil
    }

    /// Takes units out of it, allotted ones first; returns them as a line.
    mutating func split(_ units: Quantity) -> Line {
      var part = self
      part.quantity = units
      part.allotment = allotment(of: units)
      quantity -= units
      if let given = part.allotment { allotment?.quantity -= given.quantity }
      if allotment?.quantity == 0 { allotment = nil }
      return part
    }

    func movement(_ kind: Movement.Kind, lineID: String = "") -> Movement {
      Movement(kind, sku, location, quantity, lineID: lineID, allotment: allotment)
    }
  }

  public let id: HoldID
  public let owner: String
  /// The channel whose number bounds it; nil when all that is available does.
  public let channelID: ChannelID?
  public let createTime: Timestamp
  public internal(set) var expireTime: Timestamp
  public internal(set) var state = State.held
  /// What is set aside; of a hold that has ended, what went to its order or was set aside at last.
  public internal(set) var lines: [Line] = []
  /// What was set aside at first, once its units are others: SKU, location and quantity only. Nil as long as `lines` is
  /// that, so that the many holds that never change keep nothing more.
  public var firstLines: [Line]?
  public internal(set) var endTime: Timestamp?
  /// Whether it had expired when it was committed, and its units were taken again. Here, where it takes no room of its own.
  public internal(set) var isRetaken = false
  /// The order it was committed to.
  public internal(set) var orderID: OrderID?
  /// What bundles in it consist of; their line IDs are empty.
  public internal(set) var bundles: [SaleBundle] = []
  /// The ledger sequence of the last movement in it: its version.
  public internal(set) var sequence: Int64 = 0
  /// Of the hold itself, unique: the ledger sequence of its first movement, or what its store has given it.
  public var number: Int64 = 0

  public init(
    id: HoldID, owner: String, channelID: ChannelID? = nil, createTime: Timestamp,
    expireTime: Timestamp
  ) {
    self.id = id
    self.owner = owner
    self.channelID = channelID
    self.createTime = createTime
    self.expireTime = expireTime
  }

  /// The hold as a store kept it.
  public init(
    id: HoldID, owner: String, channelID: ChannelID? = nil, createTime: Timestamp,
    expireTime: Timestamp, state: State, lines: [Line], firstLines: [Line]? = nil,
    endTime: Timestamp?, orderID: OrderID?, isRetaken: Bool = false, bundles: [SaleBundle] = [],
    sequence: Int64, number: Int64
  ) {
    self.init(
      id: id, owner: owner, channelID: channelID, createTime: createTime, expireTime: expireTime)
    self.state = state
    self.lines = lines
    self.firstLines = firstLines
    self.endTime = endTime
    self.orderID = orderID
    self.isRetaken = isRetaken
    self.bundles = bundles
    self.sequence = sequence
    self.number = number
  }

  /// Changes with everything that happens to it.
  public var etag: String { "s" + String(sequence) }

  /// Its units of a SKU.
  ///
  /// - Parameter counts: whether those at a location do.
  public func quantity(
    of sku: SKUIndex, where counts: (LocationIndex) -> Bool = { _ in true }
  ) -> Quantity {
    lines.reduce(0) { sum, line in
      line.sku == sku && counts(line.location) ? sum + line.quantity : sum
    }
  }

  /// The state at `now`: time ends a hold, whether or not anybody has tidied it yet.
  public func state(at now: Timestamp) -> State {
    state == .held && expireTime <= now ? .expired : state
  }

  /// Whether the hold can end in `end`; false when it had ended so before, so a call may be
  /// repeated.
  public func canFinish(as end: State, at now: Timestamp) throws(PoolError) -> Bool {
    precondition(end != .held, "held is a start, not an end")
    switch state(at: now) {
    case end: return false
    case .held: return true
    case .committed, .released, .expired: throw .holdEnded(id, state(at: now))
    }
  }

  mutating func finish(as end: State, at time: Timestamp) {
    let isStart = state == .held || (state == .expired && end == .committed)
    precondition(isStart && end != .held, "a hold ends once, or is taken again")
    state = end
    endTime = time
  }

  // MARK: Ledger

  /// The hold that an entry makes.
  public init(_ id: HoldID, madeBy entry: LedgerEntry) {
    self.init(
      id: id, owner: entry.owner, channelID: entry.channelID, createTime: entry.time,
      expireTime: entry.expireTime ?? entry.time)
    lines = entry.movements.indices.map { Line(entry, $0) }
    if entry.hasDetails { bundles = entry.details.bundles }
    sequence = entry.lastSequence
    number = entry.firstSequence
  }

  /// Counts a later entry in.
  public mutating func count(_ entry: LedgerEntry) {
    guard let kind = entry.movements.first?.kind else { return }
    if entry.hasDetails { bundles += entry.details.bundles }
    switch kind {
    case .expired: finish(as: .expired, at: entry.time)
    case .extended: expireTime = entry.expireTime ?? expireTime
    case .held, .released: edit(entry)
    case .committed, .retaken:
      if !goesWhole(by: entry) { keepFirstLines() }
      // What is released beside it is the rest.
      lines.removeAll(keepingCapacity: true)
      for number in entry.movements.indices where entry.movements[number].kind == kind {
        lines.append(Line(entry, number))
      }
      finish(as: .committed, at: entry.time)
      orderID = entry.orderID
      isRetaken = kind == .retaken
    default: preconditionFailure("\(kind) does not belong to a hold")
    }
    sequence = entry.lastSequence
  }

  private mutating func edit(_ entry: LedgerEntry) {
    var left = HoldLines(lines, changes: entry.movements.count)
    for number in entry.movements.indices {
      let change = Line(entry, number)
      if entry.movements[number].kind == .held { left.add(change) } else { left.take(change) }
    }
    guard left.lines.isEmpty else {
      keepFirstLines()
      lines = left.lines
      return
    }
    finish(as: .released, at: entry.time)
  }

  /// Whether an order gets just what is set aside, from where it is.
  private func goesWhole(by entry: LedgerEntry) -> Bool {
    guard entry.movements.count == lines.count else { return false }
    return zip(lines, entry.movements).allSatisfy { line, movement in
      movement.kind.sells && movement.sku == line.sku && movement.location == line.location
        && movement.quantity == line.quantity
    }
  }

  private mutating func keepFirstLines() {
    guard firstLines == nil else { return }
    firstLines = lines.map { Line(sku: $0.sku, location: $0.location, quantity: $0.quantity) }
  }
}

extension Hold.Line {
  fileprivate init(_ entry: LedgerEntry, _ number: Int) {
    let movement = entry.movements[number]
    self.init(
      sku: movement.sku, location: movement.location, quantity: movement.quantity,
      isPlaced: entry.placed.contains(number), allotment: movement.allotment)
  }
}
