public import Primitives
public import Protobuf
public import StorageCore

extension Transaction {
  /// Does something once for a request ID, and answers a repeat as the first time.
  ///
  /// - Parameters:
  ///   - requestID: the request's own; empty means that it may be done again.
  ///   - request: as it came; the same ID with another request is `StorageError.requestIDReused`.
  public func once<Request: Message, Response: Message>(
    _ requestID: String, _ request: Request, now: Timestamp,
    keep: Duration = StorageLimits.requestsKept, _ body: () throws -> Response
  ) throws -> Response {
    guard !requestID.isEmpty else { return try body() }
    // The first answer need not be read back from its bytes.
    var fresh: Response?
    let bytes = try once(
      requestID: requestID, method: Request.descriptor.fullName,
      bodyHash: SHA256.hash(request.serialized()), now: now, keep: keep
    ) {
      let response = try body()
      fresh = response
      return response.serialized()
    }
    if let fresh { return fresh }
    return try Response(serialized: bytes)
  }
}

extension Database {
  /// A handler's whole way: in one transaction, replay or do, and record.
  public func once<Request: Message, Response: Message>(
    _ request: Request, requestID: String, until deadline: Deadline,
    clock: any WallClock = SystemClock(),
    _ body: @escaping @Sendable (any Transaction) throws -> Response
  ) async throws -> Response {
    try await write(until: deadline) { transaction in
      try transaction.once(requestID, request, now: clock.now()) { try body(transaction) }
    }
  }
}
