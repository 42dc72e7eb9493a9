import FulfilmentAPI
import GatewayAPI
import PoolAPI
import Primitives
import Testing

/// An order that a channel has accepted, and the units of it that were not cancelled.
struct AcceptedOrder: Hashable, Sendable {
  var accountID: String
  var externalID: String
  var quantity: Int64

  init(_ accountID: String, _ externalID: String, _ quantity: Int64) {
    self.accountID = accountID
    self.externalID = externalID
    self.quantity = quantity
  }
}

/// What must hold after everything: nothing was lost, nothing was invented, and every channel shows what it should.
enum Proof {
  /// - Parameter orders: all that channels accepted and did not cancel. A till's go over the counter at once.
  static func check(
    _ merchant: Merchant, received: Int64, orders: [AcceptedOrder]
  ) async throws {
    let sold = orders.reduce(0) { $0 + $1.quantity }
    try await waitUntilSettled(merchant, orders)
    let balance = try await merchant.stock()
    #expect(balance.receivedCount == received)
    #expect(balance.onHandCount == received - balance.shippedCount)
    #expect(balance.committedCount + balance.shippedCount == sold)
    #expect(balance.availableCount == received - sold)
    #expect(balance.heldCount == 0)
    try await checkFulfilment(merchant, orders)
    try await checkLedger(merchant)
    try await checkChannels(merchant, available: received - sold)
  }

  /// Fulfilment has each accepted order once with its units, and no other.
  private static func checkFulfilment(
    _ merchant: Merchant, _ orders: [AcceptedOrder]
  ) async throws {
    let recorded = try await recorded(merchant)
    let accepted = Dictionary(orders.map { ($0, 1) }, uniquingKeysWith: +)
    let missing = accepted.filter { recorded[$0.key] != $0.value }
    let invented = recorded.filter { accepted[$0.key] != $0.value }
    #expect(missing.isEmpty, "accepted, and not once in fulfilment")
    #expect(invented.isEmpty, "in fulfilment, and not accepted so often")
  }

  /// How often fulfilment has each order.
  private static func recorded(_ merchant: Merchant) async throws -> [AcceptedOrder: Int] {
    var recorded: [AcceptedOrder: Int] = [:]
    var token = ""
    repeat {
      let page = try await merchant.cluster.fulfilment.listOrders(
        ListOrdersRequest(pageSize: 1_000, pageToken: token))
      for order in page.orders {
        let open = order.lines.reduce(0) { $0 + $1.quantity - $1.cancelledCount }
        guard open > 0 else { continue }
        recorded[AcceptedOrder(order.accountID, order.externalID, open), default: 0] += 1
      }
      token = page.nextPageToken
    } while !token.isEmpty
    return recorded
  }

  static func checkLedger(_ merchant: Merchant) async throws {
    let ledger = try await merchant.cluster.pool.verifyLedger(VerifyLedgerRequest())
    #expect(ledger.proved, "\(ledger.difference)")
  }

  static func checkChannels(_ merchant: Merchant, available: Int64) async throws {
    let channels = Shop.all.map(\.channel)
    let answer = try await merchant.cluster.pool.getAvailability(
      GetAvailabilityRequest(sku: Merchant.sku, channelIDs: channels))
    let wanted = Dictionary(
      uniqueKeysWithValues: answer.channels.map { ($0.channelID, $0.availableToSellCount) })
    let shown = try await merchant.shown()
    #expect(shown == wanted && shown.count == channels.count)
    #expect(wanted.values.allSatisfy { $0 == max(0, available) })
  }

  /// Waits until nothing is on its way any more.
  private static func waitUntilSettled(
    _ merchant: Merchant, _ orders: [AcceptedOrder]
  ) async throws {
    let cluster = merchant.cluster
    let sold = orders.reduce(0) { $0 + $1.quantity }
    let seen: () async -> String = {
      let backlog = try? await cluster.gateway.getBacklog(GetBacklogRequest())
      let balance = try? await merchant.stock()
      let recorded = (try? await recorded(merchant)) ?? [:]
      let missing = orders.filter { recorded[$0] == nil }.map { "\($0.accountID)/\($0.externalID)" }
      return "sold \(sold), of which fulfilment lacks \(missing); \(String(describing: backlog)); "
        + "\(String(describing: balance))"
    }
    try await eventually("all events taken in and all numbers pushed", seen: seen) {
      let balance = try await merchant.stock()
      let backlog = try await cluster.gateway.getBacklog(GetBacklogRequest())
      let shown = try await merchant.shown()
      let isSettled =
        balance.committedCount + balance.shippedCount == sold && backlog.inboxCount == 0
        && backlog.pushCount == 0
        && backlog.poolSequence >= balance.sequence
        && shown.count == Shop.all.count
        && shown.values.allSatisfy { $0 == max(0, balance.availableCount) }
      return isSettled ? () : nil
    }
  }
}
