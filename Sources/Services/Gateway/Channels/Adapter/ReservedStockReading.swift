public import Primitives

/// A channel that sets units of a listing aside for its promotions and says how many.
public protocol ReservedStockReading: ChannelAdapter {
  /// Reads what is set aside, in order; nil for a listing that the channel does not know.
  func readReserved(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [[ReservedStock]?]
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
