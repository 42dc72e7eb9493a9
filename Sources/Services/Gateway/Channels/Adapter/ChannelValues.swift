public import Primitives

/// An order as its channel has it now. Lines of one unit each are merged; quantities are totals.
public struct ChannelOrder: Sendable, Equatable {
  public struct Line: Sendable, Equatable {
    /// The channel's name for the line; the same in every snapshot.
    public var lineID: String
    public var itemID: String
    public var variationID: String
    public var sellerSKU: String
    public var title: String
    /// Units ordered, cancelled ones included.
    public var quantity: Quantity
    /// Units of them that were cancelled.
    public var cancelledCount: Quantity

    public init(
      lineID: String, itemID: String, variationID: String, sellerSKU: String, title: String = "",
      quantity: Quantity, cancelledCount: Quantity = 0
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
  /// What the order means for stock.
  public enum State: String, Sendable, CaseIterable {
    /// Takes stock: placed, paid, being shipped.
    case open
    /// All of it was cancelled before it left.
    case cancelled
    /// It left: a till's receipt, or shipped by the channel's own page.
    case shipped
    /// Not ours: the channel ships it from its own warehouse. Takes nothing.
    case foreign
  }
  public var externalID: String
  public var state: State
  public var lines: [Line]
  public var saleTime: Timestamp
  /// By the channel's clock: of two snapshots the later one counts.
  public var updateTime: Timestamp
  /// Where it goes; nil when nobody wants to know, or the channel does not tell.
  public var address: ChannelAddress?
  /// It was not asked for but stood in its event, and so is as old as that.
  public var isFromEvent: Bool
  /// The customer comes for it.
  public var isPickup: Bool
  /// Where to, as the channel names the place; nil when it does not say.
  public var pickupPlace: String?

  public init(
    externalID: String, state: State, lines: [Line], saleTime: Timestamp, updateTime: Timestamp,
    address: ChannelAddress? = nil, isFromEvent: Bool = false, isPickup: Bool = false,
    pickupPlace: String? = nil
  ) {
    self.externalID = externalID
    self.state = state
    self.lines = lines
    self.saleTime = saleTime
    self.updateTime = updateTime
    self.address = address
    self.isFromEvent = isFromEvent
    self.isPickup = isPickup
    self.pickupPlace = pickupPlace
  }
}

/// A return as its channel has it now.
public struct ChannelReturn: Sendable, Equatable {
  public struct Line: Sendable, Equatable {
    public var lineID: String
    /// The order's line, when the channel says which.
    public var orderLineID: String
    public var itemID: String
    public var variationID: String
    public var sellerSKU: String
    public var quantity: Quantity

    public init(
      lineID: String, orderLineID: String = "", itemID: String, variationID: String,
      sellerSKU: String, quantity: Quantity
    ) {
      self.lineID = lineID
      self.orderLineID = orderLineID
      self.itemID = itemID
      self.variationID = variationID
      self.sellerSKU = sellerSKU
      self.quantity = quantity
    }
  }
  public enum State: String, Sendable, CaseIterable {
    /// Goods will come back.
    case requested
    /// Goods are back and the channel has already put them on sale (a till, a shop's restock).
    case restocked
    /// Withdrawn, or money only: no goods come.
    case closed
  }
  public var externalID: String
  public var orderExternalID: String
  public var state: State
  public var lines: [Line]
  public var reason: String
  public var updateTime: Timestamp

  public init(
    externalID: String, orderExternalID: String, state: State, lines: [Line], reason: String = "",
    updateTime: Timestamp
  ) {
    self.externalID = externalID
    self.orderExternalID = orderExternalID
    self.state = state
    self.lines = lines
    self.reason = reason
    self.updateTime = updateTime
  }
}

/// A listing as its channel has it.
public struct ChannelListing: Sendable, Equatable {
  public enum State: String, Sendable, CaseIterable {
    case live
    case hidden
    case deleted
  }
  public var itemID: String
  /// Empty when the item has no variations.
  public var variationID: String
  public var sellerSKU: String
  public var title: String
  public var state: State
  /// What the channel needs beside the IDs to set its stock: an inventory item, a location.
  public var attributes: [String: String]

