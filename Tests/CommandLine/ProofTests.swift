import PoolAPI
import Primitives
import Testing

@testable import CommandLineMain

/// Goal: the proof of a sale that went well holds, and each check fails on what it is there for. Method: the facts of a
/// small sale, doctored one by one.
@Suite struct ProofTests {
  /// Ten units: two to Shopee, one each to Lazada and the web shop, three at the till.
  private static func facts() -> SaleFacts {
    var facts = SaleFacts(
      units: 10, size: FlashSale.Size(orders: 5, units: 10, ordersPerSecond: 5, seed: 1),
      accepted: ["shopee": 2, "lazada": 1, "shopify": 1, "till": 3], seconds: 1.05,
      settledSeconds: 1.2)
    facts.balance = Balance(
      onHandCount: 7, committedCount: 4, availableCount: 3, receivedCount: 10, shippedCount: 3)
    facts.movements = [
      movement(.received, 10, ""), movement(.sold, 3, "shopee"), movement(.sold, 1, "lazada"),
      movement(.held, 3, "till"), movement(.committed, 3, "till"), movement(.shipped, 3, "till"),
      movement(.sold, 1, "shopify"), movement(.cancelled, 1, "shopee"),
    ]
    facts.ledger = VerifyLedgerResponse(proved: true, movementCount: 8)
    facts.wanted = Dictionary(uniqueKeysWithValues: DemoData.channels.map { ($0, 3) })
    facts.shown = DemoData.channels.dropLast().map { shown($0, 3) }
    facts.latencies.pushes = ["shopee-sg": buckets(slow: 1, bound: 0.1)]
    facts.latencies.hooks = ["shopee": buckets(slow: 1, bound: 0.05)]
    return facts
  }

  private static func movement(
    _ kind: Movement.Kind, _ quantity: Int64, _ channel: String
  ) -> Movement {
    Movement(kind: kind, quantity: quantity, channelID: channel)
  }

  private static func shown(_ channel: String, _ count: Int64) -> SandboxControl.Shown {
    SandboxControl.Shown(channel: channel, itemID: "1", variationID: "", sku: "A", count: count)
  }

  /// A hundred, of which some are beyond the bound.
  private static func buckets(slow: Int, bound: Double, of total: Int = 100) -> LatencyBuckets {
    LatencyBuckets(counts: [0.01: total - slow, bound: total - slow, .infinity: total])
  }

  struct Doctoring: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The only checks that must fail.
    var failing: [String]
    var isTimed: Bool
    var change: @Sendable (inout SaleFacts) -> Void

    init(
      _ name: String, _ failing: String..., isTimed: Bool = false,
      change: @escaping @Sendable (inout SaleFacts) -> Void
    ) {
      testDescription = name
      self.failing = failing
      self.isTimed = isTimed
      self.change = change
    }
  }

  private static let level = "every channel shows what it may"
  private static let balance = "sold + left = received"
  private static let booked = "each accepted unit is booked once"
  private static let asks = "oversold 0 where the channel asks first"
  private static let came = "every event came through"
  private static let pushes = "99 of 100 pushes within 100.0 ms"
  private static let hooks = "99 of 100 webhooks answered within 50.0 ms"

  static let doctorings: [Doctoring] = [
    Doctoring("a unit is sold and not accepted", balance, booked) { $0.accepted["shopee"] = 1 },
    Doctoring("a unit is gone", balance) { $0.balance.availableCount = 2 },
    Doctoring("more was received than for the sale", balance) {
      $0.balance.receivedCount = 11
      $0.balance.availableCount = 4
    },
    Doctoring("a hold is left", balance) { $0.balance.heldCount = 1 },
    Doctoring("an order is booked under another channel", booked) {
      $0.movements[2].channelID = "shopee"
    },
    Doctoring("an order is booked under a channel that is none of ours", booked) {
      $0.movements.append(movement(.sold, 1, "other"))
    },
    Doctoring("a hold had no stock behind it", asks) { $0.movements[0].quantity = 5 },
    Doctoring("no hold was granted", asks) { $0.movements.removeAll { $0.kind == .held } },
    Doctoring("the ledger does not add up", "the ledger proves every balance") {
      $0.ledger = VerifyLedgerResponse(proved: false, difference: "A at L: 1 is missing")
    },
    Doctoring("a channel shows another number", level) { $0.shown[1].count = 4 },
    Doctoring("a channel shows nothing", level) { $0.shown.removeLast() },
    Doctoring("no channel shows anything", level) { $0.shown = [] },
    Doctoring("a channel has the SKU twice, and another not at all", level) {
      $0.shown[1] = $0.shown[0]
    },
    Doctoring("an event is on its way", came) { $0.deliveries.waiting = 1 },
    Doctoring("an event was given up", came) { $0.deliveries.lost = 1 },
    Doctoring("the buyers came late", "orders came as fast as was asked", isTimed: true) {
      $0.seconds = 1.11
    },
    Doctoring("pushes are slow", pushes, isTimed: true) {
      $0.latencies.pushes["lazada-sg"] = buckets(slow: 2, bound: 0.1)
    },
    Doctoring("nothing was pushed", pushes) { $0.latencies.pushes = [:] },
    Doctoring("too little was pushed", pushes, isTimed: true) {
      $0.latencies.pushes = ["shopee-sg": buckets(slow: 0, bound: 0.1, of: 19)]
    },
    Doctoring("webhooks are slow", hooks, isTimed: true) {
      $0.latencies.hooks = ["shopee": buckets(slow: 2, bound: 0.05)]
    },
    Doctoring("no webhook came", hooks) { $0.latencies.hooks = [:] },
  ]

  @Test func aGoodSaleIsProved() {
    let proof = Proof(Self.facts())
    #expect(proof.holds, "\(proof.checks.filter { !$0.holds })")
    #expect(proof.checks.count == 9)
  }

  @Test(arguments: doctorings) func aBadSaleIsNot(_ doctoring: Doctoring) {
    var facts = Self.facts()
    doctoring.change(&facts)
    let proof = Proof(facts)
    #expect(!proof.holds)
    #expect(proof.checks.filter { !$0.holds }.map(\.name) == doctoring.failing)
    // A busy machine explains what is late, and never what is wrong or not there at all.
    let isTimed = proof.checks.filter { !$0.holds }.allSatisfy(\.isTimed)
    #expect(isTimed == doctoring.isTimed)
  }

  @Test func everyCheckFailsOnce() {
    let failing = Set(Self.doctorings.flatMap(\.failing))
    #expect(failing == Set(Proof(Self.facts()).checks.map(\.name)))
  }
}
