public import Primitives

/// Makes a promotion, or changes one that is a draft.
public struct SetPromotion: Hashable, Sendable {
  public struct Line: Hashable, Sendable {
    public var sku: SKU
    public var quantity: Quantity

    public init(sku: SKU, quantity: Quantity) {
      self.sku = sku
      self.quantity = quantity
    }
  }

  public var id: PromotionID
  public var displayName: String
  public var channels: [ChannelID]
  public var strategy: Promotion.Strategy
  public var startTime: Timestamp
  public var endTime: Timestamp
  public var lines: [Line]
  /// Changes only this version; empty for any.
  public var etag: String

  public init(
    id: PromotionID, displayName: String = "", channels: [ChannelID],
    strategy: Promotion.Strategy, startTime: Timestamp, endTime: Timestamp, lines: [Line],
    etag: String = ""
  ) {
    self.id = id
    self.displayName = displayName
    self.channels = channels
    self.strategy = strategy
    self.startTime = startTime
    self.endTime = endTime
    self.lines = lines
    self.etag = etag
  }
}

public enum PromotionCommand: Hashable, Sendable {
  case set(SetPromotion)
  /// With the kinds of clashes that are taken as they are.
  case schedule(PromotionID, accepting: Set<PromotionClash.Kind>)
  /// Units more; clashes as with `schedule`.
  case topUp(PromotionID, [SetPromotion.Line], accepting: Set<PromotionClash.Kind>)
  case end(PromotionID)
  case cancel(PromotionID)
}

/// Why a promotion cannot do what it promises.
public struct PromotionClash: Hashable, Sendable {
  /// The numbers are those of the proto.
  public enum Kind: Int32, CaseIterable, Sendable {
    /// More is promised at one time, by it and by others, than is available.
    case overPromised = 1
    /// Another promotion has the SKU on the same channel in the same time.
    case overlap
    /// A buffer, a cap, last units or sourcing keep the channel from showing the allotment.
    case buffer
    /// The draft's window is over.
    case windowOver

    /// An overlap never is, since a channel sells a SKU out of one allotment; nor is a time that has passed.
    public var canBeAccepted: Bool { self == .overPromised || self == .buffer }
  }

  public var kind: Kind
  /// Nil for what is not of a SKU.
  public var sku: SKUIndex?
  public var channel: ChannelID?
  /// The other promotion, if it is one.
  public var other: PromotionID?
  /// What is wanted, and what there is for it when there is least.
  public var wanted: Quantity
  public var present: Quantity
  /// When there is as little first.
  public var time: Timestamp
}

/// What a promotion answers instead of doing what it was asked.
public enum PromotionError: Hashable, Sendable {
  case unknown(PromotionID)
  case changed(PromotionID)
  case wrongState(PromotionID, Promotion.State)
  /// It must end in the future and after it starts, within `Limits.promotionSpan`.
  case windowOutOfRange(PromotionID)
  case tooMany
  case lineUnknown(PromotionID, SKU)
  /// With the names of their SKUs.
  case clashes(PromotionID, [PromotionClash], [SKU?])
}
