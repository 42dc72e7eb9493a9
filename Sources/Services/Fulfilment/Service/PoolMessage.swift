internal import FulfilmentDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore
internal import StorageCore

/// What the pool is told of orders. Quantities are totals and the request ID follows from the request, so the
/// same message may arrive any number of times.
enum PoolMessage {
  private static let shipSale = "ShipSale"
  private static let cancelSale = "CancelSale"

  /// Queues that the open units of an order have left.
  ///
  /// - Parameter actor: who says so, if anybody is known.
  static func queueShipment(
    of order: Order, actor: String, in transaction: any Transaction, now: Timestamp
  ) throws {
    let lines = order.openLines.map { LineTotal(lineID: $0.id.text, totalCount: $0.openCount) }
    guard !lines.isEmpty else { return }
    var request = ShipSaleRequest(
      orderID: order.id.text, lines: lines, cause: order.shipment?.trackingNumber ?? "",
      actor: actor, sourceTime: now)
    request.requestID = OutboxRequestID.derived(shipSale, request.serialized())
    try transaction.queue(
      key: order.id.text, kind: shipSale, body: request.serialized(), now: now)
  }

  /// Queues that the cancelled units of `lines` go back on sale.
  static func queueCancellation(
    of order: Order, lines: [LineID], reason: String, actor: String = "",
    in transaction: any Transaction, now: Timestamp
  ) throws {
    let wanted = Set(lines)
    let totals = order.lines.filter { wanted.contains($0.id) && $0.cancelledCount > 0 }.map {
      LineTotal(lineID: $0.id.text, totalCount: $0.cancelledCount)
    }
    guard !totals.isEmpty else { return }
    var request = CancelSaleRequest(
      orderID: order.id.text, lines: totals, reason: reason, actor: actor)
    request.requestID = OutboxRequestID.derived(cancelSale, request.serialized())
    try transaction.queue(
      key: order.id.text, kind: cancelSale, body: request.serialized(), now: now)
  }

  /// Makes the call that a message stands for.
  static func deliver(
    _ message: OutboxMessage, to pool: PoolServiceClient, until deadline: Deadline
  ) async -> OutboxOutcome {
    let options = CallOptions(timeout: deadline.remaining)
    do {
      switch message.kind {
      case shipSale:
        _ = try await pool.shipSale(ShipSaleRequest(serialized: message.body), options: options)
      case cancelSale:
        _ = try await pool.cancelSale(CancelSaleRequest(serialized: message.body), options: options)
      default: return .refused("This program does not know the message \(message.kind).")
      }
      return .delivered
    } catch let error as RPCError {
      return OutboxOutcome(error)
    } catch {
      return .refused("\(error)")
    }
  }
}
