public import ChannelAdapter
public import Primitives

/// Where a sweep over what has changed stands: orders, then returns, window by window.
private struct ShopeeSweep: Codable {
  enum Part: String, Codable { case orders, returns }
  /// The widest window that Shopee takes, in seconds.
  static let widest: Int64 = 15 * 86_400

  var part = Part.orders
  /// The whole of it, in Unix seconds.
  var start: Int64
  var end: Int64
  /// Where the window begins.
  var from: Int64
  var cursor = ""
  var page: Int64 = 0

  init(start: Int64, end: Int64) {
    self.start = start
    self.end = max(start, end)
    from = start
  }

  var to: Int64 { min(end, from + Self.widest) }

  /// The next window, or the returns behind the orders; nil at the end.
  var next: ShopeeSweep? {
    var next = self
    next.cursor = ""
    next.page = 0
    if to < end {
      next.from = to
    } else if part == .orders {
      next.part = .returns
      next.from = start
    } else {
      return nil
    }
    return next
  }
}

private struct ShopeeChangedOrders: Decodable {
  enum CodingKeys: String, CodingKey {
    case more
    case nextCursor = "next_cursor"
    case orders = "order_list"
  }
  struct Order: Decodable {
    enum CodingKeys: String, CodingKey { case orderSN = "order_sn" }
    var orderSN: FlexibleID
  }
  var more: LossyBool?
  var nextCursor: FlexibleID?
  var orders: [Lossy<Order>]?
}

/// The basic fields of an order, which come without being asked for.
private struct ShopeeOrderHeads: Decodable {
  enum CodingKeys: String, CodingKey { case orders = "order_list" }
  struct Order: Decodable {
    enum CodingKeys: String, CodingKey {
      case orderSN = "order_sn"
      case status = "order_status"
      case updateTime = "update_time"
    }
    var orderSN: FlexibleID
    var status: String
    var updateTime: LossyInt
  }
  var orders: [Lossy<Order>]?
}

private struct ShopeeChangedReturns: Decodable {
  enum CodingKeys: String, CodingKey {
    case more
    case returns = "return"
  }
  struct Return: Decodable {
    enum CodingKeys: String, CodingKey {
      case returnSN = "return_sn"
      case status
      case updateTime = "update_time"
    }
    var returnSN: FlexibleID
    var status: String?
    var updateTime: LossyInt
  }
  var more: LossyBool?
  var returns: [Lossy<Return>]?
}

extension ShopeeAdapter: OrderPolling {
  /// Once a day the widest window that Shopee takes.
  public var polling: PollTraits { PollTraits(sweepReach: .seconds(ShopeeSweep.widest)) }

  /// A page of what has changed. The list names orders alone, so their statuses and times are asked for with a second
  /// call; an event then has the key of the push that told of the same.
  public func changedOrders(
    since: Timestamp, after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    var sweep = ShopeeSweep(start: max(0, since.seconds), end: api.clock.now().seconds)
    if let cursor {
      guard let known = try? ChannelJSON.decode(ShopeeSweep.self, from: Array(cursor.utf8)) else {
        throw .malformed("the cursor is not one of Shopee's")
      }
      sweep = known
    }
    switch sweep.part {
    case .orders: return try await changedOrders(sweep, api)
    case .returns: return try await changedReturns(sweep, api)
    }
  }

  private func changedOrders(
    _ sweep: ShopeeSweep, _ api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let client = ShopeeClient(api: api)
    let list = try await client.get(
      "order/get_order_list",
      [
        ("time_range_field", "update_time"), ("time_from", String(sweep.from)),
        ("time_to", String(sweep.to)), ("page_size", String(ShopeeLimits.orders)),
        ("cursor", sweep.cursor),
      ], as: ShopeeChangedOrders.self)
    let names = (list.orders ?? []).compactMap { $0.value?.orderSN.named }
    var changes = OrderChanges(events: [], nextCursor: nil)
    if !names.isEmpty {
      let heads = try await client.get(
        "order/get_order_detail", [("order_sn_list", names.joined(separator: ","))],
        as: ShopeeOrderHeads.self)
      for order in (heads.orders ?? []).compactMap(\.value) { add(order, to: &changes, api) }
    }
    changes.events.sort { $0.updateTime < $1.updateTime }
    var next = sweep
    next.cursor = list.nextCursor?.text ?? ""
    let isMore = list.more?.value == true && next.cursor != sweep.cursor && !next.cursor.isEmpty
    changes.nextCursor = (isMore ? next : sweep.next).map { ChannelJSON.encodeText($0) }
    return changes
  }

  private func add(
    _ order: ShopeeOrderHeads.Order, to changes: inout OrderChanges, _ api: ChannelAPI
  ) {
    guard let orderSN = order.orderSN.named,
      let time = ChannelTime.unix(order.updateTime.value)
    else { return }
    let code = ShopeePushCode.orderStatus
    let key =
      "\(api.account.externalID):\(code):\(orderSN):\(order.status):\(order.updateTime.value)"
    changes.events.append(
      ChannelEvent(
        key: key, kind: .order, subject: orderSN, updateTime: time, body: [], topic: String(code)))
    switch order.status {
    // What a cancelled order means, its packages say; what may be cancelled in part, its lines.
    case "CANCELLED", "IN_CANCEL": break
    case "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED": changes.states[key] = .shipped
    case "UNPAID", "READY_TO_SHIP", "PROCESSED": changes.states[key] = .open
    default: break
    }
  }

  private func changedReturns(
    _ sweep: ShopeeSweep, _ api: ChannelAPI
  ) async throws(ChannelError) -> OrderChanges {
    let list = try await ShopeeClient(api: api).get(
      "returns/get_return_list",
      [
        ("page_no", String(sweep.page)), ("page_size", String(ShopeeLimits.returns)),
        ("update_time_from", String(sweep.from)), ("update_time_to", String(sweep.to)),
      ], as: ShopeeChangedReturns.self)
    let code = ShopeePushCode.returnUpdate
    let rows = list.returns ?? []
    let events = rows.compactMap(\.value).compactMap { row -> ChannelEvent? in
      guard let returnSN = row.returnSN.named, let time = ChannelTime.unix(row.updateTime.value)
      else { return nil }
      let mark = "\(row.status ?? ""):\(row.updateTime.value)"
      return ChannelEvent(
        key: "\(api.account.externalID):\(code):\(returnSN):\(mark)", kind: .return,
        subject: returnSN, updateTime: time, body: [], topic: String(code))
    }
    var next = sweep
    next.page += 1
    let isMore = list.more?.value == true && !rows.isEmpty
    return OrderChanges(
      events: events.sorted { $0.updateTime < $1.updateTime },
      nextCursor: (isMore ? next : sweep.next).map { ChannelJSON.encodeText($0) })
  }
}
