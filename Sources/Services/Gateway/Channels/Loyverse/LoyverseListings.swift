public import ChannelAdapter

private struct ItemPage: Decodable {
  struct Item: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, variants
      case name = "item_name"
      case isComposite = "is_composite"
      case isProduced = "use_production"
      case isCounted = "track_stock"
      case deletedAt = "deleted_at"
    }
    var id: FlexibleID
    var name: String?
    var isComposite: Bool?
    var isProduced: Bool?
    var isCounted: Bool?
    var deletedAt: String?
    var variants: [Variant]?
  }
  struct Variant: Decodable {
    enum CodingKeys: String, CodingKey {
      case sku, stores
      case id = "variant_id"
      case option1 = "option1_value"
      case option2 = "option2_value"
      case option3 = "option3_value"
      case deletedAt = "deleted_at"
    }
    struct Store: Decodable {
      enum CodingKeys: String, CodingKey {
        case id = "store_id"
        case isForSale = "available_for_sale"
      }
      var id: FlexibleID
      var isForSale: Bool?
    }
    var id: FlexibleID
    var sku: FlexibleID?
    var option1: String?
    var option2: String?
    var option3: String?
    var deletedAt: String?
    var stores: [Store]?
  }
  var items: [Item]?
  var cursor: String?
}

extension LoyverseAdapter {
  /// A page of items, each variant a listing.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    var query = [(name: "limit", value: String(LoyverseLimits.page))]
    if let cursor { query.append(("cursor", cursor)) }
    let page = try await LoyverseClient(api: api).get("items", query, as: ItemPage.self)
    let next = page.cursor ?? ""
    guard next.isEmpty || next != cursor else { throw .malformed("the cursor does not advance") }
    let store = api.account.externalID
    let listings = (page.items ?? []).flatMap { item in
      (item.variants ?? []).map { listing($0, of: item, at: store) }
    }
    return ListingPage(listings: listings, nextCursor: next.isEmpty ? nil : next)
  }

  private func listing(
    _ variant: ItemPage.Variant, of item: ItemPage.Item, at store: String
  ) -> ChannelListing {
    let isDeleted = item.deletedAt != nil || variant.deletedAt != nil
    let isForSale = variant.stores?.first { $0.id.text == store }?.isForSale ?? true
    // A composite uses up its parts, unless it is made ahead and counted itself.
    let isMadeOfParts = item.isComposite == true && item.isProduced != true
    let isCounted = item.isCounted != false && !isMadeOfParts
    let names = [item.name, variant.option1, variant.option2, variant.option3]
    return ChannelListing(
      itemID: item.id.text, variationID: variant.id.text, sellerSKU: variant.sku?.text ?? "",
      title: names.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", "),
      state: isDeleted ? .deleted : isForSale ? .live : .hidden,
      attributes: isCounted ? [:] : [ChannelListing.countedName: "false"])
  }
}
