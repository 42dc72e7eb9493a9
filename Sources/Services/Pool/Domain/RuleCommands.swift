public import Primitives

/// Sets the rule of its scope and name, or removes it when it hides and caps nothing.
public struct SetBuffer: Hashable, Sendable {
  public var sku: SKU?
  public var group: SKUGroup?
  public var channel: ChannelID?
  public var listing: ListingID?
  public var name: String
  public var margin: Buffer.Margin?
  public var least: Quantity
  public var most: Quantity?
  public var cap: Quantity?
  public var startTime: Timestamp?
  public var endTime: Timestamp?
  public var isLagMeasured = false

  public init(
    sku: SKU? = nil, group: SKUGroup? = nil, channel: ChannelID? = nil, listing: ListingID? = nil,
    name: String = "", margin: Buffer.Margin? = nil, least: Quantity = 0, most: Quantity? = nil,
    cap: Quantity? = nil, startTime: Timestamp? = nil, endTime: Timestamp? = nil
  ) {
    self.sku = sku
    self.group = group
    self.channel = channel
    self.listing = listing
    self.name = name
    self.margin = margin
    self.least = least
    self.most = most
    self.cap = cap
    self.startTime = startTime
    self.endTime = endTime
  }
}

/// Says which locations feed a channel; without a strategy the channel is fed by all again, by rank.
public struct SetSourcing: Hashable, Sendable {
  public var channel: ChannelID
  public var strategy: Sourcing.Strategy?
  /// Empty for all.
  public var locations: [LocationID]

  public init(
    channel: ChannelID, strategy: Sourcing.Strategy? = nil, locations: [LocationID] = []
  ) {
    self.channel = channel
    self.strategy = strategy
    self.locations = locations
  }
}

/// Keeps the last units for one channel; no units remove the lock.
public struct SetLastUnits: Hashable, Sendable {
  public var sku: SKU?
  public var group: SKUGroup?
  public var channel: ChannelID
  public var units: Quantity

  public init(sku: SKU? = nil, group: SKUGroup? = nil, channel: ChannelID, units: Quantity) {
    self.sku = sku
    self.group = group
    self.channel = channel
    self.units = units
  }
}
