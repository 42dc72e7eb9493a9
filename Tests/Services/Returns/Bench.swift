import FulfilmentAPI
import Kit
import PoolAPI
import Primitives
import RPCCore
import RPCInProcess
import ReturnsAPI
import ReturnsService
import StorageSQLite

/// A returns service in a folder of its own, called as over the wire, beside peers that may be down.
final class Bench: Sendable {
  let clock: ManualClock
  let pool: FakePool
  let fulfilment: FakeFulfilment
  let client: ReturnsServiceClient
  /// How often the pool was tried to be told.
  let tried = FeedSignal()
  let handler: ReturnsHandler
  let database: SQLiteDatabase
  private let folder: TemporaryFolder

  init(over older: Bench? = nil, in given: TemporaryFolder? = nil) throws {
    folder = try older?.folder ?? given ?? TemporaryFolder()
    clock = older?.clock ?? ManualClock()
    pool = older?.pool ?? FakePool()
    fulfilment = older?.fulfilment ?? FakeFulfilment()
    database = try SQLiteDatabase(
      path: folder.file("returns.db"), migrations: ReturnsMigrations.all)
    func peer(_ service: any RPCService) -> RPCClient {
      RPCClient(
        transport: InProcessTransport(services: [service]), timeout: .seconds(60), retry: .never)
    }
    handler = ReturnsHandler(
      database: database, pool: PoolServiceClient(peer(pool)),
      fulfilment: FulfilmentServiceClient(peer(fulfilment)), clock: clock,
      poolWait: .seconds(60), observe: { [tried] _, _ in tried.raise() })
    client = ReturnsServiceClient(peer(handler))
  }

  /// The service after a stop and a start.
  func restarted() async throws -> Bench {
    await database.close()
    return try Bench(over: self)
  }

  /// Runs the outbox's worker until the pool has been told all there is to tell.
  func untilTold() async throws {
    let worker = Task { [handler] in await handler.outbox.run() }
    defer { worker.cancel() }
    while try await handler.outbox.counts().waiting > 0 {
      let seen = tried.latest
      clock.advance(by: OutboxLimits.refusedRetry)
      handler.outbox.wake()
      // A message is ticked off a moment after it was told.
      await tried.wait(past: seen, atMost: .milliseconds(20))
    }
  }

  /// A return: line, SKU, units, the order's line.
  static func order(
    _ id: String, of order: String = "", _ lines: [(String, String, Int64, String)]
  ) -> ReturnOrder {
    ReturnOrder(
      returnID: id, orderID: order,
      lines: lines.map {
        ReturnOrderLine(lineID: $0.0, sku: $0.1, quantity: $0.2, orderLineID: $0.3)
      })
  }

  @discardableResult
  func create(_ order: ReturnOrder, requestID: String = "") async throws -> ReturnOrder {
    try await client.createReturn(
      CreateReturnRequest(returnOrder: order, requestID: requestID)
    ).returnOrder ?? ReturnOrder()
  }

  @discardableResult
  func receive(_ id: String, at location: String = "north") async throws -> ReturnOrder {
    try await client.receiveReturn(
      ReceiveReturnRequest(returnID: id, locationID: location, actor: "eve")
    ).returnOrder ?? ReturnOrder()
  }

  @discardableResult
  func inspect(
    _ id: String, _ lines: [(String, [(Disposition, Int64)])], requestID: String = ""
  ) async throws -> ReturnOrder {
    try await client.inspectReturn(
      InspectReturnRequest(
        returnID: id,
        lines: lines.map { line, disposals in
          LineInspection(
            lineID: line,
            disposals: disposals.map { Disposal(disposition: $0.0, quantity: $0.1) })
        },
        actor: "eve", requestID: requestID)
    ).returnOrder ?? ReturnOrder()
  }

  @discardableResult
  func cancel(_ id: String) async throws -> ReturnOrder {
    try await client.cancelReturn(CancelReturnRequest(returnID: id)).returnOrder ?? ReturnOrder()
  }

  func order(_ id: String) async throws -> ReturnOrder {
    try await client.getReturn(GetReturnRequest(returnID: id)).returnOrder ?? ReturnOrder()
  }

  func allReturns(
    _ request: ListReturnsRequest = ListReturnsRequest()
  ) async throws -> [ReturnOrder] {
    var request = request
    var found: [ReturnOrder] = []
    repeat {
      let page = try await client.listReturns(request)
      found += page.returnOrders
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    return found
  }
}
