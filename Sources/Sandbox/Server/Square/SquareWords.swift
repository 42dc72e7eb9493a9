internal import Kit
internal import Primitives

/// Square's words for what every platform has.
enum SquareWords {
  static let fulfilment = "F1"
  /// The carrier of what was sold over the counter: nobody's.
  static let counter = "counter"

  static func merchant(_ shop: Shop) -> String { shop.secrets["merchant_id"] ?? "ML-SANDBOX" }

  static func isCounter(_ order: BuyerOrder) -> Bool { order.carrier == counter }

  static func payment(_ order: BuyerOrder) -> String { "PY\(order.number)" }

  /// A payment refund's ID has the payment's in front.
  static func refund(_ request: BuyerReturn) -> String { "PY_RF\(request.returnID)" }

  static func state(_ order: BuyerOrder) -> String {
    switch order.state {
    case .cancelled: "CANCELED"
    case .unpaid, .paid, .packed: "OPEN"
    case .ready, .shipped, .delivered, .returned: "COMPLETED"
    }
  }

  /// Rises with every change: nothing that an order has been through is undone.
  static func version(_ order: BuyerOrder) -> Int64 {
    // What is over is the last step: a line that is cancelled has come further, not back to the begin.
    let steps: [BuyerOrder.State] = [
      .unpaid, .paid, .packed, .ready, .shipped, .delivered, .returned, .cancelled,
    ]
    return order.lines.reduce(order.payTime == nil ? 1 : 2) { sum, line in
      sum + line.cancelled + line.shipped + line.returned
        + Int64(steps.firstIndex(of: line.state) ?? 0)
    }
  }
}

extension Timestamp {
  /// RFC 3339 in UTC, as Square writes times.
  var text: String { rfc3339 }
}
