internal import GatewayAPI
internal import Kit
internal import RPCCore

extension GatewayHandler {
  func rotateSecretKey(
    _ request: RotateSecretKeyRequest, context: ServerContext
  ) async throws -> RotateSecretKeyResponse {
    var check = RequestCheck()
    check.requestID(request.requestID)
    try check.finish()
    let first = try await firstAnswer(request.requestID, request) as RotateSecretKeyResponse?
    if let first { return first }
    do {
      try gateway.keys.addKey()
    } catch is KeyRing.NotOurs {
      throw GatewayError.keyGiven
    } catch {
      gateway.log.error("a new key could not be kept", ["error": "\(error)"])
      throw GatewayError.keyUnwritable
    }
    let keys = gateway.keys
    let now = store.clock.now()
    let (answer, box) = try await store.database.write(until: context.deadline) { transaction in
      // Also when another call with the same ID was quicker: what it has sealed is sealed with an older key.
      let (count, box) = try transaction.reseal(keys)
      let answer = try transaction.once(request.requestID, request, now: now) {
        RotateSecretKeyResponse(connectionCount: Int64(count))
      }
      return (answer, box)
    }
    gateway.dropKeys(olderThan: box)
    gateway.log.info("credentials are sealed with a new key", ["count": answer.connectionCount])
    return answer
  }
}
