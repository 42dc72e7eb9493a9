public import Primitives

/// Units of one line at one location.
public struct Allocation: Hashable, Sendable {
  public let location: LocationIndex
  public internal(set) var taken: Quantity
  public internal(set) var cancelled: Quantity
  public internal(set) var shipped: Quantity

  public init(
    location: LocationIndex, taken: Quantity, cancelled: Quantity = 0, shipped: Quantity = 0
  ) {
    self.location = location
    self.taken = taken
    self.cancelled = cancelled
    self.shipped = shipped
  }

  /// Promised and not yet gone.
  public var open: Quantity { taken - cancelled - shipped }
}

/// A line's allocations: almost every line has one.
public typealias Allocations = ShortList<Allocation>

/// What has become of one line of a sale.
public struct SaleLine: Hashable, Sendable {
  public let id: String
  public let sku: SKUIndex
  public internal(set) var sold: Quantity = 0
  public internal(set) var cancelled: Quantity = 0
  public internal(set) var shipped: Quantity = 0
  public internal(set) var returned: Quantity = 0
  /// Units that had no stock behind them when they were sold.
  public internal(set) var oversold: Quantity = 0
  public internal(set) var allocations = Allocations()
  /// Of a bundle, in an answer: what it consists of.
  public internal(set) var components: [SaleLine] = []
  /// Units out of promotions' allotments that were not given back.
  public internal(set) var allotments: [AllotmentUse] = []

  public init(id: String, sku: SKUIndex) {
    self.id = id
    self.sku = sku
  }

  /// The line as a store kept it.
  public init(
    id: String, sku: SKUIndex, sold: Quantity, cancelled: Quantity, shipped: Quantity,
    returned: Quantity, oversold: Quantity, allocations: Allocations, components: [SaleLine] = [],
    allotments: [AllotmentUse] = []
  ) {
    self.init(id: id, sku: sku)
    self.sold = sold
    self.cancelled = cancelled
    self.shipped = shipped
    self.returned = returned
    self.oversold = oversold
    self.allocations = allocations
    self.components = components
    self.allotments = allotments
  }

  /// Sold, not cancelled, not shipped.
  public var open: Quantity { sold - cancelled - shipped }

  mutating func count(_ movement: Movement) {
    let quantity = movement.quantity
    if let use = movement.allotment { count(use, isBack: movement.kind == .cancelled) }
    switch movement.kind {
    case .committed, .sold, .retaken:
      sold += quantity
      oversold += movement.oversold
      if let place = allocations.firstIndex(where: { $0.location == movement.location }) {
        allocations[place].taken += quantity
      } else {
        allocations.append(Allocation(location: movement.location, taken: quantity))
      }
    case .cancelled:
      cancelled += quantity
      allocations[place(of: movement)].cancelled += quantity
    case .shipped:
      shipped += quantity
      allocations[place(of: movement)].shipped += quantity
    case .restocked, .quarantined, .writtenOff: returned += quantity
    case .received, .found, .lost, .held, .released, .expired, .cleared, .scrapped, .extended,
      .transferredOut, .transferredIn, .transferredInUnavailable, .transferLost,
      .receivedUnavailable, .lotExpired:
      break
    }
    precondition(open >= 0 && allocations.allSatisfy { $0.open >= 0 }, "more left than was sold")
  }

  private mutating func count(_ use: AllotmentUse, isBack: Bool) {
    let quantity = isBack ? -use.quantity : use.quantity
    if let place = allotments.firstIndex(where: { $0.promotion == use.promotion }) {
      allotments[place].quantity += quantity
      if allotments[place].quantity == 0 { allotments.remove(at: place) }
    } else {
      allotments.append(AllotmentUse(use.promotion, quantity))
    }
  }

  private func place(of movement: Movement) -> Int {
    guard let place = allocations.firstIndex(where: { $0.location == movement.location }) else {
      preconditionFailure("line \(id) took nothing at location \(movement.location.number)")
    }
    return place
  }
}

/// What one order has taken from the pool.
public struct Sale: Sendable {
  /// The hold that was committed to an order: its lines are the order's `1`, `2`, ….
  public struct Source: Hashable, Sendable {
    public var holdID: HoldID
    public var lineCount: Int
    /// Whether the hold had expired, and its units were taken again.
    public var isRetaken: Bool

    public init(holdID: HoldID, lineCount: Int, isRetaken: Bool = false) {
      self.holdID = holdID
      self.lineCount = lineCount
      self.isRetaken = isRetaken
    }
  }

