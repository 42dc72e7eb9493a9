public import Primitives

/// A line of an order as the pool and fulfilment know it: one SKU.
public struct OrderPart: Equatable, Sendable {
  /// The channel's line; for a bundle with the SKU behind it.
  public var lineID: String
  public var channelLineID: String
  public var title: String
  public var sku: SKU
  /// Units sold in all.
  public var soldCount: Quantity
  /// Units of them taken back in all.
  public var takenBackCount: Quantity
}

/// What is to be told about an order, in this order. Each is a total, so it may be told again.
public struct IntakeSteps: Equatable, Sendable {
  /// Lines of which more was sold than was told.
  public var sales: [OrderPart]
  /// Lines of which more was taken back than was told.
  public var cancellations: [OrderPart]
  /// The order left by the channel's own hand, and fulfilment does not know.
  public var ships: Bool
  /// The customer comes for it, and fulfilment does not know.
  public var plansPickup: Bool
  /// Units of each listing that the channel has taken off its own number (given back: negative).
  public var takenIn: [String: Quantity]

  public var isEmpty: Bool { sales.isEmpty && cancellations.isEmpty && !ships && !plansPickup }
}

extension OrderRecord {
  /// The parts of a line: one of the line's own name, or one a SKU of the bundle.
  public static func parts(_ line: Line) -> [OrderPart] {
    line.components.map { component in
      OrderPart(
        lineID: partID(line.lineID, component.sku, of: line.components.count),
        channelLineID: line.lineID, title: line.snapshot.title, sku: component.sku,
        soldCount: line.soldCount * component.quantity,
        takenBackCount: line.takenBackCount * component.quantity)
    }
  }

  public static func partID(_ lineID: String, _ sku: SKU, of count: Int) -> String {
    guard count > 1 else { return lineID }
    let name = "\(lineID)/\(sku)"
    return name.utf8.count <= IntakeLimits.partIDBytes ? name : "\(lineID)\(sku)"
  }

  /// What the others must be told before they know all that is known here.
  public var steps: IntakeSteps {
    let sold = lines.filter { $0.soldCount > $0.toldSoldCount }
    let takenBack = lines.filter { $0.takenBackCount > $0.toldTakenBackCount }
    var takenIn: [String: Quantity] = [:]
    for line in lines where !line.listingID.isEmpty {
      let before = line.toldSoldCount - line.toldTakenBackCount
      let units = line.soldCount - line.takenBackCount - before
      if units != 0 { takenIn[line.listingID, default: 0] += units }
    }
    let takesSomething = lines.contains { $0.soldCount > $0.takenBackCount }
    return IntakeSteps(
      sales: sold.flatMap(Self.parts), cancellations: takenBack.flatMap(Self.parts),
      ships: state == .shipped && !isShippedTold && takesSomething,
      plansPickup: state == .open && isPickup && !isPickupTold && takesSomething, takenIn: takenIn)
  }

  /// Everything that `steps` says has been told.
  public mutating func markTold() {
    for index in lines.indices {
      lines[index].toldSoldCount = lines[index].soldCount
      lines[index].toldTakenBackCount = lines[index].takenBackCount
    }
    let steps = steps
    isShippedTold = isShippedTold || steps.ships
    isPickupTold = isPickupTold || steps.plansPickup
  }

  /// Its units went back on sale in vain, for the channel's hand has given them away: what was sold is taken back, and
  /// sold once more.
  public mutating func sellAgain() {
    for index in lines.indices {
      let units = lines[index].soldCount - lines[index].takenBackCount
      lines[index].soldCount += units
      lines[index].takenBackCount += units
    }
  }
}
