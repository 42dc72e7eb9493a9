internal import Kit
internal import Primitives
internal import StorageCore

/// Sends events to hooks, again and again as each platform does, and writes down what happened.
actor DeliveryPump {
  private enum Entry: Sendable {
    case delivery(Delivery)
    /// Somebody wants to know when all that was scheduled before has ended.
    case question(AsyncStream<Never>.Continuation)
  }

  /// What came of one try.
  private enum Attempt {
    case sent(HookAnswer, latency: Int64)
    /// The shop is gone, or has no hook any more.
    case hookless
    /// The store did not say what to send.
    case unread
  }

  private let database: any Database
  private let sender: any EventSender
  private let clock: any WallClock
  private let log: Log
  /// What the platforms' pauses are multiplied by.
  private let pace: Double
  private let slots = DeliverySlots(SandboxLimits.concurrentDeliveries)
  private let queue: AsyncStream<Entry>
  private let entry: AsyncStream<Entry>.Continuation
  private var outcomes: [DeliveryOutcome] = []
  /// Deliveries that were taken from the queue and have not ended.
  private var openCount = 0
  private var questions: [AsyncStream<Never>.Continuation] = []
  /// The last time that outcomes were written down, or are being written.
  private var writing: Task<Void, Never>?

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

  /// Schedules what a former run has left. Before anything else is scheduled: what is committed later comes by
  /// `schedule`, and would be sent twice.
  func resume() async throws {
    schedule(
      try await database.read(until: .after(SandboxLimits.storeWait)) {
        try $0.waitingDeliveries()
      })
  }

  /// Takes deliveries that are in the store.
  nonisolated func schedule(_ deliveries: [Delivery]) {
    for delivery in deliveries { entry.yield(.delivery(delivery)) }
  }

  /// Sends until its task is cancelled.
  func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.writeOutcomes() }
      for await next in queue {
        switch next {
        case .delivery(let delivery):
          openCount += 1
          group.addTask {
            await self.work(delivery)
            await self.leave()
          }
        case .question(let question):
          questions.append(question)
          answerQuestions()
        }
      }
      group.cancelAll()
    }
    await flush()
  }

  /// Waits until all that was scheduled before this call is delivered or given up, and written down; a cancelled task
  /// waits no longer.
  func idle() async {
    let (answer, question) = AsyncStream.makeStream(of: Never.self)
    if case .terminated = entry.yield(.question(question)) { question.finish() }
    for await _ in answer {}
    await flush()
  }

  private func leave() {
    openCount -= 1
    answerQuestions()
  }

  private func answerQuestions() {
    guard openCount == 0 else { return }
    for question in questions { question.finish() }
    questions = []
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
      let attempt = await attempt(delivery, patience: timetable.patience)
      await slots.giveBack()
      if Task.isCancelled { return }
      guard let dueTime = conclude(attempt, of: &delivery, timetable) else { return }
      delivery.dueTime = dueTime
    }
  }

  /// Writes down what came of a try; returns when the next one is due, or nil when there is none.
  private func conclude(
    _ attempt: Attempt, of delivery: inout Delivery, _ timetable: Timetable
  ) -> Timestamp? {
    let now = clock.now()
    var isAccepted = false
    var outcome = DeliveryOutcome(
      deliveryID: delivery.deliveryID, channel: delivery.shop.channel, attempt: delivery.attempt,
      state: .dropped, status: 0, latency: 0, time: now)
    switch attempt {
    case .unread: return now + SandboxLimits.storePause
    case .hookless:
      outcomes.append(outcome)
      return nil
    case .sent(let answer, let latency):
      isAccepted = answer.isAccepted(by: delivery.shop.channel)
      delivery.attempt += 1
      outcome.attempt = delivery.attempt
      outcome.status = answer.status
      outcome.latency = latency
    }
    if isAccepted {
      outcome.state = .delivered
    } else if delivery.attempt <= timetable.pauses.count, !delivery.isDuplicate {
      outcome.state = .waiting
      outcome.dueTime = now + .seconds(timetable.pauses[delivery.attempt - 1] * pace)
    } else {
      outcome.state = .lost
    }
    outcomes.append(outcome)
    return outcome.dueTime
  }

  private func attempt(_ delivery: Delivery, patience: Double) async -> Attempt {
    let now = clock.now()
    let wire: (url: String, event: OutgoingEvent)?
    do {
      wire = try await database.read(until: .after(SandboxLimits.storeWait)) { transaction in
        try Self.wire(delivery, transaction, at: now)
      }
    } catch {
      log.error("a delivery is not read", ["error": "\(error)"])
      return .unread
    }
    guard let (url, event) = wire else { return .hookless }
    let start = monotonicNanoseconds()
    let answer = await sender.send(event, to: url, patience: .seconds(patience))
    return .sent(answer, latency: (monotonicNanoseconds() - start) / 1_000)
  }

  /// Signs an event as its platform does, with the shop's keys of this moment.
  private static func wire(
    _ delivery: Delivery, _ transaction: any ReadTransaction, at now: Timestamp
  ) throws -> (url: String, event: OutgoingEvent)? {
    guard let shop = try transaction.shop(delivery.shop), !shop.hookURL.isEmpty,
      try !transaction.isHookOff(of: delivery.shop)
    else { return nil }
    let event: OutgoingEvent
    switch delivery.shop.channel {
    case .shopee: event = ShopeeEvents.wire(delivery, shop, at: now)
    case .lazada: event = try LazadaEvents.wire(delivery, shop, transaction, at: now)
    case .shopify: event = ShopifyEvents.wire(delivery, shop)
    case .tiktok: event = TikTokEvents.wire(delivery, shop)
    case .square: event = SquareEvents.wire(delivery, shop)
    case .loyverse: event = LoyverseEvents.wire(delivery, shop)
    case .woocommerce: return try WooCommerceEvents.wire(delivery, shop, transaction)
    }
    return (shop.hookURL, event)
  }

  private func writeOutcomes() async {
    while (try? await Task.sleep(for: SandboxLimits.outcomeInterval)) != nil { await flush() }
  }

  /// Writes down what has happened so far, and waits for whoever is at it.
  func flush() async {
    let earlier = writing
    let mine = Task {
      await earlier?.value
      await writeDown()
    }
    writing = mine
    await mine.value
  }

  /// What cannot be written is kept for the next time. What is lost with the process is sent again: at least once.
  private func writeDown() async {
    let batch = outcomes
    guard !batch.isEmpty else { return }
    outcomes = []
    do {
      try await database.write(until: .after(SandboxLimits.storeWait)) { transaction in
        for outcome in batch {
          try transaction.record(outcome)
          try WooCommerceWebhooks.count(outcome, transaction)
          try HookHealth.count(outcome, transaction)
        }
      }
    } catch {
      outcomes = batch + outcomes
      log.error("outcomes of deliveries are not stored yet", ["error": "\(error)"])
    }
  }
}