  public let orderID: OrderID
  public internal(set) var channelID: ChannelID?
  /// In the order in which they were recorded.
  public private(set) var lines: [SaleLine] = []
  /// The ledger sequence of the last movement in it.
  public internal(set) var sequence: Int64 = 0
  /// Of the sale itself, unique: the ledger sequence of its first movement, or what its store has given it.
  public internal(set) var number: Int64 = 0
  private var rare: Rare?

  /// What only some sales have; a copy of a sale shares it until either changes it.
  ///
  /// `@unchecked Sendable`: it is changed by a sale that alone has it.
  private final class Rare: @unchecked Sendable {
    var source: Source?
    var bundles: [SaleBundle]
    /// Where each line is, for a sale with many.
    var places: [String: Int]
    /// The same of its bundles.
    var bundlePlaces: [String: Int]

    init(copying other: Rare?) {
      source = other?.source
      bundles = other?.bundles ?? []
      places = other?.places ?? [:]
      bundlePlaces = other?.bundlePlaces ?? [:]
    }
  }

  private mutating func ownRare() -> Rare {
    if isKnownUniquelyReferenced(&rare), let rare { return rare }
    let own = Rare(copying: rare)
    rare = own
    return own
  }

  /// The hold that it was, if it was one: known as long as the sale, so that a commit may be
  /// repeated after the hold itself is forgotten. There is one at most, since a second one's lines
  /// would have the same names.
  public internal(set) var source: Source? {
    get { rare?.source }
    set { ownRare().source = newValue }
  }

  /// Its lines that sold bundles; their components are in `lines`.
  public var bundles: [SaleBundle] { rare?.bundles ?? [] }

  public init(orderID: OrderID, channelID: ChannelID?) {
    self.orderID = orderID
    self.channelID = channelID
  }

  /// The sale as a store kept it.
  public init(
    orderID: OrderID, channelID: ChannelID?, source: Source? = nil, lines: [SaleLine],
    bundles: [SaleBundle] = [], sequence: Int64, number: Int64 = 0
  ) {
    self.init(orderID: orderID, channelID: channelID)
    self.number = number
    if source != nil { self.source = source }
    for line in lines { append(line) }
    for bundle in bundles { append(bundle) }
    self.sequence = sequence
  }

  public func place(of lineID: String) -> Int? {
    guard lines.count > Limits.indexedLines else { return lines.firstIndex { $0.id == lineID } }
    return rare?.places[lineID]
  }

  public func line(_ lineID: String) -> SaleLine? {
    place(of: lineID).map { lines[$0] }
  }

  private mutating func append(_ line: SaleLine) {
    lines.append(line)
    guard lines.count > Limits.indexedLines else { return }
    let rare = ownRare()
    if rare.places.isEmpty {
      for (place, line) in lines.enumerated() { rare.places[line.id] = place }
    } else {
      rare.places[line.id] = lines.count - 1
    }
  }

  func bundle(_ lineID: String) -> SaleBundle? {
    guard let rare else { return nil }
    guard rare.bundles.count > Limits.indexedLines else {
      return rare.bundles.first { $0.lineID == lineID }
    }
    return rare.bundlePlaces[lineID].map { rare.bundles[$0] }
  }

  mutating func append(_ bundle: SaleBundle) {
    let rare = ownRare()
    rare.bundles.append(bundle)
    guard rare.bundles.count > Limits.indexedLines else { return }
    if rare.bundlePlaces.isEmpty {
      for (place, bundle) in rare.bundles.enumerated() { rare.bundlePlaces[bundle.lineID] = place }
    } else {
      rare.bundlePlaces[bundle.lineID] = rare.bundles.count - 1
    }
  }

  /// Counts one movement of this order in.
  mutating func count(_ movement: Movement, sequence: Int64) {
    precondition(sequence > self.sequence, "movements are counted once, in order")
    if let place = place(of: movement.lineID) {
      lines[place].count(movement)
    } else {
      var line = SaleLine(id: movement.lineID, sku: movement.sku)
      line.count(movement)
      append(line)
    }
    self.sequence = sequence
  }
}

extension Sale: Hashable {
  public static func == (left: Sale, right: Sale) -> Bool {
    left.orderID == right.orderID && left.channelID == right.channelID
      && left.source == right.source && left.lines == right.lines && left.sequence == right.sequence
      && left.bundles == right.bundles
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(orderID)
    hasher.combine(sequence)
  }
}
