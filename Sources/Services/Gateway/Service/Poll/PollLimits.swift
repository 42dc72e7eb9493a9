internal import Kit

/// Bounds of polling and catching up.
extension GatewayLimits {
  /// How far back the first poll of an account reaches at most, where nothing says when it was connected.
  static let firstPollReach = Duration.seconds(15 * 86_400)
  /// Walks of one poll, pages of one walk, and pages up to which a walk that found something needs no second.
  static let pollWalks = 5
  static let pollPages = 10_000
  static let pollPagesAtRest = 2
  /// Tries of a page, and the pauses between them.
  static let pollTries = 5
  static let pollBackoff = Backoff(first: .milliseconds(200), longest: .seconds(30))
  /// Pauses after a poll that failed; never longer than its interval.
  static let failedPollBackoff = Backoff(first: .seconds(1), longest: .seconds(60))
  /// Intervals without a poll after which an account is behind.
  static let lateIntervals = 3

  /// How often an account is asked for all that its channel's sweep reaches, how soon that is looked at again, and the most
  /// that a look waits.
  static let sweepEvery = Duration.seconds(86_400)
  static let sweepLook = Duration.seconds(3600)
  /// How long a return is looked at after it was last heard of.
  static let returnsLookedAt = Duration.seconds(180 * 86_400)

  /// How long raises of an account wait for it to catch up.
  static let catchUpWait = Duration.seconds(60)
  /// How long changes are gathered from all accounts before the first takes effect.
  static let catchUpGather = Duration.seconds(10)
  /// How long a verdict waits for accounts that are still asked.
  static let catchUpLongest = Duration.seconds(600)
  /// Changes that are fetched at once, how long each is waited for, and how long it waits for those in front of it.
  static let catchUpAtOnce = 8
  static let catchUpStep = Duration.seconds(10)
  static let catchUpTurn = Duration.seconds(2)
  /// A gap from which on a catch-up is told of even if nothing was missed.
  static let catchUpGap = Duration.seconds(300)
  /// Lines of one cancellation.
  static let cancelledLines = 200
  /// Catch-ups that are kept.
  static let catchUpsKept: Int64 = 1000
  /// Oversold orders, and of a SKU the last orders, that one verdict looks at.
  static let judgedOrders = 1000
  static let judgedSales = 100_000
}
