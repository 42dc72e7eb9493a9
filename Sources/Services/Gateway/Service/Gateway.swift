public import ChannelAdapter
internal import GatewayAPI
public import GatewayDomain
public import Kit
public import Primitives
public import RPCCore
public import StorageCore

/// What the gateway is built from.
public struct GatewayConfiguration: Sendable {
  public var database: any Database
  public var keys: KeyRing
  public var registry: AdapterRegistry
  public var peers: Peers
  public var http: any ChannelHTTP
  /// Scheme, host and perhaps a path under which channels reach the hooks; without a slash at the
  /// end.
  public var publicURL: String
  public var metrics: Metrics
  public var log: Log
  public var background: BackgroundTasks
  public var clock: any WallClock
  /// Where the merchant's zones are; without any, no channel is asked for an address.
  public var zones: ZoneMap
  /// How long a till waits for its sales to be taken in before they are answered as pending.
  public var tillWait: Duration
  /// Where alerts are posted to; without it they are in the log, in `ListAlerts` and on /metrics alone.
  public var alertWebhook: AlertWebhook?
  /// Events that may wait before it is an alert.
  public var inboxAlertCount = 10_000
  /// What is promised of the time from the pool's commit to a channel's acknowledgement.
  public var lagGoal = LagBudget.Goal(target: .seconds(1), objective: 0.99)
  /// How long events are kept after they were done.
  public var inboxKept = Duration.seconds(30 * 86_400)
  /// The room that the store may take.
  public var storeShare = StoreShare(maximumBytes: 0, freeBytes: 0)
  /// Where the store lies; empty where its disk is not looked at.
  public var storePath = ""
  /// How what channels have set aside for their promotions is kept in the pool.
  public var mirrorMode = MirrorMode.off
  /// The share of acknowledged pushes that are read back where the channel's rate has room for it.
  public var readBackShare = 0.0
  /// Within what all listings of an account are read back once; nil for only when somebody asks.
  public var reconcileSpan: Duration?
  /// What is done about listings that show another number than they should.
  public var driftPolicies = DriftPolicies()
  /// The time between two polls of an account; nil for what its channel advises.
  public var pollInterval: Duration?

  public static let usualTillWait = Duration.seconds(5)

  public init(
    database: any Database, keys: KeyRing, registry: AdapterRegistry, peers: Peers,
    http: any ChannelHTTP, publicURL: String, metrics: Metrics, log: Log,
    background: BackgroundTasks, clock: any WallClock = SystemClock(),
    zones: ZoneMap = ZoneMap(), tillWait: Duration = usualTillWait
  ) {
    self.database = database
    self.keys = keys
    self.registry = registry
    self.peers = peers
    self.http = http
    self.publicURL = publicURL
    self.metrics = metrics
    self.log = log
    self.background = background
    self.clock = clock
    self.zones = zones
    self.tillWait = tillWait
  }
}

/// The gateway, wired: what it answers and what runs in it.
public final class Gateway: Sendable {
  let registry: AdapterRegistry
  let peers: Peers
  let keys: KeyRing
  let store: GatewayStore
  let directory = AccountDirectory()
  let planner = StockPlanner()
  let intake = WorkScheduler()
  let alerts: AlertBook
  let lag: LagBook
  let worker: IntakeWorker
  let notices: NoticeWorker
  let teller: AlertTeller
  let patrol: AlertPatrol
  let reconciler = Reconciler()
  let authorisations: PendingAuthorisations
  let storePatrol: StorePatrol
  /// By channel: of those that tell what they set aside.
  let mirrors: [ChannelID: PromotionMirror]
  let catchUps: CatchUps
  var log: Log { configuration.log }
  private let configuration: GatewayConfiguration
  private let counts: GatewayMetrics
  private let reconcileCounts: ReconcileMetrics
  private let channelsChanged = FeedSignal()

  public init(_ configuration: GatewayConfiguration) {
    self.configuration = configuration
    registry = configuration.registry
    peers = configuration.peers
    keys = configuration.keys
    store = GatewayStore(database: configuration.database, clock: configuration.clock)
    counts = GatewayMetrics(configuration.metrics)
    reconcileCounts = ReconcileMetrics(configuration.metrics)
    lag = LagBook(goal: configuration.lagGoal, clock: configuration.clock)
    alerts = AlertBook(store: store, log: configuration.log)
    teller = AlertTeller(
      store: store, webhook: configuration.alertWebhook, publicURL: configuration.publicURL,
      metrics: configuration.metrics, log: configuration.log)
    patrol = AlertPatrol(
      store: store, alerts: alerts, inboxCount: configuration.inboxAlertCount,
      lag: LagWatch(
        lag: lag, alerts: alerts, clock: configuration.clock, metrics: configuration.metrics),
      directory: directory, log: configuration.log)
    authorisations = PendingAuthorisations(clock: configuration.clock)
    storePatrol = StorePatrol(
      store: store, alerts: alerts, share: configuration.storeShare,
      path: configuration.storePath, kept: configuration.inboxKept, log: configuration.log)
    mirrors = Self.mirrors(configuration, directory, planner, alerts)
    catchUps = CatchUps(
      store: store, intake: intake,
      judge: CatchUpJudge(store: store, pool: configuration.peers.pool), log: configuration.log)
    worker = IntakeWorker(
      store: store, directory: directory, peers: peers, planner: planner, intake: intake,
      alerts: alerts, metrics: counts, zones: configuration.zones, line: catchUps.line,
      log: configuration.log)
    notices = NoticeWorker(
      store: store, directory: directory,
      scheduler: WorkScheduler(
        WorkScheduler.Limits(
          atOnce: GatewayLimits.noticesAtOnce,
          ofAccountAtOnce: GatewayLimits.noticesOfAccountAtOnce)), intake: intake, alerts: alerts,
      log: configuration.log)
  }

