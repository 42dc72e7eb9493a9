import ChannelAdapter
import Foundation
import FulfilmentAPI
import GatewayAPI
import GatewayDomain
import Kit
import MappingAPI
import PointOfSaleChannel
import PoolAPI
import Primitives
import RPCCore
import RPCInProcess
import ReturnsAPI
import StorageSQLite
import Testing

@testable import GatewayService

/// A gateway among fakes, which may be stopped and started again over the same store.
final class GatewayBench: Sendable {
  static let hookURL = "https://hooks.example.com"

  let folder: BenchFolder
  let faults = Faults()
  let pool: FakePool
  let promotions: FakePromotions
  let mapping: FakeMapping
  let fulfilment: FakeFulfilment
  let returns: FakeReturns
  let channel: FakeChannel
  let adapter: FakeAdapter
  let others: [any ChannelAdapter]
  /// How long a till waits for its sales: long enough for any machine, but where they cannot be
  /// taken in.
  let tillWait: Duration
  let zones: ZoneMap

  init(
    _ adapter: FakeAdapter? = nil, others: [any ChannelAdapter] = [],
    zones: ZoneMap = ZoneMap(), tillWait: Duration = .seconds(60),
    clock: any WallClock = SystemClock()
  ) throws {
    self.zones = zones
    folder = try BenchFolder()
    pool = FakePool(faults)
    promotions = FakePromotions(pool, clock: clock)
    mapping = FakeMapping(faults)
    fulfilment = FakeFulfilment(faults)
    returns = FakeReturns(faults)
    let chosen = adapter ?? FakeAdapter(FakeChannel())
    self.adapter = chosen
    channel = chosen.channel
    self.others = others
    self.tillWait = tillWait
  }

  /// A gateway while it runs.
  struct Run: Sendable {
    var gateway: Gateway
    var client: GatewayServiceClient
    var routes: [HTTPRoute]
    var background: BackgroundTasks
    var database: FillableDatabase
    var commits: CommitCounter
    var metrics: Metrics
    /// How far the others have come.
    var sequences: @Sendable () -> (pool: Int64, mapping: Int64)

    func stop() async {
      await background.stop()
      await database.close()
    }
  }

  /// - Parameter adjust: what is set otherwise than usual.
  func start(_ adjust: (inout GatewayConfiguration) -> Void = { _ in }) async throws -> Run {
    let commits = CommitCounter()
    let database = FillableDatabase(
      try SQLiteDatabase(
        path: folder.file("gateway.db"), migrations: GatewayMigrations.all, observer: commits))
    let metrics = Metrics()
    let background = BackgroundTasks(log: .silent, metrics: metrics)
    let transport = InProcessTransport(services: [pool, promotions, mapping, fulfilment, returns])
    let client = RPCClient(transport: transport, timeout: .seconds(120), retry: .never)
    var configuration = GatewayConfiguration(
      database: database, keys: try KeyRing(file: folder.file("gateway.key")),
      registry: AdapterRegistry([adapter, PointOfSaleAdapter()] + others),
      peers: Peers(pool: client, mapping: client, fulfilment: client, returns: client),
      http: FakeHTTP(), publicURL: Self.hookURL, metrics: metrics, log: .silent,
      background: background, zones: zones, tillWait: tillWait)
    adjust(&configuration)
    let gateway = Gateway(configuration)
    try await gateway.start()
    let own = RPCClient(
      transport: InProcessTransport(services: gateway.services), timeout: .seconds(120),
      retry: .never)
    return Run(
      gateway: gateway, client: GatewayServiceClient(own), routes: gateway.routes,
      background: background, database: database, commits: commits, metrics: metrics,
      sequences: { [pool, mapping] in
        (pool.state.withLock { $0.sequence }, mapping.state.withLock { $0.sequence })
      })
  }

