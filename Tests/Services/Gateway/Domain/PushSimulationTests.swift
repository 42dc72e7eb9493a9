import GatewayDomain
import Primitives
import Testing

/// One listing, its channel and the pool, stepped by a seeded random source: sales on the channel
/// whose events come late, sales elsewhere, deliveries, pushes that are lost on the way there or
/// back.
struct PushSimulation {
  var random: SeededRandom
  var state = PushState()
  var now = Timestamp(seconds: 1_767_600_000)
  var pool: Quantity
  var version: Int64 = 1
  /// What the channel shows.
  var shown: Quantity = 0
  /// Sold on the channel, their events on the way.
  var unheard: [Quantity] = []
  var newestArrived = PushVersion.none
  /// Milliseconds.
  var longestStep: Int64 = 400
  let comparesStock: Bool
  let losesAnswers: Bool
  /// Whether others sell from the pool, too.
  var sellsElsewhere = true

  init(
    seed: UInt64, comparesStock: Bool, losesAnswers: Bool, sellsElsewhere: Bool = true
  ) {
    random = SeededRandom(seed: seed)
    self.sellsElsewhere = sellsElsewhere
    pool = 20
    self.comparesStock = comparesStock
    self.losesAnswers = losesAnswers
    _ = state.want(20, version: PushVersion(pool: 1), commitTime: nil)
  }

  mutating func change(_ units: Quantity) {
    pool += units
    version += 1
    let isFresh = state.want(max(0, pool), version: PushVersion(pool: version), commitTime: now)
    #expect(isFresh)
    // A late copy of an earlier change must not count.
    #expect(state.want(777, version: PushVersion(pool: version - 1), commitTime: now) == false)
  }

  mutating func step() {
    now = now + .milliseconds(Int64.random(in: 1...longestStep, using: &random))
    switch Int.random(in: 0..<10, using: &random) {
    case 0...2:
      let units = Quantity.random(in: 1...2, using: &random)
      if shown >= units {
        shown -= units
        unheard.append(units)
      }
    case 3: if sellsElsewhere { change(-Quantity.random(in: 1...2, using: &random)) }
    case 4: if Bool.random(using: &random) { change(Quantity.random(in: 1...5, using: &random)) }
    case 5...6: hear()
    default: push()
    }
  }

  /// An event of the channel's own sale comes in.
  mutating func hear() {
    guard !unheard.isEmpty else { return }
    let units = unheard.remove(at: Int.random(in: 0..<unheard.count, using: &random))
    state.takeIn(units)
    change(-units)
  }

  mutating func push() {
    let need = state.need(now)
    guard need != .nothing else { return }
    if need == .look {
      // Where that finds something it is pushed by another need.
      _ = state.decide(shown: shown, now: now)
      return
    }
    let reads = state.wantsReading(raises: need == .raise, comparesStock: comparesStock)
    guard
      case .push(let quantity, let expected) = state.decide(shown: reads ? shown : nil, now: now)
    else { return }
    let version = state.wantedVersion
    state.begin(quantity, at: now)
    let fate = losesAnswers ? Int.random(in: 0..<10, using: &random) : 9
    if fate == 0 {
      _ = state.finish(.retry("lost", after: .zero, mayHaveArrived: true), now: now)
      return
    }
    if comparesStock, let expected, expected != shown {
      _ = state.finish(.stale(shown: Bool.random(using: &random) ? shown : nil), now: now)
      return
    }
    #expect(version >= newestArrived, "an older push arrived after a newer one")
    newestArrived = version
    shown = quantity
    let outcome: PushState.Outcome =
      fate == 1 ? .retry("answer lost", after: .zero, mayHaveArrived: true) : .acknowledged
    _ = state.finish(outcome, now: now)
  }

  /// The gateway is killed and started again. It kept how high the channel may be; it may not have
  /// kept the last pushes.
  mutating func die() {
    state = PushState(
      acknowledged: state.acknowledged, highest: state.highest, version: .none, time: nil, lag: nil,
      isDead: false, lastError: "")
    _ = state.want(max(0, pool), version: PushVersion(pool: version), commitTime: nil)
  }

  /// Lets everything come in and be pushed.
  mutating func finish() {
    while !unheard.isEmpty { hear() }
    for _ in 0..<200 where state.isPending {
      now = now + .seconds(2)
      push()
    }
  }
}

@Suite struct PushSimulationTests {
  /// Goal: whatever happens, once all is quiet the channel shows what the pool has, and no older
  /// push came after a newer.
  @Test(arguments: 0..<150) func channelEndsAtThePoolsNumber(_ seed: UInt64) {
    for (compares, loses) in [(false, false), (true, false), (false, true), (true, true)] {
      var simulation = PushSimulation(seed: seed, comparesStock: compares, losesAnswers: loses)
      for _ in 0..<300 { simulation.step() }
      simulation.finish()
      #expect(simulation.shown == max(0, simulation.pool), "seed \(seed) \(compares) \(loses)")
      #expect(!simulation.state.isPending, "seed \(seed) \(compares) \(loses)")
      #expect(simulation.state.acknowledged == max(0, simulation.pool), "seed \(seed)")
    }
  }

  /// Goal: no push shows more than the pool has less what the channel sold unseen, whether answers
  /// are lost or not; the gateway may die and go on from what it kept. Method: all events come
  /// within the time that unseen sales are believed in. Where the channel cannot compare, nothing
  /// is sold elsewhere: a number that must come down goes at once, whatever is shown.
  @Test(arguments: 0..<150) func noPushPutsASoldUnitBack(_ seed: UInt64) {
    for (compares, loses, dies) in [
      (true, false, false), (true, true, false), (true, true, true), (false, false, false),
      (false, true, false), (false, true, true),
    ] {
      var simulation = PushSimulation(
        seed: seed, comparesStock: compares, losesAnswers: loses, sellsElsewhere: compares)
      simulation.longestStep = 40
      simulation.push()
      for step in 0..<300 {
        let before = simulation.shown
        simulation.step()
        if dies, step.isMultiple(of: 37) { simulation.die() }
        let unheard = simulation.unheard.reduce(0, +)
        guard simulation.shown > before else { continue }
        #expect(
          simulation.shown <= max(0, simulation.pool - unheard),
          "seed \(seed) \(compares) \(loses) \(dies) step \(step)")
      }
    }
  }
}
