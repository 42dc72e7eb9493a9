public import ChannelAdapter
public import Primitives

private struct LevelChange: Encodable {
  enum CodingKeys: String, CodingKey { case levels = "inventory_levels" }
  struct Level: Encodable {
    enum CodingKeys: String, CodingKey {
      case variantID = "variant_id"
      case storeID = "store_id"
      case stockAfter = "stock_after"
    }
    var variantID: String
    var storeID: String
    var stockAfter: Int64
  }
  var levels: [Level]
}

private struct LevelPage: Decodable {
  enum CodingKeys: String, CodingKey {
    case cursor
    case levels = "inventory_levels"
  }
  struct Level: Decodable {
    enum CodingKeys: String, CodingKey {
      case variantID = "variant_id"
      case storeID = "store_id"
      case inStock = "in_stock"
    }
    var variantID: FlexibleID
    var storeID: FlexibleID
    var inStock: LoyverseQuantity?
  }
  var levels: [Level]?
  var cursor: String?
}

extension LoyverseAdapter {
  /// Sets what is on the store's shelf, absolute. Loyverse knows no idempotency key, so a retry sets
  /// the same number again. A call passes or fails as a whole; whoever pushes finds the wrong one by
  /// trying each alone.
  ///
  /// What Loyverse does not count takes no number: a composite is as many as its parts make.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    precondition(pushes.count <= LoyverseLimits.levels, "a call takes 50 levels")
    var results = [PushResult](repeating: .acknowledged, count: pushes.count)
    var seen: Set<String> = []
    var levels: [LevelChange.Level] = []
    // The last of several numbers for one variant counts.
    for index in pushes.indices.reversed() where pushes[index].listing.isCounted {
      let listing = pushes[index].listing
      guard !listing.variationID.isEmpty else {
        results[index] = .refused("the listing has no variant: import the listings again")
        continue
      }
      guard seen.insert(listing.variationID).inserted else { continue }
      levels.append(
        LevelChange.Level(
          variantID: listing.variationID, storeID: api.account.externalID,
          stockAfter: pushes[index].quantity))
    }
    guard !levels.isEmpty else { return results }
    try await LoyverseClient(api: api).post(
      "inventory", LevelChange(levels: levels.reversed()))
    return results
  }

  /// A variant without a level, or one that is not counted, shows no number: that is not zero.
  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let client = LoyverseClient(api: api)
    let store = api.account.externalID
    let names = Set(listings.filter(\.isCounted).map(\.variationID)).filter { !$0.isEmpty }.sorted()
    var shown: [String: Quantity] = [:]
    for start in stride(from: 0, to: names.count, by: LoyverseLimits.levels) {
      let chunk = names[start..<min(start + LoyverseLimits.levels, names.count)]
      var query = [
        (name: "store_ids", value: store),
        (name: "variant_ids", value: chunk.joined(separator: ",")),
        (name: "limit", value: String(LoyverseLimits.page)),
      ]
      var cursor = ""
      for _ in 0..<LoyverseLimits.levelPages {
        let page = try await client.get("inventory", query, as: LevelPage.self)
        for level in page.levels ?? [] where level.storeID.text == store {
          shown[level.variantID.text] = level.inStock?.shown
        }
        guard let next = page.cursor, !next.isEmpty, next != cursor else { break }
        cursor = next
        query = query.filter { $0.name != "cursor" } + [("cursor", next)]
      }
    }
    return listings.map { $0.isCounted ? shown[$0.variationID] : nil }
  }
}

extension ChannelListing {
  /// Name of the attribute that says so.
  static let countedName = "track_stock"

  fileprivate var isCounted: Bool { attributes[Self.countedName] != "false" }
}
