internal import FulfilmentAPI
internal import FulfilmentDomain
internal import Primitives

/// An order with what the store keeps beside it.
struct StoredOrder: Sendable {
  var order: FulfilmentDomain.Order
  /// 1 when created, one more with each change: the etag.
  var version: Int64
  /// The feed's sequence when it was created, and when it was last changed.
  var position: Int64
  var sequence: Int64
  var createTime: Timestamp
  var updateTime: Timestamp

  /// As callers see it.
  var message: FulfilmentAPI.Order {
    FulfilmentAPI.Order(
      orderID: order.id.text, accountID: order.accountID.text, channelID: order.channelID.text,
      externalID: order.externalID, state: FulfilmentAPI.Order.State(order.state),
      lines: order.lines.map { FulfilmentAPI.OrderLine($0) }, saleTime: order.saleTime,
      shipment: order.shipment.map { FulfilmentAPI.Shipment($0) }, createTime: createTime,
      updateTime: updateTime, etag: "\(version)", sequence: sequence,
      handedOver: order.isHandedOver, pickup: order.pickup.map { FulfilmentAPI.Pickup($0) })
  }
}

extension FulfilmentAPI.Order.State {
  init(_ state: FulfilmentDomain.Order.State) {
    switch state {
    case .pending: self = .pending
    case .picked: self = .picked
    case .packed: self = .packed
    case .ready: self = .ready
    case .shipped: self = .shipped
    case .cancelled: self = .cancelled
    }
  }
}

extension FulfilmentAPI.OrderLine {
  init(_ line: FulfilmentDomain.OrderLine) {
    self.init(
      lineID: line.id.text, sku: line.sku.text, quantity: line.quantity,
      cancelledCount: line.cancelledCount, channelLineID: line.channelLineID, title: line.title)
  }
}

extension FulfilmentAPI.Pickup {
  init(_ pickup: FulfilmentDomain.Pickup) {
    self.init(
      locationID: pickup.locationID?.text ?? "", readyTime: pickup.readyTime,
      expireTime: pickup.expireTime, collectTime: pickup.collectTime, expired: pickup.isExpired)
  }
}

extension FulfilmentAPI.Shipment {
  init(_ shipment: FulfilmentDomain.Shipment) {
    self.init(
      trackingNumber: shipment.trackingNumber, carrier: shipment.carrier,
      shipTime: shipment.shipTime)
  }
}
