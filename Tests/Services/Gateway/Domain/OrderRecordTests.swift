import GatewayDomain
import Primitives
import Testing

/// The pool's side of an order: totals that only rise, or a failure.
struct ModelPool {
  var sold: [String: Quantity] = [:]
  var takenBack: [String: Quantity] = [:]
  var calls = 0

  /// Makes the steps; each may be made again.
  mutating func take(_ steps: IntakeSteps) {
    calls += 1
    for part in steps.sales {
      #expect(part.soldCount >= sold[part.lineID, default: 0], "a total fell")
      sold[part.lineID] = part.soldCount
    }
    for part in steps.cancellations {
      #expect(part.takenBackCount >= takenBack[part.lineID, default: 0], "a total fell")
      #expect(part.takenBackCount <= sold[part.lineID, default: 0], "more back than sold")
      takenBack[part.lineID] = part.takenBackCount
    }
  }

  var net: [String: Quantity] {
    sold.merging(takenBack) { $0 - $1 }.filter { $0.value != 0 }
  }
}

@Suite struct OrderRecordTests {
  static let tee = SKUAmount(sku: SKU(trusted: "TEE"), quantity: 1)
  static let cap = SKUAmount(sku: SKU(trusted: "CAP"), quantity: 2)

  static func snapshot(
    _ seconds: Int64, _ lines: [(String, Quantity, Quantity)]
  ) -> OrderSnapshot {
    snapshot(seconds, .open, lines)
  }

  static func snapshot(
    _ seconds: Int64, _ state: OrderState, _ lines: [(String, Quantity, Quantity)]
  ) -> OrderSnapshot {
    OrderSnapshot(
      state: state, updateTime: Timestamp(seconds: seconds), saleTime: Timestamp(seconds: 1),
      lines: lines.map {
        OrderSnapshot.Line(lineID: $0.0, itemID: "i\($0.0)", quantity: $0.1, cancelledCount: $0.2)
      })
  }

  /// Takes snapshots in as they come and tells a model pool after each.
  static func run(
    _ arrivals: [OrderSnapshot], components: [SKUAmount] = [tee]
  ) -> (OrderRecord, ModelPool) {
    var record: OrderRecord?
    var pool = ModelPool()
    for snapshot in arrivals {
      if record == nil { record = OrderRecord(snapshot) } else { _ = record?.merge(snapshot) }
      guard var next = record else { continue }
      for line in next.unresolvedLines {
        next.resolve(lineID: line.lineID, listingID: "l\(line.lineID)", components: components)
      }
      let steps = next.steps
      if !steps.isEmpty { pool.take(steps) }
      next.markTold()
      record = next
    }
    return (record ?? OrderRecord(arrivals[0]), pool)
  }

  @Test func firstSnapshotSellsWhatIsNotCancelled() {
    let (_, pool) = Self.run([Self.snapshot(5, [("1", 3, 1)])])
    #expect(pool.net == ["1": 2])
    #expect(pool.takenBack.isEmpty)
  }

  @Test func sameSnapshotAgainTellsNothing() {
    let snapshot = Self.snapshot(5, [("1", 3, 0)])
    let (record, pool) = Self.run([snapshot, snapshot, snapshot])
    #expect(pool.net == ["1": 3])
    #expect(pool.calls == 1)
    #expect(record.steps.isEmpty)
  }

  @Test func cancelledBeforeItWasKnownSellsNothing() {
    let (_, pool) = Self.run([
      Self.snapshot(9, .cancelled, [("1", 3, 3)]), Self.snapshot(5, [("1", 3, 0)]),
    ])
    #expect(pool.sold.isEmpty && pool.calls == 0)
  }

  @Test func growthSellsTheDifference() {
    let (_, pool) = Self.run([
      Self.snapshot(5, [("1", 3, 0)]), Self.snapshot(6, [("1", 5, 0), ("2", 1, 0)]),
    ])
    #expect(pool.net == ["1": 5, "2": 1])
  }

