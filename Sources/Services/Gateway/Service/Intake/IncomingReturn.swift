internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives

/// A return as a channel or a till tells it.
struct IncomingReturn: Sendable, Equatable {
  struct Line: Sendable, Equatable {
    var lineID: String
    var orderLineID: String
    var itemID: String
    var variationID: String
    var sellerSKU: String
    var quantity: Quantity
    /// Whether the goods are fit for sale; only asked where the channel has decided that.
    var isRestocked: Bool
  }

  var externalID: String
  var orderExternalID: String
  var state: ReturnRecord.State
  var updateTime: Timestamp
  var reason: String
  var lines: [Line]

  init(
    externalID: String, orderExternalID: String, state: ReturnRecord.State, updateTime: Timestamp,
    reason: String, lines: [Line]
  ) {
    self.externalID = externalID
    self.orderExternalID = orderExternalID
    self.state = state
    self.updateTime = updateTime
    self.reason = reason
    self.lines = lines
  }

  init(_ found: ChannelReturn) {
    let state: ReturnRecord.State =
      switch found.state {
      case .requested: .requested
      case .restocked: .restocked
      case .closed: .closed
      }
    self.init(
      externalID: found.externalID, orderExternalID: found.orderExternalID, state: state,
      updateTime: found.updateTime, reason: found.reason,
      lines: found.lines.map {
        Line(
          lineID: $0.lineID, orderLineID: $0.orderLineID, itemID: $0.itemID,
          variationID: $0.variationID, sellerSKU: $0.sellerSKU, quantity: $0.quantity,
          isRestocked: true)
      })
  }

  /// What makes it impossible to work with, in words; nil when it is sound.
  var problem: String? {
    var seen: Set<String> = []
    for line in lines {
      if line.lineID.isEmpty || line.lineID.utf8.count > IntakeLimits.lineIDBytes
        || !seen.insert(line.lineID).inserted
      {
        return "A return's line has no usable ID of its own."
      }
      if !(1...IntakeLimits.lineUnits).contains(line.quantity) {
        return "Line \(line.lineID) gives back \(line.quantity) units."
      }
    }
    return nil
  }
}
