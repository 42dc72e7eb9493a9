public import ChannelAdapter
internal import Primitives

/// A refund as `orders/<id>/refunds` has it. An order's own list of refunds names no lines.
struct WooCommerceRefund: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, reason
    case created = "date_created_gmt"
    case lines = "line_items"
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, quantity
      case productID = "product_id"
      case variationID = "variation_id"
      case meta = "meta_data"
    }
    var id: FlexibleID
    var productID: FlexibleID?
    var variationID: FlexibleID?
    /// Negative: of a part that came back nothing is whole.
    var quantity: WooCommerceCount
    var meta: Lossy<[WooCommerceMeta]>?

    var units: Quantity {
      Quantity(min(quantity.up.magnitude, UInt64(QuantityLimits.maximum)))
    }

    /// The order's line: by its name, else the first of the same product.
    func line(of order: WooCommerceOrder) -> WooCommerceOrder.Line? {
      let entry = meta?.value?.first { $0.key == "_refunded_item_id" }
      if let id = entry?.text, let line = order.lines.first(where: { $0.id.text == id }) {
        return line
      }
      return order.lines.first {
        $0.productID?.named == productID?.named && $0.variationID?.named == variationID?.named
      }
    }
  }
  var id: FlexibleID
  var reason: Lossy<String>?
  var created: String
  var lines: [Line]?

  var createTime: Timestamp? { WooCommerceOrder.time(created) }
}

/// What an order's refunds mean, by its lines.
struct WooCommerceRefunded {
  struct Restocked {
    var line: WooCommerceRefund.Line
    var orderLine: WooCommerceOrder.Line
    var units: Quantity
  }
  /// Units that will never leave: refunded before the order left.
  var cancelled: [String: Quantity] = [:]
  /// Units that came back and are on sale on the site, by refund.
  var restocked: [String: [Restocked]] = [:]

  /// WooCommerce tells how many refunded units of a line it has put back, not by which refund: the
  /// oldest come first, so that over all refunds no unit is put back twice.
  init(_ order: WooCommerceOrder, _ refunds: [WooCommerceRefund]) throws(ChannelError) {
    var putBack: [String: Quantity] = [:]
    for line in order.lines { putBack[line.id.text] = line.restocked }
    var dated: [(time: Timestamp, refund: WooCommerceRefund)] = []
    for refund in refunds {
      guard let time = refund.createTime else {
        throw .malformed("refund \(refund.id) has no time of creation")
      }
      dated.append((time, refund))
    }
    dated.sort { ($0.time, $0.refund.id.text) < ($1.time, $1.refund.id.text) }
    for (time, refund) in dated {
      // Both clocks tick in seconds. Of one second it came after: a cancellation of what has left would be refused and its
      // units be missing, while a return of what had not left puts them back all the same.
      let isBefore = order.leaveTime.map { time < $0 } ?? true
      for entry in refund.lines ?? [] {
        guard let line = entry.line(of: order) else { continue }
        let id = line.id.text
        let units = min(putBack[id] ?? 0, entry.units)
        putBack[id, default: 0] -= units
        if isBefore {
          cancelled[id, default: 0] += entry.units
        } else if units > 0 {
          restocked[refund.id.text, default: []].append(
            Restocked(line: entry, orderLine: line, units: units))
        }
      }
    }
  }
}

extension WooCommerceAdapter {
  /// A refund that put goods back is a return that is on sale in the shop already. Any other takes
  /// units off an order before they leave, which the order shows, or is about money only.
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    guard let id = WooCommerceRefundID(externalID) else {
      throw .notFound("\(externalID) is no refund of WooCommerce")
    }
    let client = WooCommerceClient(api: api)
    let order = try await client.get("orders/\(id.orderID)", as: WooCommerceOrder.self)
    let refunds = try await self.refunds(of: id.orderID, client)
    let refund = refunds.first { $0.id.text == id.refundID }
    let restocked = try WooCommerceRefunded(order, refunds).restocked[id.refundID] ?? []
    let lines = restocked.map { entry in
      ChannelReturn.Line(
        lineID: entry.line.id.text, orderLineID: entry.orderLine.id.text,
        itemID: entry.orderLine.itemID,
        variationID: entry.orderLine.variationID?.named ?? "",
        sellerSKU: entry.orderLine.sku?.text ?? "",
        quantity: entry.units)
    }
    // A refund that was taken back is no longer there.
    return ChannelReturn(
      externalID: externalID, orderExternalID: id.orderID,
      state: lines.isEmpty ? .closed : .restocked, lines: lines,
      reason: refund?.reason?.value ?? "",
      updateTime: refund?.createTime ?? event?.updateTime ?? api.clock.now())
  }

  /// WooCommerce has no returns that wait for an answer: all that we hear of was refunded before.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {}

  func refunds(
    of orderID: String, _ client: WooCommerceClient
  ) async throws(ChannelError) -> [WooCommerceRefund] {
    try await client.all("orders/\(orderID)/refunds", of: WooCommerceRefund.self)
  }

  /// Keys do not end.
  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? { nil }
}
