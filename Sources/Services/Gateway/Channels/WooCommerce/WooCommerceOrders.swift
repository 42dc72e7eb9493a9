public import ChannelAdapter
internal import Primitives

extension WooCommerceAdapter {
  /// The webhook brings the whole order, so a sale costs no call; refunds cost one, since the order
  /// does not say what they took off.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    let client = WooCommerceClient(api: api)
    if let event, event.subject == externalID, event.topic != Self.deletedTopic,
      let order = try? ChannelJSON.decode(WooCommerceOrder.self, from: event.body)
    {
      var order = try await read(order, client)
      order.isFromEvent = true
      return order
    }
    do {
      return try await read(
        try await client.get("orders/\(externalID)", as: WooCommerceOrder.self), client)
    } catch .notFound(let text) {
      // In the trash it can be read; deleted for good it takes nothing any more.
      guard event?.topic == Self.deletedTopic else { throw .notFound(text) }
      let now = api.clock.now()
      return ChannelOrder(
        externalID: externalID, state: .cancelled, lines: [], saleTime: now, updateTime: now)
    }
  }

  private func read(
    _ order: WooCommerceOrder, _ client: WooCommerceClient
  ) async throws(ChannelError) -> ChannelOrder {
    guard let saleTime = order.createTime, let updateTime = order.updateTime else {
      throw .malformed("order \(order.id) has a time that is not ISO 8601")
    }
    let hasRefunds = order.refunds?.isEmpty == false
    let refunds = hasRefunds ? try await refunds(of: order.id.text, client) : []
    let refunded = try WooCommerceRefunded(order, refunds)
    let isOver = order.stage == .ended && order.leaveTime == nil
    var lines: [ChannelOrder.Line] = []
    for line in order.lines {
      let quantity = line.quantity.up
      guard quantity >= 0, quantity <= QuantityLimits.maximum else {
        throw .malformed("order \(order.id) has a quantity of \(quantity)")
      }
      let cancelled = isOver ? quantity : min(refunded.cancelled[line.id.text] ?? 0, quantity)
      lines.append(
        ChannelOrder.Line(
          lineID: line.id.text, itemID: line.itemID, variationID: line.variationID?.named ?? "",
          sellerSKU: line.sku?.text ?? "", title: line.name?.value ?? "", quantity: quantity,
          cancelledCount: cancelled))
    }
    return ChannelOrder(
      externalID: order.id.text, state: state(of: order, lines), lines: lines, saleTime: saleTime,
      updateTime: updateTime, address: order.address, isPickup: order.isPickup,
      pickupPlace: order.pickupPlace)
  }

  /// Drafts and unpaid orders take nothing: WooCommerce takes their units off its number only when
  /// they are paid or put on hold.
  private func state(
    of order: WooCommerceOrder, _ lines: [ChannelOrder.Line]
  ) -> ChannelOrder.State {
    if lines.isEmpty { return order.stage == .ended ? .cancelled : .foreign }
    switch order.stage {
    case .draft, .unpaid: return .foreign
    case .open, .completed, .ended:
      if lines.allSatisfy({ $0.cancelledCount == $0.quantity }) { return .cancelled }
      return order.stage == .open ? .open : .shipped
    }
  }
}
