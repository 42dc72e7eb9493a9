public import ChannelAdapter
internal import Primitives

struct ShopeeStockInfo: Decodable {
  enum CodingKeys: String, CodingKey { case seller = "seller_stock" }
  struct Place: Decodable {
    enum CodingKeys: String, CodingKey {
      case locationID = "location_id"
      case stock
    }
    var locationID: String?
    var stock: LossyInt?
  }
  var seller: [Place]?

  /// The sum over the seller's warehouses, or what one of them has; nil where one does not say, which is not zero.
  func sellerStock(at locationID: String?) -> Quantity? {
    var sum: Quantity?
    for place in seller ?? [] {
      if let locationID, !locationID.isEmpty, place.locationID != locationID { continue }
      guard let stock = place.stock?.shownCount else { return nil }
      sum = (sum ?? 0) + stock
    }
    return sum
  }

  /// Where the stock is set, when there is a choice. A shop without warehouses shows one place too,
  /// and refuses to have it named.
  var firstOfSeveralLocationIDs: String? {
    let ids = (seller ?? []).compactMap(\.locationID).filter { !$0.isEmpty }
    return ids.count > 1 ? ids[0] : nil
  }
}

struct ShopeeItem: Decodable {
  enum CodingKeys: String, CodingKey {
    case itemID = "item_id"
    case name = "item_name"
    case sku = "item_sku"
    case status = "item_status"
    case hasModel = "has_model"
    case stock = "stock_info_v2"
  }
  var itemID: FlexibleID
  var name: String?
  var sku: String?
  var status: String?
  var hasModel: Bool?
  var stock: ShopeeStockInfo?
}

struct ShopeeModel: Decodable {
  enum CodingKeys: String, CodingKey {
    case modelID = "model_id"
    case name = "model_name"
    case sku = "model_sku"
    case status = "model_status"
    case stock = "stock_info_v2"
  }
  var modelID: FlexibleID
  var name: String?
  var sku: String?
  var status: String?
  var stock: ShopeeStockInfo?
}

private struct ItemList: Decodable {
  enum CodingKeys: String, CodingKey {
    case items = "item"
    case hasNextPage = "has_next_page"
    case nextOffset = "next_offset"
  }
  struct Entry: Decodable {
    enum CodingKeys: String, CodingKey {
      case itemID = "item_id"
      case status = "item_status"
    }
    var itemID: FlexibleID
    var status: String?
  }
  var items: [Entry]?
  var hasNextPage: Bool?
  var nextOffset: LossyInt?
}

private struct BaseInfoList: Decodable {
  enum CodingKeys: String, CodingKey { case items = "item_list" }
  var items: [ShopeeItem]?
}

private struct ModelList: Decodable {
  enum CodingKeys: String, CodingKey { case models = "model" }
  var models: [ShopeeModel]?
}

extension ShopeeAdapter {
  /// A page of items, each with its models as listings of their own. The cursor is Shopee's offset.
  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    let client = ShopeeClient(api: api)
    let list = try await client.get(
      "product/get_item_list",
      [
        ("offset", cursor ?? "0"), ("page_size", String(ShopeeLimits.items)),
        ("item_status", "NORMAL"), ("item_status", "UNLIST"), ("item_status", "BANNED"),
      ], as: ItemList.self)
    var listings: [ChannelListing] = []
    let ids = (list.items ?? []).map(\.itemID.text)
    for item in ids.isEmpty ? [] : try await baseInfo(of: ids, client) {
      if item.hasModel == true {
        for model in try await models(of: item.itemID.text, client) {
          listings.append(listing(item, model))
        }
      } else {
        listings.append(listing(item, nil))
      }
    }
    let next = list.nextOffset.map { String($0.value) }
    guard list.hasNextPage == true else { return ListingPage(listings: listings, nextCursor: nil) }
    guard let next, next != cursor ?? "0" else {
      throw .malformed("get_item_list has a next page and no next_offset")
    }
    return ListingPage(listings: listings, nextCursor: next)
  }

  private func listing(_ item: ShopeeItem, _ model: ShopeeModel?) -> ChannelListing {
    let stock = model?.stock ?? item.stock
    var attributes: [String: String] = [:]
    if let location = stock?.firstOfSeveralLocationIDs { attributes["location_id"] = location }
    let names = [item.name, model?.name].compactMap { $0 }.filter { !$0.isEmpty }
    let skus = [model?.sku, item.sku].compactMap { $0 }
    return ChannelListing(
      itemID: item.itemID.text, variationID: model?.modelID.named ?? "",
      sellerSKU: skus.first { !$0.isEmpty } ?? "", title: names.joined(separator: ", "),
      state: state(item.status, model?.status), attributes: attributes)
  }

  private func state(_ itemStatus: String?, _ modelStatus: String?) -> ChannelListing.State {
    switch itemStatus ?? "NORMAL" {
    case "NORMAL": modelStatus == "MODEL_UNAVAILABLE" ? .hidden : .live
    case let status where status.hasSuffix("DELETE"): .deleted
    default: .hidden
    }
  }

  func baseInfo(
    of itemIDs: [String], _ client: ShopeeClient
  ) async throws(ChannelError) -> [ShopeeItem] {
    do {
      return try await client.get(
        "product/get_item_base_info", [("item_id_list", itemIDs.joined(separator: ","))],
        as: BaseInfoList.self
      ).items ?? []
    } catch {
      if case .notFound = error { return [] }
      throw error
    }
  }

  func models(
    of itemID: String, _ client: ShopeeClient
  ) async throws(ChannelError) -> [ShopeeModel] {
    do {
      return try await client.get(
        "product/get_model_list", [("item_id", itemID)], as: ModelList.self
      ).models ?? []
    } catch {
      if case .notFound = error { return [] }
      throw error
    }
  }
}
