public import ChannelAdapter
public import Primitives

/// The XML that stock calls take as their parameter `payload`.
enum LazadaPayload {
  static func sellable(_ pushes: [StockPush]) -> String {
    let skus = pushes.map { push in
      let skuID = push.listing.attributes["sku_id"] ?? push.listing.variationID
      let sellerSKU = push.listing.attributes["seller_sku"] ?? push.listing.sellerSKU
      return "<Sku>" + element("ItemId", push.listing.itemID) + element("SkuId", skuID)
        + element("SellerSku", sellerSKU) + element("SellableQuantity", String(push.quantity))
        + "</Sku>"
    }
    return "<Request><Product><Skus>" + skus.joined() + "</Skus></Product></Request>"
  }

  /// Nothing at all for an empty value.
  private static func element(_ name: String, _ value: String) -> String {
    value.isEmpty ? "" : "<\(name)>\(escape(value))</\(name)>"
  }

  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&apos;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// XML 1.0 has no way to write most control characters (section 2.2), not even escaped.
  static func canHold(_ text: String) -> Bool {
    !text.unicodeScalars.contains {
      ($0.value < 0x20 && $0 != "\t" && $0 != "\n" && $0 != "\r")
        || $0.value == 0xFFFE || $0.value == 0xFFFF
    }
  }
}

struct LazadaProduct: Decodable {
  enum CodingKeys: String, CodingKey {
    case itemID = "item_id"
    case status, attributes, skus
  }
  struct Attributes: Decodable {
    var name: String?
  }
  struct SKU: Decodable {
    enum CodingKeys: String, CodingKey {
      case skuID = "SkuId"
      case sellerSKU = "SellerSku"
      case status = "Status"
      case quantity
      case available = "Available"
      case options = "saleProp"
      case warehouses = "multiWarehouseInventories"
      case campaigns = "channelInventories"
    }
    struct Warehouse: Decodable {
      var sellableQuantity: LossyInt?
    }
    var skuID: FlexibleID
    var sellerSKU: FlexibleID?
    var status: String?
    var quantity: LossyInt?
    var available: LossyInt?
    var options: [String: Lossy<FlexibleID>]?
    var warehouses: [Warehouse]?
    var campaigns: Lossy<[LazadaChannelInventory]>?

    /// The sellable number, which is what we set: over the warehouses where they are listed.
    /// `quantity`, the last resort, holds what open orders withhold too.
    var sellable: Quantity? {
      guard let warehouses, !warehouses.isEmpty else {
        return (available ?? quantity)?.shownCount
      }
      let parts = warehouses.compactMap { $0.sellableQuantity?.shownCount }
      return parts.count == warehouses.count ? parts.reduce(0, +) : nil
    }
  }
  var itemID: FlexibleID
  var status: String?
  var attributes: Attributes?
  var skus: [SKU]?

  func sku(of listing: ChannelListing) -> SKU? {
    listing.variationID.isEmpty
      ? skus?.first : skus?.first { $0.skuID.text == listing.variationID }
  }
}

struct LazadaProductList: Decodable {
  enum CodingKeys: String, CodingKey {
    case total = "total_products"
    case products
  }
  var total: LossyInt?
  var products: [LazadaProduct]?
}

extension LazadaAdapter {
  static let sellablePath = "/product/stock/sellable/update"

