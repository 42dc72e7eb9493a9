internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore
internal import ReturnsDomain
internal import StorageCore

/// What the pool is told of a return: one message a line, which is decided once. The request ID follows from the
/// request, so the same message may arrive any number of times.
enum PoolMessage {
  private static let returnStock = "ReturnStock"

  /// Under which key a line's message waits.
  static func key(of id: ReturnID, _ line: LineID) -> String { "\(id)#\(line)" }

  /// Queues what becomes of a line's units at the location where they were received.
  static func queue(
    _ line: ReturnOrderLine, of order: ReturnOrder, at location: LocationID, actor: String,
    in transaction: any Transaction, now: Timestamp
  ) throws {
    var request = ReturnStockRequest(
      returnID: order.id.text, orderID: order.orderID?.text ?? "",
      lines: line.disposals.map {
        ReturnLine(
          sku: line.sku.text, locationID: location.text, quantity: $0.quantity,
          disposition: ReturnLine.Disposition($0.disposition),
          lineID: line.orderLineID?.text ?? "", lotID: $0.lot?.id.text ?? "",
          lotExpireTime: $0.lot?.expireTime)
      },
      actor: actor)
    // Two lines of one return may say the same, so the line is part of what the ID follows from.
    request.requestID = OutboxRequestID.derived(
      "\(returnStock)/\(line.id)", request.serialized())
    try transaction.queue(
      key: key(of: order.id, line.id), kind: returnStock, body: request.serialized(), now: now)
  }

  /// A lot that the pool does not take back stays refused (it has expired, or is known with another expiry), so
  /// the decision is taken back and waits for another.
  static func takeBack(
    _ message: OutboxMessage, _ outcome: OutboxOutcome, in transaction: any Transaction,
    feed: ChangeFeed, now: Timestamp
  ) throws -> (@Sendable () -> Void)? {
    guard message.kind == returnStock, lotRefusals.contains(outcome.problem) else { return nil }
    let request = try ReturnStockRequest(serialized: message.body)
    let id = ReturnID(trusted: request.returnID)
    let line = LineID(
      trusted: String(message.key.dropFirst(key(of: id, LineID(trusted: "")).count)))
    let before = try transaction.returnOrder(id)
    var order = before.order
    guard try order.reopen(line, because: outcome.problem) else { return {} }
    let saved = try transaction.save(
      order, before: before, feed: feed, verb: "reopen", now: now)
    return { feed.announce(saved.sequence) }
  }

  private static let lotRefusals: Set<String> = [
    "FAILED_PRECONDITION/LOT_UNKNOWN", "FAILED_PRECONDITION/LOT_EXPIRED",
    "FAILED_PRECONDITION/LOT_EXPIRY_DIFFERS", "FAILED_PRECONDITION/TOO_MANY_LOTS",
  ]

  /// Makes the call that a message stands for.
  static func deliver(
    _ message: OutboxMessage, to pool: PoolServiceClient, until deadline: Deadline
  ) async -> OutboxOutcome {
    guard message.kind == returnStock else {
      return .refused("This program does not know the message \(message.kind).")
    }
    do {
      _ = try await pool.returnStock(
        ReturnStockRequest(serialized: message.body),
        options: CallOptions(timeout: deadline.remaining))
      return .delivered
    } catch let error as RPCError {
      return OutboxOutcome(error)
    } catch {
      return .refused("\(error)")
    }
  }
}

extension ReturnLine.Disposition {
  init(_ disposition: ReturnsDomain.Disposition) {
    switch disposition {
    case .restock: self = .restock
    case .quarantine: self = .quarantine
    case .writeOff: self = .writeOff
    }
  }
}
