internal import ChannelAdapter
internal import Foundation
internal import Primitives

/// Notices as they wait in the store.
private struct ShippedBody: Codable {
  struct Line: Codable {
    var lineID: String
    var quantity: Quantity
  }
  var order: String
  var trackingNumber: String
  var carrier: String
  var lines: [Line]
}

private struct OrderBody: Codable {
  var order: String

  static func encoded(_ order: String) throws -> [UInt8] {
    [UInt8](try JSONEncoder().encode(OrderBody(order: order)))
  }

  static func order(in bytes: [UInt8]) throws -> String {
    try JSONDecoder().decode(OrderBody.self, from: Data(bytes)).order
  }
}

private struct ReturnBody: Codable {
  struct Line: Codable {
    var lineID: String
    var quantity: Quantity
    var restocked: Bool
  }
  var returned: String
  var order: String
  var accepted: Bool
  var lines: [Line]
}

extension ShippedNotice {
  var encoded: [UInt8] {
    get throws {
      [UInt8](
        try JSONEncoder().encode(
          ShippedBody(
            order: orderExternalID, trackingNumber: trackingNumber, carrier: carrier,
            lines: lines.map { .init(lineID: $0.lineID, quantity: $0.quantity) })))
    }
  }

  init(encoded bytes: [UInt8]) throws {
    let body = try JSONDecoder().decode(ShippedBody.self, from: Data(bytes))
    self.init(
      orderExternalID: body.order, trackingNumber: body.trackingNumber, carrier: body.carrier,
      lines: body.lines.map { ($0.lineID, $0.quantity) })
  }
}

extension ReadyNotice {
  var encoded: [UInt8] {
    get throws { try OrderBody.encoded(orderExternalID) }
  }

  init(encoded bytes: [UInt8]) throws {
    self.init(orderExternalID: try OrderBody.order(in: bytes))
  }
}

extension OrderCancellation {
  /// Of an order that nobody has collected.
  static func uncollected(_ orderExternalID: String) throws -> [UInt8] {
    try OrderBody.encoded(orderExternalID)
  }

  init(uncollected bytes: [UInt8]) throws {
    self.init(orderExternalID: try OrderBody.order(in: bytes), cause: .notCollected)
  }
}

extension ReturnAnswer {
  var encoded: [UInt8] {
    get throws {
      [UInt8](
        try JSONEncoder().encode(
          ReturnBody(
            returned: returnExternalID, order: orderExternalID, accepted: accepted,
            lines: lines.map {
              .init(lineID: $0.lineID, quantity: $0.quantity, restocked: $0.restocked)
            })))
    }
  }

  init(encoded bytes: [UInt8]) throws {
    let body = try JSONDecoder().decode(ReturnBody.self, from: Data(bytes))
    self.init(
      returnExternalID: body.returned, orderExternalID: body.order, accepted: body.accepted,
      lines: body.lines.map { ($0.lineID, $0.quantity, $0.restocked) })
  }
}
