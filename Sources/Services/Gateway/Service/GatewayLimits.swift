internal import Kit
internal import Primitives

/// Bounds of the gateway's work.
enum GatewayLimits {
  /// A webhook's body, in bytes.
  static let hookBytes = 1 << 20
  /// A till's batch, in bytes.
  static let tillBytes = 4 << 20
  /// Lines of one hold, and the longest and the usual time that it lasts, in seconds.
  static let holdLines = 200
  static let holdSeconds = 7 * 86_400
  static let usualHoldSeconds = 900
  /// How often the events that channels could not deliver are asked for, and the pages of one look.
  static let lostEventsEvery = Duration.seconds(300)
  static let lostEventPages = 1000
  /// Sales of tills that are known by their key after the inbox has forgotten them.
  static let pastSales: Int64 = 2_000_000
  /// How long the store may take.
  static let store = Duration.seconds(10)
  /// Pages of the store that each connection keeps in memory, in KiB. What pushes write is spread over all listings, so more would
  /// hold little of it.
  static let storeCacheKibibytes = 4_096
  /// How long another service may take.
  static let call = Duration.seconds(10)

  /// Events worked on at once.
  static let intakeAtOnce = 32
  /// The same of one account: no channel that is slow takes all the places.
  static let intakeOfAccountAtOnce = 8
  /// Events in memory that wait for their turn; more wait in the store.
  static let intakeQueue = 100_000
  /// With more than these, events are read from the store when their turn comes.
  static let storedEventsInMemory = 1000
  /// Locations of the pool that are asked for at once.
  static let locationPage: Int32 = 1000
  /// How far a channel's clock may be behind ours.
  static let clockSkew = Duration.seconds(60)
  /// Rows read from the store at once.
  static let storePage = 1000
  /// Tries of an event that fails for the channel's reasons before it is given up.
  static let eventAttempts = 20
  /// The same while the channel cannot be reached: a day, at the longest pause.
  static let eventAttemptsAway = 2880
  /// Pauses between tries of an event.
  static let eventBackoff = Backoff(first: .milliseconds(100), longest: .seconds(30))
  /// Pauses between tries while one of our own services is away: never given up.
  static let peerBackoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
  /// How long a raise waits for the account's events to be taken in.
  static let raiseWait = Duration.seconds(2)

  /// Calls to one account under way at once, and how many of them may be raises.
  static let pushesAtOnce = 4
  static let raisesAtOnce = 2
  /// Listings looked through for others that fit into the same call.
  static let batchSearch = 256
  static let pushBackoff = Backoff(first: .milliseconds(100), longest: .seconds(30))
  /// Tries after which a push that keeps failing is an alert.
  static let pushAttemptsUntilAlert = 10
  /// How long a call that can be made later waits for its turn; longer where the account's rate is
  /// so low that all who may stand in line for it take longer.
  static let turnWait = Duration.seconds(1)
  static let callersInLine =
    intakeOfAccountAtOnce + noticesOfAccountAtOnce + pushesAtOnce + 2
  /// How long the import of listings, a poll and what an operator asks for wait for a turn.
  static let importTurnWait = Duration.seconds(60)
  /// Orders that one poll has read again since they may have changed unseen, and how long each is waited for.
  static let doubtedOrders = 1000
  static let doubtStep = Duration.seconds(5)
  /// A channel that wants to be left alone for longer means a quota of that call, not its rate.
  static let longestRatePause = Duration.seconds(60)
  /// Seconds' worth of calls that an account may save up: less than a channel that counts by the second bears, since calls that go
  /// out one after another may arrive together.
  static let burstSeconds = 0.8
  /// How long an account is left alone after its credentials were refused.
  static let unauthorisedPause = Duration.seconds(30)
  /// How often it is tried whether a shop that was closed to us is open again.
  static let suspendedPause = Duration.seconds(60)
  /// How long before its end somebody is told that a merchant must authorise the gateway again.
  static let authorisationAhead = Duration.seconds(7 * 86_400)
  /// How long a merchant may take to authorise the gateway, and how many may be about it at once.
  static let authorisationLife = Duration.seconds(900)
  static let authorisationsAtOnce = 1000
  /// What stands for one on its way, in bytes that nobody can guess.
  static let authorisationStateBytes = 32
  /// Parameters of a query that are read.
  static let queryParameters = 100
  /// Calls in a row that a channel does not answer, after which the account is left alone for a while, and for how long.
  static let failuresUntilPause = 20
  static let breakerBackoff = Backoff(first: .seconds(1), longest: .seconds(30))
  /// How long a channel does not answer before it is an alert.
  static let failingUntilAlert = Duration.seconds(60)
  /// How long before its end an access token is refreshed.
  static let refreshAhead = Duration.seconds(300)
  /// How soon a refresh ahead of time that failed is tried again.
  static let refreshAgain = Duration.seconds(30)

