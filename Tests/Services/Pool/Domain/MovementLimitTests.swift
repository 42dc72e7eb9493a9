import Primitives
import Testing

@testable import PoolDomain

/// A command that comes to more movements than are allowed is refused by their number, and changes nothing.
@Suite struct MovementLimitTests {
  private static func place(_ number: Int) -> LocationID { LocationID(trusted: "L\(number)") }
  private static func sku(_ number: Int) -> SKU { SKU(trusted: "C\(number)") }
  private static let order = OrderID(trusted: "o-1")

  /// SKUs, and a bundle `B` of one each, with units at each location.
  private static func pool(skus: Int = 100, locations: Int, units: Quantity) throws -> Pool {
    let pool = Pool()
    pool.advance(to: Timestamp(seconds: 1_800_000_000))
    for number in 0..<skus { _ = try pool.apply(.setSKU(SetSKU(sku: sku(number)))) }
    _ = try pool.apply(.setSKU(SetSKU(sku: SKU(trusted: "B"))))
    for number in (0..<locations).reversed() {
      _ = try pool.apply(
        .setLocation(SetLocation(location: place(number), rank: Int32(number))))
      _ = try pool.apply(
        .receive(
          ReceiveStock(
            lines: (0..<skus).map {
              StockLine(sku: sku($0), location: place(number), quantity: units)
            })))
    }
    guard skus <= Limits.bundleComponents else { return pool }
    let parts = (0..<skus).map { SetBundle.Part(sku: sku($0), units: 1) }
    _ = try pool.apply(.setBundle(SetBundle(sku: SKU(trusted: "B"), parts: parts)))
    return pool
  }

  private static func sale(_ lines: Range<Int>, units: Quantity = 1) -> Command {
    .recordSale(
      RecordSale(
        orderID: order, channelID: ChannelID(trusted: "shop"),
        lines: lines.map {
          DemandLine(lineID: "\($0)", sku: SKU(trusted: "B"), quantity: units)
        }))
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

  @Test func bundlesAreTakenApart() throws {
    let pool = try Self.pool(locations: 1, units: 10_000)
    Self.expectRefused(pool, Self.sale(0..<1_001), 100_100)
    #expect(pool.sales[Self.order] == nil)
    _ = try pool.apply(Self.sale(0..<1_000))
    #expect(pool.sequence == 100 + 100_000)
    _ = try pool.apply(Self.sale(1_000..<1_001))
    let totals = (0..<1_001).map { LineTotal(lineID: "\($0)", total: 1) }
    Self.expectRefused(
      pool, .shipSale(ShipSale(orderID: Self.order, lines: totals)), 100_100)
    Self.expectRefused(
      pool, .cancelSale(CancelSale(orderID: Self.order, lines: totals)), 100_100)
    let back = (0..<1_001).map { _ in
      ReturnStock.Line(
        stock: StockLine(sku: SKU(trusted: "B"), location: Self.place(0), quantity: 1),
        disposition: .restock)
    }
    Self.expectRefused(
      pool, .returnStock(ReturnStock(returnID: ReturnID(trusted: "r"), lines: back)), 100_100)
  }

  /// Method: 101 SKUs with a unit of each of 1,000 lots.
  @Test func unitsAreOfManyLots() throws {
    let pool = try Self.pool(skus: 101, locations: 1, units: 1_000)
    _ = try pool.apply(.setLocation(SetLocation(location: Self.place(9), rank: 9)))
    for number in 0..<101 {
      for lot in 0..<1_000 {
        pool.load(
          Lot(
            sku: SKUIndex(number), location: LocationIndex(0),
            tag: LotTag(id: LotID(trusted: "\(lot)")), quantity: 1))
      }
    }
    let lost = (0..<101).map {
      StockLine(sku: Self.sku($0), location: Self.place(0), quantity: -1_000)
    }
    Self.expectRefused(pool, .adjust(AdjustStock(lines: lost, reason: "lost")), 101_000)
    let transfer = TransferID(trusted: "T")
    _ = try pool.apply(
      .document(
        .setTransfer(
          SetTransfer(
            id: transfer, source: Self.place(0), destination: Self.place(9),
            lines: (0..<101).map {
              .init(lineID: "\($0)", sku: Self.sku($0), quantity: 1_000)
            }))))
    Self.expectRefused(pool, .document(.shipTransfer(ShipTransfer(id: transfer))), 101_000)
    let count = CountID(trusted: "C")
    let skus = (0..<101).map { Self.sku($0) }
    _ = try pool.apply(
      .document(.openCount(OpenCount(id: count, location: Self.place(0), skus: skus))))
    _ = try pool.apply(
      .document(
        .reportCount(
          ReportCount(
            id: count, reportID: ReportID(trusted: "r"),
            lines: skus.map { .init(sku: $0, counted: 0) }, actor: "bo"))))
    _ = try pool.apply(.document(.submitCount(SubmitCount(id: count))))
    Self.expectRefused(
      pool, .document(.approveCount(EndDocument(id: count, reason: "so"))), 101_000)
    let sold = (0..<101).map {
      DemandLine(lineID: "\($0)", sku: Self.sku($0), quantity: 1_000)
    }
    _ = try pool.apply(
      .recordSale(
        RecordSale(orderID: Self.order, channelID: ChannelID(trusted: "shop"), lines: sold)))
    func shipped(_ lines: Range<Int>) -> Command {
      .shipSale(
        ShipSale(
          orderID: Self.order, lines: lines.map { LineTotal(lineID: "\($0)", total: 1_000) }))
    }
    Self.expectRefused(pool, shipped(0..<101), 101_000)
    _ = try pool.apply(shipped(0..<100))
  }
}
