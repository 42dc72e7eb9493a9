public import Primitives

/// What an order sold and what has come back of it: tells whether a return may be created.
public struct SoldUnits: Equatable, Sendable {
  /// A line of the order: units that were sold and not cancelled.
  public struct Line: Equatable, Sendable {
    public var id: LineID
    public var sku: SKU
    public var soldCount: Quantity

    public init(id: LineID, sku: SKU, soldCount: Quantity) {
      self.id = id
      self.sku = sku
      self.soldCount = soldCount
    }
  }

  private let orderID: OrderID
  private var skus: [LineID: SKU] = [:]
  /// Units that may still come back, by line and by SKU.
  private var openLines: [LineID: Quantity] = [:]
  private var openSKUs: [SKU: Quantity] = [:]

  /// - Parameter returned: the lines of the order's returns so far, cancelled returns left out.
  public init(orderID: OrderID, sold: [Line], returned: [ReturnOrderLine]) {
    self.orderID = orderID
    for line in sold {
      skus[line.id] = line.sku
      openLines[line.id] = line.soldCount
      openSKUs[line.sku, default: 0] += line.soldCount
    }
    for line in returned { take(line) }
  }

  /// Throws unless all of `lines` can have been sold by the order.
  ///
  /// A line that names its order line is counted against that one; one that does not, against all units of its
  /// SKU in the order.
  public mutating func check(_ lines: [ReturnOrderLine]) throws(ReturnsError) {
    for line in lines {
      if let orderLineID = line.orderLineID {
        guard skus[orderLineID] == line.sku else { throw .orderLineUnknown(orderID, orderLineID) }
      }
      guard let openOfSKU = openSKUs[line.sku] else { throw .orderLineUnknown(orderID, line.id) }
      let openOfLine = line.orderLineID.flatMap { openLines[$0] } ?? openOfSKU
      let open = max(0, min(openOfSKU, openOfLine))
      guard line.quantity <= open else {
        throw .tooManyUnits(orderID, line.orderLineID ?? line.id, open: open)
      }
      take(line)
    }
  }

  private mutating func take(_ line: ReturnOrderLine) {
    openSKUs[line.sku, default: 0] -= line.quantity
    if let orderLineID = line.orderLineID { openLines[orderLineID, default: 0] -= line.quantity }
  }
}
