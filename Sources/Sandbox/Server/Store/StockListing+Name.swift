extension StockListing {
  /// What calls name several listings by at once.
  enum Name: String {
    case item = "item_id"
    case variation = "variation_id"
    case sku
  }
}

extension [StockListing] {
  /// By their items, in whose order they are.
  var byItem: [[StockListing]] {
    var items: [[StockListing]] = []
    for listing in self {
      if items.last?[0].itemID == listing.itemID {
        items[items.count - 1].append(listing)
      } else {
        items.append([listing])
      }
    }
    return items
  }
}
