import Kit
import Primitives
import RPCCore
import ReturnsAPI
import Synchronization

/// A returns service that keeps to its contract, and does not tell the pool.
final class FakeReturns: ReturnsServiceHandler {
  struct State {
    var returns: [String: ReturnOrder] = [:]
    var knownOrders: Set<String>?
    var unshippedOrders: Set<String> = []
    var sequence: Int64 = 0
  }

  let faults: Faults
  let signal = FeedSignal()
  let state = Mutex(State())

  init(_ faults: Faults) {
    self.faults = faults
  }

  func found(_ id: String) -> ReturnOrder? { state.withLock { $0.returns[id] } }

  @discardableResult
  func change(_ id: String, _ body: (inout ReturnOrder) throws -> Void) throws -> ReturnOrder {
    let (found, sequence) = try state.withLock { state in
      guard var found = state.returns[id] else {
        throw RPCError(.notFound, "RETURN_UNKNOWN", "No return \(id).")
      }
      try body(&found)
      state.sequence += 1
      found.sequence = state.sequence
      state.returns[id] = found
      return (found, state.sequence)
    }
    signal.raise(to: sequence)
    return found
  }

  func createReturn(
    _ request: CreateReturnRequest, context: ServerContext
  ) async throws -> CreateReturnResponse {
    try faults.step("createReturn") {
      let wanted = request.returnOrder ?? ReturnOrder()
      try state.withLock { state in
        if let orders = state.knownOrders, !wanted.orderID.isEmpty, !orders.contains(wanted.orderID)
        {
          throw RPCError(.notFound, "ORDER_UNKNOWN", "No order \(wanted.orderID).")
        }
        if state.unshippedOrders.contains(wanted.orderID) {
          throw RPCError(.failedPrecondition, "ORDER_NOT_SHIPPED", "Not yet: \(wanted.orderID).")
        }
        if let known = state.returns[wanted.returnID] {
          guard known.orderID == wanted.orderID, known.lines.map(\.sku) == wanted.lines.map(\.sku)
          else {
            throw RPCError(.alreadyExists, "RETURN_EXISTS", "Return \(wanted.returnID).")
          }
          return
        }
        var made = wanted
        made.state = .requested
        state.returns[wanted.returnID] = made
      }
      return CreateReturnResponse(returnOrder: try change(wanted.returnID) { _ in })
    }
  }

  func getReturn(
    _ request: GetReturnRequest, context: ServerContext
  ) async throws -> GetReturnResponse {
    guard let known = found(request.returnID) else {
      throw RPCError(.notFound, "RETURN_UNKNOWN", "No return \(request.returnID).")
    }
    return GetReturnResponse(returnOrder: known)
  }

  func receiveReturn(
    _ request: ReceiveReturnRequest, context: ServerContext
  ) async throws -> ReceiveReturnResponse {
    try faults.step("receiveReturn") {
      ReceiveReturnResponse(
        returnOrder: try change(request.returnID) {
          if $0.state == .requested { $0.state = .received }
          $0.locationID = request.locationID
        })
    }
  }

  func inspectReturn(
    _ request: InspectReturnRequest, context: ServerContext
  ) async throws -> InspectReturnResponse {
    try faults.step("inspectReturn") {
      InspectReturnResponse(
        returnOrder: try change(request.returnID) { found in
          for inspection in request.lines {
            guard let index = found.lines.firstIndex(where: { $0.lineID == inspection.lineID })
            else { throw RPCError(.notFound, "LINE_UNKNOWN", "Line \(inspection.lineID).") }
            found.lines[index].disposals = inspection.disposals
          }
          found.state = .inspected
        })
    }
  }

  func cancelReturn(
    _ request: CancelReturnRequest, context: ServerContext
  ) async throws -> CancelReturnResponse {
    try faults.step("cancelReturn") {
      CancelReturnResponse(
        returnOrder: try change(request.returnID) { found in
          guard found.state == .requested || found.state == .cancelled else {
            throw RPCError(.failedPrecondition, "STATE_WRONG", "It is \(found.state).")
          }
          found.state = .cancelled
        })
    }
  }

  func watchReturns(
    _ request: WatchReturnsRequest, responses: ResponseWriter<WatchReturnsResponse>,
    context: ServerContext
  ) async throws {
    var seen = request.afterSequence
    while !Task.isCancelled {
      let (changed, sequence) = state.withLock { state in
        (
          state.returns.values.filter { $0.sequence > seen }.sorted { $0.sequence < $1.sequence },
          state.sequence
        )
      }
      for found in changed {
        try await responses.write(
          WatchReturnsResponse(returnOrder: found, sequence: found.sequence))
      }
      seen = sequence
      await signal.wait(past: seen)
    }
  }
}
