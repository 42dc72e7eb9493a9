public import FulfilmentDomain
internal import Primitives
public import RPCCore

extension FulfilmentError: RPCErrorConvertible {
  public var rpcError: RPCError {
    switch self {
    case .orderUnknown(let id):
      RPCError(
        .notFound, "ORDER_UNKNOWN", "There is no order \(id).", ["orderId": id.text])
    case .lineUnknown(let id, let line):
      RPCError(
        .notFound, "LINE_UNKNOWN", "Order \(id) has no line \(line).",
        ["orderId": id.text, "lineId": line.text])
    case .orderExists(let id):
      RPCError(
        .alreadyExists, "ORDER_EXISTS",
        "The ID \(id) is taken by an order of another account or channel.", ["orderId": id.text])
    case .orderEnded(let id, let state):
      RPCError(
        .failedPrecondition, "ORDER_ENDED",
        "Order \(id) is \(state); nothing can be added to it. Create another order.",
        ["orderId": id.text, "state": state.rawValue])
    case .stateWrong(let id, let state):
      RPCError(
        .failedPrecondition, "STATE_WRONG", "Order \(id) is \(state); \(Self.next(state)).",
        ["orderId": id.text, "state": state.rawValue])
    case .lineConflict(let id, let line):
      RPCError(
        .failedPrecondition, "LINE_CONFLICT",
        "Line \(line) of order \(id) is known with another SKU or a larger quantity.",
        ["orderId": id.text, "lineId": line.text])
    case .tooManyUnits(let id, let line, let open):
      RPCError(
        .failedPrecondition, "TOO_MANY_UNITS",
        "More units of line \(line) of order \(id) are cancelled than were ordered; \(open) are open.",
        ["orderId": id.text, "lineId": line.text, "openCount": "\(open)"])
    case .notForPickup(let id):
      RPCError(
        .failedPrecondition, "NOT_FOR_PICKUP", "Order \(id) is to be sent; ship it.",
        ["orderId": id.text])
    case .expireTimeOver(_, let time):
      Self.invalid("expire_time", "It is \(time.seconds) s since 1970, which is over.")
    case .tooManyLines(_, let count):
      Self.invalid(
        "order.lines",
        "With it the order would have \(count) lines; \(FulfilmentLimits.lines) are allowed.")
    case .poolUnavailable(let id, let reason):
      RPCError(
        .unavailable, "POOL_UNAVAILABLE",
        "Order \(id) is recorded; the pool is told as soon as it answers. It said: \(reason)",
        ["orderId": id.text, "problem": reason], retryAfter: .seconds(1))
    case .sequenceUnknown(let sequence):
      RPCError(
        .outOfRange, "SEQUENCE_UNKNOWN",
        "Sequence \(sequence) lies in the future; start from 0.", ["sequence": "\(sequence)"])
    }
  }

  /// What can be done with an order that stands so.
  private static func next(_ state: Order.State) -> String {
    switch state {
    case .pending: "it can be picked or cancelled"
    case .picked: "it can be packed, made ready for pickup or cancelled"
    case .packed: "it can be shipped, made ready for pickup or cancelled"
    case .ready: "it can be collected, shipped or cancelled"
    case .shipped, .cancelled: "nothing more can be done with it"
    }
  }

  private static func invalid(_ field: String, _ problem: String) -> RPCError {
    RPCError(
      .invalidArgument, "INVALID_REQUEST", "\(field): \(problem)", ["field": field],
      violations: [RPCError.FieldViolation(field: field, problem: problem)])
  }
}
