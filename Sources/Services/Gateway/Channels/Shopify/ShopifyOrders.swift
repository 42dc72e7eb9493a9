public import ChannelAdapter
internal import Primitives

/// One line, wherever it was read: how many units of it were taken off, and what became of them.
struct ShopifyLine {
  var id: String
  var productID: String?
  var variantID: String?
  var sku: String
  var title: String
  var isGiftCard: Bool
  var needsShipping: Bool
  var quantity: Quantity
  /// What is left after removals and refunds, if it is said.
  var current: Quantity?
  /// Refunded units whose goods came back after they had left.
  var returned: Quantity = 0
  /// Refunded units that nobody put back.
  var notRestocked: Quantity = 0
  /// Refunded units that were put back because they had not left.
  var withdrawn: Quantity = 0
  /// Some of its units have left.
  var hasLeft: Bool
  /// All that is left of it has left.
  var isFulfilled: Bool

  mutating func addRefund(_ quantity: Quantity, _ restockType: String) {
    switch restockType.lowercased() {
    case "return": returned += quantity
    case "cancel": withdrawn += quantity
    case "legacy_restock" where hasLeft: returned += quantity
    case "legacy_restock": withdrawn += quantity
    default: notRestocked += quantity
    }
  }

  /// Units that will never leave. `current_quantity` falls for a refund after shipping too, and
  /// those units are not on the shelf: they come back by a return or not at all. Where only some
  /// have left, refunded units that nobody restocked are taken for those that left: too few on sale
  /// is the lesser harm.
  func cancelledCount(isOrderCancelled: Bool) -> Quantity {
    if isOrderCancelled && !hasLeft { return max(0, quantity - returned) }
    let removed = current.map { quantity - $0 } ?? (returned + notRestocked + withdrawn)
    let cancelled = removed - returned - (hasLeft ? notRestocked : 0)
    return min(max(cancelled, withdrawn, 0), quantity)
  }

  /// A line of a product that is gone has no IDs left, and a custom one never had any: its SKU
  /// stands for it.
  var orderLine: (itemID: String, variationID: String) {
    (productID ?? "custom:\(sku.isEmpty ? id : sku)", variantID ?? "")
  }

  /// A gift card, or a tip: there are no units of it anywhere.
  var isWithoutStock: Bool { isGiftCard || (variantID == nil && sku.isEmpty && !needsShipping) }
}

/// The order as a webhook of the topics `orders/…` has it.
private struct ShopifyOrderBody: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, refunds
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case cancelledAt = "cancelled_at"
    case fulfilmentStatus = "fulfillment_status"
    case lines = "line_items"
    case address = "shipping_address"
    case shippingLines = "shipping_lines"
  }
  struct ShippingLine: Decodable {
    init(from decoder: any Decoder) {}
  }
  struct Address: Decodable {
    enum CodingKeys: String, CodingKey {
      case zip, province, city
      case provinceCode = "province_code"
      case countryCode = "country_code"
    }
    var zip: Lossy<FlexibleID>?
    var province: Lossy<FlexibleID>?
    var provinceCode: Lossy<FlexibleID>?
    var city: Lossy<FlexibleID>?
    var countryCode: Lossy<FlexibleID>?

    var known: ChannelAddress? {
      ChannelAddress(
        country: countryCode?.text, regions: [province?.text, provinceCode?.text, city?.text],
        postalCode: zip?.text)
    }
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, sku, title, name, quantity
      case variantID = "variant_id"
      case productID = "product_id"
      case current = "current_quantity"
      case fulfilmentStatus = "fulfillment_status"
      case requiresShipping = "requires_shipping"
      case giftCard = "gift_card"
    }
    var id: FlexibleID
    var variantID: FlexibleID?
    var productID: FlexibleID?
    var sku: FlexibleID?
    var title: String?
    var name: String?
    var quantity: UnitCount
    var current: UnitCount?
    var fulfilmentStatus: String?
    var requiresShipping: Bool?
    var giftCard: Bool?
  }
  var id: FlexibleID
  var createdAt: String
  var updatedAt: String
  var cancelledAt: String?
  var fulfilmentStatus: String?
  var lines: [Line]
  var refunds: [ShopifyRefundBody.Content]?
  var address: Lossy<Address>?
  var shippingLines: Lossy<[ShippingLine]>?

  /// Whether the customer may come for it: goods that are to be handed over in some way, and no address. A body tells no more.
  var maySayPickup: Bool {
    address == nil && !(shippingLines?.value ?? []).isEmpty && cancelledAt == nil
      && fulfilmentStatus != "fulfilled" && lines.contains { $0.requiresShipping ?? true }
  }
}

