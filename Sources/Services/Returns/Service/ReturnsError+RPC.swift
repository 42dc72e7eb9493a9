internal import Primitives
public import RPCCore
public import ReturnsDomain

extension ReturnsError: RPCErrorConvertible {
  public var rpcError: RPCError {
    switch self {
    case .returnUnknown(let id):
      RPCError(.notFound, "RETURN_UNKNOWN", "There is no return \(id).", ["returnId": id.text])
    case .returnExists(let id):
      RPCError(
        .alreadyExists, "RETURN_EXISTS", "The ID \(id) is taken by another return.",
        ["returnId": id.text])
    case .orderUnknown(let id):
      RPCError(.notFound, "ORDER_UNKNOWN", "There is no order \(id).", ["orderId": id.text])
    case .orderNotShipped(let id):
      RPCError(
        .failedPrecondition, "ORDER_NOT_SHIPPED",
        "Nothing of order \(id) has left, so nothing can come back; cancel it, or ship it first.",
        ["orderId": id.text])
    case .orderLineUnknown(let id, let line):
      RPCError(
        .notFound, "LINE_UNKNOWN", "Order \(id) has not sold what line \(line) names.",
        ["orderId": id.text, "lineId": line.text])
    case .lineUnknown(let id, let line):
      RPCError(
        .notFound, "LINE_UNKNOWN", "Return \(id) has no line \(line).",
        ["returnId": id.text, "lineId": line.text])
    case .tooManyUnits(let id, let line, let open):
      RPCError(
        .failedPrecondition, "TOO_MANY_UNITS",
        "More units of line \(line) come back than order \(id) sold; \(open) are still out.",
        ["orderId": id.text, "lineId": line.text, "openCount": "\(open)"])
    case .stateWrong(let id, let state):
      RPCError(
        .failedPrecondition, "STATE_WRONG", "Return \(id) is \(state); \(Self.next(state)).",
        ["returnId": id.text, "state": state.rawValue])
    case .lineInspected(let id, let line):
      RPCError(
        .failedPrecondition, "LINE_INSPECTED",
        "Line \(line) of return \(id) was decided otherwise.",
        ["returnId": id.text, "lineId": line.text])
    case .lotRefused(let id, let line, let reason):
      RPCError(
        .failedPrecondition, "LOT_REFUSED",
        "The pool does not take line \(line) of return \(id) into its lot, so decide it again: \(reason)",
        ["returnId": id.text, "lineId": line.text, "problem": reason])
    case .unbalanced(let lines): Self.invalid(lines)
    case .poolUnavailable(let id, let reason):
      RPCError(
        .unavailable, "POOL_UNAVAILABLE",
        "Return \(id) is recorded; the pool is told as soon as it answers. It said: \(reason)",
        ["returnId": id.text, "problem": reason], retryAfter: .seconds(1))
    case .locationUnknown(let id):
      RPCError(
        .notFound, "LOCATION_UNKNOWN", "The pool has no location \(id).", ["locationId": id.text])
    case .locationsUnavailable(let id, let reason):
      RPCError(
        .unavailable, "POOL_UNAVAILABLE",
        "Location \(id) cannot be looked up now; try again. The pool said: \(reason)",
        ["locationId": id.text, "problem": reason], retryAfter: .seconds(1))
    case .fulfilmentUnavailable(let id, let reason):
      RPCError(
        .unavailable, "FULFILMENT_UNAVAILABLE",
        "Order \(id) cannot be looked up now; try again. Fulfilment said: \(reason)",
        ["orderId": id.text, "problem": reason], retryAfter: .seconds(1))
    case .sequenceUnknown(let sequence):
      RPCError(
        .outOfRange, "SEQUENCE_UNKNOWN",
        "Sequence \(sequence) lies in the future; start from 0.", ["sequence": "\(sequence)"])
    }
  }

  /// What can be done with a return that stands so.
  private static func next(_ state: ReturnOrder.State) -> String {
    switch state {
    case .requested: "it can be received or cancelled"
    case .received: "it can be inspected"
    case .inspected, .cancelled: "nothing more can be done with it"
    }
  }

  private static func invalid(_ lines: [Unbalanced]) -> RPCError {
    let violations = lines.map {
      RPCError.FieldViolation(
        field: "lines[\($0.position)].disposals",
        problem: "They add up to \($0.given); the line has \($0.wanted) units.")
    }
    let first = violations.first.map { "\($0.field): \($0.problem)" } ?? ""
    return RPCError(
      .invalidArgument, "INVALID_REQUEST", first, ["field": violations.first?.field ?? ""],
      violations: violations)
  }
}
