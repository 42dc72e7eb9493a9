public import ChannelAdapter

/// Where an import stands: the page of products, and what has variations on it.
private struct WooCommercePlace: Codable {
  struct Parent: Codable {
    var id: String
    var name: String
    var isLive: Bool
  }
  var page = 1
  var variationPage = 1
  /// Products whose variations are still to be read.
  var parents: [Parent] = []
  var isLastPage = false
}

private struct WooCommerceProduct: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, name, type, status, sku, attributes, variations
    case manageStock = "manage_stock"
  }
  struct Attribute: Decodable {
    var option: Lossy<FlexibleID>?
  }
  var id: FlexibleID
  var name: Lossy<String>?
  var type: Lossy<String>?
  var status: Lossy<String>?
  var sku: Lossy<FlexibleID>?
  /// True, false, or `parent` for a variation.
  var manageStock: Lossy<FlexibleID>?
  var attributes: Lossy<[Attribute]>?
  var variations: Lossy<[FlexibleID]>?

  var isVariable: Bool {
    type?.value?.hasPrefix("variable") == true || variations?.value?.isEmpty == false
  }

  /// Grouped products sell others; external ones are sold elsewhere.
  var hasStock: Bool { !["grouped", "external"].contains(type?.value ?? "simple") }

  var state: ChannelListing.State {
    switch status?.value ?? "publish" {
    case "publish": .live
    case "trash": .deleted
    default: .hidden
    }
  }

  var options: String {
    (attributes?.value ?? []).compactMap { $0.option?.text }.filter { !$0.isEmpty }
      .joined(separator: ", ")
  }
}

extension WooCommerceAdapter {
  /// A page of products, then page by page the variations of those on it: one call each.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    var place = WooCommercePlace()
    if let cursor {
      guard let known = try? ChannelJSON.decode(WooCommercePlace.self, from: Array(cursor.utf8))
      else { throw .malformed("the cursor is not one of WooCommerce's") }
      place = known
    }
    let client = WooCommerceClient(api: api)
    let listings =
      place.parents.isEmpty
      ? try await products(&place, client) : try await variations(&place, client)
    let isOver = place.isLastPage && place.parents.isEmpty
    return ListingPage(
      listings: listings, nextCursor: isOver ? nil : ChannelJSON.encodeText(place))
  }

  private func products(
    _ place: inout WooCommercePlace, _ client: WooCommerceClient
  ) async throws(ChannelError) -> [ChannelListing] {
    let found = try await client.get(
      "products",
      [
        ("per_page", String(WooCommerceLimits.page)), ("page", String(place.page)),
        ("status", "any"), ("orderby", "id"), ("order", "asc"),
      ], as: [WooCommerceProduct].self)
    place.page += 1
    place.isLastPage = found.count < WooCommerceLimits.page
    place.parents = found.filter(\.isVariable).map {
      .init(id: $0.id.text, name: $0.name?.value ?? "", isLive: $0.state == .live)
    }
    return found.filter { !$0.isVariable && $0.hasStock }.map { product in
      ChannelListing(
        itemID: product.id.text, variationID: "", sellerSKU: product.sku?.text ?? "",
        title: product.name?.value ?? "", state: product.state)
    }
  }

  private func variations(
    _ place: inout WooCommercePlace, _ client: WooCommerceClient
  ) async throws(ChannelError) -> [ChannelListing] {
    let parent = place.parents[0]
    let found: [WooCommerceProduct]
    do {
      found = try await client.get(
        "products/\(parent.id)/variations",
        [
          ("per_page", String(WooCommerceLimits.page)), ("page", String(place.variationPage)),
          ("orderby", "id"), ("order", "asc"),
        ], as: [WooCommerceProduct].self)
    } catch .notFound {
      // It was deleted since the products were read.
      found = []
    }
    place.variationPage += 1
    if found.count < WooCommerceLimits.page {
      place.parents.removeFirst()
      place.variationPage = 1
    }
    return found.map { variation in
      let isLive = parent.isLive && variation.state == .live
      let hasParentStock = variation.manageStock?.text == WooCommerceTarget.parentStock
      return ChannelListing(
        itemID: parent.id, variationID: variation.id.text, sellerSKU: variation.sku?.text ?? "",
        title: [parent.name, variation.options].filter { !$0.isEmpty }.joined(separator: ", "),
        state: isLive ? .live : variation.state == .deleted ? .deleted : .hidden,
        attributes: hasParentStock
          ? [WooCommerceTarget.attribute: WooCommerceTarget.parentStock] : [:])
    }
  }
}
