import Primitives
import StorageCore
import Synchronization
import Testing

@testable import SandboxServer

/// Goal: what is in the store is sent, and once; what happened is written down, whatever the store does meanwhile.
@Suite(.timeLimit(.minutes(2))) struct DeliveryPumpTests {
  @Test func aDeliveryFromBeforeTheRunIsSentOnce() async throws {
    try await withSandbox(isPumping: false) { world in
      _ = try await world.buy(SandboxWorld.shopee, 1)
      world.startPump()
      #expect(await world.allSent().count == 1)
      _ = try await world.buy(SandboxWorld.shopee, 1)
      #expect(await world.allSent().count == 2)
    }
  }

  @Test func whatAFormerRunHasLeftIsSentOnce() async throws {
    let world = try await SandboxWorld(isPumping: false)
    _ = try await world.buy(SandboxWorld.shopify, 1)
    try await world.close()
    let next = try await SandboxWorld(folder: world.folder)
    #expect(await next.allSent().count == 1)
    try await next.close()
    let last = try await SandboxWorld(folder: world.folder)
    #expect(await last.allSent().isEmpty)
    try await last.remove()
  }

  @Test func outcomesThatTheStoreRefusedAreWrittenLater() async throws {
    try await withSandbox(isPumping: false) { world in
      _ = try await world.buy(SandboxWorld.shopee, 1)
      let store = FailingDatabase(world.sandbox.platform.database)
      try await running(world, store) { pump in
        store.refuse(writes: 1)
        await pump.idle()
        await pump.flush()
        #expect(store.refused.writes == 1)
        let states = try await world.deliveries()
        #expect(states == ["delivered": 1])
      }
    }
  }

  @Test func aTryThatSendsNothingDoesNotCount() async throws {
    try await withSandbox(isPumping: false) { world in
      _ = try await world.buy(SandboxWorld.lazada, 1)
      let store = FailingDatabase(world.sandbox.platform.database)
      store.refuse(reads: 2)
      try await running(world, store) { pump in
        await pump.idle()
        #expect(store.refused.reads == 2)
        let row = try await world.control("deliveries", nil).body["deliveries"].array?.first
        #expect(row?["state"] == "delivered" && row?["attempts"] == 1)
        #expect(world.sender.sent.count == 1)
      }
    }
  }

  @Test func aShopWithoutAHookGetsNothing() async throws {
    try await withSandbox(isPumping: false) { world in
      _ = try await world.buy(SandboxWorld.shopify, 1)
      _ = try await world.control(
        "shops",
        ["channel": "shopify", "shop": "demo.myshopify.com", "access_token": "shpat_demo"])
      world.startPump()
      #expect(await world.allSent().isEmpty)
      #expect(try await world.deliveries() == ["dropped": 1])
    }
  }

  /// Runs a pump of its own over `store`.
  private func running(
    _ world: SandboxWorld, _ store: FailingDatabase, _ body: (DeliveryPump) async throws -> Void
  ) async throws {
    let pump = DeliveryPump(
      database: store, sender: world.sender, clock: world.clock, log: .silent, pace: 0.000_01)
    let left = try await world.sandbox.platform.read { try $0.waitingDeliveries() }
    pump.schedule(left)
    let run = Task { try await pump.run() }
    try await body(pump)
    run.cancel()
    try await run.value
  }
}

extension SandboxWorld {
  /// Deliveries by state.
  func deliveries() async throws -> [String: Int64] {
    let counts = try await control("deliveries", nil).body["counts"].members ?? []
    return Dictionary(uniqueKeysWithValues: counts.map { ($0.name, $0.value.integer ?? -1) })
  }
}

/// A store that refuses as often as it is told.
private final class FailingDatabase: Database {
  struct Counts {
    var reads = 0
    var writes = 0
  }

  private let inner: any Database
  private let state = Mutex((left: Counts(), refused: Counts()))

  init(_ inner: any Database) {
    self.inner = inner
  }

  func refuse(reads: Int = 0, writes: Int = 0) {
    state.withLock { $0.left = Counts(reads: reads, writes: writes) }
  }

  var refused: Counts { state.withLock { $0.refused } }

  private func pass(_ path: WritableKeyPath<Counts, Int>) throws {
    let isRefused = state.withLock { state in
      guard state.left[keyPath: path] > 0 else { return false }
      state.left[keyPath: path] -= 1
      state.refused[keyPath: path] += 1
      return true
    }
    if isRefused { throw StorageError.queueFull }
  }

  func write<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any Transaction) throws -> T
  ) async throws -> T {
    try pass(\.writes)
    return try await inner.write(until: deadline, body)
  }

  func read<T: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try pass(\.reads)
    return try await inner.read(until: deadline, body)
  }

  var health: StorageHealth { inner.health }
  func recover() async -> StorageHealth { await inner.recover() }
  func close() async { await inner.close() }
}
