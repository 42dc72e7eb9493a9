public import Primitives

/// A channel's name for an order.
public struct ExternalID: Identifier {
  public static let noun = "channel's order"
  public static let maximumBytes = FulfilmentLimits.externalIDBytes
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// A carrier's number for a parcel.
public struct TrackingNumber: Identifier {
  public static let noun = "tracking number"
  public static let maximumBytes = FulfilmentLimits.trackingNumberBytes
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}
