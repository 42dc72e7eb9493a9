public import ChannelAdapter
public import Primitives

private let changesQuery = """
  query Changes($query: String!, $after: String) {
    orders(first: 50, after: $after, query: $query, sortKey: UPDATED_AT) {
      nodes {
        legacyResourceId updatedAt cancelledAt displayFulfillmentStatus returnStatus
        refunds { id }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
  """

/// Asked only of orders that have returns or refunds: connections within a list cost points.
private let returnsQuery = """
  query ChangedReturns($ids: [ID!]!) {
    nodes(ids: $ids) {
      ... on Order {
        legacyResourceId updatedAt
        returns(first: 20) { nodes { id status } }
        refunds { id return { id } refundLineItems(first: 50) { nodes { restockType } } }
      }
    }
  }
  """

private struct ChangesVariables: Encodable {
  var query: String
  var after: String?
}

private struct IDsVariable: Encodable {
  var ids: [String]
}

private struct ChangesData: Decodable {
  struct Anything: Decodable {
    init(from decoder: any Decoder) {}
  }
  struct Order: Decodable {
    var legacyResourceId: FlexibleID
    var updatedAt: String
    var cancelledAt: String?
    var displayFulfillmentStatus: String?
    var returnStatus: String?
    var refunds: [Anything]?

    var hasReturns: Bool {
      !(refunds ?? []).isEmpty || !["", "NO_RETURN"].contains(returnStatus ?? "")
    }

    /// Only where nothing was cancelled or refunded: otherwise the lines say what is left.
    var state: ChannelOrder.State? {
      guard cancelledAt == nil, (refunds ?? []).isEmpty else { return nil }
      switch displayFulfillmentStatus {
      case "UNFULFILLED": return .open
      case "FULFILLED": return .shipped
      default: return nil
      }
    }
  }
  var orders: ShopifyNodes<Lossy<Order>>
}

private struct ReturnsData: Decodable {
  enum CodingKeys: String, CodingKey { case nodes }
  struct Reference: Decodable {
    var id: String
    var status: String?
  }
  struct Refund: Decodable {
    enum CodingKeys: String, CodingKey {
      case id
      case ofReturn = "return"
      case lines = "refundLineItems"
    }
    struct Line: Decodable {
      var restockType: String?
    }
    var id: String
    var ofReturn: Reference?
    var lines: ShopifyNodes<Line>?

    var cameBack: Bool { (lines?.nodes ?? []).contains { $0.restockType == "RETURN" } }
  }
  struct Order: Decodable {
    var legacyResourceId: FlexibleID?
    var updatedAt: String?
    var returns: ShopifyNodes<Reference>?
    var refunds: [Refund]?
  }
  var nodes: [Order?]
}

/// Where a sweep over changed orders stands; then over those with returns that are not over, however long ago they changed.
private struct ShopifySweep: Codable {
  enum Part: String, Codable { case changes, returns }
  /// A paged walk ends at 25,000 objects.
  static let pages = 400

  var part = Part.changes
  /// Orders that changed at this second or later, and Shopify's own cursor within them.
  var from: Int64
  var cursor: String?
  var page = 0

  var query: String {
    switch part {
    case .changes: "updated_at:>='\(Timestamp(seconds: from).rfc3339.prefix(19))Z'"
    // Of `OrderReturnStatus` those in which something may still come back.
    case .returns:
      "return_status:return_requested OR return_status:in_progress OR return_status:inspection_complete"
    }
  }

  /// Behind the last page of a part.
  var next: ShopifySweep? { part == .changes ? ShopifySweep(part: .returns, from: from) : nil }
}

extension ShopifyAdapter: OrderPolling {
  /// Shopify repeats a delivery for four hours, so what is missed is rare.
  public var polling: PollTraits { PollTraits(interval: .seconds(3600)) }

  /// A page of the orders that have changed, the oldest change first, with their returns and refunds; behind them the returns
  /// that are not over, which may change without their order. A webhook is known
  /// by its event's ID, which nothing else tells: an order that is known as the page tells it is left alone by its
  /// state.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var sweep = ShopifySweep(from: max(0, since.seconds))
    if let cursor {
      guard let known = try? ChannelJSON.decode(ShopifySweep.self, from: Array(cursor.utf8)) else {
        throw .malformed("the cursor is not one of Shopify's")
      }
      sweep = known
    }
    let page = try await ShopifyClient(api: api).query(
      changesQuery, ChangesVariables(query: sweep.query, after: sweep.cursor),
      as: ChangesData.self
    ).orders
    var changes = OrderChanges(events: [], nextCursor: nil)
    var withReturns: [String] = []
    var last: Int64?
    for order in page.nodes.compactMap(\.value) {
      guard let id = order.legacyResourceId.named,
        let time = ChannelTime.iso8601(order.updatedAt)
      else { continue }
      last = time.seconds
      // One that has changed since was told of with the changes.
      if sweep.part == .returns, time.seconds >= sweep.from { continue }
      if order.hasReturns { withReturns.append(ShopifyID.global("Order", id)) }
      guard sweep.part == .changes else { continue }
      let key = "poll:order:\(id):\(order.updatedAt)"
      changes.events.append(
        ChannelEvent(
          key: key, kind: .order, subject: id, updateTime: time, body: [], topic: "poll"))
      changes.states[key] = order.state
    }
    if !withReturns.isEmpty { changes.events += try await returnEvents(withReturns, api) }
    guard let next = page.nextCursor else {
      changes.nextCursor = sweep.next.map { ChannelJSON.encodeText($0) }
      return changes
    }
    sweep.page += 1
    sweep.cursor = next
    if sweep.part == .changes, sweep.page >= ShopifySweep.pages, let last, last > sweep.from {
      sweep = ShopifySweep(from: last)
    }
    changes.nextCursor = ChannelJSON.encodeText(sweep)
    return changes
  }

  private func returnEvents(
    _ ids: [String], _ api: ChannelAPI
  ) async throws(ChannelError) -> [ChannelEvent] {
    let nodes = try await ShopifyClient(api: api).query(
      returnsQuery, IDsVariable(ids: ids), as: ReturnsData.self
    ).nodes
    var events: [ChannelEvent] = []
    for order in nodes.compactMap({ $0 }) {
      let time = order.updatedAt.flatMap(ChannelTime.iso8601) ?? .zero
      func add(_ key: String, _ subject: String) {
        events.append(
          ChannelEvent(
            key: "poll:\(key)", kind: .return, subject: subject, updateTime: time, body: [],
            topic: "poll"))
      }
      for found in order.returns?.nodes ?? [] {
        let id = ShopifyID.number(found.id)
        add("return:\(id):\(found.status ?? "")", ShopifyReturnID.returnPrefix + id)
      }
      for refund in order.refunds ?? [] where refund.cameBack {
        let id = ShopifyID.number(refund.id)
        add("refund:\(id)", ShopifyReturnID.of(refund: id, return: refund.ofReturn?.id))
      }
    }
    return events
  }
}