  @Test func lineThatIsGoneIsTakenBack() {
    let (_, pool) = Self.run([
      Self.snapshot(5, [("1", 3, 0), ("2", 1, 0)]), Self.snapshot(6, [("1", 3, 0)]),
    ])
    #expect(pool.net == ["1": 3])
    #expect(pool.takenBack == ["2": 1])
  }

  @Test func cancellationThatIsUndoneSellsAgain() {
    let (_, pool) = Self.run([
      Self.snapshot(5, [("1", 3, 0)]), Self.snapshot(6, [("1", 3, 2)]),
      Self.snapshot(7, [("1", 3, 1)]),
    ])
    #expect(pool.net == ["1": 2])
    #expect(pool.sold == ["1": 4] && pool.takenBack == ["1": 2])
  }

  @Test func olderSnapshotChangesNothing() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 1)]))
    let before = record
    #expect(record.merge(Self.snapshot(4, [("1", 9, 0), ("2", 1, 0)])) == false)
    #expect(record == before)
  }

  /// Goal: of two of the same moment the channel's present word counts, and only those that disagree need one.
  @Test func presentSnapshotIsTheNewerOfTwoOfOneMoment() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0), ("2", 1, 0)]))
    #expect(!record.disagrees(with: Self.snapshot(5, [("2", 1, 0), ("1", 4, 1), ("3", 2, 2)])))
    #expect(!record.disagrees(with: Self.snapshot(6, [("1", 1, 0)])))
    for other in [
      Self.snapshot(5, [("1", 2, 0), ("2", 1, 0)]), Self.snapshot(5, [("1", 3, 0)]),
      Self.snapshot(5, .shipped, [("1", 3, 0), ("2", 1, 0)]),
    ] { #expect(record.disagrees(with: other)) }
    #expect(record.merge(Self.snapshot(5, [("1", 2, 0)]), isPresent: true) == true)
    #expect(record.lines.map { record.netCount($0) } == [2, 0])
    #expect(!record.disagrees(with: Self.snapshot(5, [("1", 2, 0)])))
    #expect(record.merge(Self.snapshot(4, [("1", 9, 0)]), isPresent: true) == false)
  }

  /// Goal: an order is settled once it was asked for after the tick in which it changed last. Each step: when it was asked
  /// for (nil: it stood in its event), when the channel's clock had reached its time, whether that is a new one.
  @Test(
    arguments: [
      ("asked within the tick", [(100, 100, true)], 1, 101),
      ("asked after the tick", [(101, 100, true)], 1, nil),
      ("asked again within it", [(100, 100, true), (100, 100, false)], 1, 101),
      ("asked again after it", [(100, 100, true), (101, 100, false)], 1, nil),
      ("changed again", [(101, 100, true), (105, 105, true)], 1, 106),
      ("read from events alone", [(nil, 100, true), (nil, 109, false)], 1, 101),
      ("known, and told once more", [(101, 100, true), (nil, 109, false)], 1, nil),
      ("a clock that tells all apart", [(100, 100, true)], 0, nil),
    ] as [(String, [(Int64?, Int64, Bool)], Int64, Int64?)])
  func orderIsSettledOnceItWasReadAfterItsTick(
    _ name: String, _ steps: [(asked: Int64?, reached: Int64, isNewer: Bool)], _ tick: Int64,
    _ settleTime: Int64?
  ) {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0)]))
    for step in steps {
      let reading = OrderReading(
        askTime: step.asked.map { Timestamp(seconds: $0) },
        reachTime: Timestamp(seconds: step.reached), tick: .seconds(tick))
      record.settle(reading, isNewer: step.isNewer)
    }
    #expect(record.settleTime == settleTime.map { Timestamp(seconds: $0) }, "\(name)")
  }

  @Test func foreignOrderTakesNothing() {
    let (record, pool) = Self.run([Self.snapshot(5, .foreign, [("1", 3, 0)])])
    #expect(pool.calls == 0 && record.unresolvedLines.isEmpty)
  }

  @Test func bundleTakesEachComponent() {
    let (_, pool) = Self.run([Self.snapshot(5, [("1", 3, 0)])], components: [Self.tee, Self.cap])
    #expect(pool.net == ["1/TEE": 3, "1/CAP": 6])
  }

  @Test func unmappedLineWaitsAndTheRestGoesOn() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0), ("2", 1, 0)]))
    record.resolve(lineID: "1", listingID: "l1", components: [Self.tee])
    record.resolve(lineID: "2", listingID: "l2", components: [])
    #expect(record.steps.sales.map(\.lineID) == ["1"])
    #expect(record.unresolvedLines.map(\.lineID) == ["2"])
    record.markTold()
    record.resolve(lineID: "2", listingID: "l2", components: [Self.cap])
    #expect(record.steps.sales.map(\.lineID) == ["2"])
    #expect(record.steps.sales.map(\.soldCount) == [2])
  }

  @Test func whatALineMeansStaysAsItWasSold() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0)]))
    record.resolve(lineID: "1", listingID: "l1", components: [Self.tee])
    record.resolve(lineID: "1", listingID: "l1", components: [Self.cap])
    #expect(record.lines[0].components == [Self.tee])
  }

  @Test func cancelledUnmappedLineIsNoMoreWaitedFor() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0)]))
    #expect(record.unresolvedLines.count == 1)
    _ = record.merge(Self.snapshot(6, .cancelled, [("1", 3, 3)]))
    #expect(record.unresolvedLines.isEmpty && record.steps.isEmpty)
  }

  @Test func shippedByTheChannelIsToldOnce() {
    var record = OrderRecord(Self.snapshot(5, .shipped, [("1", 1, 0)]))
    record.resolve(lineID: "1", listingID: "", components: [Self.tee])
    #expect(record.steps.ships)
    record.markTold()
    #expect(!record.steps.ships && record.steps.isEmpty)
  }

  @Test func takenInIsWhatTheChannelTookOffItsNumber() {
    var record = OrderRecord(Self.snapshot(5, [("1", 3, 0)]))
    record.resolve(lineID: "1", listingID: "l1", components: [Self.cap])
    #expect(record.steps.takenIn == ["l1": 3])
    record.markTold()
    _ = record.merge(Self.snapshot(6, [("1", 3, 2)]))
    #expect(record.steps.takenIn == ["l1": -2])
  }

  @Test(
    arguments: [
      ("two lines of one name", [("1", 1, 0), ("1", 1, 0)]),
      ("no name", [("", 1, 0)]),
      ("negative units", [("1", -1, 0)]),
      ("more cancelled than ordered", [("1", 1, 2)]),
      ("too many units", [("1", 2_000_000_000, 0)]),
    ] as [(String, [(String, Quantity, Quantity)])])
  func unsoundSnapshotIsNamed(_ name: String, _ lines: [(String, Quantity, Quantity)]) {
    #expect(Self.snapshot(5, lines).problem != nil, "\(name)")
  }

  @Test func tooManyLinesAreNamed() {
    let lines = (0...10_000).map { ("\($0)", Quantity(1), Quantity(0)) }
    #expect(Self.snapshot(5, lines).problem != nil)
    #expect(Self.snapshot(5, []).problem == nil)
  }

  /// Goal: whatever the order, repetition or delay of snapshots, the pool ends with the newest
  /// one's numbers. Method: seeded histories of an order, each arrived at in many seeded orders,
  /// with doubles.
  @Test(arguments: 0..<200) func everyOrderOfArrivalEndsTheSame(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var history: [OrderSnapshot] = []
    var lines: [(String, Quantity, Quantity)] = [
      ("1", Quantity.random(in: 1...5, using: &random), 0)
    ]
    for second in 1...Int64.random(in: 2...6, using: &random) {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: lines.append(("\(lines.count + 1)", Quantity.random(in: 1...3, using: &random), 0))
      case 1: lines[0].1 += 1
      case 2:
        let index = Int.random(in: 0..<lines.count, using: &random)
        lines[index].2 = min(lines[index].1, lines[index].2 + 1)
      default: break
      }
      let isLast = second == 6
      history.append(Self.snapshot(second / 2 + 1, isLast ? .cancelled : .open, lines))
    }
    var ends: Set<String> = []
    for _ in 0..<20 {
      var arrivals = history + history.filter { _ in Bool.random(using: &random) }
      arrivals.shuffle(using: &random)
      let (record, pool) = Self.run(arrivals)
      let order = record.lines.sorted { $0.lineID < $1.lineID }
      for line in order {
        let net = record.netCount(line)
        #expect(pool.net[line.lineID, default: 0] == net, "seed \(seed) line \(line.lineID)")
      }
      ends.insert("\(record.state) " + pool.net.sorted { $0.key < $1.key }.description)
    }
    #expect(ends.count == 1, "seed \(seed): \(ends)")
  }

  /// Goal: a step that was made and not ticked off is made again without effect. Method: the pool
  /// is told twice.
  @Test(arguments: 0..<50) func repeatedStepsChangeNothing(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var record = OrderRecord(Self.snapshot(1, [("1", 2, 0)]))
    var pool = ModelPool()
    for second in 2...8 {
      let quantity = Quantity.random(in: 1...6, using: &random)
      _ = record.merge(
        Self.snapshot(
          Int64(second), [("1", quantity, Quantity.random(in: 0...quantity, using: &random))]))
      record.resolve(lineID: "1", listingID: "l1", components: [Self.tee])
      pool.take(record.steps)
      let before = pool.net
      // The process died here and comes back with what was durable.
      pool.take(record.steps)
      #expect(pool.net == before, "seed \(seed)")
      record.markTold()
    }
    #expect(pool.net["1", default: 0] == record.netCount(record.lines[0]), "seed \(seed)")
  }
}