  private static func mirrors(
    _ configuration: GatewayConfiguration, _ directory: AccountDirectory, _ planner: StockPlanner,
    _ alerts: AlertBook
  ) -> [ChannelID: PromotionMirror] {
    guard let strategy = configuration.mirrorMode.strategy else { return [:] }
    let channels = mirroredChannels(configuration)
    let surroundings = PromotionMirror.Surroundings(
      directory: directory, planner: planner, promotions: configuration.peers.promotions,
      alerts: alerts, clock: configuration.clock, log: configuration.log, strategy: strategy)
    return Dictionary(
      uniqueKeysWithValues: channels.map { ($0, PromotionMirror($0, surroundings)) })
  }

  private static func mirroredChannels(_ configuration: GatewayConfiguration) -> [ChannelID] {
    configuration.registry.channelIDs.filter {
      configuration.registry[$0] is any ReservedStockReading
    }
  }

  public var services: [any RPCService] { [GatewayHandler(gateway: self)] }

  private var hooks: HookHandler {
    HookHandler(
      registry: registry, directory: directory, store: store, intake: intake,
      publicURL: configuration.publicURL, metrics: counts, lag: lag, mirrors: mirrors,
      log: configuration.log)
  }

  var lostEvents: LostEventCollector {
    LostEventCollector(directory: directory, hooks: hooks, log: configuration.log)
  }

  public var routes: [HTTPRoute] {
    let till = TillHandler(
      directory: directory, store: store, intake: intake, worker: worker, pool: peers.pool,
      wait: configuration.tillWait, metrics: counts, lag: lag, log: configuration.log)
    return [hooks.route, AuthorisationPages(handler: GatewayHandler(gateway: self)).route]
      + till.routes
  }

  /// Loads what is connected and starts the loops.
  public func start() async throws {
    try await resealIfNeeded()
    let connections = try await store.connections(keys)
    await catchUps.expect(
      connections.map(\.account).filter { registry[$0.channelID] is any OrderPolling }
        .map(\.accountID))
    try await catchUps.resume()
    for connection in connections {
      guard let adapter = registry[connection.account.channelID] else {
        configuration.log.error(
          "an account's channel is not supported any more",
          ["account": connection.account.accountID, "channel": connection.account.channelID])
        continue
      }
      try await restore(connection, adapter)
    }
    let background = configuration.background
    await background.start("listing watch") { [self] in
      try await ListingWatch(
        mapping: peers.mapping, planner: planner, worker: worker, loop: loop("listings")
      ).run()
    }
    await background.start("availability watch") { [self] in
      try await AvailabilityWatch(
        pool: peers.pool, planner: planner, directory: directory,
        channelsChanged: channelsChanged, loop: loop("availability")
      ).run()
    }
    await background.start("order watch") { [self] in
      try await OrderWatch(
        fulfilment: peers.fulfilment, store: store, notices: notices, loop: loop("orders")
      ).run()
    }
    await background.start("return watch") { [self] in
      try await ReturnWatch(
        returns: peers.returns, store: store, notices: notices, loop: loop("returns")
      ).run()
    }
    await background.start("alerts") { [self] in await teller.run() }
    await background.start("store") { [self] in await storePatrol.run() }
    await background.start("patrol") { [self] in await patrol.run() }
    await background.start("lag") { [self] in
      await LagReporter(pool: peers.pool, lag: lag, log: configuration.log).run()
    }
    await background.start("webhooks") { [self] in
      await WebhookKeeper(
        directory: directory, alerts: alerts, publicURL: configuration.publicURL,
        log: configuration.log
      ).run()
    }
    await background.start("lost events") { [self] in await lostEvents.run() }
    await startMirrors(background)
    await background.start("catch-up") { [self] in
      await catchUps.run { await self.loadMore() }
    }
    await background.start("notices") { [self] in await notices.run() }
    await background.start("intake") { [self] in
      try await loadInbox()
      await intake.run(worker.work) { [self] in await loadMore() }
    }
  }

  private func startMirrors(_ background: BackgroundTasks) async {
    for (channelID, mirror) in mirrors {
      await background.start("promotions \(channelID)") { await mirror.run() }
    }
    guard mirrors.isEmpty else { return }
    await background.start("promotions' end") { [self] in
      try await MirrorEnd(
        channelIDs: Self.mirroredChannels(configuration),
        promotions: configuration.peers.promotions, alerts: alerts, log: configuration.log
      ).run()
    }
  }

