public import ChannelAdapter
internal import Kit
internal import Primitives

private struct ChangeQuery: Encodable {
  enum CodingKeys: String, CodingKey {
    case types, states, cursor
    case variationIDs = "catalog_object_ids"
    case locationIDs = "location_ids"
    case updatedAfter = "updated_after"
  }
  var variationIDs: [String]
  var locationIDs: [String]
  var types = ["ADJUSTMENT"]
  var states = ["IN_STOCK"]
  var updatedAfter: String
  var cursor: String?
}

private struct ChangeAnswer: Decodable {
  struct Change: Decodable {
    var adjustment: Adjustment?
  }
  struct Adjustment: Decodable {
    enum CodingKeys: String, CodingKey {
      case quantity
      case variationID = "catalog_object_id"
      case toState = "to_state"
      case refundID = "refund_id"
      case transactionID = "transaction_id"
    }
    var variationID: FlexibleID?
    var toState: String?
    var quantity: SquareQuantity?
    var refundID: FlexibleID?
    var transactionID: FlexibleID?
  }
  var changes: [Change]?
  var cursor: String?
}

extension SquareAdapter {
  /// Reads the order that Square made for a refund. Who refunds at the till chooses which units go
  /// back on sale; Square's adjustments of stock tell which did. Only those are restocked: money
  /// that was paid back alone moves nothing.
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let client = SquareClient(api: api)
    let order = try await order(externalID, client)
    guard let updated = ChannelTime.iso8601(order.updatedAt),
      let created = ChannelTime.iso8601(order.createdAt)
    else { throw .malformed("order \(order.id) has a time that is not ISO 8601 with an offset") }
    let refund = try refund(in: event)
    let parts = order.returns ?? []
    let source = parts.lazy.compactMap { $0.sourceOrderID?.named }.first ?? ""
    var found = ChannelReturn(
      externalID: externalID, orderExternalID: source, state: .closed, lines: [],
      reason: refund?.reason?.value ?? "", updateTime: updated)
    guard order.state != "CANCELED", order.locationID.text == api.account.externalID else {
      return found
    }
    var lines = parts.flatMap { part in
      (part.lines ?? []).compactMap { line in
        // A line of another sale is taken in without the link to it.
        returned(line, isLinked: part.sourceOrderID?.named == source)
      }
    }
    guard !lines.isEmpty else { return found }
    let refunds = (order.refunds ?? []).compactMap { $0.id?.named } + [refund?.id?.text ?? ""]
    var restocked = try await restocked(
      Set(lines.map(\.itemID)), by: refunds, of: order, since: created, client)
    for index in lines.indices {
      let count = min(lines[index].quantity, restocked[lines[index].itemID] ?? 0)
      restocked[lines[index].itemID, default: 0] -= count
      lines[index].quantity = count
    }
    found.lines = lines.filter { $0.quantity > 0 }
    if !found.lines.isEmpty { found.state = .restocked }
    return found
  }

  private func refund(
    in event: ChannelEvent?
  ) throws(ChannelError) -> SquareEnvelope.Subject? {
    guard let event, event.topic.hasPrefix("refund.") else { return nil }
    do {
      return try ChannelJSON.decode(SquareEnvelope.self, from: event.body).subject
    } catch {
      throw .malformed("the event cannot be read: \(error.text)")
    }
  }

  private func returned(
    _ line: SquareOrder.Return.Line, isLinked: Bool
  ) -> ChannelReturn.Line? {
    guard let variation = line.variationID?.named, line.itemType != "GIFT_CARD",
      line.quantity.shown > 0
    else { return nil }
    return ChannelReturn.Line(
      lineID: line.uid.text, orderLineID: isLinked ? line.sourceLineID?.named ?? "" : "",
      itemID: variation, variationID: "", sellerSKU: "", quantity: line.quantity.shown)
  }

  /// Units of each variation that a refund has put back into `IN_STOCK`. A payment refund's ID has
  /// the payment's in front (`<payment>_<refund>`), an adjustment's may have the last part alone.
  private func restocked(
    _ variations: Set<String>, by refunds: [String], of order: SquareOrder, since time: Timestamp,
    _ client: SquareClient
  ) async throws(ChannelError) -> [String: Quantity] {
    let names = Set(refunds.flatMap { [$0, $0.split(separator: "_").last.map(String.init) ?? ""] })
      .filter { !$0.isEmpty }
    var query = ChangeQuery(
      variationIDs: variations.sorted(), locationIDs: [client.api.account.externalID],
      updatedAfter: (time - .seconds(60)).rfc3339)
    var counts: [String: Quantity] = [:]
    for _ in 0..<SquareLimits.adjustmentPages {
      let page = try await client.post(
        "inventory/changes/batch-retrieve", query, as: ChangeAnswer.self)
      for case let change? in (page.changes ?? []).map(\.adjustment)
      where change.toState == "IN_STOCK" {
        let isOurs =
          change.refundID.map { names.contains($0.text) } ?? false
          || change.transactionID?.text == order.id.text
        guard isOurs, let variation = change.variationID?.text, let quantity = change.quantity
        else { continue }
        counts[variation, default: 0] += max(0, quantity.shown)
      }
      guard let cursor = page.cursor, !cursor.isEmpty, cursor != query.cursor else { return counts }
      query.cursor = cursor
    }
    return counts
  }

  /// Nothing is said: a refund was made at the till, which is where the news came from.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {}
}
