public import Primitives

/// People count what is at a location, without being told what the books say; what differs is booked once somebody has
/// approved it.
///
///     open ──submit──▶ submitted ──approve──▶ posted
///       ▲                  │ │
///       └─────recount──────┘ └──cancel──▶ cancelled ◀──cancel── open
///
/// Each count of a line is compared with what was on hand at that very moment, so that what moves before and after it
/// makes no difference.
public struct StockCount: Hashable, Sendable {
  public enum State: UInt8, CaseIterable, Sendable {
    case open = 1
    case submitted, posted, cancelled
  }

  /// One look at one line.
  public struct Look: Hashable, Sendable {
    public var counted: Quantity
    /// What the books had on hand at that moment.
    public var expected: Quantity
    /// The ledger's sequence at that moment.
    public var sequence: Int64
    public var time: Timestamp
    public var actor: String

    public init(
      counted: Quantity, expected: Quantity, sequence: Int64, time: Timestamp, actor: String
    ) {
      self.counted = counted
      self.expected = expected
      self.sequence = sequence
      self.time = time
      self.actor = actor
    }

    public var variance: Quantity { counted - expected }
  }

  public struct Line: Hashable, Sendable {
    public let sku: SKUIndex
    /// What the books had on hand when the count was opened.
    public let onHandAtOpening: Quantity
    /// The last one counts.
    public var looks: [Look] = []
    public internal(set) var isToBeRecounted = false

    public init(
      sku: SKUIndex, onHandAtOpening: Quantity, looks: [Look] = [], isToBeRecounted: Bool = false
    ) {
      self.sku = sku
      self.onHandAtOpening = onHandAtOpening
      self.looks = looks
      self.isToBeRecounted = isToBeRecounted
    }

    public var isCounted: Bool { !looks.isEmpty && !isToBeRecounted }
    /// What is to be booked.
    public var variance: Quantity { isCounted ? looks[looks.count - 1].variance : 0 }
  }

  public let id: CountID
  public let location: LocationIndex
  /// Whether it is of everything at the location, and so takes lines that nobody expected.
  public let isWhole: Bool
  /// A variance up to the larger of the two is booked without a second look or a reason.
  public let toleratedUnits: Quantity
  public let toleratedPoints: Int32
  /// The ledger's sequence when it was opened.
  public let openSequence: Int64
  public internal(set) var state: State
  public internal(set) var lines: [Line]
  /// What was reported, in the order in which it came.
  public internal(set) var reports: [Report]
  public internal(set) var reason: String
  public internal(set) var header: DocumentHeader

  /// What a person has sent at once.
  public struct Report: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
      public var sku: SKUIndex
      public var counted: Quantity

      public init(sku: SKUIndex, counted: Quantity) {
        self.sku = sku
        self.counted = counted
      }
    }
    public var id: ReportID
    public var lines: [Line]

    public init(id: ReportID, lines: [Line]) {
      self.id = id
      self.lines = lines
    }
  }

  public init(
    id: CountID, location: LocationIndex, isWhole: Bool, toleratedUnits: Quantity,
    toleratedPoints: Int32, openSequence: Int64, state: State = .open, lines: [Line],
    reports: [Report] = [], reason: String = "", header: DocumentHeader
  ) {
    self.id = id
    self.location = location
    self.isWhole = isWhole
    self.toleratedUnits = toleratedUnits
    self.toleratedPoints = toleratedPoints
    self.openSequence = openSequence
    self.state = state
    self.lines = lines
    self.reports = reports
    self.reason = reason
    self.header = header
  }

  var key: DocumentKey { DocumentKey(id) }
  var isEnded: Bool { state == .posted || state == .cancelled }

  /// The variance that a line may have without a second look or a reason.
  public func tolerance(of line: Line) -> Quantity {
    let expected = max(0, line.looks.last?.expected ?? line.onHandAtOpening)
    let part = Int128(expected) * Int128(toleratedPoints) / Int128(Limits.basisPoints)
    return max(toleratedUnits, Quantity(part))
  }
}
