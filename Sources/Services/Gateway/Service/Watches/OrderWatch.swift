internal import ChannelAdapter
internal import FulfilmentAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

/// Follows orders; one that has left is to be told to its channel.
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
    guard let order = message.order, order.state == .shipped, !order.handedOver,
      let notice = try await notice(order)
    else {
      // Kept only now and then: what is seen again is not told again.
      guard message.order == nil || message.sequence % 100 == 0 else { return }
      return try await store.write { try $0.setCursor(Self.cursor, message.sequence) }
    }
    let body = try notice.encoded
    let isNew = try await store.write { transaction in
      try transaction.setCursor(Self.cursor, message.sequence)
      return try transaction.queueNotice(
        .shipped, about: order.orderID, account: AccountID(trusted: order.accountID), body: body,
        now: now)
    }
    if isNew { await notices.load() }
  }

  /// What to tell; nil for an order that came by no channel, or that the channel shipped itself.
  private func notice(_ order: FulfilmentAPI.Order) async throws -> ShippedNotice? {
    guard let known = try await store.order(order.orderID), known.record.state != .shipped else {
      return nil
    }
    let lines = known.record.lines.compactMap { line -> (lineID: String, quantity: Quantity)? in
      let units = line.soldCount - line.takenBackCount
      return units > 0 ? (line.lineID, units) : nil
    }
    return ShippedNotice(
      orderExternalID: known.externalID, trackingNumber: order.shipment?.trackingNumber ?? "",
      carrier: order.shipment?.carrier ?? "", lines: lines)
  }
}
