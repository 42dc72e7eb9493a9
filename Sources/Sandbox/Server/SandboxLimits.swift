internal import Primitives

/// Bounds of the sandbox; the platforms' own stand with each platform.
enum SandboxLimits {
  /// The largest body that it reads.
  static let bodyBytes = 4 << 20
  /// Events that are on their way at the same time.
  static let concurrentDeliveries = 24
  /// Events that wait for their time or their turn; the pump takes no more.
  static let waitingDeliveries = 200_000
  /// Deliveries that ended and are kept to be looked at.
  static let keptDeliveries: Int64 = 50_000
  /// Shopee's lost events that are kept to be fetched; the platform's own three days hold too.
  static let keptLost: Int64 = 100_000
  static let lostLife = Duration.seconds(3 * 86_400)
  /// Rows that one listing of the control API returns.
  static let listedRows: Int64 = 100_000
  /// Lines of one buyer's order, and entries of one control call.
  static let lines = 1_000
  /// Units that one line of an order may have.
  static let lineQuantity: Int64 = 1_000
  /// How long ago an order may have been placed, in seconds.
  static let longestAgo: Int64 = 30 * 86_400
  /// Units that a listing may have.
  static let stock: Int64 = 1_000_000_000
  /// The longest life of a token, in seconds.
  static let tokenSeconds: Int64 = 100 * 365 * 86_400
  /// How long a scenario may last, in seconds.
  static let scenarioSeconds = 86_400.0
  /// Problems of a scenario that are kept to be looked at.
  static let keptProblems = 20
  /// Callers whose calls are counted at the same time.
  static let buckets = 10_000
  /// Shopify's and Square's idempotency keys that are kept.
  static let keptKeys: Int64 = 100_000
  /// How often the outcome of deliveries is written down.
  static let outcomeInterval = Duration.milliseconds(100)
  /// What is kept of a hook's answer.
  static let answerBytes = 4_096
  /// Until a delivery is looked up again that the store did not give.
  static let storePause = Duration.milliseconds(100)
  /// How long a request of the sandbox's own may wait for the store.
  static let storeWait = Duration.seconds(20)
}
