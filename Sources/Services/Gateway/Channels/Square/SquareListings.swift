public import ChannelAdapter

/// What every object of the catalogue has, and where it is offered.
private struct CatalogObject<Content: Decodable>: Decodable {
  enum CodingKeys: String, CodingKey {
    case id
    case isDeleted = "is_deleted"
    case isEverywhere = "present_at_all_locations"
    case presentAt = "present_at_location_ids"
    case absentAt = "absent_at_location_ids"
    case item = "item_data"
    case variation = "item_variation_data"
  }
  var id: FlexibleID
  var content: Content?
  private var isDeleted: Bool
  private var isEverywhere: Bool
  private var presentAt: [String]
  private var absentAt: [String]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(FlexibleID.self, forKey: .id)
    content =
      try container.decodeIfPresent(Content.self, forKey: .item)
      ?? container.decodeIfPresent(Content.self, forKey: .variation)
    isDeleted = try container.decodeIfPresent(Bool.self, forKey: .isDeleted) ?? false
    isEverywhere = try container.decodeIfPresent(Bool.self, forKey: .isEverywhere) ?? true
    presentAt = try container.decodeIfPresent([String].self, forKey: .presentAt) ?? []
    absentAt = try container.decodeIfPresent([String].self, forKey: .absentAt) ?? []
  }

  func isOffered(at location: String) -> Bool {
    guard !isDeleted else { return false }
    return isEverywhere ? !absentAt.contains(location) : presentAt.contains(location)
  }
}

private struct ItemData: Decodable {
  enum CodingKeys: String, CodingKey {
    case name, variations
    case productType = "product_type"
    case isArchived = "is_archived"
  }
  var name: String?
  var productType: String?
  var isArchived: Bool?
  var variations: [CatalogObject<VariationData>]?
}

private struct VariationData: Decodable {
  var name: String?
  var sku: FlexibleID?
  var sellable: Bool?
  var stockable: Bool?
}

private struct CatalogPage: Decodable {
  var objects: [CatalogObject<ItemData>]?
  var cursor: String?
}

extension SquareAdapter {
  /// A page of the catalogue: the variations that the account's location offers. A listing's
  /// `itemID` is the variation's ID, which is all that a line of an order names.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    var query = [(name: "types", value: "ITEM")]
    if let cursor { query.append(("cursor", cursor)) }
    let page = try await SquareClient(api: api).get("catalog/list", query, as: CatalogPage.self)
    let next = page.cursor ?? ""
    guard next.isEmpty || next != cursor else { throw .malformed("the cursor does not advance") }
    let location = api.account.externalID
    let listings = (page.objects ?? []).filter { $0.isOffered(at: location) }
      .flatMap { item in
        guard let data = item.content, data.productType != "GIFT_CARD" else {
          return [ChannelListing]()
        }
        return (data.variations ?? []).filter { $0.isOffered(at: location) }
          .map { listing($0.id.text, $0.content, data, of: item.id.text) }
      }
    return ListingPage(listings: listings, nextCursor: next.isEmpty ? nil : next)
  }

  private func listing(
    _ id: String, _ variation: VariationData?, _ item: ItemData, of itemID: String
  ) -> ChannelListing {
    var attributes = ["item_id": itemID]
    if variation?.stockable == false { attributes[ChannelListing.derivedName] = "false" }
    let isSold = item.isArchived != true && variation?.sellable != false
    return ChannelListing(
      itemID: id, variationID: "", sellerSKU: variation?.sku?.text ?? "",
      title: [item.name ?? "", variation?.name ?? ""].filter { !$0.isEmpty }
        .joined(separator: ", "),
      state: isSold ? .live : .hidden, attributes: attributes)
  }
}
