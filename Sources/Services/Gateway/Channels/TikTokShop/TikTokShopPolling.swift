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
    /// With its units, where all of it can be read.
    var whole: TikTokShopOrder?

    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      id = try members.decode(FlexibleID.self, forKey: .id)
      status = try members.decodeIfPresent(String.self, forKey: .status)
      updateTime = try members.decode(LossyInt.self, forKey: .updateTime)
      whole = try? TikTokShopOrder(from: decoder)
    }
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

/// Returns that have changed, behind the orders.
private struct ChangedReturns: Decodable {
  enum CodingKeys: String, CodingKey {
    case returns = "return_orders"
    case nextPageToken = "next_page_token"
  }
  struct Return: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "return_id"
      case status = "return_status"
      case updateTime = "update_time"
    }
    var id: FlexibleID
    var status: String?
    var updateTime: LossyInt
  }
  var returns: [Lossy<Return>]?
  var nextPageToken: String?
}

extension TikTokShopAdapter: OrderPolling {
  public var polling: PollTraits { PollTraits(interval: .seconds(900)) }

  /// What a cursor of the returns begins with; those of the orders are TikTok's own.
  private static let returnsStem = "returns:"

  /// A page of the orders, then of the returns, that changed at `since` or later, the oldest change first: TikTok gives an
  /// event up after 16 hours. Who calls it begins some minutes before the last sweep's end, since the search may follow
  /// an order late. One that changes meanwhile moves to the end and comes once more.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    if let cursor, cursor.hasPrefix(Self.returnsStem) {
      return try await changedReturns(
        since, after: String(cursor.dropFirst(Self.returnsStem.count)), api)
    }
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
    let next = page.nextPageToken ?? ""
    var changes = OrderChanges(
      events: [], nextCursor: next.isEmpty || rows.isEmpty ? Self.returnsStem : next)
    for order in rows.compactMap(\.value) {
      guard let event = event(of: order, api) else { continue }
      changes.events.append(event)
      // `update_time` moves with the status only.
      if let whole = order.whole, let units = whole.units, !units.isEmpty {
        changes.openCounts[event.key] = lines(of: whole, units)
          .reduce(0) { $0 + $1.quantity - $1.cancelledCount }
      }
      switch order.status ?? "" {
      case "UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION":
        changes.states[event.key] = .open
      case "IN_TRANSIT", "DELIVERED", "COMPLETED": changes.states[event.key] = .shipped
      default: break
      }
    }
    return changes
  }

  private func changedReturns(
    _ since: Timestamp, after token: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var parameters = [
      (name: "page_size", value: String(TikTokShopLimits.polledReturns)),
      (name: "sort_field", value: "update_time"), (name: "sort_order", value: "ASC"),
    ]
    if !token.isEmpty { parameters.append(("page_token", token)) }
    let page = try await TikTokShopClient(api: api).post(
      "/return_refund/202309/returns/search", parameters,
      ChangeSearch(from: max(0, since.seconds)), as: ChangedReturns.self)
    let rows = page.returns ?? []
    let type = TikTokShopEventType.goodsReturn
    let events = rows.compactMap(\.value).compactMap { row -> ChannelEvent? in
      guard let id = row.id.named, let time = ChannelTime.unix(row.updateTime.value) else {
        return nil
      }
      let said = "\(id):\(row.status ?? ""):\(row.updateTime.value)"
      return ChannelEvent(
        key: "\(api.account.externalID):\(type):\(said)", kind: .return, subject: id,
        updateTime: time, body: [], topic: String(type))
    }
    let next = page.nextPageToken ?? ""
    return OrderChanges(
      events: events, nextCursor: next.isEmpty || rows.isEmpty ? nil : Self.returnsStem + next)
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
