internal import ChannelAdapter
internal import Primitives

/// Units as Loyverse writes them: a number, with a fraction for what is sold by weight.
struct LoyverseQuantity: Codable, Equatable, Sendable {
  private let number: Double

  /// Units that a sale of it takes: a part of a unit takes the unit.
  var taken: Quantity { Quantity(number.rounded(.up)) }

  /// Units that can be sold when so much is there, or that came back.
  var shown: Quantity { Quantity(number.rounded(.down)) }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number =
      (try? container.decode(Double.self))
      ?? (try? container.decode(String.self)).flatMap(Double.init)
    guard let number, abs(number) <= Double(QuantityLimits.maximum) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a quantity is a number")
    }
    self.number = number
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
}

/// A receipt: goods went over the counter, or came back. What a till sells it sells whole.
struct LoyverseReceipt: Codable {
  enum CodingKeys: String, CodingKey {
    case number = "receipt_number"
    case kind = "receipt_type"
    case refundOf = "refund_for"
    case storeID = "store_id"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case receiptDate = "receipt_date"
    case cancelledAt = "cancelled_at"
    case note
    case lines = "line_items"
  }
  struct Line: Codable {
    enum CodingKeys: String, CodingKey {
      case id, sku, quantity
      case itemID = "item_id"
      case variantID = "variant_id"
      case itemName = "item_name"
      case variantName = "variant_name"
    }
    var id: FlexibleID
    var itemID: FlexibleID?
    var variantID: FlexibleID?
    var sku: FlexibleID?
    var itemName: String?
    var variantName: String?
    var quantity: LoyverseQuantity

    /// A line of something that was typed in has no IDs: its SKU stands for it, or its name.
    var listing: (itemID: String, variationID: String) {
      if let variant = variantID?.named { return (itemID?.named ?? variant, variant) }
      let name = sku?.named ?? ChannelSignature.digest(Array((itemName ?? "").utf8))
      return (itemID?.named ?? "custom:\(name)", "")
    }

    var title: String {
      [itemName ?? "", variantName ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
    }
  }
  var number: FlexibleID
  var kind: String
  var refundOf: FlexibleID?
  var storeID: FlexibleID
  var createdAt: String
  var updatedAt: String?
  /// When it was sold, by the till's clock.
  var receiptDate: String?
  var cancelledAt: String?
  var note: String?
  var lines: [Line]?

  var isSale: Bool { kind == "SALE" }
  var isCancelled: Bool { cancelledAt != nil }

  /// The latest time that it says something of itself.
  var updateTime: Timestamp? {
    [createdAt, updatedAt, cancelledAt].compactMap { $0.flatMap(ChannelTime.iso8601) }.max()
  }

  /// A receipt as what it means for stock. The goods of a sale that was cancelled had left and are
  /// back: it is a sale and a return, whichever of the two is heard of first.
  func events(_ body: [UInt8]) -> [ChannelEvent] {
    let state = isCancelled ? "cancelled" : updatedAt ?? createdAt
    func event(_ kind: ChannelEvent.Kind) -> ChannelEvent {
      ChannelEvent(
        key: "\(kind.rawValue):\(number):\(state)", kind: kind, subject: number.text,
        updateTime: updateTime ?? .zero, body: body,
        topic: LoyverseReceipts.topic)
    }
    guard isSale else { return [event(.return)] }
    return isCancelled ? [event(.order), event(.return)] : [event(.order)]
  }

  func channelOrder(at store: String) throws(ChannelError) -> ChannelOrder {
    guard isSale else { throw .malformed("receipt \(number) is a refund, not a sale") }
    guard let saleTime = ChannelTime.iso8601(receiptDate ?? createdAt), let updateTime else {
      throw .malformed("receipt \(number) has a time that is not ISO 8601 with an offset")
    }
    var taken: [ChannelOrder.Line] = []
    for line in try sold() {
      guard line.quantity.taken >= 0 else {
        throw .malformed("receipt \(number) has a quantity below zero")
      }
      let (itemID, variationID) = line.listing
      taken.append(
        ChannelOrder.Line(
          lineID: line.id.text, itemID: itemID, variationID: variationID,
          sellerSKU: line.sku?.text ?? "", title: line.title, quantity: line.quantity.taken))
    }
    return ChannelOrder(
      externalID: number.text, state: storeID.text == store ? .shipped : .foreign, lines: taken,
      saleTime: saleTime, updateTime: updateTime)
  }

  /// Nobody buys nothing: a receipt whose lines are not there is not whole.
  private func sold() throws(ChannelError) -> [Line] {
    guard let lines, !lines.isEmpty else { throw .malformed("receipt \(number) has no line_items") }
    return lines
  }

  /// A refund puts its goods back on the shelf, and so does a sale that is cancelled.
  func channelReturn(at store: String) throws(ChannelError) -> ChannelReturn {
    guard let updateTime else {
      throw .malformed("receipt \(number) has a time that is not ISO 8601 with an offset")
    }
    // Goods come back on sale by it: a time that is none is no cancellation.
    if let cancelledAt, ChannelTime.iso8601(cancelledAt) == nil {
      throw .malformed("receipt \(number) has a cancelled_at that is not a time")
    }
    var found = ChannelReturn(
      externalID: number.text,
      orderExternalID: isSale ? number.text : refundOf?.named ?? "", state: .closed, lines: [],
      reason: note ?? "", updateTime: updateTime)
    // A refund that was cancelled has given nothing back; a sale that was not, neither.
    guard isSale == isCancelled, storeID.text == store else { return found }
    found.lines = try sold().compactMap { line in
      guard line.quantity.shown > 0 else { return nil }
      let (itemID, variationID) = line.listing
      return ChannelReturn.Line(
        lineID: line.id.text, orderLineID: isSale ? line.id.text : "", itemID: itemID,
        variationID: variationID, sellerSKU: line.sku?.text ?? "", quantity: line.quantity.shown)
    }
    if !found.lines.isEmpty { found.state = .restocked }
    return found
  }
}
