import Dispatch
import Foundation
import Kit
import PoolAPI
import Primitives
import RPCCore
import RPCInProcess
import StorageCore
import Synchronization
import Testing

@testable import PoolDomain
@testable import PoolService

/// A pool service on a real store in a folder of its own, with a clock that stands still.
///
/// `@unchecked Sendable`: `server` and `client` change in `restart` only, while the test makes no
/// other call.
final class Bench: @unchecked Sendable {
  static let start = Timestamp(seconds: 1_800_000_000)

  let folder: URL
  let clock: ManualClock
  let limit = PageLimit()
  private(set) var server: PoolServer
  private(set) var client: PoolServiceClient
  private(set) var inbound: InboundServiceClient
  private(set) var counts: CountServiceClient
  private(set) var assortment: AssortmentServiceClient

  var promotions: PromotionServiceClient {
    PromotionServiceClient(
      RPCClient(
        transport: InProcessTransport(services: [PromotionServer(server)]), timeout: .seconds(60)))
  }

  /// How a test makes the disk fail.
  ///
  /// `@unchecked Sendable`: its variables are read and written under its lock.
  final class PageLimit: @unchecked Sendable {
    private let lock = NSLock()
    private var pages = 0
    private var isBroken = false
    /// The most pages that the writer's connection may use once it is opened again; 0 is no bound.
    var value: Int {
      get { lock.withLock { pages } }
      set { lock.withLock { pages = newValue } }
    }
    /// Whether the store can be opened again by the writer.
    var refusesOpening: Bool {
      get { lock.withLock { isBroken } }
      set { lock.withLock { isBroken = newValue } }
    }
  }

  let salesInMemory: Int

  init(clock: ManualClock = ManualClock(Bench.start), salesInMemory: Int = 100_000) throws {
    self.salesInMemory = salesInMemory
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("onepool-pool-\(UUID().uuidString)")
    self.clock = clock
    server = try Self.serve(folder, clock, limit, salesInMemory)
    client = Self.client(server)
    inbound = InboundServiceClient(Self.rpcClient(server))
    counts = CountServiceClient(Self.rpcClient(server))
    assortment = AssortmentServiceClient(Self.rpcClient(server))
  }

  var path: String { folder.appendingPathComponent("pool.db").path }

  static func serve(
    _ folder: URL, _ clock: ManualClock, _ limit: PageLimit, _ salesInMemory: Int = 100_000,
    observer: any StorageObserver = SilentStorage(), log: Log = .silent
  ) throws -> PoolServer {
    try PoolServer(
      path: folder.appendingPathComponent("pool.db").path, salesInMemory: salesInMemory,
      clock: clock, metrics: Metrics(), log: log, observer: observer
    ) { (store: PoolStore) throws(StorageError) in
      if limit.refusesOpening { throw .full(path: store.connection.path) }
      guard limit.value > 0 else { return }
      try store.connection.execute(script: "PRAGMA max_page_count = \(limit.value)")
    }
  }

  static func client(_ server: PoolServer) -> PoolServiceClient {
    PoolServiceClient(rpcClient(server))
  }

  static func rpcClient(_ server: PoolServer) -> RPCClient {
    RPCClient(transport: InProcessTransport(services: server.services), timeout: .seconds(60))
  }

  /// Stops the service in good order and starts another on the same store.
  func restart(
    observer: any StorageObserver = SilentStorage(), log: Log = .silent
  ) async throws {
    await server.close()
    server = try Self.serve(folder, clock, limit, salesInMemory, observer: observer, log: log)
    client = Self.client(server)
    inbound = InboundServiceClient(Self.rpcClient(server))
    counts = CountServiceClient(Self.rpcClient(server))
    assortment = AssortmentServiceClient(Self.rpcClient(server))
  }

