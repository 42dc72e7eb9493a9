import GatewayDomain
import Primitives
import Testing

@Suite struct TokenBucketTests {
  @Test func burstGoesAtOnceThenByTheRate() {
    var bucket = TokenBucket(rate: 10, burst: 3, now: 0)
    for _ in 0..<3 { #expect(bucket.reserve(now: 0) == 0) }
    #expect(bucket.reserve(now: 0) == 100_000_000)
    #expect(bucket.reserve(now: 0) == 200_000_000)
    #expect(bucket.reserve(now: 1_000_000_000) == 0)
  }

  @Test func pauseHoldsEverybody() {
    var bucket = TokenBucket(rate: 10, burst: 5, now: 0)
    bucket.pause(until: 2_000_000_000, now: 0)
    #expect(bucket.reserve(now: 0) == 2_000_000_000)
    #expect(bucket.reserve(now: 500_000_000) == 1_600_000_000)
    #expect(bucket.reserve(now: 3_000_000_000) == 0)
  }

  @Test func callsAfterAPauseGoByTheRate() {
    var bucket = TokenBucket(rate: 10, burst: 5, now: 0)
    bucket.pause(until: 2_000_000_000, now: 0)
    let waits = (0..<4).map { _ in bucket.reserve(now: 1_000_000_000) }
    #expect(waits == [1_000_000_000, 1_100_000_000, 1_200_000_000, 1_300_000_000])
    bucket.pause(until: 1_500_000_000, now: 1_000_000_000)
    #expect(bucket.reserve(now: 1_000_000_000) == 1_400_000_000, "a shorter pause ends none")
  }

  @Test func turnThatIsTooFarOffIsNotTaken() {
    var bucket = TokenBucket(rate: 1, burst: 1, now: 0)
    #expect(bucket.reserve(within: 0, now: 0) == (true, 0))
    #expect(bucket.reserve(within: 500_000_000, now: 0) == (false, 1_000_000_000))
    #expect(bucket.reserve(within: 1_000_000_000, now: 0) == (true, 1_000_000_000))
  }

  @Test func unusedTokenComesBack() {
    var bucket = TokenBucket(rate: 1, burst: 1, now: 0)
    #expect(bucket.reserve(now: 0) == 0)
    bucket.refund(now: 0)
    #expect(bucket.reserve(now: 0) == 0)
    bucket.refund(now: 0)
    bucket.refund(now: 0)
    #expect(bucket.reserve(now: 0) == 0)
    #expect(bucket.reserve(now: 0) == 1_000_000_000, "no more than the burst is saved")
  }

  /// Goal: never more calls than rate × time + burst. Method: random calls at random times.
  @Test(arguments: 0..<20) func rateIsNeverExceeded(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let rate = Double.random(in: 1...50, using: &random)
    var bucket = TokenBucket(rate: rate, burst: 5, now: 0)
    var now: Int64 = 0
    var starts: [Int64] = []
    for _ in 0..<500 {
      now += Int64.random(in: 0...40_000_000, using: &random)
      starts.append(now + bucket.reserve(now: now))
    }
    starts.sort()
    for (index, start) in starts.enumerated() {
      let allowed = Double(start) / 1e9 * rate + 5 + 1e-6
      #expect(Double(index + 1) <= allowed + 1, "seed \(seed)")
    }
  }
}

@Suite struct SizeTests {
  /// Goal: 100,000 listings take little memory.
  @Test func whatThereIsOfEachListingIsSmall() {
    #expect(MemoryLayout<PushState>.size <= 180)
    #expect(MemoryLayout<ListingComponents>.size <= 32)
    #expect(MemoryLayout<RecentSpans>.size <= 66)
  }

  @Test func packedNumberIsThereOrNot() {
    #expect(
      Packed<Quantity>().wrappedValue == nil
        && Packed<Timestamp>(wrappedValue: nil).wrappedValue == nil)
    for value in [0, -1, Quantity.max, Quantity.min + 1] {
      #expect(Packed(wrappedValue: value).wrappedValue == value)
    }
    #expect(Packed(wrappedValue: Duration.microseconds(5)).wrappedValue == .microseconds(5))
    #expect(Small(wrappedValue: .max).wrappedValue == Int(Int32.max))
  }

  @Test func componentsKeepTheirOrder() {
    let all = ["a", "b", "c"].map { SKUAmount(sku: SKU(trusted: $0), quantity: 2) }
    for count in 0...3 {
      let components = ListingComponents(all.prefix(count))
      #expect(Array(components) == Array(all.prefix(count)) && components.isEmpty == (count == 0))
    }
  }
}

@Suite struct IntakeBarrierTests {
  @Test func barrierIsPastWhenAllBeforeAreDone() {
    var barrier = IntakeBarrier()
    for id in 1...4 { barrier.enter(Int64(id)) }
    barrier.leave(3)
    #expect(!barrier.isPast(3))
    barrier.leave(1)
    barrier.leave(2)
    #expect(barrier.isPast(3) && !barrier.isPast(4))
    #expect(barrier.waitingCount == 1)
    barrier.leave(4)
    #expect(barrier.isPast(4) && barrier.isEmpty)
  }

