public import Primitives

/// Goods that a supplier is to send to one location, until the last of them is there.
///
///     draft ──place──▶ ordered ──receive──▶ partially received ──receive──▶ received
///       │                 │  │                     │                           │
///       └──cancel──┐      │  └───────────close─────┴──▶ closed ◀──close────────┘
///                  ▼      │
///              cancelled ◀┘ cancel
///
public struct PurchaseOrder: Hashable, Sendable {
  public enum State: UInt8, CaseIterable, Sendable {
    case draft = 1
    case ordered, partiallyReceived, received, closed, cancelled
  }

  public struct Line: Hashable, Sendable {
    public var lineID: String
    public var sku: SKUIndex
    public var quantity: Quantity
    /// What one unit costs, in the currency's minor unit.
    public var unitCost: Int64
    public internal(set) var received: Quantity = 0

    public init(
      lineID: String, sku: SKUIndex, quantity: Quantity, unitCost: Int64, received: Quantity = 0
    ) {
      self.lineID = lineID
      self.sku = sku
      self.quantity = quantity
      self.unitCost = unitCost
      self.received = received
    }

    /// What is still to come.
    public var open: Quantity { max(0, quantity - received) }
  }

  /// What is paid for all lines together, and how the lines share it.
  public struct Charge: Hashable, Sendable {
    public enum Kind: UInt8, CaseIterable, Sendable {
      case freight = 1
      case duty, insurance, other
    }
    public enum Basis: UInt8, CaseIterable, Sendable {
      case quantity = 1
      case value
    }

    public var kind: Kind
    public var amount: Int64
    public var basis: Basis

    public init(kind: Kind, amount: Int64, basis: Basis) {
      self.kind = kind
      self.amount = amount
      self.basis = basis
    }
  }

  /// What its buyer decides.
  public struct Terms: Hashable, Sendable {
    public var supplier: String
    public var location: LocationIndex
    /// ISO 4217, three letters.
    public var currency: String
    public var lines: [Line]
    public var charges: [Charge]
    /// How much more than ordered, and how much less, is taken without a reason.
    public var overTolerance: Int32
    public var underTolerance: Int32
    public var expectTime: Timestamp?

    public init(
      supplier: String, location: LocationIndex, currency: String, lines: [Line],
      charges: [Charge], overTolerance: Int32, underTolerance: Int32, expectTime: Timestamp?
    ) {
      self.supplier = supplier
      self.location = location
      self.currency = currency
      self.lines = lines
      self.charges = charges
      self.overTolerance = overTolerance
      self.underTolerance = underTolerance
      self.expectTime = expectTime
    }
  }

  public let id: PurchaseOrderID
  public internal(set) var terms: Terms
  public internal(set) var state: State
  public internal(set) var receipts: [Receipt]
  /// Why it was closed or cancelled.
  public internal(set) var reason: String
  public internal(set) var header: DocumentHeader

  public init(
    id: PurchaseOrderID, terms: Terms, state: State = .draft, receipts: [Receipt] = [],
    reason: String = "", header: DocumentHeader
  ) {
    self.id = id
    self.terms = terms
    self.state = state
    self.receipts = receipts
    self.reason = reason
    self.header = header
  }

  var key: DocumentKey { DocumentKey(id) }

  /// Whether nothing more comes of it.
  public var isEnded: Bool { state == .closed || state == .cancelled }

  var incoming: [(sku: SKUIndex, incoming: Incoming)] {
    guard state == .ordered || state == .partiallyReceived else { return [] }
    return terms.lines.compactMap { line in
      guard line.open > 0 else { return nil }
      return (
        line.sku,
        Incoming(
          document: key, location: terms.location, quantity: line.open,
          expectTime: terms.expectTime)
      )
    }
  }

  /// The part of a line's quantity that may be missing or too much: basis points, rounded down.
  static func tolerated(_ points: Int32, of quantity: Quantity) -> Quantity {
    quantity * Quantity(points) / Quantity(Limits.basisPoints)
  }

  /// What each line bears of the charges. The shares of a charge come to its amount, to the last minor unit.
  public var chargesOfLines: [Int64] {
    var shares = terms.lines.map { _ in Int64(0) }
    for charge in terms.charges {
      var weights = terms.lines.map { line in
        Int128(line.quantity) * (charge.basis == .value ? Int128(line.unitCost) : 1)
      }
      // Goods that cost nothing have no value to share by.
      if weights.allSatisfy({ $0 == 0 }) { weights = terms.lines.map { Int128($0.quantity) } }
      let whole = weights.reduce(0, +)
      var sum: Int128 = 0
      var given: Int128 = 0
      for (place, weight) in weights.enumerated() {
        sum += weight
        let share = Int128(charge.amount) * sum / whole - given
        shares[place] += Int64(share)
        given += share
      }
    }
    return shares
  }

  /// What units of a line cost with their share of the charges, when `before` units of it were there already. All
  /// receipts of a line together bear its charges, once it is complete; units beyond the order bear none.
  func landed(_ line: Line, charges: Int64, before: Quantity, units: Quantity) -> LandedCost {
    func borne(_ received: Quantity) -> Int64 {
      Int64(Int128(charges) * Int128(min(received, line.quantity)) / Int128(line.quantity))
    }
    return LandedCost(
      goods: line.unitCost * units, charges: borne(before + units) - borne(before))
  }
}

/// What the units of one movement cost, in the currency's minor unit.
public struct LandedCost: Hashable, Sendable {
  public var goods: Int64
  /// The share of freight, duty and the like.
  public var charges: Int64

  public init(goods: Int64, charges: Int64) {
    self.goods = goods
    self.charges = charges
  }

  /// What one of `quantity` units cost, in millionths of the minor unit, rounded half up. Only an order that is older than
  /// `Limits.chargesAmount` can come to more than there is room for.
  public func unitMicros(of quantity: Quantity) -> Int64 {
    let micros = (Int128(goods) + Int128(charges)) * 1_000_000
    return Int64(clamping: (micros + Int128(quantity) / 2) / Int128(quantity))
  }
}
