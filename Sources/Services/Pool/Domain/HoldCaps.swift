public import Primitives

/// How much may be set aside at most, so that nobody freezes the stock by opening checkouts. An
/// operator's choice: it bounds what is decided, never what the ledger has.
public struct HoldCaps: Hashable, Sendable {
  /// Holds that one owner has at the same time.
  public var holdsOfOwner: Int
  /// Units of one SKU in all holds of one owner.
  public var unitsOfOwner: Quantity
  /// Of the units of a SKU that are on hand and not committed, the part that may be held, in
  /// percent, rounded up.
  public var heldPercent: Int

  public init(
    holdsOfOwner: Int = 1_000, unitsOfOwner: Quantity = Limits.lineUnits, heldPercent: Int = 100
  ) {
    self.holdsOfOwner = holdsOfOwner
    self.unitsOfOwner = unitsOfOwner
    self.heldPercent = heldPercent
  }

  /// Which of them a hold would exceed.
  public enum Measure: String, CaseIterable, Sendable {
    case holdsOfOwner, unitsOfOwner, heldUnits
    /// `Limits.holdSKUs`, which no operator sets.
    case skusOfHold
  }

  /// What a hold would exceed, and how far it has come.
  public struct Excess: Hashable, Sendable {
    public var measure: Measure
    public var owner: String
    public var sku: SKU?
    public var maximum: Quantity
    /// Without what is given up.
    public var present: Quantity
    public var requested: Quantity
    /// What the owner's holds would give up for it.
    public var givenUp: Quantity

    public init(
      _ measure: Measure, owner: String, sku: SKU?, maximum: Quantity, present: Quantity,
      requested: Quantity, givenUp: Quantity = 0
    ) {
      self.measure = measure
      self.owner = owner
      self.sku = sku
      self.maximum = maximum
      self.present = present
      self.requested = requested
      self.givenUp = givenUp
    }
  }
}
