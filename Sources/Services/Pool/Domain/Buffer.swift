public import Primitives

/// How many units to hide from channels as a safety margin, for whom, and when.
public struct Buffer: Hashable, Sendable {
  /// What it is for; an empty part means "all".
  public struct Scope: Hashable, Sendable {
    public var sku: SKUIndex?
    public var group: SKUGroup?
    public var channel: ChannelID?
    /// One listing of the SKU on the channel.
    public var listing: ListingID?

    public init(
      sku: SKUIndex? = nil, group: SKUGroup? = nil, channel: ChannelID? = nil,
      listing: ListingID? = nil
    ) {
      precondition(sku == nil || group == nil, "a SKU or a group")
      precondition(listing == nil || (sku != nil && channel != nil), "a listing is of both")
      self.sku = sku
      self.group = group
      self.channel = channel
      self.listing = listing
    }
  }

  /// What names it: a scope has any number of rules, each with a name of its own.
  public struct Key: Hashable, Sendable {
    public var scope: Scope
    public var name: String

    public init(scope: Scope, name: String = "") {
      self.scope = scope
      self.name = name
    }

    public static func == (left: Key, right: Key) -> Bool {
      left.scope == right.scope && left.name.hasBytes(of: right.name)
    }
  }

  public enum Margin: Hashable, Sendable {
    case units(Quantity)
    /// Of the available units, in hundredths of a percent, rounded up.
    case basisPoints(Int32)
    /// `above` while `threshold` or more are available, `below` while fewer are.
    case tiers(threshold: Quantity, above: Quantity, below: Quantity)
    /// What sells while a channel does not know yet, times a factor in basis points, rounded up.
    case demand(lag: Duration, factor: Int32)

    /// The units that it hides out of `available`.
    ///
    /// - Parameter weight: of the SKU's `SaleRate`.
    public func units(of available: Quantity, weight: Int64 = 0) -> Quantity {
      switch self {
      case .units(let units): return units
      case .basisPoints(let points):
        guard available > 0 else { return 0 }
        // Divided first: the product of a large stock would not fit.
        let whole = Quantity(Limits.basisPoints)
        let (quotient, remainder) = available.quotientAndRemainder(dividingBy: whole)
        return quotient * Quantity(points) + (remainder * Quantity(points) + whole - 1) / whole
      case .tiers(let threshold, let above, let below):
        return available >= threshold ? above : below
      case .demand(let lag, let factor):
        return min(Limits.bufferUnits, SaleRate.units(weight: weight, in: lag, factor: factor))
      }
    }
  }

  public var key: Key
  public var margin: Margin?
  /// The bounds of what the margin hides.
  public var least: Quantity
  public var most: Quantity?
  /// The most that the channel may show, whatever is available.
  public var cap: Quantity?
  /// When it begins to count; nil: it does from ever.
  public var startTime: Timestamp?
  /// When it no longer counts; nil: it does for ever.
  public var endTime: Timestamp?
  /// Whether the lag of a margin that follows demand is what `ReportLag` last told.
  public var isLagMeasured: Bool
  public var updateTime: Timestamp

  public init(
    scope: Scope, name: String = "", margin: Margin?, least: Quantity = 0, most: Quantity? = nil,
    cap: Quantity? = nil, startTime: Timestamp? = nil, endTime: Timestamp? = nil,
    isLagMeasured: Bool = false, updateTime: Timestamp = .zero
  ) {
    key = Key(scope: scope, name: name)
    self.margin = margin
    self.least = least
    self.most = most
    self.cap = cap
    self.startTime = startTime
    self.endTime = endTime
    self.isLagMeasured = isLagMeasured
    self.updateTime = updateTime
  }

  public var scope: Scope { key.scope }

  /// A buffer that hides and caps nothing stands for "no buffer".
  public var isEmpty: Bool { margin == nil && cap == nil }

  public var followsDemand: Bool {
    if case .demand = margin { true } else { false }
  }

  /// Whether it counts for a time only.
  public var hasWindow: Bool { startTime != nil || endTime != nil }

  public func counts(at now: Timestamp) -> Bool {
    (startTime.map { $0 <= now } ?? true) && (endTime.map { now < $0 } ?? true)
  }

  /// The units that it hides out of `available`.
  public func hidden(of available: Quantity, weight: Int64 = 0) -> Quantity {
    guard let margin else { return 0 }
    return max(least, min(most ?? .max, margin.units(of: available, weight: weight)))
  }

  /// `min(cap, available - margin)`; what is left may be less than nothing.
  public func left(of available: Quantity, weight: Int64 = 0) -> Quantity {
    let left = available - hidden(of: available, weight: weight)
    return min(cap ?? left, left)
  }

  /// Whether both say the same, whenever they were set.
  func isSame(as other: Buffer) -> Bool {
    var other = other
    other.updateTime = updateTime
    return self == other
  }
}