extension ShopifyAdapter {
  /// The topics `orders/…` bring the whole order, so a sale costs no call; else it is asked for. So is one that the customer
  /// may come for; but no sale waits for that, and each is read again at the next poll.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    if let event, event.subject == externalID, event.topic.hasPrefix("orders/"),
      event.topic != "orders/edited"
    {
      let body = try body(of: event)
      var order = try order(body)
      order.isFromEvent = true
      guard body.maySayPickup else { return order }
      do {
        let (found, isRouted) = try await queried(externalID, api)
        return isRouted ? found : order
      } catch { return order }
    }
    return try await queriedOrder(externalID, api)
  }

  private func body(of event: ChannelEvent) throws(ChannelError) -> ShopifyOrderBody {
    do {
      return try ChannelJSON.decode(ShopifyOrderBody.self, from: event.body)
    } catch {
      throw .malformed("the event cannot be read: \(error.text)")
    }
  }

  private func order(_ body: ShopifyOrderBody) throws(ChannelError) -> ChannelOrder {
    var lines = body.lines.map { line in
      let status = line.fulfilmentStatus ?? ""
      return ShopifyLine(
        id: line.id.text, productID: line.productID?.named, variantID: line.variantID?.named,
        sku: line.sku?.text ?? "", title: line.title ?? line.name ?? "",
        isGiftCard: line.giftCard ?? false, needsShipping: line.requiresShipping ?? true,
        quantity: line.quantity.value, current: line.current?.value,
        hasLeft: status == "fulfilled" || status == "partial", isFulfilled: status == "fulfilled")
    }
    for refunded in (body.refunds ?? []).flatMap({ $0.lines ?? [] }) {
      guard let place = lines.firstIndex(where: { $0.id == refunded.lineItemID.text }) else {
        continue
      }
      lines[place].addRefund(refunded.quantity.value, refunded.restockType ?? "no_restock")
    }
    return try assemble(
      id: body.id.text, created: body.createdAt, updated: body.updatedAt,
      isCancelled: try Self.isCancelled(body.cancelledAt),
      isFulfilled: body.fulfilmentStatus == "fulfilled",
      lines: lines, address: body.address?.value?.known)
  }

  /// A time that is none cancels nothing, and says that the order is not what it should be.
  static func isCancelled(_ time: String?) throws(ChannelError) -> Bool {
    guard let time else { return false }
    guard ChannelTime.iso8601(time) != nil else {
      throw .malformed("the order's cancellation is not an ISO 8601 time with an offset")
    }
    return true
  }

  /// Makes the order of its parts: the same for both ways in.
  func assemble(
    id: String, created: String, updated: String, isCancelled: Bool, isFulfilled: Bool,
    lines: [ShopifyLine], address: ChannelAddress?
  ) throws(ChannelError) -> ChannelOrder {
    guard !lines.isEmpty else { throw .malformed("order \(id) has no lines") }
    guard let saleTime = ChannelTime.iso8601(created), let updateTime = ChannelTime.iso8601(updated)
    else { throw .malformed("order \(id) has a time that is not ISO 8601 with an offset") }
    var merged: [ChannelOrder.Line] = []
    var everythingLeft = true
    for line in lines where !line.isWithoutStock {
      guard line.quantity >= 0, line.quantity <= QuantityLimits.maximum else {
        throw .malformed("order \(id) has a quantity of \(line.quantity)")
      }
      let cancelled = line.cancelledCount(isOrderCancelled: isCancelled)
      if cancelled < line.quantity, !line.isFulfilled { everythingLeft = false }
      let (itemID, variationID) = line.orderLine
      merged.append(
        ChannelOrder.Line(
          lineID: line.id, itemID: itemID, variationID: variationID, sellerSKU: line.sku,
          title: line.title, quantity: line.quantity, cancelledCount: cancelled))
    }
    let isNothingLeft = merged.allSatisfy { $0.cancelledCount == $0.quantity }
    let state: ChannelOrder.State
    if isNothingLeft {
      // An order of gift cards alone has no lines: it takes nothing.
      state = merged.isEmpty && !isCancelled ? .foreign : .cancelled
    } else {
      state = everythingLeft || isFulfilled ? .shipped : .open
    }
    return ChannelOrder(
      externalID: id, state: state, lines: merged, saleTime: saleTime, updateTime: updateTime,
      address: address)
  }
}
