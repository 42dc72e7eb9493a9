public import Primitives

extension Transaction {
  /// Does something once for a request ID: a repeat gets the first answer, and changes nothing.
  ///
  /// The answer and what `body` wrote come into force together. Needs `Migration.requests`.
  ///
  /// - Parameters:
  ///   - requestID: the caller's name for the attempt; empty means that it may be done again.
  ///   - method: what is asked; the same ID for another method is an error.
  ///   - bodyHash: of the request's bytes (SHA-256); the same ID with other bytes is an error.
  ///   - keep: how long the answer is kept, from `now`.
  /// - Throws: `StorageError.requestIDReused`, or what `body` throws; then nothing is recorded.
  public func once(
    requestID: String, method: String, bodyHash: [UInt8], now: Timestamp,
    keep: Duration = StorageLimits.requestsKept, _ body: () throws -> [UInt8]
  ) throws -> [UInt8] {
    guard !requestID.isEmpty else { return try body() }
    let known = try first(
      "SELECT method, body_hash, response, expire_time FROM request WHERE request_id = ?",
      [.text(requestID)]
    ) { (method: $0.text(0), hash: $0.bytes(1), response: $0.bytes(2), expiry: $0.time(3)) }
    if let known, known.expiry > now {
      guard known.method == method, known.hash == bodyHash else {
        throw StorageError.requestIDReused(requestID)
      }
      return known.response
    }
    let response = try body()
    try execute(
      """
      INSERT INTO request (request_id, method, body_hash, response, expire_time)
      VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (request_id) DO UPDATE SET method = excluded.method,
        body_hash = excluded.body_hash, response = excluded.response,
        expire_time = excluded.expire_time
      """,
      [.text(requestID), .text(method), .blob(bodyHash), .blob(response), .time(now + keep)])
    try pruneRequests(now: now)
    return response
  }

  /// Forgets a bounded number of expired answers, oldest first: a little with each new one.
  private func pruneRequests(now: Timestamp) throws {
    try execute(
      """
      DELETE FROM request WHERE request_id IN (
        SELECT request_id FROM request WHERE expire_time <= ? ORDER BY expire_time LIMIT ?)
      """,
      [.time(now), .int(StorageLimits.requestsPrunedAtOnce)])
  }
}
