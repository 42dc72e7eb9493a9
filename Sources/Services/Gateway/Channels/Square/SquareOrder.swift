internal import ChannelAdapter
internal import Primitives

/// An order as Square has it: a sale, a return, or an exchange, which is both.
struct SquareOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, state, version, returns, tenders, refunds
    case locationID = "location_id"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case closedAt = "closed_at"
    case lines = "line_items"
    case fulfilments = "fulfillments"
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case uid, name, quantity
      case variationID = "catalog_object_id"
      case variationName = "variation_name"
      case itemType = "item_type"
    }
    var uid: FlexibleID
    var variationID: FlexibleID?
    var quantity: SquareQuantity
    var name: String?
    var variationName: String?
    var itemType: String?

    /// An amount that was typed in, or a gift card: there are no units of it anywhere.
    var isWithoutStock: Bool { itemType == "CUSTOM_AMOUNT" || itemType == "GIFT_CARD" }
  }
  struct Fulfilment: Decodable {
    enum CodingKeys: String, CodingKey {
      case uid, type, state, entries
      case application = "line_item_application"
      case shipment = "shipment_details"
    }
    struct Entry: Decodable {
      enum CodingKeys: String, CodingKey {
        case quantity
        case lineID = "line_item_uid"
      }
      var lineID: FlexibleID
      var quantity: SquareQuantity
    }
    struct Shipment: Decodable {
      var recipient: Recipient?
    }
    struct Recipient: Decodable {
      var address: Address?
    }
    struct Address: Decodable {
      enum CodingKeys: String, CodingKey {
        case country, locality
        case region = "administrative_district_level_1"
        case postalCode = "postal_code"
      }
      var country: Lossy<FlexibleID>?
      var region: Lossy<FlexibleID>?
      var locality: Lossy<FlexibleID>?
      var postalCode: Lossy<FlexibleID>?

      var known: ChannelAddress? {
        ChannelAddress(
          country: country?.text, regions: [region?.text, locality?.text],
          postalCode: postalCode?.text)
      }
    }
    var uid: FlexibleID
    var type: String?
    var state: String?
    var application: String?
    var entries: [Entry]?
    var shipment: Lossy<Shipment>?

    /// It ended without its goods having left.
    var isDead: Bool { state == "CANCELED" || state == "FAILED" }
    var isDone: Bool { state == "COMPLETED" }

    /// Units of a line that it is for: all of them unless it lists entries.
    func units(of line: Line) -> Quantity {
      guard application == "ENTRY_LIST" else { return line.quantity.taken }
      let own = (entries ?? []).filter { $0.lineID == line.uid }
      return own.reduce(0) { min($0 + $1.quantity.taken, line.quantity.taken) }
    }
  }
  struct Return: Decodable {
    enum CodingKeys: String, CodingKey {
      case sourceOrderID = "source_order_id"
      case lines = "return_line_items"
    }
    struct Line: Decodable {
      enum CodingKeys: String, CodingKey {
        case uid, quantity
        case sourceLineID = "source_line_item_uid"
        case variationID = "catalog_object_id"
        case itemType = "item_type"
      }
      var uid: FlexibleID
      var sourceLineID: FlexibleID?
      var variationID: FlexibleID?
      var quantity: SquareQuantity
      var itemType: String?
    }
    var sourceOrderID: FlexibleID?
    var lines: [Line]?
  }
  struct Reference: Decodable {
    var id: FlexibleID?
  }
  var id: FlexibleID
  var locationID: FlexibleID
  var state: String?
  var version: LossyInt?
  var createdAt: String
  var updatedAt: String
  var closedAt: String?
  var lines: [Line]?
  var fulfilments: [Fulfilment]?
  var returns: [Return]?
  var tenders: [Reference]?
  var refunds: [Reference]?

  /// Whether the customer has done with it: paid, or waiting to be handed what was ordered. What is
  /// neither is a ticket that is still being rung up.
  private var isPlaced: Bool {
    !(tenders ?? []).isEmpty || !(fulfilments ?? []).isEmpty
  }

  /// Units of a line that will not leave, since what was to bring them to the customer ended.
  private func cancelledCount(_ line: Line) -> Quantity {
    if state == "CANCELED" { return line.quantity.taken }
    var dead: Quantity = 0
    var alive: Quantity = 0
    for fulfilment in fulfilments ?? [] {
      let units = fulfilment.units(of: line)
      if fulfilment.isDead { dead = min(dead + units, line.quantity.taken) } else { alive += units }
    }
    return min(dead, max(0, line.quantity.taken - alive))
  }

  /// What the order means for the stock of `location`.
  func channelOrder(at location: String) throws(ChannelError) -> ChannelOrder {
    guard let created = ChannelTime.iso8601(createdAt), let updated = ChannelTime.iso8601(updatedAt)
    else { throw .malformed("order \(id) has a time that is not ISO 8601 with an offset") }
    var taken: [ChannelOrder.Line] = []
    for line in lines ?? [] where !line.isWithoutStock {
      guard line.quantity.taken >= 0 else {
        throw .malformed("order \(id) has a quantity below zero")
      }
      let names = [line.name ?? "", line.variationName ?? ""].filter { !$0.isEmpty }
      taken.append(
        ChannelOrder.Line(
          // A line without a variation was typed in at the till: its name stands for it.
          lineID: line.uid.text,
          itemID: line.variationID?.named
            ?? "custom:\(ChannelSignature.digest(Array((line.name ?? "").utf8)))",
          variationID: "", sellerSKU: "", title: names.joined(separator: ", "),
          quantity: line.quantity.taken, cancelledCount: cancelledCount(line)))
    }
    let closed = closedAt.flatMap(ChannelTime.iso8601)
    return ChannelOrder(
      externalID: id.text, state: meaning(of: taken, at: location), lines: taken,
      // A ticket is sold when it is paid, which may be long after it was opened.
      saleTime: closed ?? created, updateTime: updated,
      address: (fulfilments ?? []).lazy
        .compactMap { $0.shipment?.value?.recipient?.address?.known }.first,
      isPickup: isPickup)
  }

  private func meaning(
    of taken: [ChannelOrder.Line], at location: String
  ) -> ChannelOrder.State {
    // An order without lines of ours is a return, or of gift cards alone.
    guard locationID.text == location, !taken.isEmpty else { return .foreign }
    switch state {
    case "DRAFT": return .foreign
    case "CANCELED": return .cancelled
    case "OPEN" where !isPlaced: return .foreign
    default: break
    }
    if taken.allSatisfy({ $0.cancelledCount == $0.quantity }) { return .cancelled }
    let waiting = (fulfilments ?? []).filter { !$0.isDead && !$0.isDone }
    let isOver = state == "COMPLETED" || !(fulfilments ?? []).isEmpty
    return isOver && waiting.isEmpty ? .shipped : .open
  }
}
