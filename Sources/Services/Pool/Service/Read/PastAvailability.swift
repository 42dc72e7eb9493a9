internal import PoolDomain
internal import Primitives

/// What channels could show of one SKU, or of a bundle, at a past instant.
struct PastAvailability: AvailabilitySource, Sendable {
  let sku: SKUIndex
  /// The instant, for which rules count or do not.
  let now: Timestamp
  /// Of the ledger at that instant.
  let sequence: Int64
  let bundles: BundleTable
  let promotions: PromotionTable
  private let sums: [SKUIndex: [BalanceSum]]
  private let rules: PastRules

  init(
    _ sku: SKUIndex, _ stock: PastStock, _ rules: PastRules, _ bundles: PastBundles,
    _ promotions: PastPromotions
  ) {
    self.sku = sku
    now = stock.time
    sequence = stock.sequence
    sums = stock.sums
    self.rules = rules
    self.bundles = bundles.table
    self.promotions = promotions.table(at: stock.time) { stock.taken($0) }
  }

  /// Of the SKU, in the order of the locations' creation: what their ranks were is not kept.
  var balances: [Balance] { (sums[sku] ?? []).map(\.balance) }

  /// Whether all that is in it has a name.
  func isNamed(by names: some Names) -> Bool {
    let parts = bundles.components(of: sku) ?? []
    return parts.allSatisfy { $0.sku.int < names.skuCount }
      && sums.allSatisfy { sku, sums in
        sku.int < names.skuCount
          && sums.allSatisfy { $0.balance.location.int < names.locationCount }
      }
  }

  var buffers: BufferTable { rules.buffers }
  var sourcings: SourcingTable { rules.sourcings }
  var lastUnits: LastUnitsTable { rules.lastUnits }

  func group(of sku: SKUIndex) -> SKUGroup? { rules.groups[sku] }

  func available(_ sku: SKUIndex) -> Quantity {
    (sums[sku] ?? []).reduce(0) { $0 + $1.balance.available }
  }

  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {
    for sum in sums[sku] ?? [] { body(sum.balance) }
  }

  func rateWeight(of sku: SKUIndex) -> Int64 {
    let moment = rateTime
    return (sums[sku] ?? []).reduce(0) { $0 + $1.rate.weight(at: moment) }
  }
}
