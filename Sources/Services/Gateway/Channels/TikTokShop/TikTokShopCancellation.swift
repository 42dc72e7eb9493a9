public import ChannelAdapter
internal import Primitives

private struct CancelOrder: Encodable {
  enum CodingKeys: String, CodingKey {
    case orderID = "order_id"
    case unitIDs = "order_line_item_ids"
    case reason = "cancel_reason"
  }
  var orderID: String
  var unitIDs: [String]?
  var reason: String
}

extension TikTokShopAdapter: OrderCancelling {
  /// "Out of stock": every market has it, a part can be cancelled for nothing else, and TikTok documents of no reason
  /// that it changes the listing's number. Britain has names of its own for the reasons.
  private static let reason = "seller_cancel_reason_out_of_stock"
  private static let unpaidReason = "seller_cancel_unpaid_reason_out_of_stock"

  public func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    let order = try await order(cancellation.orderExternalID, api)
    if order.isForeign { throw .refused("TikTok ships order \(order.id) itself") }
    let units = order.units ?? []
    var present: [String: Quantity] = [:]
    for part in units.flatMap(\.parts) { present[part.lineID, default: 0] += part.count }
    _ = try cancellation.targets(of: present)
    let lines = remaining(cancellation.lines, order, units)
    if lines.isEmpty, !cancellation.lines.isEmpty { return }
    let chosen = order.choose(lines) { _, stage in
      stage == .waiting ? 0 : stage == .arranged ? 1 : 2
    }
    guard !chosen.isEmpty else {
      if lines.isEmpty { return }
      throw .refused("order \(order.id) has no such units to cancel")
    }
    guard chosen.allSatisfy({ order.stage(of: $0) != .left }) else {
      throw .refused("order \(order.id) has left")
    }
    let isWhole = chosen.count == units.count
    let reason = order.isUnpaid ? Self.unpaidReason : Self.reason
    var body = CancelOrder(
      orderID: order.id.text, unitIDs: isWhole ? nil : chosen.map(\.id.text), reason: reason)
    var failure = try await failure(of: body, api)
    if failure?.concernsReason == true {
      body.reason = "\(reason)_uk"
      failure = try await self.failure(of: body, api)
    }
    if let failure { throw failure.channelError }
  }

  /// Why it is not done; nil when it is.
  private func failure(
    of body: CancelOrder, _ api: ChannelAPI
  ) async throws(ChannelError) -> TikTokShopFailure? {
    try await TikTokShopClient(api: api).answer(
      "/return_refund/202309/cancellations", [], body, as: TikTokShopNothing.self
    ).failure
  }

  /// What is left of the lines when those units are counted that are cancelled already.
  private func remaining(
    _ lines: [(lineID: String, quantity: Quantity)], _ order: TikTokShopOrder,
    _ units: [TikTokShopUnit]
  ) -> [(lineID: String, quantity: Quantity)] {
    let cancelled = units.filter { order.stage(of: $0) == .cancelled }.flatMap(\.parts)
    return lines.compactMap { line in
      let done = cancelled.filter { $0.lineID == line.lineID }.reduce(0) { $0 + $1.count }
      return line.quantity > done ? (line.lineID, line.quantity - done) : nil
    }
  }
}
