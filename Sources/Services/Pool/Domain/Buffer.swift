public import Primitives

/// How many units to hide from channels as a safety margin, and for whom.
public struct Buffer: Hashable, Sendable {
  /// What it is for; an empty part means "all".
  public struct Scope: Hashable, Sendable {
    public var sku: SKUIndex?
    public var channel: ChannelID?

    public init(sku: SKUIndex?, channel: ChannelID?) {
      self.sku = sku
      self.channel = channel
    }
  }

  public enum Margin: Hashable, Sendable {
    case units(Quantity)
    /// Of the available units, in hundredths of a percent, rounded up.
    case basisPoints(Int32)

    /// The units that it hides out of `available`.
    public func units(of available: Quantity) -> Quantity {
      switch self {
      case .units(let units): return units
      case .basisPoints(let points):
        guard available > 0 else { return 0 }
        // Divided first: the product of a large stock would not fit.
        let whole = Quantity(Limits.basisPoints)
        let (quotient, remainder) = available.quotientAndRemainder(dividingBy: whole)
        return quotient * Quantity(points) + (remainder * Quantity(points) + whole - 1) / whole
      }
    }
  }

  public var scope: Scope
  public var margin: Margin?
  /// The most that the channel may show, whatever is available.
  public var cap: Quantity?
  public var updateTime: Timestamp

  public init(
    scope: Scope, margin: Margin?, cap: Quantity? = nil, updateTime: Timestamp = .zero
  ) {
    self.scope = scope
    self.margin = margin
    self.cap = cap
    self.updateTime = updateTime
  }

  /// A buffer that hides and caps nothing stands for "no buffer".
  public var isEmpty: Bool { margin == nil && cap == nil }

  /// Available to sell: `max(0, min(cap, available - margin))`.
  public func availableToSell(of available: Quantity) -> Quantity {
    let left = available - (margin?.units(of: available) ?? 0)
    return max(0, min(cap ?? left, left))
  }
}

/// All buffers, and which of them counts.
///
/// The most specific rule wins as a whole, margin and cap together:
///
///     SKU + channel  >  SKU  >  channel  >  default of all
///
public struct BufferTable: Equatable, Sendable {
  private var rules: [Buffer.Scope: Buffer] = [:]

  public init() {}

  public var all: Dictionary<Buffer.Scope, Buffer>.Values { rules.values }

  public subscript(scope: Buffer.Scope) -> Buffer? { rules[scope] }

  /// Sets the rule of its scope, or removes it when it is empty.
  public mutating func set(_ buffer: Buffer) {
    rules[buffer.scope] = buffer.isEmpty ? nil : buffer
  }

  /// The scopes that may apply, from the most to the least specific.
  public static func scopes(of sku: SKUIndex, on channel: ChannelID?) -> [Buffer.Scope] {
    let general = [Buffer.Scope(sku: sku, channel: nil), Buffer.Scope(sku: nil, channel: nil)]
    guard let channel else { return general }
    return [
      Buffer.Scope(sku: sku, channel: channel), general[0],
      Buffer.Scope(sku: nil, channel: channel), general[1],
    ]
  }

  /// The rule that counts.
  public func winner(of sku: SKUIndex, on channel: ChannelID?) -> Buffer? {
    if rules.isEmpty { return nil }
    if let channel, let rule = rules[Buffer.Scope(sku: sku, channel: channel)] { return rule }
    if let rule = rules[Buffer.Scope(sku: sku, channel: nil)] { return rule }
    if let channel, let rule = rules[Buffer.Scope(sku: nil, channel: channel)] { return rule }
    return rules[Buffer.Scope(sku: nil, channel: nil)]
  }

  /// What a channel may show of `available` units.
  public func availableToSell(
    of sku: SKUIndex, on channel: ChannelID?, available: Quantity
  ) -> Quantity {
    winner(of: sku, on: channel)?.availableToSell(of: available) ?? max(0, available)
  }
}
