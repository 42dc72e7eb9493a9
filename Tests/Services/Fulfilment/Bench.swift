import FulfilmentAPI
import FulfilmentService
import Kit
import PoolAPI
import Primitives
import RPCCore
import RPCInProcess
import StorageCore
import StorageSQLite

/// A fulfilment service in a folder of its own, called as over the wire, beside a pool that may be down.
final class Bench: Sendable {
  let clock: ManualClock
  let pool: FakePool
  let client: FulfilmentServiceClient
  /// How often the pool was tried to be told.
  let tried = FeedSignal()
  let handler: FulfilmentHandler
  let database: SQLiteDatabase
  private let folder: TemporaryFolder

  init(over older: Bench? = nil, migrations: [Migration] = FulfilmentMigrations.all) throws {
    folder = try older?.folder ?? TemporaryFolder()
    clock = older?.clock ?? ManualClock()
    pool = older?.pool ?? FakePool()
    database = try SQLiteDatabase(
      path: folder.file("fulfilment.db"), migrations: migrations)
    let poolClient = RPCClient(
      transport: InProcessTransport(services: [pool]), timeout: .seconds(60), retry: .never)
    handler = FulfilmentHandler(
      database: database, pool: PoolServiceClient(poolClient), clock: clock,
      poolWait: .seconds(60), observe: { [tried] _, _ in tried.raise() })
    client = FulfilmentServiceClient(
      RPCClient(
        transport: InProcessTransport(services: [handler]), timeout: .seconds(60), retry: .never))
  }

  /// The service after a stop and a start.
  func restarted() async throws -> Bench {
    await database.close()
    return try Bench(over: self)
  }

  /// Runs `body` while the outbox's worker runs.
  func whileWorking<T: Sendable>(_ body: () async throws -> T) async throws -> T {
    let worker = Task { [handler] in await handler.outbox.run() }
    defer { worker.cancel() }
    return try await body()
  }

  /// Waits until the pool has been told all there is to tell.
  func untilTold() async throws {
    while true {
      let seen = tried.latest
      guard try await handler.outbox.counts().waiting > 0 else { return }
      // A message is ticked off a moment after it was told.
      await tried.wait(past: seen, atMost: .milliseconds(20))
    }
  }

  /// An order of `shop`: line, SKU, units.
  static func order(
    _ external: String, _ lines: [(String, String, Int64)], handedOver: Bool = false
  ) -> Order {
    Order(
      orderID: "shop/\(external)", accountID: "shop", channelID: "shopee", externalID: external,
      lines: lines.map { OrderLine(lineID: $0.0, sku: $0.1, quantity: $0.2) },
      handedOver: handedOver)
  }

  @discardableResult
  func create(_ order: Order, requestID: String = "") async throws -> Order {
    try await client.createOrder(CreateOrderRequest(order: order, requestID: requestID)).order
      ?? Order()
  }

  /// Brings an order to a state by the calls that lead there.
  func bring(_ id: String, to state: Order.State) async throws {
    if state == .cancelled {
      _ = try await client.cancelOrder(CancelOrderRequest(orderID: id))
    }
    if [.picked, .packed, .shipped].contains(state) {
      _ = try await client.pickOrder(PickOrderRequest(orderID: id, actor: "eve"))
    }
    if [.packed, .shipped].contains(state) {
      _ = try await client.packOrder(PackOrderRequest(orderID: id))
    }
    if state == .shipped { try await ship(id) }
  }

  @discardableResult
  func ship(_ id: String, _ number: String = "T1") async throws -> Order {
    try await client.shipOrder(ShipOrderRequest(orderID: id, trackingNumber: number)).order
      ?? Order()
  }

  func order(_ id: String) async throws -> Order {
    try await client.getOrder(GetOrderRequest(orderID: id)).order ?? Order()
  }

  func allOrders(_ request: ListOrdersRequest = ListOrdersRequest()) async throws -> [Order] {
    var request = request
    var found: [Order] = []
    repeat {
      let page = try await client.listOrders(request)
      found += page.orders
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    return found
  }
}
