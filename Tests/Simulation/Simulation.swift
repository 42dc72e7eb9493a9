import PoolDomain
import Primitives

@testable import PoolService

/// The whole pool on a bad day: its real handlers, writer and store, on a disk, a network and a clock that fail by seed.
///
/// Clients send commands and repeat them until they know how they ended. The network loses, doubles, delays and reorders
/// requests and answers. The disk fails, fills up, loses power. The clock jumps. After each step of the writer and each
/// recovery the pool must be what the model says; after a crash it must be the model before the batch that was under way, or
/// after it. All of it runs on one thread and draws from one seed, so that a seed is a run.
final class Simulation {
  /// Faults that the simulation has to notice: it is tested with them.
  enum Mutation { case none, lyingDisk, earlyAnswers }

  struct Client {
    var pending: SimulatedRequest?
    var requestCount = 0
    /// IDs that it has used, to use one again by mistake.
    var usedIDs: [String] = []
  }

  let seed: UInt64
  let mutation: Mutation
  let trace = Trace()
  let disk: SimulatedDisk
  let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
  let executor = StepExecutor()
  var random: SeededRandom
  var machine: SimulatedServer.Machine
  var server: SimulatedServer?
  var step = 0
  var clients = Array(repeating: Client(), count: 8)
  var hand: Hand
  /// What is on its way.
  var requests: [SimulatedRequest] = []
  var replies: [(request: SimulatedRequest, reply: Reply)] = []
  /// Waits for the writer, in its order.
  var queued: [Delivery] = []
  /// What the durable state may be: one model, or two after a batch that nobody knows the end of.
  var candidates = [Model()]
  /// How often what was asked for ended how.
  var outcomes: [String: Int] = [:]
  /// Whole, by request ID and command.
  var firstAnswers: [String: [UInt8]] = [:]

  init(seed: UInt64, mutation: Mutation = .none) {
    self.seed = seed
    self.mutation = mutation
    random = SeededRandom(seed: seed)
    disk = SimulatedDisk(seed: random.next(), trace: trace)
    disk.baseFaults.syncLies = mutation == .lyingDisk
    hand = Hand(random: SeededRandom(seed: random.next()), model: Model(), clock: .zero)
    machine = SimulatedServer.Machine(disk: disk, clock: clock)
    machine.checkpointPages = [4, 20, 100, 1_000].randomElement(using: &random) ?? 100
    machine.salesInMemory = flip(2) ? 5 : 100_000
    if flip(2) {
      let caps = Model.Caps(
        holds: Int64(number(2...5)), units: Int64(number(4...12)), percent: Int64(number(30...100)))
      machine.holdCaps = HoldCaps(
        holdsOfOwner: Int(caps.holds), unitsOfOwner: caps.units, heldPercent: Int(caps.percent))
      candidates[0].caps = caps
    }
  }

  deinit {
    server?.end()
    executor.drain()
  }

  /// Plays `count` steps of trouble, then lets all clients finish in peace, cuts the power, and looks at what is left.
  ///
  /// - Parameter change: of the disk, counted from the first step, at which the power goes.
  /// - Returns: the hash of all that happened.
  func run(steps count: Int, powerFailsAt change: Int? = nil) throws -> UInt64 {
    try setUp()
    disk.powerFailsAt = change.map { disk.changeCount + $0 }
    while step < count {
      step += 1
      try playStep()
    }
    try finishInPeace()
    try endPower()
    try boot()
    try audit()
    try stopInOrder()
    try boot()
    try audit()
    try rot()
    return trace.hash
  }

  func fail(_ problem: String) -> SimulationFailure {
    SimulationFailure(seed: seed, step: step, problem: problem, lastLines: trace.lastLines)
  }

  func flip(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &random) == 0 }

  func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  func note(_ request: SimulatedRequest, _ outcome: Outcome) {
    let end =
      switch outcome {
      case .done(let words): words.hasSuffix(" again") ? "again" : "done"
      case .refused(let reason): reason
      case .unknown: "unknown"
      }
    for name in [end, "\(request.command.verb) \(end)"] { outcomes[name, default: 0] += 1 }
  }

  // MARK: Beginning and end

  /// Two locations, some SKUs and bundles of them.
  private func setUp() throws {
    try boot()
    guard let server else { throw fail("a new store opens") }
    for location in ["A", "B"] {
      executor.start { [pool = server.pool] in await Shelf.open(location, in: pool) }
      server.step(1)
      executor.drain()
    }
    let stock = ["TEE-A", "CAP-B", "MUG-A", "SOCK-B", Shelf.moving]
    for sku in stock + Shelf.bundles { try perform(NameSKU(sku: sku, name: "")) }
    let units = stock.flatMap(Shelf.all).map {
      Model.Units(shelf: $0, quantity: Int64(number(5...20)))
    }
    try perform(Receive(units: units))
    for bundle in Shelf.bundles {
      try perform(SetParts(bundle: bundle, parts: [.init(shelf: "TEE-A", quantity: 1)]))
    }
  }

  /// A command that nothing disturbs.
  private func perform(_ command: any SimulatedCommand) throws {
    try deliver(SimulatedRequest(client: -1, number: 0, id: "", command: command))
    try stepWriter(1)
  }

  private func finishInPeace() throws {
    disk.faults = disk.baseFaults
    disk.powerFailsAt = nil
    for _ in 0..<10_000 {
      step += 1
      guard let server else {
        try boot()
        continue
      }
      if !server.isHealthy { try recoverStore() }
      while !requests.isEmpty { try deliver(requests.removeFirst()) }
      try stepWriter(1_000)
      while !replies.isEmpty { take(replies.removeFirst()) }
      guard clients.contains(where: { $0.pending != nil }) else { return try audit() }
      for index in clients.indices { repeatPending(index) }
    }
    throw fail("the clients do not come to an end")
  }
}
