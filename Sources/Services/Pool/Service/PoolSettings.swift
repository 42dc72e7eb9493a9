public import Kit
public import PoolDomain

/// What an operator may set beside what all services have in common.
public enum PoolSettings {
  public static let salesInMemory = Setting<Int>.integer(
    "ONEPOOL_POOL_SALES_IN_MEMORY", "sales beyond which those on disk leave memory",
    default: 500_000, in: 1_000...100_000_000)
  public static let auditPause = Setting<Duration>.seconds(
    "ONEPOOL_POOL_AUDIT_SECONDS", "pause between two proofs of the ledger in the background",
    default: 3600, in: 1...2_592_000)

  public static let holdsOfOwner = Setting<Int>.integer(
    "ONEPOOL_POOL_HOLDS_OF_OWNER", "holds that one owner has at the same time",
    default: 1_000, in: 1...1_000_000)

  public static let heldUnitsOfOwner = Setting<Int>.integer(
    "ONEPOOL_POOL_HELD_UNITS_OF_OWNER", "units of a SKU in all holds of one owner",
    default: 1_000_000_000, in: 1...1_000_000_000)

  public static let heldPercent = Setting<Int>.integer(
    "ONEPOOL_POOL_HELD_PERCENT",
    "percent of a SKU's units on hand and not committed that may be held",
    default: 100, in: 1...100)

  public static func holdCaps(_ settings: Settings) -> HoldCaps {
    HoldCaps(
      holdsOfOwner: settings[holdsOfOwner], unitsOfOwner: Int64(settings[heldUnitsOfOwner]),
      heldPercent: settings[heldPercent])
  }
}
