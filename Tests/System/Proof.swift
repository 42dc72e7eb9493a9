import GatewayAPI
import PoolAPI
import Primitives
import Testing

/// What must hold after everything: nothing was lost, nothing was invented, and every channel shows what it should.
enum Proof {
  /// - Parameter sold: units of all orders that channels accepted and did not cancel. A till's go over the counter at once.
  static func check(
    _ merchant: Merchant, received: Int64, sold: Int64, within limit: Duration = patience
  ) async throws {
    try await waitUntilSettled(merchant, sold: sold, within: limit)
    let balance = try await merchant.stock()
    #expect(balance.receivedCount == received)
    #expect(balance.onHandCount == received - balance.shippedCount)
    #expect(balance.committedCount + balance.shippedCount == sold)
    #expect(balance.availableCount == received - sold)
    #expect(balance.heldCount == 0)

    let ledger = try await merchant.cluster.pool.verifyLedger(VerifyLedgerRequest())
    #expect(ledger.proved, "\(ledger.difference)")

    let channels = Shop.all.map(\.channel)
    let available = try await merchant.cluster.pool.getAvailability(
      GetAvailabilityRequest(sku: Merchant.sku, channelIDs: channels))
    let wanted = Dictionary(
      uniqueKeysWithValues: available.channels.map { ($0.channelID, $0.availableToSellCount) })
    #expect(try await merchant.shown() == wanted)
    #expect(wanted.values.allSatisfy { $0 == max(0, received - sold) })
  }

  /// Waits until nothing is on its way any more.
  private static func waitUntilSettled(
    _ merchant: Merchant, sold: Int64, within limit: Duration
  ) async throws {
    let cluster = merchant.cluster
    let seen: () async -> String = {
      let backlog = try? await cluster.gateway.getBacklog(GetBacklogRequest())
      let balance = try? await merchant.stock()
      return "sold \(sold); \(String(describing: backlog)); \(String(describing: balance))"
    }
    try await eventually("all events taken in and all numbers pushed", within: limit, seen: seen) {
      let balance = try await merchant.stock()
      let backlog = try await cluster.gateway.getBacklog(GetBacklogRequest())
      let shown = try await merchant.shown()
      let isSettled =
        balance.committedCount + balance.shippedCount == sold && backlog.inboxCount == 0
        && backlog.pushCount == 0
        && backlog.poolSequence >= balance.sequence
        && shown.values.allSatisfy { $0 == max(0, balance.availableCount) }
      return isSettled ? () : nil
    }
  }
}