  /// Overwrites the sellable quantity of up to 20 SKUs. When the call is refused, what it says of
  /// single SKUs is believed; the others are read back, since whether a payload passes in parts is
  /// not documented.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    precondition(pushes.count <= LazadaLimits.pushes, "20 SKUs are advised for one stock call")
    var results = [PushResult?](repeating: nil, count: pushes.count)
    for (index, push) in pushes.enumerated() {
      let names = [push.listing.itemID, push.listing.variationID, push.listing.sellerSKU]
      if !names.allSatisfy(LazadaPayload.canHold) {
        results[index] = .refused("the listing's names hold a character that XML does not have")
      }
    }
    let sent = pushes.indices.filter { results[$0] == nil }
    guard !sent.isEmpty else { return results.compactMap { $0 } }
    let payload = LazadaPayload.sellable(sent.map { pushes[$0] })
    let failure = try await LazadaClient(api: api).failure(
      ofPosting: [("payload", payload)], to: Self.sellablePath)
    guard let failure else {
      return results.map { $0 ?? .acknowledged }
    }
    guard failure.concernsListings else { throw failure.channelError }
    var doubtful: [Int] = []
    for index in sent {
      if let detail = failure.details.first(where: { concerns($0, pushes[index].listing) }) {
        let code = detail.code.isEmpty && detail.message.isEmpty ? failure.code : detail.code
        let message = detail.message.isEmpty ? failure.message : detail.message
        results[index] = LazadaFailure.pushResult(code: code, message: message)
      } else {
        doubtful.append(index)
      }
    }
    let shown = try await readStock(doubtful.map { pushes[$0].listing }, api: api)
    let isAlone = sent.count == 1
    for (index, number) in zip(doubtful, shown) {
      if number == pushes[index].quantity {
        results[index] = .acknowledged
      } else if failure.details.isEmpty || isAlone {
        results[index] = LazadaFailure.pushResult(code: failure.code, message: failure.message)
      } else {
        results[index] = .retry("another SKU of the call failed: \(failure.text)", after: nil)
      }
    }
    return results.map { $0 ?? .retry(failure.text, after: nil) }
  }

  private func concerns(_ detail: LazadaFailure.Detail, _ listing: ChannelListing) -> Bool {
    if let skuID = detail.skuID { return skuID == listing.variationID }
    guard let sellerSKU = detail.sellerSKU else { return false }
    return sellerSKU == listing.attributes["seller_sku"] ?? listing.sellerSKU
  }

  /// As many as one page has; stock calls take fewer.
  public var readBatch: Int { LazadaLimits.products }

  /// Reads the sellable numbers: one product by its ID, several by their seller SKUs in one call,
  /// and those that this did not find, since a seller may have renamed them, by ID again.
  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let products = try await products(of: listings, api)
    return listings.map { products[$0.itemID]?.sku(of: $0)?.sellable }
  }

  /// The products of listings, by their IDs.
  func products(
    of listings: [ChannelListing], _ api: ChannelAPI
  ) async throws(ChannelError) -> [String: LazadaProduct] {
    var products: [String: LazadaProduct] = [:]
    if Set(listings.map(\.itemID)).count > 1 {
      for product in try await productsBySKU(listings, api) {
        products[product.itemID.text] = product
      }
    }
    var asked: Set<String> = []
    for listing in listings {
      guard products[listing.itemID]?.sku(of: listing) == nil,
        asked.insert(listing.itemID).inserted
      else { continue }
      products[listing.itemID] = try await product(listing.itemID, api)
    }
    return products
  }

  private func productsBySKU(
    _ listings: [ChannelListing], _ api: ChannelAPI
  ) async throws(ChannelError) -> [LazadaProduct] {
    var seen: Set<String> = []
    let names = listings.map { $0.attributes["seller_sku"] ?? $0.sellerSKU }
      .filter { !$0.isEmpty && seen.insert($0).inserted }
    var found: [LazadaProduct] = []
    for start in stride(from: 0, to: names.count, by: LazadaLimits.products) {
      let chunk = Array(names[start..<min(start + LazadaLimits.products, names.count)])
      let list = try await LazadaClient(api: api).get(
        "/products/get",
        [
          ("filter", "all"), ("limit", String(LazadaLimits.products)), ("options", "1"),
          ("sku_seller_list", ChannelJSON.encodeText(chunk)),
        ], as: LazadaData<LazadaProductList>.self)
      found += list.data.products ?? []
    }
    return found
  }

  private func product(
    _ itemID: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> LazadaProduct? {
    do {
      return try await LazadaClient(api: api).get(
        "/product/item/get", [("item_id", itemID)], as: LazadaData<LazadaProduct>.self
      ).data
    } catch {
      if case .notFound = error { return nil }
      throw error
    }
  }
}
