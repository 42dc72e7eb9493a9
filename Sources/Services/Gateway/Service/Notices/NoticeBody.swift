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

/// Of an order that waits for its customer, or waited in vain.
struct PickupBody: Codable {
  var order: String
  /// Since when, in microseconds since 1970: the same for as long as it waits.
  var readyTime: Int64?

  init(_ order: String, readyTime: Timestamp?) {
    self.order = order
    self.readyTime = readyTime?.microseconds
  }

  init(encoded bytes: [UInt8]) throws {
    self = try JSONDecoder().decode(PickupBody.self, from: Data(bytes))
  }

  /// The same bytes for the same waiting.
  var encoded: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return [UInt8](try encoder.encode(self))
    }
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
