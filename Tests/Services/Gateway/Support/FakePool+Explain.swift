import PoolAPI
import RPCCore

extension FakePool {
  /// What there is now; of the past, what a test has set.
  func explainAvailability(
    _ request: ExplainAvailabilityRequest, context: ServerContext
  ) async throws -> ExplainAvailabilityResponse {
    let past = state.withLock { $0.pastAvailable[request.sku] }
    let count = request.time == nil ? available(request.sku) : past ?? 0
    return ExplainAvailabilityResponse(availableToSellCount: count)
  }
}
