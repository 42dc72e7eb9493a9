internal import RPCCore
internal import Synchronization

/// One line a call, for a share of the calls, and for each that the server failed.
public final class AccessLog: Sendable {
  private let log: Log
  /// The share in 2^32nds.
  private let threshold: UInt64
  private let count = Atomic<UInt64>(0)

  /// - Parameter share: from 0 (server's failures only) to 1 (every call).
  public init(_ log: Log, share: Double) {
    precondition((0...1).contains(share), "a share is from 0 to 1")
    self.log = log
    threshold = UInt64(share * 4_294_967_296)
  }

  func callEnded(_ context: ServerContext, _ code: RPCCode, _ duration: Duration) {
    guard isSampled() || Self.isServersFault(code) else { return }
    log.info(
      "call",
      [
        "method": context.method.path, "code": code.name,
        "milliseconds": (duration / .milliseconds(1) * 1000).rounded() / 1000,
        "peer": context.peer, "trace": context.trace.traceID,
      ])
  }

  /// Spread evenly whatever the share: multiples of the golden ratio (Knuth, TAOCP 3, 6.4). A counter costs a call less
  /// than a random number.
  private func isSampled() -> Bool {
    guard threshold > 0 else { return false }
    let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
    return (number &* 0x9E37_79B9_7F4A_7C15) >> 32 < threshold
  }

  private static func isServersFault(_ code: RPCCode) -> Bool {
    switch code {
    case .unknown, .internalError, .unavailable, .dataLoss: true
    default: false
    }
  }
}