  /// How often the pool hears of the lag, and the pushes of an account that make a figure.
  static let lagReportEvery = Duration.seconds(300)
  static let lagPushes = 20
  /// Pushes of the last hour from which on a budget that is used up is an alert.
  static let budgetPushes = 100
  /// Listings that wait to be read back; further ones are not.
  static let readBackQueue = 256
  /// How often a number that is not shown yet is read again.
  static let readBackTries = 3
  /// Calls that read one account's listings back, under way at once: as many as an account of fifty calls a second makes while it
  /// waits for an answer from far away, and no flood at the beginning of a pass.
  static let readingsAtOnce = 8
  /// Listings that these calls read together: an answer about hundreds is work for the gateway, too, which pushes wait for.
  static let listingsReadAtOnce = 1200
  static func readingsAtOnce(of batch: Int) -> Int {
    max(1, min(readingsAtOnce, listingsReadAtOnce / batch))
  }
  /// How often it is looked at least for a turn that nobody else would miss, and how many times before an ordinary one is taken.
  static let sparePause = Duration.milliseconds(200)
  static let spareTries = 20
  /// How often it is looked whether listings are due to be read back, and how soon it goes on after a call that failed.
  static let reconcileTick = Duration.seconds(1)
  static let reconcilePause = Duration.seconds(30)
  /// How often a pass is kept, so that a restart goes on with it, and its figures are shown.
  static let reconcileSaveEvery = Duration.seconds(1)
  static let reconcileShowEvery = Duration.seconds(30)
  /// Listings whose number moves that wait to be read sooner, and those that may drift; further ones wait for the next pass.
  static let touchedListings = 10_000
  static let watchedListings = 100_000
  /// Units from which down a listing is read sooner.
  static let nearZero: Quantity = 3
  /// Within what a number that was set right and differs again makes another writer likely.
  static let undoneWithin = Duration.seconds(86_400)
  /// What of a listing's history tells where a drift comes from.
  static let driftHistory = 20
  /// How long drifts that have ended are kept.
  static let driftsKept = Duration.seconds(90 * 86_400)
  /// What the pool takes: channels in one report, and their lag.
  static let lagChannels = 100
  static let leastLag = Duration.milliseconds(1)
  static let mostLag = Duration.seconds(86_400)

  static let noticeBackoff = Backoff(first: .milliseconds(200), longest: .seconds(60))
  /// Tries of a notice before it is given up.
  static let noticeAttempts = 30
  static let noticesAtOnce = 8
  static let noticesOfAccountAtOnce = 2

  /// Pauses before a watch is opened again.
  static let watchBackoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
  /// Connections to one channel's host, and to all: a slow host takes no other's. Further calls wait for their turn.
  static let outboundCalls = 64
  static let outboundConnections = 256
  static let outboundTimeout = Duration.seconds(15)
  /// A channel's answer, in bytes.
  static let outboundBytes = 16 << 20
  /// Pages of listings that one import reads.
  static let importPages = 10_000
  /// SKUs looked up at once.
  static let importLookups = 8
  /// Credentials that are shorter are no secrets, in bytes.
  static let shortestSecret = 7
  /// Text of an error that is kept, in bytes.
  static let errorBytes = 500
  /// Alerts of one kind and account about forged events, at most one in this span.
  static let forgedAlertEvery = Duration.seconds(60)

  /// How often a channel is asked for its webhooks, how soon again when it did not answer, and how soon those of a new account.
  static let webhookCheckEvery = Duration.seconds(600)
  static let webhookRetryAfter = Duration.seconds(60)
  static let webhookLookEvery = Duration.seconds(15)
  /// How often all that channels have set aside for promotions is read, how soon it is looked whether an account's turn has
  /// come, and how long news of one is waited for together with others.
  static let reservePassEvery = Duration.seconds(900)
  static let reserveAgain = Duration.seconds(60)
  static let reserveLookEvery = Duration.seconds(15)
  static let reserveNewsWait = Duration.seconds(2)
  /// Items with news that are kept apart; of more, all of the account are looked at.
  static let reserveItems = 1000
  /// For how long the pool keeps more than the channel before it is given back: it may be an order on its way in.
  static let reserveSettle = Duration.seconds(15)
  /// How long it is kept where the channel does not say when its promotion ends, and at most.
  static let reserveLease = Duration.seconds(7 * 86_400)
  static let longestReserve = Duration.seconds(365 * 86_400)
  /// What the pool takes: promotions in a page, lines in one promotion, units in one line.
  static let promotionPage: Int32 = 1000
  static let promotionLines = 1000
  /// Of a promotion's name, in bytes: what the pool takes, less what a cut character may add.
  static let promotionName = 190
  static let allotment: Int64 = 1_000_000_000

  /// How often it is looked for alerts to tell, and how many go in one message.
  static let alertsEvery = Duration.seconds(1)
  static let alertsInMessage = 100
  /// Pauses between tries of the alert webhook: never given up.
  static let alertBackoff = Backoff(first: .seconds(2), longest: .seconds(300))
  /// How often it is looked for what no single event tells of.
  static let patrolEvery = Duration.seconds(30)
  /// How long it is kept what listings were sent and showed, how much of it is forgotten at once, waits for the store, and
  /// is told at most.
  static let historyKept = Duration.seconds(30 * 86_400)
  static let historyPrunedAtOnce = 5000
  static let historyUnsaved = 10_000
  static let historyTold = 200
  /// How often the store's size is looked at, and the shares of its bound from which on somebody is told, it takes events
  /// again, and all is well again.
  static let storeLookEvery = Duration.seconds(5)
  static let storeFilling = 0.8
  static let storeOpenAgain = 0.95
  static let storeCalm = 0.7
  /// For how long channels may send an event again: three days, and one to be safe.
  static let redeliveredFor = Duration.seconds(4 * 86_400)
  /// Events that are forgotten at once, and how long others have their turn between.
  static let inboxPrunedAtOnce = 500
  static let inboxPrunePause = Duration.milliseconds(100)
  /// How long alerts that have ended are kept.
  static let alertsKept = Duration.seconds(90 * 86_400)
}
