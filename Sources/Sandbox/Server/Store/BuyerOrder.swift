internal import Primitives

/// A buyer's order as the platform keeps it.
struct BuyerOrder: Equatable, Sendable {
  /// How far a line has come. One word for all platforms; each writes it in its own.
  enum State: String, Sendable {
    case unpaid, paid, packed, ready, shipped, delivered, cancelled, returned

    /// Whether its units still count as withheld or occupied.
    var isOpen: Bool {
      switch self {
      case .unpaid, .paid, .packed: true
      case .ready, .shipped, .delivered, .cancelled, .returned: false
      }
    }
  }

  /// Lazada and TikTok have a line for each unit; the others one with a quantity.
  struct Line: Equatable, Sendable {
    var lineID: String
    var itemID: String
    var variationID: String
    var sku: String
    var title: String
    var quantity: Int64
    var cancelled: Int64 = 0
    var shipped: Int64 = 0
    var returned: Int64 = 0
    var state: State
    var packageID = ""
    var updateTime: Timestamp

    /// Units that were neither cancelled nor shipped.
    var openCount: Int64 { quantity - cancelled - shipped }
  }

  var shop: Shop.Key
  var orderID: String
  /// Counts orders over all shops; Shopify shows it.
  var number: Int64
  var createTime: Timestamp
  var updateTime: Timestamp
  var payTime: Timestamp?
  var cancelTime: Timestamp?
  var cancelReason = ""
  var trackingNumber = ""
  var carrier = ""
  /// The buyer comes for it.
  var isPickup = false
  var lines: [Line]

  /// The least advanced state of the lines that are not cancelled; cancelled when all are.
  var state: State {
    let order: [State] = [.unpaid, .paid, .packed, .ready, .shipped, .delivered, .returned]
    let states = Set(lines.map(\.state))
    return order.first { states.contains($0) } ?? .cancelled
  }
}

/// Goods that a buyer wants to send back, as the platform keeps it.
struct BuyerReturn: Equatable, Sendable {
  enum State: String, Sendable {
    case requested, accepted, closed, cancelled
  }

  struct Line: Equatable, Sendable {
    var lineID: String
    var orderLineID: String
    var itemID: String
    var variationID: String
    var sku: String
    var quantity: Int64
    /// Units whose fate the seller has told the platform.
    var disposed: Int64 = 0
    var disposition = ""
  }

  var shop: Shop.Key
  var returnID: String
  var orderID: String
  var state: State
  var reason: String
  var createTime: Timestamp
  var updateTime: Timestamp
  var lines: [Line]
}
