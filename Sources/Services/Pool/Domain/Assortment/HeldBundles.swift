internal import Primitives

// A hold keeps what a bundle consisted of when it first got one, so that its owner can edit it and commit a part of it in
// bundles, whatever becomes of the definition meanwhile.

extension Hold {
  /// What a SKU is in this hold; nil when it never had any.
  func parts(of sku: SKUIndex) -> [Bundle.Part]? {
    if let bundle = bundles.first(where: { $0.sku == sku }) { return bundle.parts }
    // It may have become a bundle since the hold ended.
    return lines.contains { $0.sku == sku } ? [Bundle.Part(sku: sku, units: 1)] : nil
  }
}

extension Pool {
  /// The bundles among SKUs that a hold gets for the first time.
  func freshBundles(_ skus: some Sequence<SKU>, of hold: Hold? = nil) -> [SaleBundle] {
    guard !bundles.isEmpty else { return [] }
    var fresh: [SaleBundle] = []
    for sku in skus.lazy.compactMap({ self.index(of: $0) }) {
      guard hold?.parts(of: sku) == nil, !fresh.contains(where: { $0.sku == sku }),
        let parts = bundles.components(of: sku)
      else { continue }
      fresh.append(SaleBundle(lineID: "", sku: sku, parts: parts))
    }
    return fresh
  }
}
