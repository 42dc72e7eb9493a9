public import Primitives

/// The last units of a SKU, which one channel alone may sell.
public struct LastUnits: Hashable, Sendable {
  /// Whose last units; an empty scope means every SKU's.
  public struct Scope: Hashable, Sendable {
    public var sku: SKUIndex?
    public var group: SKUGroup?

    public init(sku: SKUIndex? = nil, group: SKUGroup? = nil) {
      precondition(sku == nil || group == nil, "a SKU or a group")
      self.sku = sku
      self.group = group
    }
  }

  public var scope: Scope
  /// The channel that may sell them.
  public var channel: ChannelID
  /// How many; none stands for "no lock".
  public var units: Quantity
  public var updateTime: Timestamp

  public init(
    scope: Scope, channel: ChannelID, units: Quantity, updateTime: Timestamp = .zero
  ) {
    self.scope = scope
    self.channel = channel
    self.units = units
    self.updateTime = updateTime
  }
}

/// All locks on last units. One counts: the SKU's, else its group's, else that of every SKU.
public struct LastUnitsTable: Equatable, Sendable {
  private var locks: [LastUnits.Scope: LastUnits] = [:]

  public init() {}

  public var all: Dictionary<LastUnits.Scope, LastUnits>.Values { locks.values }

  public subscript(scope: LastUnits.Scope) -> LastUnits? { locks[scope] }

  /// Sets the lock of its scope, or removes it when it keeps nothing.
  public mutating func set(_ lock: LastUnits) {
    locks[lock.scope] = lock.units == 0 ? nil : lock
  }

  /// The one that counts.
  public func winner(of sku: SKUIndex, _ group: @autoclosure () -> SKUGroup?) -> LastUnits? {
    if locks.isEmpty { return nil }
    if let lock = locks[LastUnits.Scope(sku: sku)] { return lock }
    if let group = group(), let lock = locks[LastUnits.Scope(group: group)] { return lock }
    return locks[LastUnits.Scope()]
  }
}
