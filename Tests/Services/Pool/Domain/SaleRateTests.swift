import Primitives
import Testing

@testable import PoolDomain

@Suite struct SaleRateTests {
  private let start = Timestamp(seconds: 1_800_000_000)
  private var halfLife: Duration { Limits.rateHalfLife }

  @Test func saleCountsHalfAfterEachHalfLife() {
    var rate = SaleRate()
    rate.count(8, at: start)
    let weights = (0...4).map { rate.weight(at: start + halfLife * $0) / SaleRate.scale }
    #expect(weights == [8, 4, 2, 1, 0])
    let between = Double(rate.weight(at: start + halfLife / 2)) / Double(SaleRate.scale)
    #expect(abs(between - 8 * 0.5.squareRoot()) < 0.08)
    #expect(rate.weight(at: start - .seconds(5)) == 8 * SaleRate.scale)
    #expect(rate.weight(at: .distantFuture) == 0)
  }

  @Test func salesAddUp() {
    var rate = SaleRate()
    rate.count(8, at: start)
    rate.count(1, at: start + halfLife)
    #expect(rate.weight(at: start + halfLife) == 5 * SaleRate.scale)
  }

  @Test func nothingOverflows() {
    var rate = SaleRate()
    for _ in 0..<100 { rate.count(.max, at: start) }
    let most = SaleRate.maximum
    #expect(rate.weight(at: start) == most && rate.weight(at: start + .seconds(1)) < most)
    let units = SaleRate.units(weight: most, in: Limits.lag, factor: Limits.demandFactor)
    #expect(units > Limits.bufferUnits)
    let margin = Buffer.Margin.demand(lag: Limits.lag, factor: Limits.demandFactor)
    #expect(margin.units(of: 1, weight: most) == Limits.bufferUnits)
  }

  /// Goal: a steady rate is found again. Method: one unit every two seconds for two hours, and what is
  /// hidden for several lags, within 2 %.
  @Test(
    arguments: [
      (60, 10_000, 30), (60, 20_000, 60), (60, 5_000, 15), (600, 10_000, 300), (2, 10_000, 1),
    ] as [(Int64, Int32, Double)])
  func steadyRate(lag: Int64, factor: Int32, expected: Double) {
    var rate = SaleRate()
    var now = start
    for _ in 0..<3_600 {
      rate.count(1, at: now)
      now = now + .seconds(2)
    }
    let units = SaleRate.units(weight: rate.weight(at: now), in: .seconds(lag), factor: factor)
    #expect(abs(Double(units) - expected) <= max(1, expected * 0.02), "\(units)")
  }

  @Test func whatDoesNotSellHidesNothing() {
    #expect(SaleRate.units(weight: 0, in: .seconds(60), factor: 10_000) == 0)
    #expect(SaleRate.units(weight: 1, in: .seconds(60), factor: 10_000) == 1)
  }

  /// The buffer rises with sales of any channel, falls with time, and stays within its bounds.
  @Test func bufferFollowsDemand() throws {
    try check(
      onHand: 1000,
      """
      buffer demand=600,10000 least=2 most=50   -> ok  ats%shopee 998
      sell o-1 10 on=till                       -> ok  ats%shopee 983  available 990
      hold h-1 10                               -> held
      commit h-1                                -> committed  ats%shopee 966  available 980
      cancel o-1 10                             -> ok  ats%shopee 976  available 990
      wait 600                                  -> ok  ats%shopee 983
      wait 600                                  -> ok  ats%shopee 986
      wait 6000                                 -> ok  ats%shopee 988
      sell o-2 500                              -> ok  ats%shopee 440  available 490
      """
    )
  }

  /// Numbers change in steps, each of which is told, until nothing is left of the rate.
  @Test func fallOfTheRateIsTold() throws {
    let machine = try Script(onHand: 100)
    let pool = machine.pool
    _ = try machine.run(["sell", "o-0", "1:CAP"])
    #expect(pool.nextMoment == nil)
    _ = try machine.run("buffer demand=60,10000".words)
    _ = pool.takeChanges()
    let step = Limits.rateStep
    #expect(pool.nextMoment == pool.now.rateStep + step)
    _ = try machine.run(["sell", "o-1", "50"])
    let shown = pool.availableToSell(SKUIndex(0), on: try ChannelID("shopee"))
    pool.advance(to: pool.now.rateStep + step - .microseconds(1))
    #expect(pool.availableToSell(SKUIndex(0), on: try ChannelID("shopee")) == shown)
    _ = pool.takeChanges()
    pool.advance(to: pool.now.rateStep + step)
    #expect(pool.takeChanges().turned == [SKUIndex(0), SKUIndex(1)])
    pool.advance(to: pool.now + .seconds(600 * 40))
    #expect(pool.takeChanges().turned == [SKUIndex(0), SKUIndex(1)])
    #expect(pool.nextMoment == nil)
    _ = try machine.run("buffer".words)
    _ = try machine.run(["sell", "o-2", "1"])
    #expect(pool.nextMoment == nil)
  }
}