  /// A change of key that was cut off, or a new key that was given, is brought to its end.
  private func resealIfNeeded() async throws {
    guard keys.hasOldKeys else { return }
    let keys = keys
    let (_, box) = try await store.write { try $0.reseal(keys) }
    dropKeys(olderThan: box)
  }

  /// When the file cannot be written, the old keys stay until the next start: they only open, and open nothing.
  func dropKeys(olderThan box: SecretBox) {
    do {
      try keys.dropKeys(olderThan: box)
    } catch {
      log.error("old keys could not be dropped", ["error": "\(error)"])
    }
  }

  private func loop(_ name: String) -> WatchLoop {
    WatchLoop(name: name, metrics: counts, log: configuration.log)
  }

  /// Takes up what was stored and not done when the gateway stopped.
  private func loadInbox() async throws {
    var after: Int64 = 0
    while true {
      let page = try await store.openEvents(after: after, limit: GatewayLimits.storePage)
      for event in page {
        await intake.submit(
          WorkScheduler.Job(id: event.inboxID, accountID: event.accountID, key: event.key))
      }
      guard let last = page.last, page.count == GatewayLimits.storePage,
        await !intake.hasOverflowed
      else { return }
      after = last.inboxID
    }
  }

  private func loadMore() async {
    var attempt = 0
    while !Task.isCancelled {
      do {
        return try await loadInbox()
      } catch {
        configuration.log.error("the inbox could not be read", ["error": "\(error)"])
        attempt += 1
        // It ends early only when all ends.
        try? await Task.sleep(for: GatewayLimits.peerBackoff.pause(attempt: attempt))
      }
    }
  }

  // MARK: Accounts

  /// Where a channel sends a merchant back to.
  func redirectURL(_ channelID: ChannelID) -> String {
    "\(configuration.publicURL)/oauth/\(channelID)/callback"
  }

  /// The way to the channel of an account that may not be connected yet.
  func api(of account: ChannelAccount) -> ChannelAPI {
    ChannelAPI(account: account, http: configuration.http, clock: configuration.clock)
  }

  /// Takes a connection into use; a known account goes on with what is wanted of it.
  func connect(
    _ connection: ConnectionRow, wanted: ConnectionRow, _ adapter: any ChannelAdapter
  ) async {
    let (session, isNew) = await directory.connect(connection, adapter, sessionSurroundings)
    guard isNew else { return await session.update(wanted) }
    await startPusher(session, [])
    await startPolling(session, wasAway: false)
  }

  private func restore(
    _ connection: ConnectionRow, _ adapter: any ChannelAdapter
  ) async throws {
    let (session, _) = await directory.connect(connection, adapter, sessionSurroundings)
    await session.endOldAlerts()
    await startPusher(session, try await store.pushes(of: connection.account.accountID))
    await startPolling(session, wasAway: true)
  }

  private func startPolling(_ session: AccountSession, wasAway: Bool) async {
    guard let adapter = session.adapter as? any OrderPolling else { return }
    let poller = OrderPoller(store: store, metrics: counts, log: configuration.log)
    let polls = AccountPolls(
      session: session, adapter: adapter, wasAway: wasAway, interval: configuration.pollInterval,
      poller: poller, catchUps: catchUps, intake: intake, alerts: alerts)
    await configuration.background.start("poll \(session.accountID)") { await polls.run() }
    let sweeps = AccountSweeps(
      session: session, adapter: adapter, poller: poller, gate: catchUps.gate, intake: intake)
    await configuration.background.start("sweep \(session.accountID)") { await sweeps.run() }
  }

  private func startPusher(_ session: AccountSession, _ rows: [PushRow]) async {
    let pusher = AccountPusher(
      session,
      AccountPusher.Surroundings(
        store: store, intake: intake, alerts: alerts, metrics: counts, lag: lag,
        gate: catchUps.gate, readBackShare: configuration.readBackShare,
        keepsTouched: configuration.reconcileSpan != nil, log: configuration.log))
    await pusher.restore(rows)
    await configuration.background.start("push \(session.accountID)") { await pusher.run() }
    await planner.add(pusher, maximum: session.adapter.traits.maximumQuantity)
    await startReconciling(pusher)
    channelsChanged.raise()
  }

  private func startReconciling(_ pusher: AccountPusher) async {
    let planner = planner
    let worker = AccountReconciler(
      AccountReconciler.Surroundings(
        pusher: pusher, store: store, intake: intake,
        plan: Reconciler.Plan(
          span: configuration.reconcileSpan, policies: configuration.driftPolicies),
        metrics: reconcileCounts, log: configuration.log, isReady: { await planner.isReady }))
    await reconciler.add(worker)
    await configuration.background.start("reconcile \(pusher.accountID)") { await worker.run() }
  }

  private var sessionSurroundings: AccountSession.Surroundings {
    AccountSession.Surroundings(
      http: configuration.http, store: store, keys: keys, alerts: alerts, metrics: counts,
      log: configuration.log, background: configuration.background,
      wantsAddresses: !configuration.zones.isEmpty)
  }
}
