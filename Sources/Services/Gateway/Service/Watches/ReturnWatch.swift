internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore
internal import ReturnsAPI

/// Follows returns; one whose goods were inspected is to be answered to its channel.
struct ReturnWatch: Sendable {
  static let cursor = "returns"

  let returns: ReturnsServiceClient
  let store: GatewayStore
  let notices: NoticeWorker
  let loop: WatchLoop

  func run() async throws {
    let position = WatchPosition(try await store.cursor(Self.cursor))
    try await loop.run { heard in
      let request = WatchReturnsRequest(afterSequence: await position.sequence)
      do {
        for try await message in returns.watchReturns(request) {
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

  private func take(_ message: WatchReturnsResponse) async throws {
    let now = store.clock.now()
    guard let found = message.returnOrder, found.state == .inspected,
      let answer = try await answer(found)
    else {
      guard message.returnOrder == nil || message.sequence % 100 == 0 else { return }
      return try await store.write { try $0.setCursor(Self.cursor, message.sequence) }
    }
    let body = try answer.encoded
    let isNew = try await store.write { transaction in
      try transaction.setCursor(Self.cursor, message.sequence)
      return try transaction.queueNotice(
        .returned, about: found.returnID, account: AccountID(trusted: found.accountID),
        body: body, now: now)
    }
    if isNew { await notices.load() }
  }

  /// What to answer; nil for a return that no channel told of, or that the channel has on its shelf
  /// already.
  private func answer(_ found: ReturnOrder) async throws -> ReturnAnswer? {
    guard let known = try await store.channelReturn(found.returnID),
      known.record.state != .restocked
    else { return nil }
    let order =
      known.orderExternalID.isEmpty
      ? nil : try await store.order("\(known.accountID)/\(known.orderExternalID)")
    var lines: [(lineID: String, quantity: Quantity, restocked: Bool)] = []
    for line in found.lines {
      let suffix = "/\(line.sku)"
      let lineID =
        line.lineID.hasSuffix(suffix) ? String(line.lineID.dropLast(suffix.count)) : line.lineID
      // A bundle's parts are one line to the channel.
      guard !lines.contains(where: { $0.lineID == lineID }) else { continue }
      let each = order?.record.unitsEach(line) ?? 1
      lines.append(
        (
          lineID, line.quantity / each,
          line.disposals.allSatisfy { $0.disposition == .restock }
        ))
    }
    return ReturnAnswer(
      returnExternalID: known.externalID, orderExternalID: known.orderExternalID, accepted: true,
      lines: lines)
  }
}

extension OrderRecord {
  /// Units of the pool in one unit of the channel's line.
  fileprivate func unitsEach(_ returned: ReturnOrderLine) -> Quantity {
    for line in lines {
      for component in line.components
      where component.sku.text == returned.sku
        && Self.partID(line.lineID, component.sku, of: line.components.count)
          == returned.orderLineID
      {
        return component.quantity
      }
    }
    return 1
  }
}
