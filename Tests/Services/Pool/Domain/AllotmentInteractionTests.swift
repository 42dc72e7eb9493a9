import Primitives
import Testing

@testable import PoolDomain

/// Allotments beside what else decides who gets units: collection, an owner's own holds, rules.
@Suite struct AllotmentInteractionTests {
  // MARK: Collection

  /// Goal: who asks for units for collection leaves alone what is kept for others, in whichever way; a fact stays one.
  @Test func collectionLeavesAllotmentsAlone() throws {
    try check(
      """
      locate B rank=2 store pickup            -> ok
      receive 6@A 4@B                         -> ok
      feed lazada ranked by=A                 -> ok
      promotion p regular 3 on=shopee to=100  -> draft
      schedule p                              -> active
      hold h-1 2@B on=lazada                  -> short:1/2
      try o-1 2@B on=lazada                   -> short:1/2
      try o-1 1@B on=lazada                   -> ok       held@B 0  committed@B 1
      sell o-2 2@B on=lazada                  -> ok       committed@B 3
      """
    )
  }

  /// Goal: a cap holds for collection, too.
  @Test func collectionKeepsToTheCap() throws {
    try check(
      """
      locate B rank=2 store pickup            -> ok
      receive 6@A 4@B                         -> ok
      feed shopee ranked by=A                 -> ok
      buffer channel=shopee cap=2             -> ok
      promotion p iron 5 on=shopee to=100     -> draft
      schedule p accepting                    -> active   ats%shopee 2
      hold h-1 3@B on=shopee                  -> short:2/3
      hold h-1 2@B on=shopee                  -> held     left%p 3
      """
    )
  }

  /// Goal: what an owner's hold for collection has of an allotment can be had by the owner's next one.
  @Test func ownHoldForCollection() throws {
    try check(
      """
      locate B rank=2 store pickup               -> ok
      receive 6@A 4@B                            -> ok
      feed shopee ranked by=A                    -> ok
      promotion p restrict 2 on=shopee to=1000   -> draft
      schedule p                                 -> active
      hold h-1 2@B on=shopee by=anna             -> held       left%p 0
      hold h-2 2@B on=shopee by=bert             -> short:0/2
      hold h-2 2@B on=shopee by=anna             -> held       left%p 0   held@B 2
      release h-1                                -> unchanged released
      """
    )
  }

  // MARK: An owner's own holds

  /// Goal: an owner gives up nothing in vain: what would go back to the allotment of others stays held.
  @Test func ownUnitsOfOtherAllotmentsStay() throws {
    try check(
      onHand: 10,
      """
      promotion p regular 5 on=shopee to=1000   -> draft
      schedule p                                -> active
      hold h-1 4 on=shopee by=anna              -> held       left%p 1
      hold h-2 5 by=anna                        -> held       available 1
      hold h-3 3 on=lazada by=anna              -> held       left%p 1   held 9
      hold h-4 3 on=lazada by=anna              -> held       left%p 1   held 9
      hold h-5 6 on=lazada by=anna              -> short:5/6
      sell o-1 3 on=lazada by=anna              -> ok         left%p 1   held 6
      release h-1                               -> released   left%p 5
      """
    )
  }

  /// Goal: a line of which only a part is of another allotment still helps with the rest, as the last of all.
  @Test func ownUnitsBesideAnotherAllotmentHelp() throws {
    try check(
      onHand: 10,
      """
      promotion p regular 4 on=shopee to=1000   -> draft
      schedule p                                -> active
      hold h-1 6 on=shopee by=anna              -> held       left%p 0
      hold h-2 4 by=anna                        -> held       available 0
      hold h-3 5 on=lazada by=anna              -> held       left%p 4   held 6
      release h-1                               -> released   held 5
      release h-2                               -> unchanged released
      """
    )
  }

  // MARK: Refusals

