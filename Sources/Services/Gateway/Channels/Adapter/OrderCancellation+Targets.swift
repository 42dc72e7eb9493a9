public import Primitives

extension OrderCancellation {
  /// How many units of each line are to be cancelled in the end: all of them when no line is named.
  ///
  /// - Throws: `ChannelError.refused` when a line is named that the order does not have, or more units than it has.
  public func targets(
    of all: [ChannelOrder.Line]
  ) throws(ChannelError) -> [String: Quantity] {
    var present: [String: Quantity] = [:]
    for line in all { present[line.lineID, default: 0] += line.quantity }
    return try targets(of: present)
  }

  /// The same of lines whose units are known, those that are cancelled already among them.
  public func targets(of present: [String: Quantity]) throws(ChannelError) -> [String: Quantity] {
    guard !lines.isEmpty else { return present }
    var targets = present.mapValues { _ in Quantity(0) }
    for line in lines {
      guard let units = present[line.lineID] else {
        throw .refused("order \(orderExternalID) has no line \(line.lineID)")
      }
      let target = targets[line.lineID, default: 0] + line.quantity
      guard target <= units else {
        throw .refused(
          "line \(line.lineID) of order \(orderExternalID) has \(units) units, and \(target) are to be cancelled"
        )
      }
      targets[line.lineID] = target
    }
    return targets
  }
}
