public import Primitives

/// What an order means for stock, by rank: of two snapshots of one moment the higher rank counts.
public enum OrderState: String, Sendable, CaseIterable, Comparable {
  /// Takes stock.
  case open
  /// Took stock and left.
  case shipped
  /// Takes nothing any more.
  case cancelled
  /// Never ours: the channel ships it from its own warehouse.
  case foreign

  private var rank: Int {
    switch self {
    case .open: 0
    case .shipped: 1
    case .cancelled: 2
    case .foreign: 3
    }
  }

  public static func < (left: OrderState, right: OrderState) -> Bool { left.rank < right.rank }
}

/// A channel's order as it was at one moment of the channel's clock.
public struct OrderSnapshot: Equatable, Sendable {
  public struct Line: Equatable, Sendable {
    public var lineID: String
    public var itemID: String
    public var variationID: String
    public var sellerSKU: String
    public var title: String
    /// Units ordered, cancelled ones included.
    public var quantity: Quantity
    public var cancelledCount: Quantity

    public init(
      lineID: String, itemID: String = "", variationID: String = "", sellerSKU: String = "",
      title: String = "", quantity: Quantity, cancelledCount: Quantity = 0
    ) {
      self.lineID = lineID
      self.itemID = itemID
      self.variationID = variationID
      self.sellerSKU = sellerSKU
      self.title = title
      self.quantity = quantity
      self.cancelledCount = cancelledCount
    }
  }

  public var state: OrderState
  public var updateTime: Timestamp
  public var saleTime: Timestamp
  public var lines: [Line]
  /// Where the customer is, if anybody knows.
  public var zone: Zone?
  /// The customer comes for it.
  public var isPickup: Bool
  /// To which location; empty when nobody knows.
  public var pickupLocation: String

  public init(
    state: OrderState, updateTime: Timestamp, saleTime: Timestamp, lines: [Line],
    zone: Zone? = nil, isPickup: Bool = false, pickupLocation: String = ""
  ) {
    self.zone = zone
    self.isPickup = isPickup
    self.pickupLocation = pickupLocation
    self.state = state
    self.updateTime = updateTime
    self.saleTime = saleTime
    self.lines = lines
  }

  /// What makes the snapshot impossible to work with, in words; nil when it is sound.
  public var problem: String? {
    if lines.count > IntakeLimits.orderLines {
      return "The order has \(lines.count) lines; \(IntakeLimits.orderLines) are allowed."
    }
    var seen: Set<String> = []
    for line in lines {
      if line.lineID.isEmpty || line.lineID.utf8.count > IntakeLimits.lineIDBytes {
        return "A line's ID is empty or longer than \(IntakeLimits.lineIDBytes) bytes."
      }
      if !seen.insert(line.lineID).inserted { return "Line \(line.lineID) is there twice." }
      if !(0...IntakeLimits.lineUnits).contains(line.quantity) {
        return
          "Line \(line.lineID) has \(line.quantity) units; 0 to \(IntakeLimits.lineUnits) are allowed."
      }
      if !(0...line.quantity).contains(line.cancelledCount) {
        return "Line \(line.lineID) has \(line.cancelledCount) of \(line.quantity) units cancelled."
      }
    }
    return nil
  }
}
