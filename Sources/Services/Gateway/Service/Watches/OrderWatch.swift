internal import ChannelAdapter
internal import FulfilmentAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

/// Follows orders; one that has left, waits for its customer or waited in vain is to be told to its channel.
struct OrderWatch: Sendable {
  static let cursor = "orders"

  let fulfilment: FulfilmentServiceClient
  let store: GatewayStore
  let notices: NoticeWorker
  let loop: WatchLoop

  func run() async throws {
    let position = WatchPosition(try await store.cursor(Self.cursor))
    try await loop.run { heard in
      let request = WatchOrdersRequest(afterSequence: await position.sequence)
      do {
        for try await message in fulfilment.watchOrders(request) {
          try await take(message)
          await position.move(to: message.sequence)
          await heard()
        }
      } catch let error as RPCError where error.code == .outOfRange {
        await position.move(to: 0)
        throw error
      }
    }
  }

  private func take(_ message: WatchOrdersResponse) async throws {
    let now = store.clock.now()
    guard let order = message.order, let (kind, body) = try await notice(order) else {
      // Kept only now and then: what is seen again is not told again.
      guard message.order == nil || message.sequence % 100 == 0 else { return }
      return try await store.write { try $0.setCursor(Self.cursor, message.sequence) }
    }
    let isNew = try await store.write { transaction in
      try transaction.setCursor(Self.cursor, message.sequence)
      if kind != .ready { try transaction.forgetReady(order.orderID, now: now) }
      return try transaction.queueNotice(
        kind, about: order.orderID, account: AccountID(trusted: order.accountID), body: body,
        now: now)
    }
    if isNew { await notices.load() }
  }

  /// What to tell; nil for an order that came by no channel, or of which the channel knows how it ended.
  private func notice(
    _ order: FulfilmentAPI.Order
  ) async throws -> (kind: NoticeRow.Kind, body: [UInt8])? {
    let isUncollected = order.state == .cancelled && order.pickup?.expired == true
    guard
      order.state == .ready || isUncollected || (order.state == .shipped && !order.handedOver)
    else { return nil }
    let known = try await store.order(order.orderID)
    if isUncollected { return try await uncollected(order, known) }
    guard let known, known.record.state != .shipped else { return nil }
    if order.state == .ready {
      let body = PickupBody(known.externalID, readyTime: order.pickup?.readyTime)
      return (.ready, try body.encoded)
    }
    let lines = known.record.lines.compactMap { line -> (lineID: String, quantity: Quantity)? in
      let units = line.soldCount - line.takenBackCount
      return units > 0 ? (line.lineID, units) : nil
    }
    let notice = ShippedNotice(
      orderExternalID: known.externalID, trackingNumber: order.shipment?.trackingNumber ?? "",
      carrier: order.shipment?.carrier ?? "", lines: lines)
    return (.shipped, try notice.encoded)
  }

  /// An order that a hold became is in fulfilment alone, under the name that its shop gave it.
  private func uncollected(
    _ order: FulfilmentAPI.Order, _ known: OrderRow?
  ) async throws -> (kind: NoticeRow.Kind, body: [UInt8])? {
    if let known {
      guard known.record.state == .open else { return nil }
    } else {
      let accountID = AccountID(trusted: order.accountID)
      guard await notices.directory.session(accountID) != nil else { return nil }
    }
    let body = PickupBody(
      known?.externalID ?? order.externalID, readyTime: order.pickup?.readyTime)
    return (.uncollected, try body.encoded)
  }
}