  public init(
    itemID: String, variationID: String, sellerSKU: String, title: String = "",
    state: State = .live, attributes: [String: String] = [:]
  ) {
    self.itemID = itemID
    self.variationID = variationID
    self.sellerSKU = sellerSKU
    self.title = title
    self.state = state
    self.attributes = attributes
  }
}

public struct ListingPage: Sendable, Equatable {
  public var listings: [ChannelListing]
  /// Nil at the end.
  public var nextCursor: String?

  public init(listings: [ChannelListing], nextCursor: String?) {
    self.listings = listings
    self.nextCursor = nextCursor
  }
}

/// What one listing should show.
public struct StockPush: Sendable, Equatable {
  public var listing: ChannelListing
  /// Units; never negative.
  public var quantity: Quantity
  /// What the channel is thought to show, where it offers compare-and-set; nil to set whatever it shows.
  public var expected: Quantity?
  /// The same for every try of one push of one version: for channels that know idempotency keys.
  public var idempotencyKey: String

  public init(
    listing: ChannelListing, quantity: Quantity, expected: Quantity? = nil, idempotencyKey: String
  ) {
    self.listing = listing
    self.quantity = quantity
    self.expected = expected
    self.idempotencyKey = idempotencyKey
  }
}

/// What the channel made of one push.
public enum PushResult: Sendable, Equatable {
  case acknowledged
  /// Compare-and-set failed: the channel shows this now, if it says.
  case stale(shown: Quantity?)
  /// Try again later, after this span if the channel says.
  case retry(String, after: Duration?)
  /// A promotion holds the number: try again when it has ended.
  case locked(String)
  /// It will never work like this.
  case refused(String)
}

public struct ShippedNotice: Sendable, Equatable {
  public var orderExternalID: String
  public var trackingNumber: String
  public var carrier: String
  /// The order's lines as the channel names them, with the units that left.
  public var lines: [(lineID: String, quantity: Quantity)]

  public init(
    orderExternalID: String, trackingNumber: String, carrier: String,
    lines: [(lineID: String, quantity: Quantity)]
  ) {
    self.orderExternalID = orderExternalID
    self.trackingNumber = trackingNumber
    self.carrier = carrier
    self.lines = lines
  }

  public static func == (left: ShippedNotice, right: ShippedNotice) -> Bool {
    left.orderExternalID == right.orderExternalID && left.trackingNumber == right.trackingNumber
      && left.carrier == right.carrier && left.lines.elementsEqual(right.lines, by: ==)
  }
}

public struct ReturnAnswer: Sendable, Equatable {
  public var returnExternalID: String
  public var orderExternalID: String
  /// True when the goods are here and were inspected: the customer gets the money back.
  public var accepted: Bool
  public var lines: [(lineID: String, quantity: Quantity, restocked: Bool)]

  public init(
    returnExternalID: String, orderExternalID: String, accepted: Bool,
    lines: [(lineID: String, quantity: Quantity, restocked: Bool)]
  ) {
    self.returnExternalID = returnExternalID
    self.orderExternalID = orderExternalID
    self.accepted = accepted
    self.lines = lines
  }

  public static func == (left: ReturnAnswer, right: ReturnAnswer) -> Bool {
    left.returnExternalID == right.returnExternalID
      && left.orderExternalID == right.orderExternalID && left.accepted == right.accepted
      && left.lines.elementsEqual(right.lines, by: ==)
  }
}

/// Why a call to a channel did not work, by what can be done about it.
public enum ChannelError: Error, Equatable, Sendable {
  /// Not reached, 5xx, timed out: the same call may be made again.
  case unavailable(String)
  /// Too many calls; wait this long if the channel says.
  case rateLimited(after: Duration?)
  /// The access token is over: refresh it, then try again.
  case tokenExpired(String)
  /// The credentials are wrong: somebody must act.
  case unauthorised(String)
  /// The shop itself is closed to us: banned, frozen, uninstalled. Somebody must act, there.
  case suspended(String)
  /// The channel does not know what was asked for.
  case notFound(String)
  /// The call will never work like this.
  case refused(String)
  /// The answer makes no sense.
  case malformed(String)
}
