internal import ChannelAdapter

private struct Withdrawal: Encodable {
  enum CodingKeys: String, CodingKey { case productIDs = "product_ids" }
  var productIDs: [String]
}

extension TikTokShopAdapter {
  /// What is done where TikTok takes no zero, whose documented least is 1: the product is taken off the shop, since
  /// what cannot be sold must not be on sale. Only a product with this one SKU: others may have stock. Nobody puts it
  /// back but a person, as TikTok looks at a product anew then.
  func withdraw(
    _ listing: ChannelListing, _ reason: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> PushResult {
    let client = TikTokShopClient(api: api)
    let product = try await client.get(
      "/product/202309/products/\(ChannelQuery.encode(listing.itemID))", as: TikTokShopProduct.self)
    guard product.skus?.count == 1 else {
      return .refused("no zero is taken (\(reason)), and the product has other SKUs: deactivate it")
    }
    let answer = try await client.answer(
      "/product/202309/products/deactivate", [], Withdrawal(productIDs: [listing.itemID]),
      as: TikTokShopErrors.self)
    guard let failure = answer.failure ?? answer.content?.errors?.first?.failure else {
      return .acknowledged
    }
    guard let result = failure.pushResult else { throw failure.channelError }
    return result
  }
}
