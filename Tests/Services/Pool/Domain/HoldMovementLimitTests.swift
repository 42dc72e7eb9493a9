import Primitives
import Testing

@testable import PoolDomain

/// A hold is bounded as it is made and as it is edited, so that what ends it, which nothing refuses, is bounded, too.
///
/// Method: ten bundles of 100 SKUs each, of which a unit lies at each of very many locations, so that each bundle that a
/// hold has more comes from a location of its own.
@Suite struct HoldMovementLimitTests {
  private static let bundles = (0..<10).map { SKU(trusted: "B\($0)") }
  private static let skus = (0..<1_000).map { SKU(trusted: "C\($0)") }
  private static let start = Timestamp(seconds: 1_800_000_000)

  private static func place(_ number: Int) -> LocationID { LocationID(trusted: "L\(number)") }

  private static func pool(locations: Int) throws -> Pool {
    let pool = Pool()
    pool.advance(to: start)
    for sku in skus + bundles { _ = try pool.apply(.setSKU(SetSKU(sku: sku))) }
    for (number, bundle) in bundles.enumerated() {
      let parts = skus[(number * 100)..<(number * 100 + 100)].map {
        SetBundle.Part(sku: $0, units: 1)
      }
      _ = try pool.apply(.setBundle(SetBundle(sku: bundle, parts: parts)))
    }
    for number in (0..<locations).reversed() { try receive(1, at: number, in: pool) }
    return pool
  }

  private static func receive(_ units: Quantity, at number: Int, in pool: Pool) throws {
    _ = try pool.apply(
      .setLocation(SetLocation(location: place(number), rank: Int32(number))))
    let lines = skus.map { StockLine(sku: $0, location: place(number), quantity: units) }
    _ = try pool.apply(.receive(ReceiveStock(lines: lines)))
  }

  private static func lines(_ quantity: Quantity) -> [DemandLine] {
    bundles.map { DemandLine(lineID: $0.text, sku: $0, quantity: quantity) }
  }

  private static func create(_ id: String, _ quantity: Quantity, seconds: Int64 = 3_600) -> Command
  {
    .createHold(
      CreateHold(
        holdID: HoldID(trusted: id), owner: "cart", lines: lines(quantity),
        expireTime: start + .seconds(seconds)))
  }

  private static func edit(
    _ id: String, _ delta: Quantity, of bundles: [SKU] = bundles, in pool: Pool
  ) throws -> Command {
    let hold = try #require(pool.holds[HoldID(trusted: id)])
    return .editHold(
      EditHold(
        holdID: hold.id, etag: hold.etag, lines: bundles.map { .init(sku: $0, delta: delta) }))
  }

  private static func expectRefused(
    _ pool: Pool, _ command: Command, _ count: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = pool.sequence
    #expect(throws: PoolError.tooManyMovements(count), sourceLocation: sourceLocation) {
      try pool.apply(command)
    }
    #expect(pool.sequence == before, sourceLocation: sourceLocation)
  }

  @Test func unitsAreAtManyLocations() throws {
    let pool = try Self.pool(locations: 102)
    Self.expectRefused(pool, Self.create("h", 101), 101_000)
    #expect(pool.holds[HoldID(trusted: "h")] == nil)
    let order = OrderID(trusted: "o")
    let sale = RecordSale(
      orderID: order, channelID: ChannelID(trusted: "shop"), lines: Self.lines(101))
    Self.expectRefused(pool, .recordSale(sale), 101_000)
    let before = pool.sequence
    _ = try pool.apply(Self.create("h", 100))
    #expect(pool.sequence == before + 100_000)
    // The same again is the same hold.
    _ = try pool.apply(Self.create("h", 100))
    #expect(pool.sequence == before + 100_000)
    let one = [Self.bundles[0]]
    Self.expectRefused(pool, try Self.edit("h", 1, of: one, in: pool), 100_100)
    _ = try pool.apply(try Self.edit("h", -1, of: one, in: pool))
    _ = try pool.apply(try Self.edit("h", 1, of: one, in: pool))
    _ = try pool.apply(.commitHold(CommitHold(holdID: HoldID(trusted: "h"), orderID: order)))
    #expect(pool.sequence == before + 100_000 + 100 + 100 + 100_000)
  }

  /// Method: what the owner's other hold gives up counts, too.
  @Test func unitsComeFromAnotherHold() throws {
    let pool = try Self.pool(locations: 101)
    _ = try pool.apply(Self.create("older", 60))
    // 41 are free: the rest comes out of the older hold, as a release each.
    Self.expectRefused(pool, Self.create("newer", 81), 81_000 + 40_000)
    _ = try pool.apply(Self.create("newer", 50))
    Self.expectRefused(pool, try Self.edit("newer", 31, in: pool), 50_000 + 31_000 + 31_000)
    #expect(pool.holds[HoldID(trusted: "older")]?.lines.reduce(0) { $0 + $1.quantity } == 51_000)
  }

  /// Method: the hold's units were at one place, and are at very many when it is taken again.
  @Test func expiredHoldIsTakenAgain() throws {
    let pool = try Self.pool(locations: 0)
    try Self.receive(101, at: 0, in: pool)
    _ = try pool.apply(Self.create("h", 101, seconds: 1))
    pool.advance(to: Self.start + .seconds(2))
    let lost = Self.skus.map { StockLine(sku: $0, location: Self.place(0), quantity: -101) }
    _ = try pool.apply(.adjust(AdjustStock(lines: lost, reason: "moved")))
    for number in 1...101 { try Self.receive(1, at: number, in: pool) }
    let id = HoldID(trusted: "h")
    let order = OrderID(trusted: "o")
    Self.expectRefused(pool, .commitHold(CommitHold(holdID: id, orderID: order)), 101_000)
    #expect(pool.sales[order] == nil)
    _ = try pool.apply(
      .commitHold(CommitHold(holdID: id, orderID: order, lines: Self.lines(100))))
  }
}
