import Primitives
import Testing

@testable import PoolDomain

@Suite struct PromotionTests {
  // MARK: Clock

  @Test func startsAndEndsByTheClock() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 8 on=shopee from=10 to=100   -> draft       ats%lazada 20
      schedule p       -> scheduled    ats%lazada 20  ats%shopee 20
      schedule p       -> scheduled
      wait 9           -> ok           ats%lazada 20
      wait 1           -> ok           ats%lazada 12  ats%shopee 20
      sell o-1 3       -> ok           ats%lazada 12  ats%shopee 17  left%p 5
      sell o-2 2 on=lazada -> ok       ats%lazada 10  ats%shopee 15  left%p 5
      wait 90          -> ok           ats%lazada 15  ats%shopee 15  left%p 5
      end p            -> ended
      """
    )
  }

  /// Goal: the pool says when something happens next, so that the writer wakes then.
  @Test func nextMomentIsThatOfAPromotion() throws {
    let machine = try Script(onHand: 5)
    _ = try machine.run(
      ["promotion", "p", "regular", "2", "on=shopee", "from=10", "to=100"])
    #expect(machine.pool.nextMoment == nil)
    _ = try machine.run(["schedule", "p"])
    #expect(machine.pool.nextMoment == machine.now + .seconds(10))
    for left in [90, 0] as [Int64] {
      _ = machine.pool.takeChanges()
      _ = try machine.run(["wait", left > 0 ? "10" : "90"])
      #expect(machine.pool.takeChanges().turned == [SKUIndex(0)])
      #expect(machine.pool.nextMoment == (left > 0 ? machine.now + .seconds(left) : nil))
    }
  }

  @Test func statesAndVerbs() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 8 on=shopee from=10 to=100   -> draft
      promotion p regular 9 on=shopee from=10 to=100   -> draft
      end p            -> wrongState:draft
      topUp p 1        -> wrongState:draft
      schedule p       -> scheduled
      end p            -> wrongState:scheduled
      promotion p regular 8 on=shopee from=10 to=100   -> wrongState:scheduled
      topUp p 1        -> scheduled       left%p 10
      topUp p 1:CAP    -> lineUnknown
      wait 10          -> ok              ats%lazada 10
      stop p           -> wrongState:active
      topUp p 2        -> active          ats%lazada 8
      end p            -> ended           ats%lazada 20
      end p            -> ended
      schedule p       -> ended
      topUp p 1        -> wrongState:ended
      promotion q regular 8 on=shopee from=10 to=100   -> draft
      schedule q       -> scheduled
      stop q           -> cancelled
      stop q           -> cancelled
      schedule q       -> wrongState:cancelled
      wait 50          -> ok              ats%lazada 20
      promotion r regular 8 on=shopee from=10 to=5     -> windowOutOfRange
      promotion r regular 8 on=shopee from=-9 to=0     -> windowOutOfRange
      promotion r regular 8 on=shopee to=31622401      -> windowOutOfRange
      promotion r regular 1:NONE on=shopee to=5        -> skuUnknown
      schedule x       -> unknown
      """
    )
  }

  // MARK: Strategies

  /// The worked table of DESIGN.md: 20 on hand, a buffer of 3, 8 allotted to Shopee; then Lazada
  /// sells 10, 4 and 4.
  @Test(
    arguments: [
      (Promotion.Strategy.restrict, [8, 7, 3, 0]), (.regular, [17, 7, 3, 0]),
      (.ironReserve, [17, 8, 6, 2]),
    ] as [(Promotion.Strategy, [Quantity])])
  func strategiesAsInTheTable(strategy: Promotion.Strategy, shopee: [Quantity]) throws {
    let machine = try Script(onHand: 20)
    let word = strategy == .ironReserve ? "iron" : "\(strategy)"
    for line in ["buffer units=3", "promotion p \(word) 8 on=shopee to=100", "schedule p"] {
      _ = try machine.run(line.words)
    }
    for (step, lazada) in ([9, 0, 0, 0] as [Quantity]).enumerated() {
      if step > 0 {
        _ = try machine.run(["sell", "o-\(step)", step == 1 ? "10" : "4", "on=lazada"])
      }
      let shown = ["shopee", "lazada"].map {
        machine.pool.availableToSell(SKUIndex(0), on: ChannelID(trusted: $0))
      }
      #expect(shown == [shopee[step], lazada], "step \(step)")
    }
  }

  @Test func restrictedChannelsSellTheAllotmentAlone() throws {
    try check(
      onHand: 20,
      """
      promotion p restrict 5 on=shopee to=100   -> draft
      schedule p             -> active         ats%shopee 5    ats%lazada 15
      hold h-1 6 on=shopee   -> short:5/6
      hold h-1 5 on=shopee   -> held           ats%shopee 0    ats%lazada 15  left%p 0
      try o-1 1 on=shopee    -> short:0/1      available 15
      sell o-1 2 on=shopee   -> ok             ats%lazada 13   available 13
      release h-1            -> released       ats%shopee 5    ats%lazada 13  left%p 5
      """
    )
  }

  /// Goal: who asks first leaves alone what is kept for others; what has been sold has been sold.
  @Test func allotmentsAreKeptFromOthers() throws {
    try check(
      onHand: 10,
      """
      promotion p regular 8 on=shopee to=100    -> draft
      schedule p             -> active
      hold h-1 3             -> short:2/3
      hold h-1 3 on=lazada   -> short:2/3
      try o-1 3 on=lazada    -> short:2/3
      hold h-1 2             -> held           ats%lazada 0    ats%shopee 8
      sell o-2 3 on=lazada   -> ok             available 5     ats%shopee 5  ats%lazada 0
      """
    )
    let machine = try Script(onHand: 10)
    for line in ["promotion p regular 8 on=shopee to=100", "schedule p"] {
      _ = try machine.run(line.words)
    }
    do {
      _ = try machine.run("hold h-1 3 on=lazada".words)
      Issue.record("it is kept")
    } catch PoolError.insufficientStock(let shortage) {
      #expect(shortage.allotted.map(\.promotionID.text) == ["p"])
      #expect(shortage.allotted.map(\.quantity) == [8])
    }
  }

  @Test func ironReserveComesFirstOfTwo() throws {
    try check(
      onHand: 7,
      """
      promotion p iron 5 on=shopee to=100       -> draft
      promotion q regular 5 on=lazada to=100    -> draft
      schedule p             -> active
      schedule q             -> clashes:overPromised
      schedule q accepting   -> active          ats%shopee 5  ats%lazada 2  ats%web 0
      """
    )
  }

  // MARK: Counting

  @Test func cancellationsGiveBackWhileItRuns() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 5 on=shopee to=100   -> draft
      schedule p         -> active
      sell o-1 4         -> ok            left%p 1
      sell o-2 4         -> ok            left%p 0    ats%lazada 12
      cancel o-2 2       -> ok            left%p 1    ats%lazada 13
      cancel o-1 1       -> ok            left%p 2    ats%lazada 13
      ship o-1 3         -> ok            left%p 2    ats%lazada 13
      wait 100           -> ok            left%p 2    ats%lazada 15
      cancel o-2 4       -> ok            left%p 2    ats%lazada 17
      """
    )
  }

  @Test func holdsTakeAndGiveBack() throws {
    try check(
      onHand: 20,
      """
      promotion p restrict 6 on=shopee to=1000   -> draft
      schedule p             -> active
      hold h-1 4 on=shopee   -> held         left%p 2
      edit h-1 -1            -> held         left%p 3
      edit h-1 +3            -> held         left%p 0    ats%lazada 14
      commit h-1 o-1 4       -> committed    left%p 2    ats%lazada 14   committed 4
      hold h-2 2 on=shopee until=60 -> held  left%p 0
      wait 60                -> ok           left%p 2    ats%lazada 14
      commit h-2 o-2         -> committed retaken   left%p 0   ats%lazada 14
      cancel o-1 4           -> ok           left%p 4    ats%lazada 14
      cancel o-2 2           -> ok           left%p 6    ats%lazada 14
      """
    )
  }

  /// Goal: an owner's own hold out of an allotment is not in the owner's way either.
  @Test func ownHoldOutOfAnAllotment() throws {
    try check(
      onHand: 20,
      """
      promotion p restrict 2 on=shopee to=1000   -> draft
      schedule p                      -> active
      hold h-1 2 on=shopee by=anna    -> held       left%p 0
      hold h-2 2 on=shopee by=bert    -> short:0/2
      hold h-2 2 on=shopee by=anna    -> held       left%p 0   held 2
      release h-1                     -> unchanged released
      """
    )
  }

  /// Goal: what an owner's hold gives up out of two lines goes back to the allotment just once.
  @Test func ownHoldOfTwoLinesOutOfAnAllotment() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 6 on=shopee to=1000   -> draft
      schedule p                      -> active
      hold h-1 5 2 on=shopee by=anna  -> held       left%p 0
      hold h-2 15 on=shopee by=anna   -> held       left%p 0   held 20
      release h-1                     -> released   left%p 5
      release h-2                     -> released   left%p 6   held 0
      """
    )
  }

  // MARK: Clashes

  /// Goal: of what is not there, no buffer hides anything.
  @Test func oversoldSKUIsOverPromisedOnly() throws {
    try check(
      onHand: 2,
      """
      sell o-1 5                           -> oversold 3
      promotion p iron 2 on=shopee to=100  -> draft
      schedule p                           -> clashes:overPromised
      schedule p accepting                 -> active    ats%shopee 0
      """
    )
  }

  @Test func clashesAreAllTold() throws {
    try check(
      onHand: 10,
      """
      receive 4:CAP            -> ok
      buffer channel=lazada cap=2   -> ok
      promotion p regular 6 on=shopee to=100              -> draft
      schedule p               -> active
      promotion q regular 5 3:CAP on=shopee,lazada from=50 to=200   -> draft
      schedule q               -> clashes:overlap,overPromised,buffer,buffer
      schedule q accepting     -> clashes:overlap
      end p                    -> ended
      schedule q               -> clashes:buffer,buffer
      schedule q accepting     -> scheduled
      topUp q 6                -> clashes:overPromised,buffer
      topUp q 6 accepting      -> scheduled    left%q 11
      """
    )
  }

  /// Goal: what a promotion still keeps is measured, not what it was made with.
  @Test func clashesAreOfWhatIsLeft() throws {
    try check(
      onHand: 40,
      """
      buffer channel=shopee units=20   -> ok
      promotion p regular 15 on=shopee to=100   -> draft
      schedule p               -> active
      topUp p 6                -> clashes:buffer
      topUp p 5                -> active       left%p 20
      sell o-1 18              -> ok           left%p 2
      topUp p 1                -> clashes:buffer
      buffer channel=shopee units=19   -> ok
      topUp p 1                -> active       left%p 3
      """
    )
  }

  /// Goal: promotions that follow each other do not add up, those that run together at any moment do. Method: p and q one
  /// after the other, r over both; then s beside the second of them.
  @Test func promisesAreOfOneTime() throws {
    try check(
      onHand: 10,
      """
      promotion p regular 6 on=shopee from=10 to=50     -> draft
      schedule p               -> scheduled
      promotion q regular 6 on=shopee from=50 to=90     -> draft
      schedule q               -> scheduled
      promotion r regular 4 on=lazada to=100            -> draft
      schedule r               -> active
      topUp r 1                -> clashes:overPromised
      promotion s regular 1 on=till from=60 to=70       -> draft
      schedule s               -> clashes:overPromised
      promotion s regular 1 on=till from=90 to=99       -> draft
      schedule s               -> scheduled
      topUp s 5                -> scheduled    left%s 6
      topUp s 1                -> clashes:overPromised
      """
    )
  }

  /// Goal: who promises beside it, how much, and when are told of the fullest moment.
  @Test func fullestMomentIsTold() throws {
    let machine = try Script(onHand: 10)
    let begin = machine.pool.now
    for line in [
      "promotion p regular 3 on=shopee from=10 to=50", "schedule p",
      "promotion q regular 8 on=shopee from=50 to=90", "schedule q",
      "promotion r regular 3 on=lazada to=100",
    ] { _ = try machine.run(line.words) }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("r")))
    #expect(
      machine.pool.clashes(of: promotion) == [
        PromotionClash(
          kind: .overPromised, sku: SKUIndex(0), other: try PromotionID("q"), wanted: 3, present: 2,
          time: begin + .seconds(50))
      ])
  }

  /// Goal: a buffer that opens within the window, or one that is left when a milder one closes, hides units as one of the
  /// start does; one outside of it does not.
  @Test func buffersOfTheWholeWindowClash() throws {
    try check(
      onHand: 10,
      """
      promotion p regular 8 on=shopee from=10 to=100     -> draft
      buffer channel=shopee units=5 from=100 until=200   -> ok
      buffer channel=lazada units=5 from=50 until=60     -> ok
      schedule p               -> scheduled
      stop p                   -> cancelled
      promotion q regular 8 on=shopee from=10 to=100     -> draft
      buffer sku=TEE channel=shopee units=3 from=99 until=200   -> ok
      schedule q               -> clashes:buffer
      promotion q iron 8 on=shopee from=10 to=100        -> draft
      schedule q               -> scheduled
      stop q                   -> cancelled
      buffer sku=TEE channel=shopee   -> ok
      buffer sku=TEE units=4          -> ok
      buffer sku=TEE channel=shopee units=1 until=60     -> ok
      promotion r regular 7 on=shopee from=10 to=60      -> draft
      schedule r               -> scheduled
      stop r                   -> cancelled
      promotion s regular 7 on=shopee from=10 to=61      -> draft
      schedule s               -> clashes:buffer
      """
    )
  }

  /// Goal: of a rule that counts later, it is told from when on.
  @Test func firstMomentOfALaterBufferIsTold() throws {
    let machine = try Script(onHand: 10)
    let begin = machine.pool.now
    for line in [
      "buffer units=4", "buffer channel=shopee units=5 from=30 until=40",
      "buffer channel=shopee units=9 from=50 until=60",
      "promotion p regular 8 on=shopee from=10 to=100",
    ] { _ = try machine.run(line.words) }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("p")))
    #expect(
      machine.pool.clashes(of: promotion) == [
        PromotionClash(
          kind: .buffer, sku: SKUIndex(0), channel: try ChannelID("shopee"), wanted: 8, present: 1,
          time: begin + .seconds(50))
      ])
  }

  /// Goal: a year of promotions is looked through in bounds.
  @Test func clashesOfAKindAreBounded() throws {
    let count = Limits.clashesOfKind / 2 + 1
    let skus = (1...count).map { "S\($0)" }
    let machine = try Script(moreSKUs: skus)
    let lines = skus.map { "1:\($0)" }.joined(separator: " ")
    for line in [
      "promotion p regular \(lines) on=a,b to=100", "schedule p accepting",
      "promotion q regular \(lines) on=a,b to=100",
    ] { _ = try machine.run(line.words) }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("q")))
    let clashes = Dictionary(grouping: machine.pool.clashes(of: promotion), by: \.kind)
    #expect(clashes[.overlap]?.count == Limits.clashesOfKind)
    #expect(clashes[.overPromised]?.count == count)
    #expect(clashes[.overPromised]?.first?.other?.text == "p")
  }

  // MARK: What if

  /// Goal: what was topped up is tried, too.
  @Test func trialIsOfWhatWasToppedUp() throws {
    let machine = try Script(onHand: 10)
    for line in ["promotion p restrict 1 on=shopee to=100", "schedule p", "topUp p 4"] {
      _ = try machine.run(line.words)
    }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("p")))
    var trial = PromotionTrial(
      of: promotion, from: .zero, to: Timestamp(seconds: 1), in: machine.pool)
    trial.play(SKUIndex(0), on: ChannelID(trusted: "shopee"), 9, at: .zero)
    #expect(trial.outcomes[0].allotted == 5 && trial.outcomes[0].promoted == 5)
  }

  @Test func trialTellsWhatWouldHaveBeen() throws {
    let machine = try Script(onHand: 10)
    _ = try machine.run(
      ["promotion", "p", "restrict", "6", "on=shopee", "from=100", "to=200"])
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("p")))
    var trial = PromotionTrial(
      of: promotion, from: Timestamp(seconds: 0), to: Timestamp(seconds: 100), in: machine.pool)
    let tee = SKUIndex(0)
    let (shopee, lazada) = (ChannelID(trusted: "shopee"), ChannelID(trusted: "lazada"))
    trial.play(tee, on: lazada, 3, at: Timestamp(seconds: 10))
    trial.play(tee, on: shopee, 2, at: Timestamp(seconds: 20))
    trial.play(tee, on: lazada, 4, at: Timestamp(seconds: 30))
    trial.play(SKUIndex(1), on: shopee, 1, at: Timestamp(seconds: 40))
    trial.play(tee, on: shopee, 5, at: Timestamp(seconds: 50))
    trial.finish()
    let outcome = trial.outcomes[0]
    // Lazada: 3 and 1 of 4; without, 3 and 4. Shopee: 2 and 4 of 5; without, 2 and the last 1.
    #expect(outcome.available == 10 && outcome.allotted == 6 && outcome.left == 0)
    #expect(outcome.promoted == 6 && outcome.lostElsewhere == 3 && outcome.lostInside == 0)
    #expect(trial.lineCount == 4)
    let points = trial.points.filter { $0.time == Timestamp(seconds: 25) }
    #expect(points.map(\.shown) == [4, 1] && points.map(\.shownWithout) == [5, 5])
    #expect(machine.pool.available(tee) == 10, "a trial changes nothing")
  }

  /// Goal: random sales, holds and their ends leave each allotment with what its holds and sales say.
  @Test(arguments: ModelTests.seeds) func allotmentsAreTheSumOfTheirUses(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    let machine = try Script(onHand: 60, moreSKUs: ["KIT"])
    for line in [
      "receive 40:CAP", "bundle KIT 2 1:CAP",
      "promotion p restrict 20 10:CAP on=shopee from=30 to=2000",
      "promotion q iron 8 on=lazada from=10 to=900", "schedule p", "schedule q",
    ] { _ = try machine.run(line.words) }
    for step in 1...500 {
      let sku = ["TEE", "CAP"].randomElement(using: &random)!
      let channel = ["shopee", "lazada", "web"].randomElement(using: &random)!
      let units = Quantity.random(in: 1...4, using: &random)
      let known = "h-\(Int.random(in: 1...step, using: &random))"
      let order = "o-\(Int.random(in: 1...step, using: &random))"
      let asked = Bool.random(using: &random) ? "on=\(channel)" : ""
      let hold =
        "hold h-\(step) \(units):\(sku) \(step % 3 + 1):TEE \(asked) by=\(units) until=\(units * 30)"
      let line =
        switch Int.random(in: 0..<10, using: &random) {
        case 0: "sell o-\(step) \(units):\(sku) on=\(channel)"
        case 1, 2: hold
        case 3: "commit \(known) c-\(known) 1:\(sku) on=\(channel)"
        case 4: "commit \(known) o-\(known) on=\(channel)"
        case 5: "release \(known)"
        case 6: "edit \(known) \(Bool.random(using: &random) ? units : -1):\(sku)"
        case 7: "cancel \(order) \(units)"
        case 8:
          step % 20 == 0 ? "topUp p \(units) accepting" : "hold h-\(step) 1:KIT 1 on=shopee by=1"
        default: "wait \(units)"
        }
      do { _ = try machine.run(line.words) } catch is PoolError {}
      try expectUses(machine.pool, step)
    }
    expectFold(machine.pool, machine.entries)
  }

  private func expectUses(_ pool: Pool, _ step: Int) throws {
    var uses: [SKUIndex: [PromotionIndex: Quantity]] = [:]
    func count(_ sku: SKUIndex, _ use: AllotmentUse) {
      uses[sku, default: [:]][use.promotion, default: 0] += use.quantity
    }
    for hold in pool.holds.values where hold.state == .held {
      for line in hold.lines { if let use = line.allotment { count(line.sku, use) } }
    }
    for sale in pool.sales.values {
      for line in sale.lines { for use in line.allotments { count(line.sku, use) } }
    }
    for allotment in pool.promotions.allotments {
      let sum = uses[allotment.sku]?[allotment.promotion] ?? 0
      try #require(sum == allotment.taken, "step \(step)")
    }
  }
}
