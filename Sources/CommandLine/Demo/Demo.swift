internal import Foundation
internal import GatewayAPI
internal import PoolAPI
internal import RPCCore
internal import ReturnsAPI

extension Command {
  static let demo = Command(
    name: "demo",
    usage:
      "[--data FOLDER] [--port-base PORT] [--orders N] [--units N] [--rate N] [--seed N] "
      + "[--missed N] [--json]",
    summary:
      "sells on every channel, a downtime, a flash sale, then the proof; status 2 when it does not hold",
    options: [
      "data": "", "port-base": "0", "orders": "2000", "units": "500", "rate": "200", "seed": "1",
      "missed": "1000", "json": nil,
    ]
  ) { arguments in
    let plan = Plan(
      data: arguments.option("data"), base: try arguments.number(option: "port-base", in: 0...65000)
    )
    let size = FlashSale.Size(
      orders: try arguments.number(option: "orders", in: 1...1_000_000),
      units: Int64(try arguments.number(option: "units", in: 1...1_000_000)),
      ordersPerSecond: try arguments.number(option: "rate", in: 1...10_000),
      seed: UInt64(try arguments.number(option: "seed", in: 0...Int.max)))
    return try await Demo.run(
      plan, size: size, missed: try arguments.number(option: "missed", in: 0...100_000),
      asJSON: arguments.has("json"))
  }
}

/// The system at work, with a proof at the end.
@MainActor
enum Demo {
  /// - Parameter missed: orders that are placed while the gateway is stopped; 0 for no such scene.
  static func run(
    _ plan: Plan, size: FlashSale.Size, missed: Int, asJSON: Bool
  ) async throws -> Int32 {
    let supervisor = Supervisor(plan)
    do {
      let started = try await supervisor.start()
      if !started.isEmpty {
        say(asJSON, "started \(started.map(\.name).joined(separator: ", "))")
      }
      try await DemoData(plan: plan).seed()
      let world = try DemoWorld(plan: plan)
      try await Scenes(world: world, isQuiet: asJSON).play()
      var checks: [Proof.Check] = []
      if missed > 0 {
        checks = try await Downtime(
          world: world, supervisor: supervisor, orders: missed, isQuiet: asJSON
        ).run()
      }
      let sale = FlashSale(world: world, size: size, isQuiet: asJSON)
      var proof = try await sale.run()
      proof.checks += checks
      asJSON ? Output.line(proof.json) : proof.print()
      await supervisor.stop()
      return proof.holds ? 0 : 2
    } catch {
      await supervisor.stop()
      throw error
    }
  }

  private static func say(_ isQuiet: Bool, _ text: String) {
    if !isQuiet { Output.line(text) }
  }
}

/// The demo's hands on the system: the services, the sandbox's buyers, the till.
struct DemoWorld: Sendable {
  let plan: Plan
  let peers: Peers
  let sandbox: SandboxControl
  let till: Till

  init(plan: Plan) throws {
    self.plan = plan
    peers = try plan.peers()
    sandbox = SandboxControl(base: plan.url("sandbox"))
    till = Till(
      client: JSONClient(
        base: plan.url("gateway"),
        headers: ["authorization": "Bearer \(DemoData.tillToken)"]))
  }

  /// What each channel may show for a SKU, as the pool says.
  func availability(_ sku: String) async throws -> [String: Int64] {
    let answer = try await peers.pool.getAvailability(
      GetAvailabilityRequest(sku: sku, channelIDs: DemoData.channels))
    let pairs = answer.channels.map { ($0.channelID, $0.availableToSellCount) }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// The listings of a SKU and what they show.
  func shown(_ sku: String) async throws -> [SandboxControl.Shown] {
    try await sandbox.stock().filter { $0.sku == sku }
  }

  /// Where the sandbox's events and the gateway's figures stand, to tell later what came after.
  struct Mark: Sendable {
    var delivery: Int64
    var latencies: Latencies
  }

  func mark() async throws -> Mark {
    Mark(delivery: try await sandbox.deliveries().newest, latencies: try await latencies())
  }

  func latencies() async throws -> Latencies {
    let answer = try await JSONClient(base: plan.url("gateway")).get("/metrics")
    guard answer.status == 200 else {
      throw Failure("the gateway's metrics are not there: \(answer.status)")
    }
    return Latencies(exposition: answer.text)
  }

  /// Waits until no event is on its way, nothing waits in the gateway and every listing of `sku` shows what it may.
  ///
  /// - Returns: false when that is not so after `seconds`.
  func settle(_ sku: String, seconds: Double) async throws -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while Date() < deadline {
      let backlog = try await peers.gateway.getBacklog(GetBacklogRequest())
      if backlog.inboxCount == 0, backlog.pushCount == 0, try await isLevel(sku),
        try await sandbox.deliveries().waiting == 0
      {
        return true
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    return false
  }

  func isLevel(_ sku: String) async throws -> Bool {
    DemoData.areLevel(try await shown(sku), wanted: try await availability(sku))
  }
}

/// The till, which asks before it sells, or sells first and says so later.
struct Till: Sendable {
  let client: JSONClient

  /// Holds, then commits. False when there is too little.
  func sell(_ sku: String, _ quantity: Int64, id: String) async throws -> Bool {
    let held = try await client.post(
      "/till/v1/holds",
      [
        "hold_id": id, "expire_seconds": 60,
        "lines": [["sku": sku, "quantity": quantity] as [String: Any]],
      ])
    if held.status == 409 { return false }
    guard held.status == 200 else {
      throw Failure("the till was refused: \(held.status) \(held.text)")
    }
    let committed = try await client.post(
      "/till/v1/holds/\(id)/commit", ["order_id": id, "handed_over": true])
    guard committed.status == 200 else {
      throw Failure("the till's sale was refused: \(committed.status) \(committed.text)")
    }
    return true
  }

  /// Sends a receipt of a sale that has happened; returns what became of it.
  func record(_ sku: String, _ quantity: Int64, id: String, sequence: Int) async throws -> String {
    let answer = try await client.post(
      "/till/v1/sales",
      [
        "device_id": "till-01", "batch_id": "b-\(id)",
        "sales": [
          [
            "sale_id": id, "kind": "sale", "store_id": DemoData.store, "sequence": sequence,
            "occurred_at": ISO8601DateFormatter().string(from: Date()),
            "lines": [["line_id": "1", "sku": sku, "quantity": quantity] as [String: Any]],
          ] as [String: Any]
        ],
      ])
    let results = answer.object["results"] as? [[String: Any]] ?? []
    guard answer.status == 200, let result = results.first?["status"] as? String else {
      throw Failure("the till's batch was refused: \(answer.status) \(answer.text)")
    }
    return result
  }
}
