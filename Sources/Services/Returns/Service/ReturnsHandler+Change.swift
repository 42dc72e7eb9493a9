internal import Kit
internal import PoolAPI
internal import Primitives
public import RPCCore
public import ReturnsAPI
internal import ReturnsDomain
internal import StorageCore

extension ReturnsHandler {
  public func receiveReturn(
    _ request: ReceiveReturnRequest, context: ServerContext
  ) async throws -> ReceiveReturnResponse {
    var check = RequestCheck()
    let id = check.identifier(ReturnID.self, request.returnID, "return_id")
    let location = check.identifier(LocationID.self, request.locationID, "location_id")
    check.text(request.actor, "actor", atMost: ReturnsLimits.actorBytes, mayBeEmpty: true)
    check.requestID(request.requestID)
    try check.finish()
    let known = try await database.read(until: context.deadline) { try $0.returnOrder(id) }.order
    if known.state == .requested || known.state == .received, known.locationID != location {
      try await checkInPool(location, until: context.deadline)
    }
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let stored = try transaction.change(
        id, "receive", actor: request.actor, feed: feed, now: clock.now()
      ) { order throws(ReturnsError) in try order.receive(at: location) }
      return ReceiveReturnResponse(returnOrder: stored.message)
    }
    announce(response.returnOrder)
    return response
  }

  /// The pool would refuse what is decided of goods at a place that it does not have.
  private func checkInPool(_ location: LocationID, until deadline: Deadline) async throws {
    var request = ListLocationsRequest(pageSize: ReturnsLimits.locationPageCount)
    do {
      repeat {
        let page = try await pool.listLocations(
          request,
          options: CallOptions(timeout: min(deadline.remaining, RPCClient.defaultTimeout) * 4 / 5))
        if page.locations.contains(where: { $0.locationID == location.text }) { return }
        request.pageToken = page.nextPageToken
      } while !request.pageToken.isEmpty
    } catch {
      throw ReturnsError.locationsUnavailable(location, reason: Self.short(error))
    }
    throw ReturnsError.locationUnknown(location)
  }

  public func cancelReturn(
    _ request: CancelReturnRequest, context: ServerContext
  ) async throws -> CancelReturnResponse {
    var check = RequestCheck()
    let id = check.identifier(ReturnID.self, request.returnID, "return_id")
    check.requestID(request.requestID)
    try check.finish()
    let response = try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock, feed] transaction in
      let stored = try transaction.change(
        id, "cancel", actor: "", feed: feed, now: clock.now()
      ) { order throws(ReturnsError) in try order.cancel() }
      return CancelReturnResponse(returnOrder: stored.message)
    }
    announce(response.returnOrder)
    return response
  }
}

extension Transaction {
  /// Loads a return, lets `command` change it, and saves it when it did.
  fileprivate func change(
    _ id: ReturnID, _ verb: String, actor: String, feed: ChangeFeed, now: Timestamp,
    _ command: (inout ReturnsDomain.ReturnOrder) throws(ReturnsError) -> Bool
  ) throws -> StoredReturn {
    let before = try returnOrder(id)
    var order = before.order
    guard try command(&order) else { return before }
    return try save(order, before: before, feed: feed, verb: verb, actor: actor, now: now)
  }
}