@Suite struct ReturnRecordTests {
  @Test(
    arguments: [
      ([ReturnRecord.State.requested], [ReturnRecord.Step.create]),
      ([.restocked], [.create, .restock]),
      ([.closed], []),
      ([.requested, .restocked], [.create, .restock]),
      ([.requested, .closed], [.create, .cancel]),
      ([.restocked, .closed], [.create, .restock]),
      ([.requested, .requested, .requested], [.create]),
      ([.requested, .closed, .restocked], [.create, .cancel, .create, .restock]),
      ([.requested, .restocked, .closed], [.create, .restock]),
      ([.closed, .restocked, .requested], [.create, .restock]),
    ] as [([ReturnRecord.State], [ReturnRecord.Step])])
  func stepsFollowTheState(_ states: [ReturnRecord.State], _ wanted: [ReturnRecord.Step]) {
    var record = ReturnRecord(state: states[0], updateTime: Timestamp(seconds: 1))
    var made: [ReturnRecord.Step] = []
    for (index, state) in states.enumerated() {
      _ = record.merge(state: state, updateTime: Timestamp(seconds: Int64(index) + 1))
      for step in record.steps {
        made.append(step)
        record.markTold(step)
      }
    }
    #expect(made == wanted)
    #expect(record.steps.isEmpty)
  }