  /// Goal: a channel that sells nothing but its allotment is told so.
  @Test func refusalNamesTheOwnPromotion() throws {
    let machine = try Script(onHand: 20)
    for line in ["promotion p restrict 5 on=shopee to=100", "schedule p", "sell o-1 3"] {
      _ = try machine.run(line.words)
    }
    for (line, isTold) in [
      ("hold h-1 3 on=shopee", true), ("try o-2 3", true), ("hold h-1 99 on=lazada", false),
      ("hold h-1 99", false),
    ] {
      do {
        _ = try machine.run(line.words)
        Issue.record("there is too little: \(line)")
      } catch PoolError.insufficientStock(let shortage) {
        let own = PoolError.Allotted(promotionID: try PromotionID("p"), quantity: 2)
        #expect(shortage.restricted == (isTold ? own : nil), "\(line)")
        #expect(shortage.allotted == (isTold ? [] : [own]), "\(line)")
      }
    }
  }

  // MARK: Clashes

  /// Goal: a promotion that is over clashes with nothing, whatever was left of it.
  @Test func promotionThatIsOverHasNoClashes() throws {
    let machine = try Script(onHand: 10)
    func clashes(_ id: String) throws -> [PromotionClash.Kind] {
      let promotion = try #require(machine.pool.promotions.find(try PromotionID(id)))
      return machine.pool.clashes(of: promotion).map(\.kind)
    }
    for line in [
      "promotion p regular 5 on=shopee to=100", "schedule p", "sell o-1 9 on=lazada",
      "promotion q regular 4 on=lazada from=50 to=200", "schedule q accepting",
    ] { _ = try machine.run(line.words) }
    #expect(try clashes("p") == [.overPromised] && clashes("q") == [.overPromised])
    for line in ["end p", "stop q", "promotion r regular 1 on=shopee,lazada to=300", "schedule r"] {
      _ = try machine.run(line.words)
    }
    #expect(try clashes("p").isEmpty && clashes("q").isEmpty)
  }

  // MARK: What if

  /// Goal: of a promotion that runs, a trial begins with what the pool shows.
  @Test(arguments: ["restrict", "regular", "iron"])
  func trialBeginsWithWhatIsLeft(strategy: String) throws {
    let machine = try Script(onHand: 20)
    for line in ["promotion p \(strategy) 10 on=shopee to=100", "schedule p", "sell o-1 8"] {
      _ = try machine.run(line.words)
    }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("p")))
    let (tee, lazada) = (SKUIndex(0), ChannelID(trusted: "lazada"))
    var trial = PromotionTrial(
      of: promotion, from: .zero, to: Timestamp(seconds: 1), in: machine.pool)
    trial.play(tee, on: lazada, 99, at: Timestamp(seconds: 1))
    #expect(trial.points[0].shown == machine.pool.availableToSell(tee, on: trial.points[0].channel))
    #expect(machine.pool.availableToSell(tee, on: lazada) == 10)
    #expect(trial.outcomes[0].allotted == 2 && trial.outcomes[0].lostElsewhere == 2)
  }

  /// Goal: an order that names no channel lowers the stock as well; no channel's rule binds it, but it leaves alone what is
  /// kept.
  @Test func trialPlaysOrdersWithoutChannel() throws {
    let machine = try Script(onHand: 10)
    for line in ["buffer units=2", "promotion p restrict 6 on=shopee to=100"] {
      _ = try machine.run(line.words)
    }
    let promotion = try #require(machine.pool.promotions.find(try PromotionID("p")))
    var trial = PromotionTrial(
      of: promotion, from: .zero, to: Timestamp(seconds: 1), in: machine.pool)
    trial.play(SKUIndex(0), on: nil, 9, at: .zero)
    trial.finish()
    // 4 of 10 with the promotion, 9 without it.
    #expect(trial.outcomes[0].lostElsewhere == 5 && trial.outcomes[0].left == 6)
    #expect(trial.lineCount == 1)
    #expect(trial.points.allSatisfy { $0.channel.text == "shopee" })
    #expect(trial.points.last.map { [$0.shown, $0.shownWithout] } == [4, 0])
  }
}
