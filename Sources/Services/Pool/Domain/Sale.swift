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

/// A line's allocations. Almost every line has one, which then needs no memory of its own.
public struct Allocations: Hashable, Sendable, RandomAccessCollection, ExpressibleByArrayLiteral {
  private var first: Allocation?
  private var rest: [Allocation] = []

  public init() {}

  public init(arrayLiteral elements: Allocation...) {
    for element in elements { append(element) }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { first == nil ? 0 : 1 + rest.count }

  public internal(set) subscript(position: Int) -> Allocation {
    get {
      guard position > 0 else {
        guard let first else { preconditionFailure("no allocation") }
        return first
      }
      return rest[position - 1]
    }
    set {
      if position == 0 { first = newValue } else { rest[position - 1] = newValue }
    }
  }

  public mutating func append(_ allocation: Allocation) {
    if first == nil { first = allocation } else { rest.append(allocation) }
  }
}

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
  /// The hold that it was, if it was one: known as long as the sale, so that a commit may be
  /// repeated after the hold itself is forgotten. There is one at most, since a second one's lines
  /// would have the same names.
  public internal(set) var source: Source?
  /// In the order in which they were recorded.
  public private(set) var lines: [SaleLine] = []
  /// Its lines that sold bundles; their components are in `lines`.
  public private(set) var bundles: [SaleBundle] = []
  /// The ledger sequence of the last movement in it.
  public internal(set) var sequence: Int64 = 0
  /// Of the sale itself, unique: the ledger sequence of its first movement, or what its store has given it.
  public internal(set) var number: Int64 = 0
  /// Where each line is, for a sale with many.
  private var places: [String: Int] = [:]
  /// The same of its bundles.
  private var bundlePlaces: [String: Int] = [:]

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
    self.source = source
    for line in lines { append(line) }
    for bundle in bundles { append(bundle) }
    self.sequence = sequence
  }

  public func place(of lineID: String) -> Int? {
    lines.count > Limits.indexedLines ? places[lineID] : lines.firstIndex { $0.id == lineID }
  }

  public func line(_ lineID: String) -> SaleLine? {
    place(of: lineID).map { lines[$0] }
  }

  private mutating func append(_ line: SaleLine) {
    lines.append(line)
    if lines.count > Limits.indexedLines + 1 {
      places[line.id] = lines.count - 1
    } else if lines.count == Limits.indexedLines + 1 {
      for (place, line) in lines.enumerated() { places[line.id] = place }
    }
  }

  func bundle(_ lineID: String) -> SaleBundle? {
    guard bundles.count > Limits.indexedLines else { return bundles.first { $0.lineID == lineID } }
    return bundlePlaces[lineID].map { bundles[$0] }
  }

  mutating func append(_ bundle: SaleBundle) {
    bundles.append(bundle)
    if bundles.count > Limits.indexedLines + 1 {
      bundlePlaces[bundle.lineID] = bundles.count - 1
    } else if bundles.count == Limits.indexedLines + 1 {
      for (place, bundle) in bundles.enumerated() { bundlePlaces[bundle.lineID] = place }
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
