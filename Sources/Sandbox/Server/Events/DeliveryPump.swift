internal import Kit
internal import Primitives
internal import StorageCore

/// Sends events to hooks, again and again as each platform does, and writes down what happened.
actor DeliveryPump {
  private let database: any Database
  private let sender: any EventSender
  private let clock: any WallClock
  private let log: Log
  /// What the platforms' pauses are multiplied by.
  private let pace: Double
  private let slots = DeliverySlots(SandboxLimits.concurrentDeliveries)
  private let queue: AsyncStream<Delivery>
  private let entry: AsyncStream<Delivery>.Continuation
  private var outcomes: [DeliveryOutcome] = []

  init(
    database: any Database, sender: any EventSender, clock: any WallClock, log: Log, pace: Double
  ) {
    self.database = database
    self.sender = sender
    self.clock = clock
    self.log = log
    self.pace = pace
    (queue, entry) = AsyncStream.makeStream(
      bufferingPolicy: .bufferingNewest(SandboxLimits.waitingDeliveries))
  }

  /// Takes deliveries that are in the store.
  nonisolated func schedule(_ deliveries: [Delivery]) {
    for delivery in deliveries { entry.yield(delivery) }
  }

  /// Sends until its task is cancelled; what a former run has left comes first.
  func run() async throws {
    let left = try await database.read(until: .after(SandboxLimits.storeWait)) {
      try $0.waitingDeliveries()
    }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.writeOutcomes() }
      for delivery in left { group.addTask { await self.work(delivery) } }
      for await delivery in queue { group.addTask { await self.work(delivery) } }
      group.cancelAll()
    }
    await flush()
  }

  /// Tries until it is delivered or given up.
  private func work(_ first: Delivery) async {
    var delivery = first
    let timetable = Timetable.of(delivery.shop.channel)
    while !Task.isCancelled {
      let wait = delivery.dueTime - clock.now()
      if wait > .zero, (try? await Task.sleep(for: wait)) == nil { return }
      await slots.take()
      guard !Task.isCancelled else { return await slots.giveBack() }
      let (status, latency) = await attempt(delivery, patience: timetable.patience)
      await slots.giveBack()
      if Task.isCancelled { return }
      delivery.attempt += 1
      let now = clock.now()
      var outcome = DeliveryOutcome(
        deliveryID: delivery.deliveryID, attempt: delivery.attempt, state: .delivered,
        status: status, latency: latency, time: now)
      if (200..<300).contains(status) {
        outcomes.append(outcome)
        return
      }
      guard delivery.attempt <= timetable.pauses.count, !delivery.isDuplicate else {
        outcome.state = .lost
        outcomes.append(outcome)
        return
      }
      let pause = timetable.pauses[delivery.attempt - 1] * pace
      delivery.dueTime = now + .seconds(pause)
      outcome.state = .waiting
      outcome.dueTime = delivery.dueTime
      outcomes.append(outcome)
    }
  }

  private func attempt(
    _ delivery: Delivery, patience: Double
  ) async -> (status: Int, latency: Int64) {
    let now = clock.now()
    let ready = try? await database.read(until: .after(SandboxLimits.storeWait)) { transaction in
      try Self.wire(delivery, transaction, at: now)
    }
    guard let (url, event) = ready ?? nil else { return (0, 0) }
    let start = monotonicNanoseconds()
    let status = await sender.send(event, to: url, patience: .seconds(patience))
    return (status, (monotonicNanoseconds() - start) / 1_000)
  }

  /// Signs an event as its platform does, with the shop's keys of this moment.
  private static func wire(
    _ delivery: Delivery, _ transaction: any ReadTransaction, at now: Timestamp
  ) throws -> (url: String, event: OutgoingEvent)? {
    guard let shop = try transaction.shop(delivery.shop), !shop.hookURL.isEmpty else { return nil }
    let event =
      switch delivery.shop.channel {
      case .shopee: ShopeeEvents.wire(delivery, shop, at: now)
      case .lazada: try LazadaEvents.wire(delivery, shop, transaction, at: now)
      case .shopify: ShopifyEvents.wire(delivery, shop)
      }
    return (shop.hookURL, event)
  }

  private func writeOutcomes() async {
    while (try? await Task.sleep(for: SandboxLimits.outcomeInterval)) != nil { await flush() }
  }

  /// Writes down what has happened so far. What is lost with the process is sent again: at least
  /// once.
  func flush() async {
    let batch = outcomes
    guard !batch.isEmpty else { return }
    outcomes = []
    do {
      try await database.write(until: .after(SandboxLimits.storeWait)) { transaction in
        for outcome in batch { try transaction.record(outcome) }
      }
    } catch {
      log.error("outcomes of deliveries are not stored", ["error": "\(error)"])
    }
  }
}