  /// A return was closed before we heard of the refund that put its goods back.
  @Test func restockedCountsWheneverItIsHeardOf() {
    var record = ReturnRecord(state: .closed, updateTime: Timestamp(seconds: 5), told: .cancelled)
    #expect(record.merge(state: .restocked, updateTime: Timestamp(seconds: 4)) == true)
    #expect(record.state == .restocked && record.updateTime == Timestamp(seconds: 5))
    #expect(record.isSecond && record.steps == [.create, .restock])
    record.markTold(.create)
    #expect(record.isSecond && record.steps == [.restock])
  }

  @Test func returnThatCouldNotBeCancelledIsNotRestockedTwice() {
    var record = ReturnRecord(state: .closed, updateTime: Timestamp(seconds: 5), told: .created)
    record.markCancelRefused()
    _ = record.merge(state: .restocked, updateTime: Timestamp(seconds: 6))
    #expect(record.steps.isEmpty)
  }

  @Test func olderStateChangesNothing() {
    var record = ReturnRecord(state: .closed, updateTime: Timestamp(seconds: 5))
    #expect(record.merge(state: .requested, updateTime: Timestamp(seconds: 4)) == false)
    #expect(record.state == .closed)
    #expect(record.merge(state: .requested, updateTime: Timestamp(seconds: 5)) == true)
    #expect(record.state == .closed)
  }
}
