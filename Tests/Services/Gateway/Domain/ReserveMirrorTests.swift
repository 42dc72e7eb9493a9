import GatewayDomain
import Primitives
import Testing

/// Goal: the pool keeps what channels have set aside, no more for long and no less.
@Suite struct ReserveMirrorTests {
  private static let now = Timestamp(seconds: 1_000_000)

  private static func reserved(
    _ name: String, _ units: [String: Quantity], endsIn seconds: Int64? = nil,
    account: String = "acc"
  ) -> ReservedUnits {
    ReservedUnits(
      accountID: AccountID(trusted: account), name: name,
      endTime: seconds.map { now + .seconds($0) }, units: skus(units))
  }

  private static func skus(_ units: [String: Quantity]) -> [SKU: Quantity] {
    Dictionary(uniqueKeysWithValues: units.map { (SKU(trusted: $0.key), $0.value) })
  }

  private static func mirror(_ id: String, _ remaining: [String: Quantity]) -> MirrorPromotion {
    MirrorPromotion(id: id, endTime: now + .seconds(60), remaining: skus(remaining))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var what: String
    var reserved: [ReservedUnits]
    var mirrors: [MirrorPromotion] = []
    var leftOut: Set<SKU> = []
    /// Of which it was read just now.
    var fresh: Set<SKU> = [SKU(trusted: "A"), SKU(trusted: "B")]
    var mayEnd = false
    var steps: [ReserveMirror.Step]
    var testDescription: String { what }
  }

  private static let cases: [Case] = [
    Case(what: "nothing set aside", reserved: [], steps: []),
    Case(
      what: "a new promotion", reserved: [reserved("f", ["A": 3, "B": 2], endsIn: 60)],
      steps: [.create(reserved("f", ["A": 3, "B": 2], endsIn: 60))]),
    Case(
      what: "kept already", reserved: [reserved("f", ["A": 3])], mirrors: [mirror("m", ["A": 3])],
      steps: []),
    Case(
      what: "more is set aside", reserved: [reserved("f", ["A": 5, "B": 2])],
      mirrors: [mirror("m", ["A": 3, "B": 2])], steps: [.topUp(id: "m", units: skus(["A": 2]))]),
    Case(
      what: "an order that may be on its way", reserved: [reserved("f", ["A": 2])],
      mirrors: [mirror("m", ["A": 3])], steps: []),
    Case(
      what: "given back in part", reserved: [reserved("f", ["A": 2])],
      mirrors: [mirror("m", ["A": 3])], mayEnd: true,
      steps: [.end(id: "m"), .create(reserved("f", ["A": 2]))]),
    Case(
      what: "given back", reserved: [], mirrors: [mirror("m", ["A": 3])], mayEnd: true,
      steps: [.end(id: "m")]),
    Case(
      what: "sold out and given back have nothing left to keep", reserved: [],
      mirrors: [mirror("m", ["A": 0])], mayEnd: true, steps: []),
    Case(
      what: "over by the channel's own time", reserved: [reserved("f", ["A": 3], endsIn: -1)],
      steps: []),
    Case(
      what: "another SKU joins", reserved: [reserved("f", ["A": 3, "B": 1])],
      mirrors: [mirror("m", ["A": 3])], steps: [.create(reserved("f", ["B": 1]))]),
    Case(
      what: "two promotions of one SKU are kept by the one that ends first",
      reserved: [reserved("z", ["A": 1], endsIn: 9), reserved("a", ["A": 2])],
      steps: [.create(reserved("z", ["A": 3], endsIn: 9))]),
    Case(
      what: "two shops of a channel",
      reserved: [reserved("f", ["A": 1]), reserved("g", ["A": 2], account: "other")],
      mirrors: [mirror("m", ["A": 1])], steps: [.topUp(id: "m", units: skus(["A": 2]))]),
    Case(
      what: "a SKU that cannot be mirrored", reserved: [reserved("f", ["A": 3, "B": 1])],
      leftOut: [SKU(trusted: "A")], steps: [.create(reserved("f", ["B": 1]))]),
    Case(
      what: "what was read before is not believed",
      reserved: [reserved("f", ["A": 5, "B": 2])], mirrors: [mirror("m", ["A": 3])],
      fresh: [SKU(trusted: "B")], steps: [.create(reserved("f", ["B": 2]))]),
    Case(
      what: "one that is fresh in part is not ended", reserved: [reserved("f", ["B": 2])],
      mirrors: [mirror("m", ["A": 3, "B": 2])], fresh: [SKU(trusted: "A")], mayEnd: true,
      steps: []),
    Case(
      what: "nonsense is nothing", reserved: [reserved("f", ["A": 0, "B": -4])], steps: []),
  ]

  @Test(arguments: cases) func stepsFollowWhatIsSetAside(_ one: Case) {
    let steps = ReserveMirror.steps(
      reserved: one.reserved, mirrors: one.mirrors, fresh: one.fresh, leftOut: one.leftOut,
      now: Self.now
    ) { _ in one.mayEnd }
    #expect(steps == one.steps)
  }

  @Test func hugeNumbersStaySums() {
    let huge = (0..<3).map { Self.reserved("f\($0)", ["A": QuantityLimits.maximum]) }
    #expect(ReserveMirror.total(huge)[SKU(trusted: "A")] == QuantityLimits.maximum)
  }
}