  func end() async {
    await server.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// A location A and SKUs, each with units there.
  func stock(_ skus: [String: Int64]) async throws {
    _ = try await client.setLocation(.init(location: .init(locationID: "A", rank: 1)))
    _ = try await client.setLocation(.init(location: .init(locationID: "B", rank: 2)))
    for (sku, units) in skus.sorted(by: { $0.key < $1.key }) {
      _ = try await client.setSku(.init(sku: .init(sku: sku)))
      if units > 0 { try await receive(sku, units) }
    }
  }

  func receive(_ sku: String, _ units: Int64) async throws {
    _ = try await client.receiveStock(
      .init(lines: [.init(sku: sku, locationID: "A", quantity: units)]))
  }

  @discardableResult
  func sell(
    _ order: String, _ units: Int64, of sku: String = "TEE", requestID: String = ""
  ) async throws -> RecordSaleResponse {
    try await client.recordSale(
      .init(
        orderID: order, channelID: "shopee",
        lines: [.init(lineID: "1", sku: sku, quantity: units)], requestID: requestID))
  }

  func hold(
    _ id: String, _ units: Int64, seconds: Int64 = 60, by owner: String? = nil,
    requestID: String = ""
  ) async throws -> CreateHoldResponse {
    try await client.createHold(
      .init(
        holdID: id, owner: owner ?? "owner of \(id)", lines: [.init(sku: "TEE", quantity: units)],
        expireTime: clock.now() + .seconds(seconds), requestID: requestID))
  }

  func available(_ sku: String = "TEE") async throws -> Int64 {
    try await client.getAvailability(.init(sku: sku)).availableCount
  }

  /// Everything that the pool knows, read again from a copy of the files as they are at this
  /// moment.
  func stateOfCopy() throws -> PoolState {
    let copy = folder.appendingPathComponent("copy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: path + suffix, toPath: copy.appendingPathComponent("pool.db").path + suffix)
    }
    let live = try LivePool(
      path: copy.appendingPathComponent("pool.db").path, salesInMemory: 100_000
    ) {
      (_: PoolStore) throws(StorageError) in
    }
    defer { live.close() }
    return live.pool.state
  }
}

extension Bench {
  /// Everything that the pool knows, asked on the writer's own thread.
  func stateInMemory() async -> PoolState {
    await withCheckedContinuation { continuation in
      let job = StateJob(continuation)
      if server.writer.queue.push(job) != .taken { Issue.record("the writer takes no jobs") }
    }
  }
}

extension Bench {
  /// Sets what an operator allows, on the writer's own thread.
  func setCaps(_ caps: HoldCaps) async {
    await withCheckedContinuation { continuation in
      _ = server.writer.queue.push(CapsJob(caps, continuation))
    }
  }
}

private final class CapsJob: WriterJob {
  private let caps: HoldCaps
  private let continuation: CheckedContinuation<Void, Never>

  init(_ caps: HoldCaps, _ continuation: CheckedContinuation<Void, Never>) {
    self.caps = caps
    self.continuation = continuation
  }

  func decide(_ live: LivePool) { live.pool.holdCaps = caps }
  func answer(_ failure: PoolError?) { continuation.resume() }
}

/// `@unchecked Sendable`: made by the test, and used by the writer's thread alone once it is
/// queued.
private final class StateJob: WriterJob, @unchecked Sendable {
  private let continuation: CheckedContinuation<PoolState, Never>
  private var state: PoolState?

  init(_ continuation: CheckedContinuation<PoolState, Never>) {
    self.continuation = continuation
  }

  func decide(_ live: LivePool) { state = live.pool.state }

  func answer(_ failure: PoolError?) {
    continuation.resume(returning: state ?? Pool().state)
  }
}

struct SilentStorage: StorageObserver {
  func committed(writes: Int, in span: Duration) {}
  func healthChanged(to health: StorageHealth, path: String) {}
}

/// A job that keeps the writer busy for as long as the test wants.
///
/// `Sendable` by its parts: the semaphores are the only state.
final class Block: WriterJob {
  private let entered = DispatchSemaphore(value: 0)
  private let mayEnd = DispatchSemaphore(value: 0)

  func decide(_ live: LivePool) {
    entered.signal()
    mayEnd.wait()
  }

  func answer(_ failure: PoolError?) {}

  /// Returns once the writer stands still.
  func begin(on bench: Bench) {
    _ = bench.server.writer.queue.push(self)
    entered.wait()
  }

  /// May be called again.
  func end() { mayEnd.signal() }
}

/// Counts the rows of each commit.
final class CommitCounter: StorageObserver {
  let writes = Mutex<[Int]>([])
  func committed(writes count: Int, in span: Duration) { writes.withLock { $0.append(count) } }
  func healthChanged(to health: StorageHealth, path: String) {}
}

/// Passes on what a store tells of its health.
struct HealthTeller: StorageObserver {
  let healths: AsyncStream<StorageHealth>
  private let continuation: AsyncStream<StorageHealth>.Continuation

  init() {
    (healths, continuation) = AsyncStream.makeStream(of: StorageHealth.self)
  }

  func committed(writes: Int, in span: Duration) {}
  func healthChanged(to health: StorageHealth, path: String) { continuation.yield(health) }

  /// Returns once the store takes writes again.
  func untilHealthy() async {
    for await health in healths where health.isHealthy { break }
  }
}

/// Runs `body` with a bench and clears up behind it.
func withBench(_ body: (Bench) async throws -> Void) async throws {
  let bench = try Bench()
  do {
    try await body(bench)
  } catch {
    await bench.end()
    throw error
  }
  await bench.end()
}

/// Expects an error with this code, reason, metadata, and paths of fields.
func expectError(
  _ code: RPCCode, _ reason: String, _ metadata: [String: String]? = nil,
  violations: [String]? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Void
) async {
  do {
    try await body()
    Issue.record("expected \(code.name)/\(reason)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.reason == reason, "\(error)", sourceLocation: sourceLocation)
    #expect(error.domain == "pool.onepool", sourceLocation: sourceLocation)
    if let metadata {
      #expect(error.metadata == metadata, "\(error)", sourceLocation: sourceLocation)
    }
    if let violations {
      #expect(
        error.violations.map(\.field) == violations, "\(error)", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("unexpected \(error)", sourceLocation: sourceLocation)
  }
}
