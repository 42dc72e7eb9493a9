public import ChannelAdapter
public import Primitives

/// What a page says of an order that has changed; the order itself is fetched by whoever works on the change, so that
/// one that cannot be read holds up no other.
private struct ChangedOrders: Decodable {
  enum CodingKeys: String, CodingKey {
    case orders
    case nextPageToken = "next_page_token"
  }
  struct Order: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, status
      case updateTime = "update_time"
    }
    var id: FlexibleID
    var status: String?
    var updateTime: LossyInt
  }
  var orders: [Lossy<Order>]?
  var nextPageToken: String?
}

private struct ChangeSearch: Encodable {
  enum CodingKeys: String, CodingKey { case from = "update_time_ge" }
  var from: Int64
}

/// The event that TikTok would have sent.
private struct OrderNews: Encodable {
  enum CodingKeys: String, CodingKey {
    case type, timestamp, data
    case shopID = "shop_id"
  }
  struct Content: Encodable {
    enum CodingKeys: String, CodingKey {
      case orderID = "order_id"
      case status = "order_status"
      case updateTime = "update_time"
    }
    var orderID: String
    var status: String
    var updateTime: Int64
  }
  var type = TikTokShopEventType.order
  var shopID: String
  var timestamp: Int64
  var data: Content
}

extension TikTokShopAdapter: OrderPolling {
  /// A page of the orders that changed at `since` or later, the oldest change first: TikTok gives an event up after 16
  /// hours. Who calls it begins some minutes before the last sweep's end, since the search may follow an order late.
  /// One that changes meanwhile moves to the end and comes once more.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var parameters = [
      (name: "page_size", value: String(TikTokShopLimits.orders)),
      (name: "sort_field", value: "update_time"), (name: "sort_order", value: "ASC"),
    ]
    if let cursor { parameters.append(("page_token", cursor)) }
    let page = try await TikTokShopClient(api: api).post(
      "/order/202309/orders/search", parameters, ChangeSearch(from: max(0, since.seconds)),
      as: ChangedOrders.self)
    let rows = page.orders ?? []
    // One that has not even an ID and a time holds up no other.
    let events = rows.compactMap(\.value).compactMap { event(of: $0, api) }
    let next = page.nextPageToken ?? ""
    return OrderChanges(events: events, nextCursor: next.isEmpty || rows.isEmpty ? nil : next)
  }

  private func event(of order: ChangedOrders.Order, _ api: ChannelAPI) -> ChannelEvent? {
    guard let id = order.id.named, let updateTime = ChannelTime.unix(order.updateTime.value) else {
      return nil
    }
    let shop = api.account.externalID
    let status = order.status ?? ""
    let seconds = order.updateTime.value
    let news = OrderNews(
      shopID: shop, timestamp: seconds,
      data: .init(orderID: id, status: status, updateTime: seconds))
    return ChannelEvent(
      key: "\(shop):\(TikTokShopEventType.order):\(id):\(status):\(seconds)", kind: .order,
      subject: id, updateTime: updateTime, body: ChannelJSON.encode(news),
      topic: String(TikTokShopEventType.order))
  }
}
