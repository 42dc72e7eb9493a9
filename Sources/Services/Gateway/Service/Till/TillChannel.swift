internal import ChannelAdapter
internal import Foundation
internal import PointOfSaleChannel
internal import Primitives

/// Our own channel: tills and web shops that call us.
enum TillChannel {
  static let id = ChannelID(trusted: "till")
  /// The topic of an event that commits a hold.
  static let commitTopic = "commit"
}

/// A hold that becomes an order, as the inbox keeps it.
struct HoldCommit: Codable, Equatable, Sendable {
  var holdID: String
  var orderID: String
  /// The goods are over the counter.
  var handedOver: Bool
  /// The customer comes for it; nil, as commits of before have it, when not.
  var isPickup: Bool?
  /// The part of the hold that is committed; all of it without.
  var units: [Units]?

  struct Units: Codable, Equatable, Sendable {
    var sku: String
    var quantity: Quantity
  }

  func event(now: Timestamp) throws -> ChannelEvent {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return ChannelEvent(
      key: "commit:\(holdID)", kind: .order, subject: orderID, updateTime: now,
      body: [UInt8](try encoder.encode(self)), topic: TillChannel.commitTopic)
  }

  init(
    holdID: String, orderID: String, handedOver: Bool, isPickup: Bool? = nil, units: [Units]? = nil
  ) {
    self.holdID = holdID
    self.orderID = orderID
    self.handedOver = handedOver
    self.isPickup = isPickup
    self.units = units
  }

  init(_ event: ChannelEvent) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(event.body))
  }
}
