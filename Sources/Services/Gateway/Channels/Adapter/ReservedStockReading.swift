public import Primitives

/// A channel that sets units of a listing aside for its promotions and says how many.
public protocol ReservedStockReading: ChannelAdapter {
  /// Listings that one reading may ask for.
  var reservedBatch: Int { get }
  /// Reads what is set aside, in order; nil for a listing that the channel does not know.
  func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?]
  /// Whose units an event says to have been set aside or given back; nil when it is not about that.
  func reservedChange(in event: ChannelEvent) -> ReservedChange?
}

/// Units that only one promotion's buyers can have.
public struct ReservedStock: Sendable, Equatable {
  /// The promotion, as the channel names it.
  public var name: String
  public var quantity: Quantity
  /// When it gives back what is left; nil where the channel does not tell.
  public var endTime: Timestamp?

  public init(name: String, quantity: Quantity, endTime: Timestamp? = nil) {
    self.name = name
    self.quantity = quantity
    self.endTime = endTime
  }
}

/// What an event about promotions is about.
public enum ReservedChange: Sendable, Equatable {
  /// The item, as the channel names it.
  case item(String)
  case all
}