  @Test func replayEntersInItsPlace() {
    var barrier = IntakeBarrier()
    for id in [5, 9] { barrier.enter(Int64(id)) }
    barrier.enter(7)
    barrier.enter(7)
    #expect(barrier.waitingCount == 3)
    barrier.leave(5)
    #expect(!barrier.isPast(7))
    barrier.leave(7)
    barrier.enter(7)
    #expect(!barrier.isPast(7))
    barrier.leave(7)
    #expect(barrier.isPast(7) && !barrier.isPast(9))
  }

  /// Goal: the same answers as a plain set. Method: random entries and exits.
  @Test(arguments: 0..<30) func barrierAgreesWithASet(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var barrier = IntakeBarrier()
    var model: Set<Int64> = []
    for step in 0..<3000 {
      let id = Int64.random(in: 0...Int64(step / 4 + 1), using: &random)
      if Bool.random(using: &random) {
        barrier.enter(id)
        model.insert(id)
      } else {
        barrier.leave(id)
        model.remove(id)
      }
      #expect(barrier.waitingCount == model.count, "seed \(seed)")
      let probe = Int64.random(in: 0...Int64(step / 4 + 1), using: &random)
      #expect(barrier.isPast(probe) == !model.contains { $0 <= probe }, "seed \(seed)")
    }
  }
}

@Suite struct LatencyRecordTests {
  @Test func percentilesAreWithinThreePercent() {
    var record = LatencyRecord()
    for value in 1...10_000 { record.add(.microseconds(value * 10)) }
    for (share, exact) in [(0.5, 50_000.0), (0.95, 95_000), (0.99, 99_000)] {
      let found = Double(record.quantile(share).microseconds)
      #expect(abs(found - exact) / exact < 0.035, "\(share): \(found)")
    }
    #expect(record.maximum == .milliseconds(100) && record.count == 10_000)
    #expect(record.quantile(1) == .milliseconds(100))
  }

  @Test(arguments: [0, 1, 31, 32, 33, 1000, 123_456_789, Int64.max / 2])
  func eachValueHasABucket(_ micros: Int64) {
    var record = LatencyRecord()
    record.add(.microseconds(micros))
    #expect(record.count == 1)
    #expect(record.quantile(0.5) <= .microseconds(micros))
  }

  @Test func nothingIsZero() {
    #expect(LatencyRecord().quantile(0.99) == .zero)
  }

  @Test func sumsAdd() {
    var left = LatencyRecord()
    var right = LatencyRecord()
    left.add(.milliseconds(1))
    right.add(.milliseconds(9))
    left.add(right)
    #expect(left.count == 2 && left.maximum == .milliseconds(9))
  }
}

@Suite struct SequenceRecordTests {
  @Test(
    arguments: [
      ([1, 2, 3], [] as [ClosedRange<Int64>]),
      ([1, 3], [2...2]),
      ([5, 9], [6...8]),
      ([5, 9, 7], [6...6, 8...8]),
      ([5, 9, 6, 8, 7], []),
      ([5, 5, 5], []),
      ([9, 3], []),
    ] as [([Int64], [ClosedRange<Int64>])])
  func gapsAreWhatIsMissing(_ numbers: [Int64], _ missing: [ClosedRange<Int64>]) {
    var record = SequenceRecord()
    for number in numbers { record.record(number) }
    #expect(record.missing == missing)
  }

  @Test func gapsAreBounded() {
    var record = SequenceRecord()
    for number in 0..<1000 { record.record(Int64(number * 2)) }
    #expect(record.missing.count <= 100)
    #expect(record.missing.last == 1997...1997)
  }
}

@Suite struct ListingNumberTests {
  static let a = SKU(trusted: "A")
  static let b = SKU(trusted: "B")

  @Test(
    arguments: [
      ([(a, 1)], [a: 5], 5), ([(a, 2)], [a: 5], 2), ([(a, 1), (b, 1)], [a: 5, b: 3], 3),
      ([(a, 2), (b, 3)], [a: 5, b: 3], 1), ([(a, 1)], [a: -4], 0), ([(a, 1)], [a: 5_000], 999),
      ([(a, 1), (b, 1)], [a: 5], nil), ([], [a: 5], nil),
    ] as [([(SKU, Quantity)], [SKU: Quantity], Quantity?)])
  func numberIsTheLeastOverComponents(
    _ components: [(SKU, Quantity)], _ available: [SKU: Quantity], _ wanted: Quantity?
  ) {
    let found = ListingNumber.wanted(
      components.map { SKUAmount(sku: $0.0, quantity: $0.1) }, maximum: 999
    ) { available[$0] }
    #expect(found == wanted)
  }
}
