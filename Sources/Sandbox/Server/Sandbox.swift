public import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore
internal import StorageSQLite

/// One process that behaves like Shopee, Lazada, Shopify, WooCommerce, TikTok Shop, Square and
/// Loyverse towards integrators: their APIs
/// below `/shopee`, `/lazada`, `/shopify/<shop domain>`, `/woocommerce/<site>`, `/tiktok`, `/square` and `/loyverse`, signed events to the shops'
/// hooks, stock of its own.
public struct Sandbox: Sendable {
  /// What it reads from the environment beside the common settings.
  public static let settings: [any AnySetting] = [retryPace, controlFrom, scenarioPath]

  static let retryPace = Setting<Double>(
    "ONEPOOL_SANDBOX_RETRY_PACE", "factor on the platforms' pauses between tries of an event",
    default: "0.001", allowed: "a number from 0.00001 to 1"
  ) { text in Double(text).flatMap { (0.000_01...1).contains($0) ? $0 : nil } }

  enum ControlCallers: String, CaseIterable, Sendable { case loopback, anywhere }

  static let controlFrom = Setting<ControlCallers>.choice(
    "ONEPOOL_SANDBOX_CONTROL_FROM", "who may use the control API", default: .loopback)

  static let scenarioPath = Setting<String?>(
    "ONEPOOL_SANDBOX_SCENARIO", "scenario that is played from the start", default: "",
    allowed: "a JSON file's path"
  ) { text in .some(text.isEmpty ? nil : text) }

  let platform: Platform
  let control: ControlAPI
  let player: ScenarioPlayer

  /// Opens or makes the store.
  static func open(
    path: String, sender: @autoclosure () -> any EventSender, clock: any WallClock, log: Log,
    pace: Double,
    isOpen: Bool, observer: (any StorageObserver)? = nil,
    ticks: @escaping @Sendable () -> Int64 = monotonicNanoseconds
  ) async throws -> Sandbox {
    // A real platform would not sync its files to the seller's disk: those are left to the
    // services.
    let database = try SQLiteDatabase(
      path: path, migrations: SandboxMigrations.all, durability: .process, observer: observer)
    let pump = DeliveryPump(
      database: database, sender: sender(), clock: clock, log: log, pace: pace)
    let platform = Platform(
      database: database, faults: FaultDesk(ticks: ticks), pump: pump, clock: clock)
    let control = ControlAPI(platform: platform, isOpen: isOpen)
    let sandbox = Sandbox(
      platform: platform, control: control,
      player: ScenarioPlayer(control: control, clock: clock, log: log))
    try await sandbox.control.loadFaults()
    try await pump.resume()
    return sandbox
  }

  private init(platform: Platform, control: ControlAPI, player: ScenarioPlayer) {
    self.platform = platform
    self.control = control
    self.player = player
  }

  var routes: [HTTPRoute] {
    [
      ShopeePlatform(platform: platform).route, LazadaPlatform(platform: platform).route,
      ShopifyPlatform(platform: platform).route, TikTokPlatform(platform: platform).route,
      WooCommercePlatform(platform: platform).route, SquarePlatform(platform: platform).route,
      LoyversePlatform(platform: platform).route,
    ] + control.routes + control.routes(of: player)
  }

  /// What its Main runs.
  public static func parts(_ context: ServiceContext) async throws -> ServiceParts {
    let sandbox = try await open(
      path: context.storePath, sender: HTTPSender(), clock: SystemClock(), log: context.log,
      pace: context.settings[retryPace], isOpen: context.settings[controlFrom] == .anywhere,
      observer: context.storageObserver)
    if let path = context.settings[scenarioPath] {
      try await sandbox.player.begin(try Scenario.read(path: path))
    }
    return ServiceParts(
      routes: sandbox.routes, databases: [sandbox.platform.database],
      background: [
        ("deliveries", { try await sandbox.platform.pump.run() }),
        ("scenario", { await sandbox.player.run() }),
      ])
  }
}
