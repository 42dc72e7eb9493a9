internal import Kit
internal import Primitives
internal import Synchronization

/// Plays one scenario at a time; a new one ends the one before.
final class ScenarioPlayer: Sendable {
  /// What has happened so far.
  struct Report: Sendable {
    var isPlaying = false
    var seconds = 0.0
    var orderCount = 0
    var soldOutCount = 0
    var cancelledCount = 0
    var stepCount = 0
    /// What the platforms did not do, the latest last.
    var problems: [String] = []
  }

  private struct State {
    var report = Report()
    var waiting: Scenario?
    var number = 0
  }

  private let control: ControlAPI
  private let clock: any WallClock
  private let log: Log
  private let wait: @Sendable (Duration) async throws -> Void
  private let state = Mutex(State())
  private let signal = FeedSignal()

  /// - Parameter wait: how time passes; tests have their own.
  init(
    control: ControlAPI, clock: any WallClock, log: Log,
    wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.control = control
    self.clock = clock
    self.log = log
    self.wait = wait
  }

  var report: Report { state.withLock { $0.report } }

  /// Sets a scenario up and begins it; without steps it ends what is playing.
  func begin(_ scenario: Scenario) async throws {
    for shop in scenario.shops { _ = try await control.setShop(.init(shop)) }
    for listing in scenario.listings { _ = try await control.setListings(.init(listing)) }
    state.withLock { state in
      state.number += 1
      state.waiting = scenario
      state.report = Report(isPlaying: !scenario.steps.isEmpty)
    }
    signal.raise()
  }

  /// Plays what it is given until its task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let seen = signal.latest
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.playWaiting() }
        // A new scenario, or the end of the process, ends this one.
        group.addTask { await self.signal.wait(past: seen) }
        await group.next()
        group.cancelAll()
      }
      await signal.wait(past: seen)
    }
  }

  /// Plays what waits to be played, to its end.
  func playWaiting() async {
    let next = state.withLock { state in
      defer { state.waiting = nil }
      return state.waiting.map { ($0, state.number) }
    }
    if let (scenario, number) = next { await play(scenario, number) }
  }

  private func play(_ scenario: Scenario, _ number: Int) async {
    let start = clock.now()
    var agenda = ScenarioAgenda(scenario)
    while let next = agenda.next(), !Task.isCancelled {
      let due = start + .seconds(next.at)
      let span = due - clock.now()
      if span > .zero, (try? await wait(span)) == nil { return }
      note(number) { $0.seconds = next.at }
      do {
        if let later = try await perform(next.deed, number) { agenda.add(later, at: next.at + 1) }
      } catch {
        note(number) { report in
          report.problems.append("\(next.at) s: \(Self.text(error))")
          report.problems.removeFirst(max(0, report.problems.count - SandboxLimits.keptProblems))
        }
      }
    }
    note(number) { $0.isPlaying = false }
    guard !scenario.steps.isEmpty else { return }
    log.info("the scenario has ended", ["orders": report.orderCount])
  }

  private func note(_ number: Int, _ change: (inout Report) -> Void) {
    state.withLock { if $0.number == number { change(&$0.report) } }
  }

  private static func text(_ error: any Error) -> String {
    switch error {
    case let error as ControlError: error.text
    case let error as MarketRefusal: ControlError(error).text
    default: "the store does not answer"
    }
  }

  /// Returns what is to be done a second later.
  private func perform(_ deed: ScenarioAgenda.Deed, _ number: Int) async throws
    -> ScenarioAgenda.Deed?
  {
    switch deed {
    case .order(let shop, let sku, let quantity, let isCancelled):
      return try await order(shop, sku, quantity, isCancelled, number)
    case .cancel(let shop, let order):
      _ = try await control.cancel(.init(shop, ["order_id": .string(order)]))
      note(number) { $0.cancelledCount += 1 }
      return nil
    case .begin(let act): try await begin(act)
    case .end(let act): try await end(act)
    }
    note(number) { $0.stepCount += 1 }
    return nil
  }

  private func order(
    _ shop: Shop.Key, _ sku: String, _ quantity: Int64, _ isCancelled: Bool, _ number: Int
  ) async throws -> ScenarioAgenda.Deed? {
    let lines: JSONValue = [["sku": .string(sku), "quantity": .integer(quantity)]]
    do {
      let order = try await control.order(.init(shop, ["lines": lines]))
      note(number) { $0.orderCount += 1 }
      return isCancelled ? .cancel(shop, order: order["order_id"].text ?? "") : nil
    } catch MarketRefusal.soldOut {
      note(number) { $0.soldOutCount += 1 }
      return nil
    }
  }

  private func begin(_ act: ScenarioStep.Act) async throws {
    switch act {
    case .orders: break
    case .faults(let channels, let set): try await setFaults(channels, set)
    case .downtime(let channels): try await setFaults(channels, ["down": true])
    case .webhooksOff(let shop):
      _ = try await control.setWebhooks(.init(shop, ["enabled": false]))
    case .promotion(let shop, let sku, let units):
      _ = try await control.changeListing(shop, sku) { listing in
        listing.reserved = min(units, listing.sellable)
        listing.promotionStart = nil
        listing.promotionEnd = nil
      }
    case .expireTokens(let channels): try await setFaults(channels, ["expire_tokens": true])
    case .setStock(let shop, let sku, let units):
      _ = try await control.changeListing(shop, sku) { $0.sellable = max(units, $0.reserved) }
    case .deauthorise(let shop): _ = try await control.deauthorise(.init(shop, [:]))
    }
  }

  /// What has been set goes back to what it is without any fault.
  private func end(_ act: ScenarioStep.Act) async throws {
    switch act {
    case .orders, .expireTokens, .setStock, .deauthorise: break
    case .faults(let channels, let set):
      let usual = FaultPlan().json.adding("drop_webhooks", false)
      let names = (set.members ?? []).map(\.name).filter { usual.has($0) }
      try await setFaults(channels, .object(names.map { .init(name: $0, value: usual[$0]) }))
    case .downtime(let channels): try await setFaults(channels, ["down": false])
    case .webhooksOff(let shop):
      _ = try await control.setWebhooks(.init(shop, ["enabled": true]))
    case .promotion(let shop, let sku, _):
      _ = try await control.changeListing(shop, sku) { $0.reserved = 0 }
    }
  }

  private func setFaults(_ channels: [Channel], _ set: JSONValue) async throws {
    for channel in channels {
      _ = try await control.setFaults(
        .init(set.adding("channel", .string(channel.rawValue))))
    }
  }
}
