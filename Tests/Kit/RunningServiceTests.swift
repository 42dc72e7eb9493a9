import Foundation
import FoundationNetworking
import Glibc
import Primitives
import RPCCore
import RPCHTTP2
import StorageCore
import StorageSQLite
import Synchronization
import Testing

@testable import Kit

/// A whole service in this process: what its neighbours and its operator see of it.
@Suite(.timeLimit(.minutes(1))) struct RunningServiceTests {
  let folder = NSTemporaryDirectory() + "onepool-\(UUID().uuidString)"

  /// What happened, in order.
  final class Events: Sendable {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    func add(_ event: String) { kept.withLock { $0.append(event) } }
  }

  final class Switch: Sendable {
    let problem = Mutex<String?>(nil)
  }

  func settings(_ listen: String = "127.0.0.1:0") throws -> Settings {
    try Settings(
      program: "onepool-test", about: "a test", version: "1",
      declared: CommonSettings.all(listen: "127.0.0.1:0"),
      environment: [
        "ONEPOOL_LISTEN": listen, "ONEPOOL_DATA": folder, "ONEPOOL_LOG_LEVEL": "error",
        "ONEPOOL_DRAIN_SECONDS": "5", "ONEPOOL_LOOPS": "1",
      ], arguments: [])
  }

  func get(_ service: RunningService, _ path: String) async throws -> (status: Int, body: String) {
    let url = try #require(URL(string: "http://\(service.address)\(path)"))
    let (data, response) = try await URLSession.shared.data(from: url)
    let status = try #require(response as? HTTPURLResponse).statusCode
    return (status, String(decoding: data, as: UTF8.self))
  }

  @Test func neighboursSeeHealthReadinessAndMetrics() async throws {
    let trouble = Switch()
    let service = try await RunningService(name: "test", settings: settings()) { context in
      ServiceParts(checks: [
        HealthCheck("peer") { trouble.problem.withLock { $0 } }
      ])
    }
    #expect(try await get(service, "/healthz").body == #"{"problems":{},"status":"ok"}"# + "\n")
    #expect(try await get(service, "/readyz").status == 200)
    let metrics = try await get(service, "/metrics")
    #expect(metrics.status == 200 && metrics.body.contains("process_open_fds"))
    trouble.problem.withLock { $0 = "is away" }
    let health = try await get(service, "/healthz")
    #expect(health.status == 200 && health.body.contains(#""status":"degraded""#))
    let ready = try await get(service, "/readyz")
    #expect(ready.status == 503 && ready.body.contains(#""peer":"is away""#))
    await service.drain(because: SIGTERM)
  }

  @Test func adviceShowsInHealthOnly() async throws {
    let service = try await RunningService(name: "test", settings: settings()) { context in
      ServiceParts(checks: [HealthCheck("clock", isAdvice: true) { "is behind" }])
    }
    let health = try await get(service, "/healthz")
    #expect(health.body.contains(#""status":"degraded""#) && health.body.contains("is behind"))
    #expect(try await get(service, "/readyz").status == 200)
    await service.drain(because: SIGTERM)
  }

  @Test func healthServiceAndReflectionAnswer() async throws {
    let service = try await RunningService(name: "test", settings: settings()) { _ in
      ServiceParts()
    }
    let transport = try HTTP2ClientTransport(target: service.address)
    let client = HealthClient(RPCClient(transport: transport))
    #expect(try await client.check(HealthCheckRequest()).status == .serving)
    await transport.close()
    await service.drain(because: SIGTERM)
  }

  /// Goal: a store that takes no writes shows as not ready, and its path shows nowhere.
  @Test func unhealthyStoreIsNotReady() async throws {
    let path = folder + "/test.db"
    let service = try await RunningService(name: "test", settings: settings()) { context in
      ServiceParts(databases: [SickDatabase(path: context.storePath)])
    }
    let ready = try await get(service, "/readyz")
    #expect(ready.status == 503 && ready.body.contains("takes no writes"))
    #expect(!ready.body.contains(path))
    await service.drain(because: SIGTERM)
  }

  /// Goal: the end has its order: loops, what the service wants, stores; and the port is free after it.
  @Test func drainEndsEverythingInOrder() async throws {
    let events = Events()
    let service = try await RunningService(name: "test", settings: settings()) { _ in
      ServiceParts(
        databases: [ClosingDatabase(events: events)],
        background: [
          (
            "loop",
            {
              do {
                try await Task.sleep(for: .seconds(3600))
              } catch {
                events.add("loop ended")
                throw error
              }
            }
          )
        ],
        onDrain: [{ events.add("drained") }])
    }
    let address = service.address
    await service.drain(because: SIGTERM)
    #expect(events.all == ["loop ended", "drained", "closed"])
    let next = try await RunningService(name: "test", settings: settings(address)) { _ in
      ServiceParts()
    }
    await next.drain(because: SIGINT)
  }

  @Test func busyPortIsToldWithItsAddress() async throws {
    let service = try await RunningService(name: "test", settings: settings()) { _ in
      ServiceParts()
    }
    do {
      _ = try await RunningService(name: "test", settings: settings(service.address)) { _ in
        ServiceParts()
      }
      Issue.record("the port was taken twice")
    } catch {
      #expect("\(error)".contains(service.address), "\(error)")
      #expect("\(error)".contains("in use"), "\(error)")
    }
    await service.drain(because: SIGTERM)
  }

  @Test func keysAreKeptInTheDataFolderUnlessGiven() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let context = ServiceContext(
      name: "test", settings: try settings(), log: .silent, metrics: Metrics())
    let sealed = try context.keyRing([]).box.seal([1, 2, 3], context: "a")
    let again = ServiceContext(
      name: "test", settings: try settings(), log: .silent, metrics: Metrics())
    #expect(try again.keyRing([]).box.open(sealed, context: "a") == [1, 2, 3])
    let given = try again.keyRing([Secret(Array(repeating: 9, count: 32))])
    #expect(throws: SecretBox.Failure.altered) { try given.box.open(sealed, context: "a") }
    #expect(throws: KeyRing.NotOurs.self) { try given.addKey() }
    #expect(FileManager.default.fileExists(atPath: folder + "/test.key"))
  }

  /// Goal: a repeated request gets its first answer's bytes; another body under its ID is refused.
  @Test func handlersAnswerARepeatAsTheFirstTime() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let database = try SQLiteDatabase(
      path: folder + "/once.db", migrations: [Migration.requests(1)])
    let request = HealthCheckRequest(service: "a")
    let first = try await database.once(request, requestID: "r1", until: .never) { _ in
      HealthCheckResponse(status: .serving)
    }
    let second = try await database.once(request, requestID: "r1", until: .never) { _ in
      HealthCheckResponse(status: .notServing)
    }
    #expect(first == HealthCheckResponse(status: .serving) && second == first)
    await #expect(throws: StorageError.requestIDReused("r1")) {
      try await database.once(
        HealthCheckRequest(service: "b"), requestID: "r1", until: .never
      ) { _ in HealthCheckResponse() }
    }
    await database.close()
  }
}

/// A store that takes no writes.
struct SickDatabase: Database {
  var path: String
  var health: StorageHealth { .unhealthy(reason: "no room left on the disk of \(path)") }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T { throw StorageError.closed }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T { throw StorageError.closed }

  func recover() async -> StorageHealth { health }
  func close() async {}
}

/// A store that says when it is closed.
struct ClosingDatabase: Database {
  var events: RunningServiceTests.Events
  var health: StorageHealth { .healthy }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T { throw StorageError.closed }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T { throw StorageError.closed }

  func recover() async -> StorageHealth { health }
  func close() async { events.add("closed") }
}
