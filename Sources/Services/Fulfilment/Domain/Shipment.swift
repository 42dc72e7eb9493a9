public import Primitives

/// A parcel on its way.
public struct Shipment: Equatable, Sendable {
  public var trackingNumber: String
  public var carrier: String
  public var shipTime: Timestamp

  public init(trackingNumber: String, carrier: String, shipTime: Timestamp) {
    self.trackingNumber = trackingNumber
    self.carrier = carrier
    self.shipTime = shipTime
  }
}
