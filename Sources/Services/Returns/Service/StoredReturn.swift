internal import Primitives
internal import ReturnsAPI
internal import ReturnsDomain

/// A return with what the store keeps beside it.
struct StoredReturn: Sendable {
  var order: ReturnsDomain.ReturnOrder
  /// 1 when created, one more with each change: the etag.
  var version: Int64
  /// The feed's sequence when it was created, and when it was last changed.
  var position: Int64
  var sequence: Int64
  var createTime: Timestamp
  var updateTime: Timestamp

  /// As callers see it.
  var message: ReturnsAPI.ReturnOrder {
    ReturnsAPI.ReturnOrder(
      returnID: order.id.text, orderID: order.orderID?.text ?? "",
      accountID: order.accountID?.text ?? "", externalID: order.externalID,
      state: ReturnsAPI.ReturnOrder.State(order.state),
      lines: order.lines.map { ReturnsAPI.ReturnOrderLine($0) }, reason: order.reason,
      locationID: order.locationID?.text ?? "", createTime: createTime, updateTime: updateTime,
      etag: "\(version)", sequence: sequence)
  }
}

extension ReturnsAPI.ReturnOrder.State {
  init(_ state: ReturnsDomain.ReturnOrder.State) {
    switch state {
    case .requested: self = .requested
    case .received: self = .received
    case .inspected: self = .inspected
    case .cancelled: self = .cancelled
    }
  }
}

extension ReturnsDomain.ReturnOrder.State {
  init?(_ state: ReturnsAPI.ReturnOrder.State) {
    switch state {
    case .requested: self = .requested
    case .received: self = .received
    case .inspected: self = .inspected
    case .cancelled: self = .cancelled
    case .unspecified, .unrecognized: return nil
    }
  }
}

extension ReturnsAPI.ReturnOrderLine {
  init(_ line: ReturnsDomain.ReturnOrderLine) {
    self.init(
      lineID: line.id.text, sku: line.sku.text, quantity: line.quantity,
      orderLineID: line.orderLineID?.text ?? "",
      disposals: line.disposals.map {
        ReturnsAPI.Disposal(
          disposition: ReturnsAPI.Disposition($0.disposition), quantity: $0.quantity,
          lotID: $0.lot?.id.text ?? "", lotExpireTime: $0.lot?.expireTime)
      }, refusal: line.refusal)
  }
}

extension ReturnsAPI.Disposition {
  init(_ disposition: ReturnsDomain.Disposition) {
    switch disposition {
    case .restock: self = .restock
    case .quarantine: self = .quarantine
    case .writeOff: self = .writeOff
    }
  }
}

extension ReturnsDomain.Disposition {
  init?(_ disposition: ReturnsAPI.Disposition) {
    switch disposition {
    case .restock: self = .restock
    case .quarantine: self = .quarantine
    case .writeOff: self = .writeOff
    case .unspecified, .unrecognized: return nil
    }
  }
}
