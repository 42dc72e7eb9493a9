internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension PoolServer {
  public func watchAvailability(
    _ request: WatchAvailabilityRequest, responses: ResponseWriter<WatchAvailabilityResponse>,
    context: ServerContext
  ) async throws {
    var check = RequestCheck()
    let channels = check.channels(request.channelIDs, isRequired: true)
    check.count(request.skus, "skus", in: 0...ServiceLimits.watchedSKUs)
    let skus = request.skus.prefix(ServiceLimits.watchedSKUs).enumerated().map { number, sku in
      check.identifier(SKU.self, sku, "skus[\(number)]")
    }
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    try check.finish()
    guard request.afterSequence <= view.sequence else {
      throw PoolError.sequenceUnknown(request.afterSequence)
    }
    var watcher = AvailabilityWatcher(
      view: view, feed: feed, channels: channels, skus: Set(skus), after: request.afterSequence)
    try await watcher.run(into: responses)
  }
}
