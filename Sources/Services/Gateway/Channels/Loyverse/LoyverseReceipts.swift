public import ChannelAdapter
internal import Kit
public import Primitives

private struct ReceiptPage: Decodable {
  var receipts: [LoyverseRow]?
  var cursor: String?
}

extension LoyverseAdapter: OrderPolling {
  /// Each poll looks 72 hours back by itself. A receipt is final, but for its cancellation, which has a key of its own.
  public var polling: PollTraits { PollTraits(overlap: .seconds(300), tick: .zero) }

  /// The webhook brings the whole receipt, so a sale costs none of the few calls; else it is asked
  /// for.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    var order = try await receipt(externalID, event, api).channelOrder(at: api.account.externalID)
    order.isFromEvent = event?.topic == LoyverseReceipts.topic
    return order
  }

  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    try await receipt(externalID, event, api).channelReturn(at: api.account.externalID)
  }

  private func receipt(
    _ number: String, _ event: ChannelEvent?, _ api: ChannelAPI
  ) async throws(ChannelError) -> LoyverseReceipt {
    guard let event, event.topic == LoyverseReceipts.topic else {
      let found = try await LoyverseClient(api: api).get(
        "receipts/\(ChannelQuery.encode(number))", as: LoyverseReceipt.self)
      guard found.number.text == number else {
        throw .malformed("receipt \(found.number) came instead of \(number)")
      }
      return found
    }
    let rows: [LoyverseRow]
    do {
      rows = try ChannelJSON.decode(LoyverseRows.self, from: event.body).receipts ?? []
    } catch {
      throw .malformed("the event cannot be read: \(error.text)")
    }
    for case .receipt(let found) in rows where found.number.text == number { return found }
    throw .malformed("the event has no receipt \(number)")
  }

  /// A webhook is repeated for 48 hours, and a till that was offline sends its receipts when it can.
  private static let longestDelay = Duration.seconds(72 * 3600)

  /// Receipts of the store that have changed since a moment or up to 72 hours before it, as the
  /// events that webhooks would have made of them: what came by one already is known by its key.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let store = api.account.externalID
    let start = max(since - Self.longestDelay, .zero)
    var query = [
      (name: "store_id", value: store), (name: "updated_at_min", value: start.rfc3339),
      (name: "limit", value: String(LoyverseLimits.page)),
    ]
    if let cursor { query.append(("cursor", cursor)) }
    let page = try await LoyverseClient(api: api).get("receipts", query, as: ReceiptPage.self)
    let next = page.cursor ?? ""
    guard next.isEmpty || next != cursor else { throw .malformed("the cursor does not advance") }
    let events = (page.receipts ?? []).filter { $0.storeID == store }.flatMap { $0.events() }
    return OrderChanges(events: events, nextCursor: next.isEmpty ? nil : next)
  }

  /// Goods went over the counter when they were sold: there is nothing to say.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {}

  /// Nothing is said: a refund was made at the till, which is where the news came from.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {}
}
