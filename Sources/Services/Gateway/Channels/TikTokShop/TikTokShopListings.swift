public import ChannelAdapter

private struct ProductSearch: Encodable {
  var status = "ALL"
}

private struct ProductList: Decodable {
  enum CodingKeys: String, CodingKey {
    case products
    case nextPageToken = "next_page_token"
  }
  var products: [TikTokShopProduct]?
  var nextPageToken: String?
}

struct TikTokShopProduct: Decodable {
  struct SKU: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, inventory
      case sellerSKU = "seller_sku"
      case options = "sales_attributes"
    }
    struct Inventory: Decodable {
      enum CodingKeys: String, CodingKey { case warehouseID = "warehouse_id" }
      var warehouseID: FlexibleID?
    }
    struct Option: Decodable {
      enum CodingKeys: String, CodingKey { case value = "value_name" }
      var value: String?
    }
    var id: FlexibleID
    var sellerSKU: Lossy<FlexibleID>?
    var inventory: [Inventory]?
    var options: [Option]?
  }
  var id: FlexibleID
  var title: String?
  var status: String?
  var skus: [SKU]?
}

extension TikTokShopAdapter {
  /// A page of products, each SKU a listing. Only a product's own page has the names of its variations, so those of
  /// several SKUs are asked for.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    var parameters = [(name: "page_size", value: String(TikTokShopLimits.products))]
    if let cursor { parameters.append(("page_token", cursor)) }
    let list = try await TikTokShopClient(api: api).post(
      "/product/202502/products/search", parameters, ProductSearch(), as: ProductList.self)
    let products = list.products ?? []
    var listings: [ChannelListing] = []
    for product in products {
      let skus = product.skus ?? []
      let names = skus.count > 1 ? try await optionNames(product.id.text, api) : [:]
      listings += skus.map { listing(product, $0, names[$0.id.text] ?? []) }
    }
    let next = list.nextPageToken ?? ""
    return ListingPage(
      listings: listings, nextCursor: next.isEmpty || products.isEmpty ? nil : next)
  }

  /// By SKU ID; a SKU in review is not shown here.
  private func optionNames(
    _ productID: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: [String]] {
    let product: TikTokShopProduct
    do {
      product = try await TikTokShopClient(api: api).get(
        "/product/202309/products/\(ChannelQuery.encode(productID))", as: TikTokShopProduct.self)
    } catch {
      // Deleted meanwhile, or in a state that has no page: it goes without the names.
      switch error {
      case .notFound, .refused: return [:]
      default: throw error
      }
    }
    var names: [String: [String]] = [:]
    for sku in product.skus ?? [] {
      names[sku.id.text] = (sku.options ?? []).compactMap(\.value)
    }
    return names
  }

  private func listing(
    _ product: TikTokShopProduct, _ sku: TikTokShopProduct.SKU, _ options: [String]
  ) -> ChannelListing {
    let warehouses = (sku.inventory ?? []).compactMap { $0.warehouseID?.named }
    return ChannelListing(
      itemID: product.id.text, variationID: sku.id.text, sellerSKU: sku.sellerSKU?.text ?? "",
      title: ([product.title ?? ""] + options).filter { !$0.isEmpty }.joined(separator: ", "),
      state: state(product.status),
      attributes: warehouses.isEmpty
        ? [:] : [Self.warehousesAttribute: warehouses.joined(separator: ",")])
  }

  private func state(_ status: String?) -> ChannelListing.State {
    switch status?.uppercased() {
    case "ACTIVATE", nil: .live
    case "DELETED": .deleted
    default: .hidden
    }
  }
}
