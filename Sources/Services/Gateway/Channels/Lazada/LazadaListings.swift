public import ChannelAdapter

extension LazadaAdapter {
  /// A page of products, each SKU a listing. The cursor is Lazada's offset.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    guard let offset = Int(cursor ?? "0"), offset >= 0 else {
      throw .refused("the cursor \(cursor ?? "") is not an offset")
    }
    let list = try await LazadaClient(api: api).get(
      "/products/get",
      [
        ("filter", "all"), ("limit", String(LazadaLimits.products)), ("offset", String(offset)),
        ("options", "1"),
      ], as: LazadaData<LazadaProductList>.self
    ).data
    let products = list.products ?? []
    let listings = products.flatMap { product in
      (product.skus ?? []).map { listing(product, $0) }
    }
    let next = offset + products.count
    let isLast =
      products.isEmpty
      || (list.total.map { next >= $0.value } ?? (products.count < LazadaLimits.products))
    guard isLast || next <= LazadaLimits.offset else {
      throw .refused("Lazada lists the first \(LazadaLimits.offset) products only")
    }
    return ListingPage(listings: listings, nextCursor: isLast ? nil : String(next))
  }

  private func listing(_ product: LazadaProduct, _ sku: LazadaProduct.SKU) -> ChannelListing {
    let options = (sku.options ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value.text)
    let names = [product.attributes?.name ?? ""] + options
    let sellerSKU = sku.sellerSKU?.text ?? ""
    return ChannelListing(
      itemID: product.itemID.text, variationID: sku.skuID.text, sellerSKU: sellerSKU,
      title: names.filter { !$0.isEmpty }.joined(separator: ", "),
      state: state(product.status, sku.status),
      attributes: ["seller_sku": sellerSKU, "sku_id": sku.skuID.text])
  }

  private func state(_ product: String?, _ sku: String?) -> ChannelListing.State {
    let words = [product, sku].compactMap { $0?.lowercased() }
    if words.contains(where: { $0.contains("delete") }) { return .deleted }
    let isHidden = words.contains { !["active", "live"].contains($0) }
    return isHidden ? .hidden : .live
  }
}
