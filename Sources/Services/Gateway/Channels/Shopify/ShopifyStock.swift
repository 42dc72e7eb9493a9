public import ChannelAdapter
public import Primitives

private let setMutation = """
  mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
    inventorySetQuantities(input: $input) @idempotent(key: $key) {
      userErrors { code field message }
    }
  }
  """

private struct SetVariables: Encodable {
  struct Input: Encodable {
    struct Quantity: Encodable {
      enum CodingKeys: String, CodingKey {
        case inventoryItemId, locationId, quantity, changeFromQuantity
      }
      var inventoryItemId: String
      var locationId: String
      var quantity: Int64
      var changeFromQuantity: Int64?

      /// `changeFromQuantity` must be there even when it is null.
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(inventoryItemId, forKey: .inventoryItemId)
        try container.encode(locationId, forKey: .locationId)
        try container.encode(quantity, forKey: .quantity)
        try container.encode(changeFromQuantity, forKey: .changeFromQuantity)
      }
    }
    var name = "available"
    var reason = "correction"
    var referenceDocumentUri: String
    var quantities: [Quantity]
  }
  var input: Input
  var key: String
}

private struct SetData: Decodable {
  struct Payload: Decodable {
    var userErrors: [ShopifyUserError]?
  }
  var inventorySetQuantities: Payload?
}

private let levelQuery = """
  query Levels($ids: [ID!]!, $location: ID!) {
    nodes(ids: $ids) {
      ... on InventoryItem {
        id
        inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }
      }
    }
  }
  """

private struct LevelVariables: Encodable {
  var ids: [String]
  var location: String
}

private struct LevelData: Decodable {
  struct Item: Decodable {
    struct Level: Decodable {
      struct Quantity: Decodable {
        var name: String
        var quantity: LossyInt?
      }
      var quantities: [Quantity]
    }
    var id: String?
    var inventoryLevel: Level?
  }
  var nodes: [Item?]
}

/// Where a listing's stock is kept: Shopify counts inventory items at locations, not variants.
private struct ShopifyPlace: Hashable {
  var item: String
  var location: String
}

extension ShopifyAdapter {
  /// Sets `available`, absolute, comparing first where the push says with what.
  ///
  /// A call passes or fails as a whole, so when single entries fail the others are sent again
  /// without them, at once and a few times at most. Where Shopify shows something else than was
  /// compared with, what it shows is read.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    precondition(pushes.count <= ShopifyLimits.quantities, "a call takes 250 quantities")
    var results = [PushResult?](repeating: nil, count: pushes.count)
    var places: [ShopifyPlace?] = []
    for (index, push) in pushes.enumerated() {
      let place = place(of: push.listing, api.account)
      places.append(place)
      if place == nil {
        results[index] = .refused(
          "the listing has no inventory_item_id or location_id: import the listings again")
      }
    }
    for _ in 0..<ShopifyLimits.rounds {
      var seen: Set<ShopifyPlace> = []
      // The same place twice in one call is refused: the second waits for the next round.
      let round = pushes.indices.filter { index in
        results[index] == nil && places[index].map { seen.insert($0).inserted } == true
      }
      guard !round.isEmpty else { break }
      let entries = round.compactMap { index in places[index].map { (pushes[index], $0) } }
      let errors = try await set(entries, api)
      if errors.isEmpty {
        for index in round { results[index] = .acknowledged }
        continue
      }
      for error in errors {
        let result = result(of: error)
        if let place = error.index, round.indices.contains(place) {
          results[round[place]] = result
        } else {
          for index in round where results[index] == nil { results[index] = result }
        }
      }
    }
    try await readStale(&results, pushes, api)
    return results.map { $0 ?? .retry("another entry of the call failed", after: nil) }
  }

  private func set(
    _ entries: [(push: StockPush, place: ShopifyPlace)], _ api: ChannelAPI
  ) async throws(ChannelError) -> [ShopifyUserError] {
    let quantities = entries.map { entry in
      SetVariables.Input.Quantity(
        inventoryItemId: entry.place.item, locationId: entry.place.location,
        quantity: entry.push.quantity, changeFromQuantity: entry.push.expected)
    }
    // The same key must mean the same call: Shopify answers a known key with its first result.
    let identity = entries.map { entry in
      let compared = entry.push.expected.map(String.init) ?? "any"
      return "\(entry.push.idempotencyKey) \(entry.place) \(entry.push.quantity) \(compared)"
    }
    let key = ChannelSignature.derivedID(identity.joined(separator: "\n"))
    let input = SetVariables.Input(
      referenceDocumentUri: "gid://onepool/StockPush/\(key)", quantities: quantities)
    let data = try await ShopifyClient(api: api).query(
      setMutation, SetVariables(input: input, key: key), as: SetData.self)
    guard let payload = data.inventorySetQuantities else {
      throw .malformed("the answer has no inventorySetQuantities")
    }
    return payload.userErrors ?? []
  }

  private func result(of error: ShopifyUserError) -> PushResult {
    switch error.code {
    case "CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE": .stale(shown: nil)
    case "IDEMPOTENCY_CONCURRENT_REQUEST", "INTERNAL_ERROR": .retry(error.text, after: nil)
    default: .refused(error.text)
    }
  }

  private func readStale(
    _ results: inout [PushResult?], _ pushes: [StockPush], _ api: ChannelAPI
  ) async throws(ChannelError) {
    let stale = results.indices.filter { results[$0] == .stale(shown: nil) }
    guard !stale.isEmpty else { return }
    // Whoever pushes can read later: that this reading fails loses nothing.
    guard let shown = try? await readStock(stale.map { pushes[$0].listing }, api: api) else {
      return
    }
    for (index, number) in zip(stale, shown) { results[index] = .stale(shown: number) }
  }

  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let places = listings.map { place(of: $0, api.account) }
    var items: [String: [String]] = [:]
    for case let place? in Set(places) { items[place.location, default: []].append(place.item) }
    var shown: [ShopifyPlace: Quantity] = [:]
    let client = ShopifyClient(api: api)
    for (location, ids) in items.sorted(by: { $0.key < $1.key }) {
      let sorted = ids.sorted()
      for start in stride(from: 0, to: sorted.count, by: ShopifyLimits.quantities) {
        let chunk = Array(sorted[start..<min(start + ShopifyLimits.quantities, sorted.count)])
        let data = try await client.query(
          levelQuery, LevelVariables(ids: chunk, location: location), as: LevelData.self)
        for case let item? in data.nodes {
          guard let id = item.id,
            let number = item.inventoryLevel?.quantities.first(where: { $0.name == "available" })?
              .quantity?.value, number <= QuantityLimits.maximum
          else { continue }
          shown[ShopifyPlace(item: id, location: location)] = number
        }
      }
    }
    return places.map { place in place.flatMap { shown[$0] } }
  }

  private func place(of listing: ChannelListing, _ account: ChannelAccount) -> ShopifyPlace? {
    guard let item = listing.attributes["inventory_item_id"], !item.isEmpty,
      let location = listing.attributes["location_id"]
        ?? account.credentials[ShopifyCredential.locationID], !location.isEmpty
    else { return nil }
    return ShopifyPlace(
      item: ShopifyID.global("InventoryItem", item),
      location: ShopifyID.global("Location", location))
  }
}
