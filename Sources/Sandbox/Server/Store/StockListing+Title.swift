// A shop's listing has one title here, `Tee, black, M`. Shopify and WooCommerce keep it in two: what the product is called,
// and what tells its variant from the others.

extension [StockListing] {
  /// What the titles of a product's variants have in common, in front; the whole title of an only one.
  var productTitle: String {
    guard let first else { return "" }
    let shared = first.titleParts.prefix(sharedParts)
    return shared.isEmpty
      ? "Product \(first.itemID)" : shared.joined(separator: StockListing.titleSeparator)
  }

  /// What a variant's title says beyond the product's; nil when that is nothing.
  func optionTitle(of listing: StockListing) -> String? {
    let rest = listing.titleParts.dropFirst(sharedParts)
    return rest.isEmpty ? nil : rest.joined(separator: StockListing.titleSeparator)
  }

  private var sharedParts: Int {
    guard let first else { return 0 }
    let parts = first.titleParts
    let different = parts.indices.first { index in
      contains { !$0.titleParts.starts(with: parts[...index]) }
    }
    return different ?? parts.count
  }
}

extension StockListing {
  fileprivate static let titleSeparator = ", "

  fileprivate var titleParts: [Substring] {
    title.split(separator: Self.titleSeparator, omittingEmptySubsequences: false)
  }
}
