public import ChannelAdapter
public import Primitives

/// Where a sweep over changed orders stands.
private struct WooCommerceSweep: Codable {
  /// Orders that changed after this second, by the site's clock in UTC.
  var after: Int64
  /// The page of those.
  var page = 1
}

extension WooCommerceAdapter: OrderPolling {
  /// An event's key holds what the order says.
  public var polling: PollTraits { PollTraits(tick: .zero) }

  /// A page of the orders that changed at `since` or later, the oldest change first. WooCommerce tries
  /// a delivery once, so this is how lost ones come in; who calls it begins some minutes before the
  /// last sweep's end, since a transaction may take that long to show.
  ///
  /// An event is the same as the webhook's that told of the same change. An order that changes
  /// meanwhile moves to the end, and those behind it to the page before: so the sweep goes on by the
  /// last time that it has seen, with a second's overlap, and by pages only within one second.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var sweep = WooCommerceSweep(after: max(0, since.seconds - 1))
    if let cursor {
      guard let known = try? ChannelJSON.decode(WooCommerceSweep.self, from: Array(cursor.utf8))
      else { throw .malformed("the cursor is not one of WooCommerce's") }
      sweep = known
    }
    let after = Timestamp(seconds: sweep.after).rfc3339.prefix(19)
    let bytes = try await WooCommerceClient(api: api).getBytes(
      "orders",
      [
        ("modified_after", String(after)), ("dates_are_gmt", "true"), ("orderby", "modified"),
        ("order", "asc"), ("per_page", String(WooCommerceLimits.page)),
        ("page", String(sweep.page)),
      ])
    guard let rows = ChannelJSON.elements(of: bytes) else {
      throw .malformed("the answer is not a list of orders")
    }
    var events: [ChannelEvent] = []
    for row in rows {
      // One that has not even an ID holds up no other.
      guard let event = try? event("order.updated", row) else { continue }
      events += [event] + companions(of: event)
    }
    guard rows.count >= WooCommerceLimits.page else {
      return OrderChanges(events: events, nextCursor: nil)
    }
    let last = events.map(\.updateTime.seconds).max() ?? 0
    if last - 1 > sweep.after {
      sweep = WooCommerceSweep(after: last - 1)
    } else {
      sweep.page += 1
    }
    return OrderChanges(events: events, nextCursor: ChannelJSON.encodeText(sweep))
  }
}
