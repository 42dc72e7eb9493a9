public import ChannelAdapter
internal import Primitives

extension PointOfSaleSale {
  /// The sale as an event of its own: the same bytes and the same key whenever it is sent again,
  /// whatever batch it came in.
  public var event: ChannelEvent {
    ChannelEvent(
      key: "\(kind.rawValue):\(saleID)", kind: kind == .sale ? .order : .return, subject: saleID,
      updateTime: occurredAt, body: ChannelJSON.encode(PointOfSaleRecord(self)),
      topic: kind.rawValue)
  }

  /// Reads a sale that `event` wrote.
  public init(event: ChannelEvent) throws(ChannelError) {
    do {
      self = try ChannelJSON.decode(PointOfSaleRecord.self, from: event.body).sale()
    } catch {
      throw .malformed("the stored sale cannot be read: \(error.text)")
    }
  }

  /// Goods that are over the counter: the order has left.
  public var order: ChannelOrder {
    ChannelOrder(
      externalID: saleID, state: .shipped,
      lines: lines.map { line in
        ChannelOrder.Line(
          lineID: line.lineID, itemID: line.sku.text, variationID: "", sellerSKU: line.sku.text,
          quantity: line.quantity)
      }, saleTime: occurredAt, updateTime: occurredAt)
  }

  /// The lines that went back on the shelf. Goods that came back and cannot be sold are not among
  /// them: nothing of them is on sale.
  public var channelReturn: ChannelReturn {
    let restocked = lines.filter(\.restock)
    return ChannelReturn(
      externalID: saleID, orderExternalID: refundOf,
      state: restocked.isEmpty ? .closed : .restocked,
      lines: restocked.map { line in
        ChannelReturn.Line(
          lineID: line.lineID, orderLineID: line.refundOfLine, itemID: line.sku.text,
          variationID: "", sellerSKU: line.sku.text, quantity: line.quantity)
      }, updateTime: occurredAt)
  }
}

/// A checked sale as the inbox keeps it. The time is in microseconds: the till's own spelling says
/// nothing more.
private struct PointOfSaleRecord: Codable {
  struct Line: Codable {
    var lineID: String
    var refundOfLine: String
    var sku: String
    var quantity: Int64
    var restock: Bool
  }
  var saleID: String
  var kind: String
  var refundOf: String
  var storeID: String
  var sequence: Int64
  var occurredMicroseconds: Int64
  var lines: [Line]

  init(_ sale: PointOfSaleSale) {
    saleID = sale.saleID
    kind = sale.kind.rawValue
    refundOf = sale.refundOf
    storeID = sale.storeID
    sequence = sale.sequence
    occurredMicroseconds = sale.occurredAt.microseconds
    lines = sale.lines.map { line in
      Line(
        lineID: line.lineID, refundOfLine: line.refundOfLine, sku: line.sku.text,
        quantity: line.quantity, restock: line.restock)
    }
  }

  func sale() throws(ChannelJSON.Problem) -> PointOfSaleSale {
    guard let kind = PointOfSaleSale.Kind(rawValue: kind) else {
      throw ChannelJSON.Problem("kind must be sale or refund")
    }
    let lines = lines.map { line in
      PointOfSaleLine(
        lineID: line.lineID, refundOfLine: line.refundOfLine, sku: SKU(trusted: line.sku),
        quantity: line.quantity, restock: line.restock)
    }
    return PointOfSaleSale(
      saleID: saleID, kind: kind, refundOf: refundOf, storeID: storeID, sequence: sequence,
      occurredAt: Timestamp(microseconds: occurredMicroseconds), lines: lines)
  }
}
