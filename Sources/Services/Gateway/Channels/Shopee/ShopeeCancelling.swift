public import ChannelAdapter
internal import Primitives

private struct ShopeeCancellation: Encodable {
  enum CodingKeys: String, CodingKey {
    case reason = "cancel_reason"
    case orderSN = "order_sn"
    case items = "item_list"
    case partialItems = "partial_cancel_item_list"
  }
  struct Item: Encodable {
    enum CodingKeys: String, CodingKey {
      case itemID = "item_id"
      case modelID = "model_id"
      case quantity = "cancel_qty"
    }
    var itemID: Int64
    var modelID: Int64
    /// Of a part only.
    var quantity: Int64?
  }
  var orderSN: String
  var reason = "OUT_OF_STOCK"
  var items: [Item]?
  var partialItems: [Item]?
}

extension ShopeeAdapter: OrderCancelling {
  /// "Out of stock", with the items that this reason asks for. Shopee documents of no reason that it changes the
  /// listing's number; the number is read and pushed after the cancellation anyway.
  public func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    let detail = try await orderDetail(cancellation.orderExternalID, api)
    let order = try channelOrder(detail)
    switch order.state {
    case .cancelled: return
    case .shipped: throw .refused("order \(order.externalID) has left")
    case .foreign: throw .refused("Shopee ships order \(order.externalID) itself")
    case .open: break
    }
    let targets = try cancellation.targets(of: order.lines)
    let isWhole = order.lines.allSatisfy { targets[$0.lineID] == $0.quantity }
    var items: [ShopeeCancellation.Item] = []
    for line in order.lines {
      let units = (targets[line.lineID] ?? 0) - line.cancelledCount
      guard units > 0 else { continue }
      guard let itemID = Int64(line.itemID),
        let modelID = line.variationID.isEmpty ? 0 : Int64(line.variationID)
      else { throw .malformed("order \(order.externalID) has an item without a number") }
      items.append(
        ShopeeCancellation.Item(
          itemID: itemID, modelID: modelID, quantity: isWhole ? nil : units))
    }
    guard !items.isEmpty else { return }
    var body = ShopeeCancellation(orderSN: order.externalID)
    if isWhole { body.items = items } else { body.partialItems = items }
    _ = try await ShopeeClient(api: api).post("order/cancel_order", body, as: ShopeeNothing.self)
  }
}
