internal import PoolDomain
internal import Primitives

/// What channels could show of one SKU at a past instant.
struct PastAvailability: AvailabilitySource, Sendable {
  let sku: SKUIndex
  /// The instant, for which rules count or do not.
  let now: Timestamp
  /// Of the ledger at that instant.
  let sequence: Int64
  /// In the order of the locations' creation: what their ranks were is not kept.
  let balances: [Balance]
  private let rates: [SaleRate]
  private let rules: PastRules

  init(_ stock: PastStock, _ rules: PastRules) {
    sku = stock.sku
    now = stock.time
    sequence = stock.sequence
    balances = stock.sums.map(\.balance)
    rates = stock.sums.map(\.rate)
    self.rules = rules
  }

  var buffers: BufferTable { rules.buffers }
  var sourcings: SourcingTable { rules.sourcings }
  var lastUnits: LastUnitsTable { rules.lastUnits }
  /// What was in bundles, and what was left of allotments, is not kept: they are not asked about.
  var bundles: BundleTable { BundleTable() }
  var promotions: PromotionTable { PromotionTable() }

  func group(of sku: SKUIndex) -> SKUGroup? { rules.group }

  func available(_ sku: SKUIndex) -> Quantity {
    balances.reduce(0) { $0 + $1.available }
  }

  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {
    for balance in balances { body(balance) }
  }

  func rateWeight(of sku: SKUIndex) -> Int64 {
    let moment = rateTime
    return rates.reduce(0) { $0 + $1.weight(at: moment) }
  }
}
