public import Primitives

extension OrderCancellation {
  /// How many units of each line are to be cancelled in the end: all of them when no line is named, and never more than
  /// the line has.
  ///
  /// - Throws: `ChannelError.refused` when a line is named that the order does not have.
  public func targets(
    of all: [ChannelOrder.Line]
  ) throws(ChannelError) -> [String: Quantity] {
    let named = try named(among: all.map(\.lineID))
    var targets: [String: Quantity] = [:]
    for line in all {
      targets[line.lineID] =
        lines.isEmpty ? line.quantity : min(named[line.lineID] ?? 0, line.quantity)
    }
    return targets
  }

  /// The units of the lines that are named, of which an order with `lineIDs` has all.
  public func named(among lineIDs: [String]) throws(ChannelError) -> [String: Quantity] {
    let known = Set(lineIDs)
    var named: [String: Quantity] = [:]
    for line in lines {
      guard known.contains(line.lineID) else {
        throw .refused("order \(orderExternalID) has no line \(line.lineID)")
      }
      named[line.lineID, default: 0] += line.quantity
    }
    return named
  }
}
