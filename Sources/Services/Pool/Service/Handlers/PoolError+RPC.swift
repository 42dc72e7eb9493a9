public import PoolDomain
public import RPCCore

extension PoolError: RPCErrorConvertible {
  public var rpcError: RPCError {
    switch self {
    case .skuUnknown(let sku, let line):
      Self.unknown("SKU_UNKNOWN", "There is no SKU \(sku).", ["sku": sku.text], "sku", line)
    case .locationUnknown(let location, let line):
      Self.unknown(
        "LOCATION_UNKNOWN",
        location.map { "There is no location \($0)." }
          ?? "There is no location yet; set one first.",
        ["locationId": location?.text ?? ""], "location_id", line)
    case .skuChanged(let sku): Self.changed("SKU", ["sku": sku.text])
    case .locationChanged(let location): Self.changed("location", ["locationId": location.text])
    case .insufficientStock(let shortage): shortage.rpcError
    case .holdUnknown(let id):
      RPCError(.notFound, "HOLD_UNKNOWN", "There is no hold \(id).", ["holdId": id.text])
    case .holdExists(let id):
      RPCError(
        .alreadyExists, "HOLD_EXISTS", "Another hold has the ID \(id).", ["holdId": id.text])
    case .holdEnded(let id, let state):
      RPCError(
        .failedPrecondition, "HOLD_ENDED", "Hold \(id) is \(state); \(Self.next(state)).",
        ["holdId": id.text, "state": "\(state)".uppercased()])
    case .holdChanged(let known): known.rpcError
    case .holdLimit(let excess): excess.rpcError
    case .expiryOutOfRange: Self.expiry
    case .promotion(let error): error.rpcError
    case .saleUnknown(let order):
      RPCError(
        .notFound, "SALE_UNKNOWN", "There is no sale of order \(order).", ["orderId": order.text])
    case .lineUnknown(let order, let line):
      RPCError(
        .notFound, "LINE_UNKNOWN", "Order \(order) has no line \(line).",
        ["orderId": order.text, "lineId": line])
    case .lineConflict(let order, let line): Self.conflict(order.text, line)
    case .lineTaken(let order, let line): Self.taken(order.text, line)
    case .saleShipped(let order, let line, let open):
      Self.closed("SALE_SHIPPED", "cancelled", order.text, line, open)
    case .notCommitted(let order, let line, let open):
      Self.closed("NOT_COMMITTED", "shipped", order.text, line, open)
    case .document(let error): error.rpcError
    case .bundle(let error): error.rpcError
    case .lot(let error): error.rpcError
    case .requestIDReused(let id): Self.reused(id.text)
    case .locationNotServing(let location, let channel): Self.notServing(location, channel)
    case .tooManyBuffers: Self.tooManyBuffers
    case .tooManyMovements(let count): Self.tooManyMovements(of: count)
    case .pageTokenInvalid:
      RPCError(
        .invalidArgument, "PAGE_TOKEN_INVALID",
        "page_token is not the next_page_token of a call with the same fields.")
    case .sequenceUnknown(let sequence):
      RPCError(
        .outOfRange, "SEQUENCE_UNKNOWN", "The ledger has not come to sequence \(sequence) yet.",
        ["sequence": "\(sequence)"])
    case .queueFull:
      RPCError(
        .resourceExhausted, "QUEUE_FULL", "Too many commands wait; try again.",
        retryAfter: ServiceLimits.retryAfter)
    case .deadlinePassed:
      RPCError(
        .deadlineExceeded, "DEADLINE_PASSED", "The deadline passed before the command's turn.")
    case .storeUnavailable:
      RPCError(
        .unavailable, "STORE_UNAVAILABLE", "The store takes no writes now; try again later.",
        retryAfter: ServiceLimits.storeRetryAfter)
    }
  }

  /// What a read asks for is not there; a line that names what is not there is wrong, and whoever sent many lines is
  /// told which one it is.
  private static func unknown(
    _ reason: String, _ message: String, _ metadata: [String: String], _ field: String, _ line: Int?
  ) -> RPCError {
    let violation = line.map {
      RPCError.FieldViolation(field: "lines[\($0)].\(field)", problem: message)
    }
    return RPCError(
      line == nil ? .notFound : .invalidArgument, reason, message, metadata,
      violations: violation.map { [$0] } ?? [])
  }

  /// What can be done with a hold that stands so.
  private static func next(_ state: Hold.State) -> String {
    switch state {
    case .held: "it can be committed, extended, changed or released"
    case .committed: "its units are its order's now"
    case .expired: "it can be committed while there is stock, or units held under another ID"
    case .released: "units can be held under another ID"
    }
  }

  private static let expiry = invalid(
    "expire_time", "It must be in the future, and within 7 days of the hold's creation.")

  private static func changed(_ noun: String, _ metadata: [String: String]) -> RPCError {
    let names = metadata.values.joined()
    return RPCError(
      .aborted, "ETAG_MISMATCH", "The \(noun) \(names) has changed; read it again.", metadata)
  }

  private static func invalid(_ field: String, _ problem: String) -> RPCError {
    RPCError(
      .invalidArgument, "INVALID_REQUEST", "\(field): \(problem)", ["field": field],
      violations: [RPCError.FieldViolation(field: field, problem: problem)])
  }

  private static func conflict(_ order: String, _ line: String) -> RPCError {
    RPCError(
      .failedPrecondition, "LINE_CONFLICT",
      "Line \(line) of order \(order) is known with another SKU or a larger quantity.",
      ["orderId": order, "lineId": line])
  }

  private static func taken(_ order: String, _ line: String) -> RPCError {
    RPCError(
      .failedPrecondition, "LINE_CONFLICT",
      "Order \(order) has a line \(line) already, and a hold's lines become 1, 2 and so on.",
      ["orderId": order, "lineId": line])
  }

  private static func reused(_ id: String) -> RPCError {
    RPCError(
      .invalidArgument, "REQUEST_ID_REUSED",
      "The request ID \(id) was used for another request; use a new one.", ["requestId": id])
  }

  /// More is to be cancelled or shipped than is left of a line.
  private static func closed(
    _ reason: String, _ verb: String, _ order: String, _ line: String, _ open: Int64
  ) -> RPCError {
    RPCError(
      .failedPrecondition, reason,
      "Only \(open) units of line \(line) of order \(order) can still be \(verb).",
      ["orderId": order, "lineId": line, "openCount": "\(open)"])
  }
}
