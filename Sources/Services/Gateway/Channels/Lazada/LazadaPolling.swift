public import ChannelAdapter
public import Primitives

/// Where a sweep over what has changed stands: orders, then returns.
private struct LazadaSweep: Codable {
  enum Part: String, Codable { case orders, returns }
  var part = Part.orders
  /// The whole of it begins here, in Unix seconds.
  var start: Int64
  /// Orders that changed at this second or later, from an offset on.
  var after: Int64
  var offset: Int64 = 0
  /// Of the returns, from 1.
  var page: Int64 = 1
}

/// What a page says of an order; kept as the event's body.
private struct LazadaChangedOrder: Codable {
  enum CodingKeys: String, CodingKey {
    case statuses
    case orderID = "order_id"
    case updatedAt = "updated_at"
  }
  var orderID: FlexibleID
  var updatedAt: String
  var statuses: [String]?
}

private struct LazadaChangedOrders: Decodable {
  var orders: [Lossy<LazadaChangedOrder>]?
}

private struct LazadaChangedReturns: Decodable {
  struct Return: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "reverse_order_id"
      case requestType = "request_type"
      case lines = "reverse_order_lines"
    }
    struct Line: Decodable {
      enum CodingKeys: String, CodingKey {
        case status = "reverse_status"
        case modified = "return_order_line_gmt_modified"
      }
      var status: String?
      var modified: LossyInt?
    }
    var id: FlexibleID
    var requestType: String?
    var lines: [Line]?
  }
  var items: [Lossy<Return>]?
}

extension LazadaAdapter: OrderPolling {
  /// A page of what has changed, the oldest change first. A push is of one line and this of the whole order, so their keys
  /// differ: an order that is known as the page tells it is left alone by its state.
  ///
  /// An order that changes meanwhile moves to the end and those behind it a place forward, so the sweep goes on by the
  /// last time that it has seen, with a second's overlap, and by offsets only within one second.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let start = max(0, since.seconds)
    var sweep = LazadaSweep(start: start, after: start)
    if let cursor {
      guard let known = try? ChannelJSON.decode(LazadaSweep.self, from: Array(cursor.utf8)) else {
        throw .malformed("the cursor is not one of Lazada's")
      }
      sweep = known
    }
    switch sweep.part {
    case .orders: return try await changedOrders(sweep, api)
    case .returns: return try await changedReturns(sweep, api)
    }
  }

  private func changedOrders(
    _ start: LazadaSweep, _ api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var sweep = start
    let after = Timestamp(seconds: sweep.after).rfc3339.prefix(19) + "+00:00"
    let rows =
      try await LazadaClient(api: api).get(
        "/orders/get",
        [
          ("update_after", String(after)), ("sort_by", "updated_at"), ("sort_direction", "ASC"),
          ("limit", String(LazadaLimits.orders)), ("offset", String(sweep.offset)),
        ], as: LazadaData<LazadaChangedOrders>.self
      ).data.orders ?? []
    var changes = OrderChanges(events: [], nextCursor: nil)
    for order in rows.compactMap(\.value) { add(order, to: &changes, api) }
    if rows.count < LazadaLimits.orders {
      sweep.part = .returns
    } else {
      let last = changes.events.last?.updateTime.seconds ?? 0
      if last - 1 > sweep.after {
        sweep.after = last - 1
        sweep.offset = 0
      } else {
        sweep.offset += Int64(rows.count)
        guard sweep.offset <= LazadaLimits.orderOffset else {
          throw .malformed("more orders changed in one second than Lazada lists")
        }
      }
    }
    changes.nextCursor = ChannelJSON.encodeText(sweep)
    return changes
  }

  private func add(
    _ order: LazadaChangedOrder, to changes: inout OrderChanges, _ api: ChannelAPI
  ) {
    guard let id = order.orderID.named, let time = ChannelTime.iso8601(order.updatedAt) else {
      return
    }
    let statuses = order.statuses ?? []
    let said = statuses.joined(separator: "+")
    let key = "\(api.account.externalID):poll:\(id):\(time.seconds):\(said)"
    changes.events.append(
      ChannelEvent(
        key: key, kind: .order, subject: id, updateTime: time, body: ChannelJSON.encode(order),
        topic: "poll"))
    let stages = Set(statuses.map { LazadaUnit.stage(of: $0) })
    if stages.isEmpty || (stages.contains(.cancelled) && stages.count > 1) { return }
    changes.states[key] =
      stages == [.cancelled] ? .cancelled : stages == [.left] ? .shipped : .open
  }

  private func changedReturns(
    _ start: LazadaSweep, _ api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var sweep = start
    let rows =
      try await LazadaClient(api: api).get(
        "/reverse/getreverseordersforseller",
        [
          ("page_no", String(sweep.page)), ("page_size", String(LazadaLimits.returns)),
          ("ReverseOrderLineModifiedTimeRangeStart", String(sweep.start * 1000)),
          (
            "ReverseOrderLineModifiedTimeRangeEnd",
            String(api.clock.now().microseconds / 1000)
          ),
        ], as: LazadaResult<LazadaChangedReturns>.self
      ).content().items ?? []
    let events = rows.compactMap(\.value).compactMap { event(of: $0, api) }
    sweep.page += 1
    return OrderChanges(
      events: events.sorted { $0.updateTime < $1.updateTime },
      nextCursor: rows.count < LazadaLimits.returns ? nil : ChannelJSON.encodeText(sweep))
  }

  /// A cancellation shows in its order.
  private func event(
    of found: LazadaChangedReturns.Return, _ api: ChannelAPI
  ) -> ChannelEvent? {
    guard let id = found.id.named, found.requestType != "CANCEL" else { return nil }
    let lines = found.lines ?? []
    let times = lines.compactMap { $0.modified.flatMap { ChannelTime.unix($0.value) } }
    let time = times.max() ?? api.clock.now()
    let said = lines.map { $0.status ?? "" }.joined(separator: "+")
    let mark = ChannelSignature.digest(Array(said.utf8))
    return ChannelEvent(
      key: "\(api.account.externalID):poll:return:\(id):\(time.seconds):\(mark)", kind: .return,
      subject: id, updateTime: time, body: [], topic: "poll")
  }
}
