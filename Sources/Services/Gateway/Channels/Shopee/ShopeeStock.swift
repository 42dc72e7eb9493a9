public import ChannelAdapter
public import Primitives

private struct StockUpdate: Encodable {
  enum CodingKeys: String, CodingKey {
    case itemID = "item_id"
    case stockList = "stock_list"
  }
  struct Model: Encodable {
    enum CodingKeys: String, CodingKey {
      case modelID = "model_id"
      case sellerStock = "seller_stock"
    }
    struct Stock: Encodable {
      enum CodingKeys: String, CodingKey {
        case locationID = "location_id"
        case stock
      }
      var locationID: String?
      var stock: Int64
    }
    var modelID: Int64
    var sellerStock: [Stock]
  }
  var itemID: Int64
  var stockList: [Model]
}

private struct StockOutcome: Decodable {
  enum CodingKeys: String, CodingKey {
    case failures = "failure_list"
    case successes = "success_list"
  }
  struct Failure: Decodable {
    enum CodingKeys: String, CodingKey {
      case modelID = "model_id"
      case reason = "failed_reason"
    }
    var modelID: LossyInt?
    var reason: String?
  }
  struct Success: Decodable {
    enum CodingKeys: String, CodingKey { case modelID = "model_id" }
    var modelID: LossyInt?
  }
  var failures: [Failure]?
  var successes: [Success]?
}

extension ShopeeAdapter {
  /// Sets seller stock, absolute: one item, up to 50 models. An answer without an error can still
  /// hold failures.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    guard let first = pushes.first else { return [] }
    precondition(pushes.count <= ShopeeLimits.models, "update_stock takes 50 models")
    precondition(
      pushes.allSatisfy { $0.listing.itemID == first.listing.itemID },
      "update_stock takes one item")
    guard let itemID = Int64(first.listing.itemID) else {
      let text = "item ID \(first.listing.itemID) is not a number"
      return pushes.map { _ in .refused(text) }
    }
    var results = [PushResult?](repeating: nil, count: pushes.count)
    var models: [StockUpdate.Model] = []
    var modelIDs: [Int64?] = []
    for (index, push) in pushes.enumerated() {
      guard let modelID = modelID(of: push.listing) else {
        results[index] = .refused("model ID \(push.listing.variationID) is not a number")
        modelIDs.append(nil)
        continue
      }
      modelIDs.append(modelID)
      let location = location(of: push.listing, api.account)
      models.append(
        StockUpdate.Model(
          modelID: modelID,
          sellerStock: [StockUpdate.Model.Stock(locationID: location, stock: push.quantity)]))
    }
    guard !models.isEmpty else { return results.compactMap { $0 } }
    let answer = try await ShopeeClient(api: api).answer(
      "product/update_stock", StockUpdate(itemID: itemID, stockList: models),
      as: StockOutcome.self)
    if let failure = answer.failure {
      guard let result = failure.pushResult else {
        throw failure.channelError(now: api.clock.now())
      }
      return results.map { $0 ?? result }
    }
    for index in pushes.indices where results[index] == nil {
      results[index] = outcome(of: modelIDs[index] ?? 0, answer)
    }
    return results.map { $0 ?? .retry("Shopee says nothing of this model", after: nil) }
  }

  private func outcome(
    of modelID: Int64, _ answer: ShopeeAnswer<StockOutcome>
  ) -> PushResult {
    let failures = answer.response?.failures ?? []
    if let failure = failures.first(where: { ($0.modelID?.value ?? 0) == modelID }) {
      return ShopeeFailure.pushResult(ofReason: failure.reason ?? "")
    }
    let successes = answer.response?.successes ?? []
    if successes.contains(where: { ($0.modelID?.value ?? 0) == modelID }) { return .acknowledged }
    let warning = answer.warning.isEmpty ? "" : ": \(answer.warning)"
    return .retry("Shopee says nothing of model \(modelID)\(warning)", after: nil)
  }

  /// Zero stands for an item without variations.
  private func modelID(of listing: ChannelListing) -> Int64? {
    listing.variationID.isEmpty ? 0 : Int64(listing.variationID)
  }

  /// Items without variations are read fifty at once, those with variations one by one.
  public func readKey(_ listing: ChannelListing) -> String {
    listing.variationID.isEmpty ? "" : listing.itemID
  }

  public var readBatch: Int { ShopeeLimits.items }

  /// Reads `seller_stock`, which is what we set; the totals beside it hold Shopee's own warehouses
  /// too.
  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    var shown: [String: ShopeeStockInfo] = [:]
    let client = ShopeeClient(api: api)
    let plain = unique(listings.filter { $0.variationID.isEmpty }.map(\.itemID))
    for start in stride(from: 0, to: plain.count, by: ShopeeLimits.items) {
      let chunk = Array(plain[start..<min(start + ShopeeLimits.items, plain.count)])
      for item in try await baseInfo(of: chunk, client) {
        shown["\(item.itemID)-0"] = item.stock
      }
    }
    for itemID in unique(listings.filter { !$0.variationID.isEmpty }.map(\.itemID)) {
      for model in try await models(of: itemID, client) {
        shown["\(itemID)-\(model.modelID)"] = model.stock
      }
    }
    return listings.map { listing in
      let model = listing.variationID.isEmpty ? "0" : listing.variationID
      return shown["\(listing.itemID)-\(model)"]?.sellerStock(
        at: location(of: listing, api.account))
    }
  }

  /// The warehouse; nil in a shop without warehouses.
  private func location(of listing: ChannelListing, _ account: ChannelAccount) -> String? {
    let id =
      account.credentials[ShopeeCredential.locationID] ?? listing.attributes["location_id"] ?? ""
    return id.isEmpty ? nil : id
  }

  private func unique(_ ids: [String]) -> [String] {
    var seen: Set<String> = []
    return ids.filter { seen.insert($0).inserted }
  }
}
