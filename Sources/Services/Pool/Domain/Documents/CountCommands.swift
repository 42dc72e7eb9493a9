public import Primitives

public struct OpenCount: Hashable, Sendable {
  public var id: CountID
  public var location: LocationID
  /// Empty for everything at the location.
  public var skus: [SKU]
  public var toleratedUnits: Quantity
  public var toleratedPoints: Int32

  public init(
    id: CountID, location: LocationID, skus: [SKU] = [], toleratedUnits: Quantity = 0,
    toleratedPoints: Int32 = 0
  ) {
    self.id = id
    self.location = location
    self.skus = skus
    self.toleratedUnits = toleratedUnits
    self.toleratedPoints = toleratedPoints
  }
}

public struct ReportCount: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var sku: SKU
    public var counted: Quantity
    /// What was on hand at the moment of the count, when that is past; nil when it is the present.
    public var onHandThen: Quantity?

    public init(sku: SKU, counted: Quantity, onHandThen: Quantity? = nil) {
      self.sku = sku
      self.counted = counted
      self.onHandThen = onHandThen
    }
  }

  /// A moment that is past, as the ledger knows it.
  public struct Moment: Hashable, Sendable {
    public var time: Timestamp
    public var sequence: Int64

    public init(time: Timestamp, sequence: Int64) {
      self.time = time
      self.sequence = sequence
    }
  }

  public var id: CountID
  public var reportID: ReportID
  public var lines: [Line]
  /// Nil for the present moment.
  public var moment: Moment?
  public var actor: String

  public init(
    id: CountID, reportID: ReportID, lines: [Line], moment: Moment? = nil, actor: String = ""
  ) {
    self.id = id
    self.reportID = reportID
    self.lines = lines
    self.moment = moment
    self.actor = actor
  }
}

public struct SubmitCount: Hashable, Sendable {
  public var id: CountID
  /// Whether lines that nobody has counted are left as they are.
  public var leavesUncounted: Bool

  public init(id: CountID, leavesUncounted: Bool = false) {
    self.id = id
    self.leavesUncounted = leavesUncounted
  }
}

public struct Recount: Hashable, Sendable {
  public var id: CountID
  public var skus: [SKU]

  public init(id: CountID, skus: [SKU]) {
    self.id = id
    self.skus = skus
  }
}
