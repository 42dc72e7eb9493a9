public import ChannelAdapter

private let variantsQuery = """
  query Variants($first: Int!, $after: String) {
    productVariants(first: $first, after: $after) {
      nodes {
        legacyResourceId title sku
        product { legacyResourceId title status }
        inventoryItem {
          legacyResourceId tracked
          inventoryLevels(first: 1) { nodes { location { legacyResourceId } } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
  """

private struct PageVariables: Encodable {
  var first: Int
  var after: String?
}

private struct VariantsData: Decodable {
  struct Variant: Decodable {
    struct Product: Decodable {
      var legacyResourceId: FlexibleID
      var title: String?
      var status: String?
    }
    struct Item: Decodable {
      struct Level: Decodable {
        struct Location: Decodable {
          var legacyResourceId: FlexibleID?
        }
        var location: Location?
      }
      var legacyResourceId: FlexibleID?
      var tracked: Bool?
      var inventoryLevels: ShopifyNodes<Level>?
    }
    var legacyResourceId: FlexibleID
    var title: String?
    var sku: String?
    var product: Product
    var inventoryItem: Item?
  }
  var productVariants: ShopifyNodes<Variant>
}

extension ShopifyAdapter {
  /// A page of variants. A listing's location is the account's, else the first at which it is
  /// stocked.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    let page = try await ShopifyClient(api: api).query(
      variantsQuery, PageVariables(first: ShopifyLimits.variants, after: cursor),
      as: VariantsData.self
    ).productVariants
    let listings = page.nodes.map { listing($0, api.account) }
    return ListingPage(listings: listings, nextCursor: page.nextCursor)
  }

  private func listing(
    _ variant: VariantsData.Variant, _ account: ChannelAccount
  ) -> ChannelListing {
    var attributes: [String: String] = [:]
    if let item = variant.inventoryItem?.legacyResourceId?.named {
      attributes["inventory_item_id"] = item
    }
    let stocked = variant.inventoryItem?.inventoryLevels?.nodes.first?.location?.legacyResourceId
    if let location = account.credentials[ShopifyCredential.locationID] ?? stocked?.named {
      attributes["location_id"] = ShopifyID.number(location)
    }
    // A product without options has one variant, which Shopify calls so.
    let option = variant.title == "Default Title" ? "" : variant.title ?? ""
    return ChannelListing(
      itemID: variant.product.legacyResourceId.text, variationID: variant.legacyResourceId.text,
      sellerSKU: variant.sku ?? "",
      title: [variant.product.title ?? "", option].filter { !$0.isEmpty }
        .joined(separator: ", "),
      state: variant.product.status ?? "ACTIVE" == "ACTIVE" ? .live : .hidden,
      attributes: attributes)
  }
}
