import PoolAPI
import Primitives
import RPCCore

/// Plays a plan's faults against the platforms and the services, and ends them all.
struct ChaosPlayer: Sendable {
  let plan: ChaosPlan
  let world: ChaosWorld
  let start: ContinuousClock.Instant

  /// Until everything goes well again.
  func play() async throws {
    try await withThrowingTaskGroup { group in
      for act in [true, false] {
        group.addTask { try await play(plan.steps.filter { $0.act.isKill == act }) }
      }
      try await group.waitForAll()
    }
    for shop in Shop.everyChannel {
      try await world.cluster.sandbox.setFaults(shop.channel, ChaosWorld.calm)
      try await world.cluster.sandbox.setWebhooks(shop, enabled: true)
      guard shop.hasPromotions else { continue }
      for offer in ChaosGoods.offers.indices {
        try await world.cluster.sandbox.change(shop, offer: offer, ["reserved": 0])
      }
    }
  }

  private func play(_ steps: [ChaosPlan.Step]) async throws {
    for step in steps {
      // The moment is what the seed has drawn.
      try await Task.sleep(until: start + .milliseconds(step.milliseconds))
      try await perform(step.act)
    }
  }

  private func perform(_ act: ChaosPlan.Act) async throws {
    let sandbox = world.cluster.sandbox
    switch act {
    case .faults(let channel, let faults):
      var body = ChaosWorld.calm
      body["down"] = nil
      for (name, value) in faults { body[name] = value }
      try await sandbox.setFaults(channel, body)
    case .down(let channel, let isDown):
      try await sandbox.setFaults(channel, ["down": isDown])
    case .webhooks(let channel, let isEnabled):
      try await sandbox.setWebhooks(shop(channel), enabled: isEnabled)
    case .promotion(let channel, let offer, let units):
      try await sandbox.change(shop(channel), offer: offer, ["reserved": units])
    case .expireTokens(let channel):
      try await sandbox.setFaults(channel, ["expire_tokens": true])
    case .handChange(let channel, let offer, let units):
      try await sandbox.change(shop(channel), offer: offer, ["stock": units, "replace": true])
    case .receive(let sku, let units):
      let line = StockLine(sku: sku, locationID: ChaosGoods.location, quantity: units)
      let request = ReceiveStockRequest(
        lines: [line], requestID: "delivery of \(units) \(sku) at \(start.duration(to: .now))")
      _ = try await world.answered("\(units) of \(sku) received") { () throws(RPCError) in
        try await world.cluster.pool.receiveStock(request)
      }
    case .kill(let services, let downMilliseconds):
      try await world.cluster.kill(services)
      // How long they are away, too.
      try await Task.sleep(for: .milliseconds(downMilliseconds))
      try await world.cluster.start(services)
    }
  }

  private func shop(_ channel: String) throws -> Shop {
    guard let shop = Shop.everyChannel.first(where: { $0.channel == channel }) else {
      throw NotInTime(description: "there is no \(channel)")
    }
    return shop
  }
}
