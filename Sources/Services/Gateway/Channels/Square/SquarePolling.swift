public import ChannelAdapter
internal import Kit
public import Primitives

private struct OrderSearch: Encodable {
  enum CodingKeys: String, CodingKey {
    case query, limit, cursor
    case locationIDs = "location_ids"
  }
  struct Query: Encodable {
    var filter: Filter
    var sort = Sort()
  }
  struct Filter: Encodable {
    enum CodingKeys: String, CodingKey { case times = "date_time_filter" }
    var times: Times
  }
  struct Times: Encodable {
    enum CodingKeys: String, CodingKey { case updatedAt = "updated_at" }
    var updatedAt: Range
  }
  struct Range: Encodable {
    enum CodingKeys: String, CodingKey { case start = "start_at" }
    var start: String
  }
  /// A filter by a time must sort by the same time.
  struct Sort: Encodable {
    enum CodingKeys: String, CodingKey {
      case field = "sort_field"
      case order = "sort_order"
    }
    var field = "UPDATED_AT"
    var order = "ASC"
  }
  var locationIDs: [String]
  var query: Query
  var limit = SquareLimits.polledOrders
  var cursor: String?
}

/// What of an order makes its events. One that cannot be read holds up no other: whoever works on it
/// asks for it again and says what is wrong.
private struct PolledOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, version, returns
    case updatedAt = "updated_at"
    case lines = "line_items"
  }
  struct Anything: Decodable {
    init(from decoder: any Decoder) {}
  }
  struct Return: Decodable {
    enum CodingKeys: String, CodingKey { case lines = "return_line_items" }
    var lines: [Anything]?
  }
  var id: FlexibleID
  var version: Lossy<LossyInt>?
  var updatedAt: Lossy<String>?
  var lines: Lossy<[Anything]>?
  var returns: Lossy<[Return]>?

  var isReturn: Bool { (returns?.value ?? []).contains { !($0.lines ?? []).isEmpty } }
  /// What has neither lines nor returns is looked at as an order.
  var isSale: Bool { !(lines?.value ?? []).isEmpty || !isReturn }
}

private struct OrderPage: Decodable {
  var orders: [Lossy<PolledOrder>]?
  var cursor: String?
}

extension SquareAdapter: OrderPolling {
  /// Each poll looks 72 hours back by itself. Each change is a version of its own.
  public var polling: PollTraits {
    PollTraits(interval: .seconds(900), overlap: .seconds(300), tick: .zero)
  }

  /// A till that was offline sends its sales up to 72 hours late.
  private static let longestDelay = Duration.seconds(72 * 3600)

  /// Orders of the account's location that have changed since a moment, and those that changed up to
  /// 72 hours before it, since they may have arrived since; as events with the keys that webhooks
  /// have, so what came by one already is known by its key.
  ///
  /// A return that no refund told of, such as an even exchange, is found here.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let start = max(since - Self.longestDelay, .zero)
    let search = OrderSearch(
      locationIDs: [api.account.externalID],
      query: OrderSearch.Query(
        filter: OrderSearch.Filter(times: .init(updatedAt: .init(start: start.rfc3339)))),
      cursor: cursor)
    let page = try await SquareClient(api: api).post("orders/search", search, as: OrderPage.self)
    let next = page.cursor ?? ""
    guard next.isEmpty || next != cursor else { throw .malformed("the cursor does not advance") }
    let orders = (page.orders ?? []).compactMap(\.value)
    return OrderChanges(
      events: orders.flatMap(events), nextCursor: next.isEmpty ? nil : next)
  }

  private func events(of order: PolledOrder) -> [ChannelEvent] {
    let time = order.updatedAt?.value.flatMap(ChannelTime.iso8601) ?? .zero
    // Without a version, its time tells one state of the order from another.
    let version = order.version?.value?.value ?? time.microseconds
    func event(_ kind: ChannelEvent.Kind, _ key: String) -> ChannelEvent {
      ChannelEvent(
        key: key, kind: kind, subject: order.id.text, updateTime: time, body: [], topic: "poll")
    }
    var events: [ChannelEvent] = []
    if order.isSale {
      events.append(event(.order, SquareEventKey.order(order.id.text, version: version)))
    }
    if order.isReturn {
      events.append(event(.return, SquareEventKey.returned(order.id.text, version: version)))
    }
    return events
  }
}
