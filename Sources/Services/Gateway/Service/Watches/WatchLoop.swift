internal import Kit
internal import Primitives
internal import RPCCore

/// Follows another service's stream for as long as the gateway runs: opens it again after a pause
/// whenever it ends.
struct WatchLoop: Sendable {
  let name: String
  let metrics: GatewayMetrics
  let log: Log

  /// - Parameter follow: follows the stream to its end; calls its argument when a message has come.
  ///   Throws
  ///   OUT_OF_RANGE when the sequence it asked for is not known, having set itself back to the start.
  func run(
    _ follow: @Sendable (_ heard: @escaping @Sendable () async -> Void) async throws -> Void
  ) async throws {
    let attempts = Attempts()
    while true {
      try Task.checkCancellation()
      do {
        try await follow { await attempts.reset() }
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        log.debug("a watch ended", ["watch": name, "error": "\(error)"])
      }
      metrics.watchRestarts.increment([name])
      try await Task.sleep(for: GatewayLimits.watchBackoff.pause(attempt: await attempts.next()))
    }
  }

  private actor Attempts {
    private var count = 0
    func reset() { count = 0 }
    func next() -> Int {
      count += 1
      return count
    }
  }
}

/// Where a stream goes on.
actor WatchPosition {
  private(set) var sequence: Int64

  init(_ sequence: Int64 = 0) {
    self.sequence = sequence
  }

  func move(to sequence: Int64) { self.sequence = sequence }
}
