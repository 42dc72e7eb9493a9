public import Primitives

extension OrderCancellation {
  /// How many units of each line are to be cancelled in the end: all of them when no line is named, and never more than
  /// the line has.
  public func targets(of all: [ChannelOrder.Line]) -> [String: Quantity] {
    var named: [String: Quantity] = [:]
    for line in lines { named[line.lineID, default: 0] += line.quantity }
    var targets: [String: Quantity] = [:]
    for line in all {
      targets[line.lineID] =
        lines.isEmpty ? line.quantity : min(named[line.lineID] ?? 0, line.quantity)
    }
    return targets
  }
}