  /// Runs a test with a gateway that has one account, and stops it whatever happens.
  func run(_ body: (Run) async throws -> Void) async throws {
    let run = try await start()
    do {
      try await connect(run)
      try await body(run)
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
  }

  func connect(_ run: Run, account: String = "acc", shop: String = "shop-1") async throws {
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: account, channelID: adapter.channelID.text, externalID: shop,
          baseURL: "https://api.example.com",
          credentials: ["secret": "s3cret-\(account)", "token": "token-1"],
          locationID: "MAIN")))
  }

  func connectTill(_ run: Run) async throws {
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Connection(
          accountID: "till", channelID: "till", externalID: "S1",
          credentials: ["token": "till-token"], locationID: "STORE")))
  }

  // MARK: What channels send

  static func signed(_ body: [UInt8], account: String = "acc") -> HTTPRequest {
    let url = Array("\(hookURL)/hooks/fake".utf8)
    let code = HMAC.sha256(key: Array("s3cret-\(account)".utf8), url + body)
    return HTTPRequest(
      method: "POST", path: "/hooks/fake",
      headers: [("content-type", "application/json"), ("x-signature", Hex.encode(code))],
      body: body)
  }

  static func event(
    _ key: String, _ subject: String, kind: String = "order", shop: String = "shop-1",
    time: Int64 = 1
  ) throws -> HTTPRequest {
    signed(
      [UInt8](
        try JSONEncoder().encode(
          FakeAdapter.Body(shop: shop, key: key, kind: kind, subject: subject, time: time))))
  }

  static func post(_ run: Run, _ request: HTTPRequest, suffix: String = "fake") async
    -> HTTPResponse
  {
    var request = request
    request.pathSuffix = suffix
    guard let route = run.routes.first(where: { $0.path == "/hooks/*" }) else {
      return .text(404, "no route")
    }
    return await route.handle(request)
  }

  /// A till's call, answered as JSON.
  static func till(
    _ run: Run, _ method: String, _ path: String, query: String = "", _ json: String = "",
    token: String = "till-token", contentType: String = "application/json"
  ) async throws -> (status: Int, body: [String: Any]) {
    var request = HTTPRequest(
      method: method, path: path, query: query,
      headers: [("authorization", "Bearer \(token)"), ("content-type", contentType)],
      body: Array(json.utf8))
    let route = run.routes.first { $0.path == path }
    let stem = run.routes.first {
      $0.method == method && $0.path.hasSuffix("/*") && path.hasPrefix($0.path.dropLast())
    }
    guard let found = route ?? stem else { return (404, [:]) }
    if route == nil { request.pathSuffix = String(path.dropFirst(found.path.count - 1)) }
    let response = await found.handle(request)
    let object = try JSONSerialization.jsonObject(with: Data(response.body))
    return (response.status, object as? [String: Any] ?? [:])
  }

  func order(
    _ id: String, _ lines: [(String, String, Quantity, Quantity)], time: Int64 = 1,
    state: ChannelOrder.State = .open, saleTime: Timestamp = SystemClock().now(),
    isPickup: Bool = false, pickupPlace: String? = nil
  ) {
    channel.with {
      $0.orders[id] = ChannelOrder(
        externalID: id, state: state,
        lines: lines.map {
          ChannelOrder.Line(
            lineID: $0.0, itemID: $0.1, variationID: "", sellerSKU: "", quantity: $0.2,
            cancelledCount: $0.3)
        }, saleTime: saleTime, updateTime: Timestamp(seconds: time), isPickup: isPickup,
        pickupPlace: pickupPlace)
    }
  }

  /// Nothing waits any more.
  static func settled(_ run: Run) async throws {
    try await eventually("the gateway is settled") {
      let (pool, mapping) = run.sequences()
      guard await run.gateway.planner.sequence >= pool,
        await run.gateway.planner.listingSequence >= mapping
      else { return false }
      let backlog = try await run.client.getBacklog(GetBacklogRequest())
      return backlog.inboxCount == 0 && backlog.pushCount == 0 && backlog.noticeCount == 0
    }
  }
}

/// Waits until something is so. The span is a net only, so that a busy machine never fails a test.
func eventually(
  _ what: String, within span: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
  let deadline = Deadline.after(span)
  while try await !condition() {
    try #require(!deadline.isPast, "not in time: \(what)")
    // Between two looks: what is waited for tells nobody.
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// A folder of a test's own, gone with it.
final class BenchFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/onepool-gateway-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}
