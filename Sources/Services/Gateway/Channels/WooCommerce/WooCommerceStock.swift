public import ChannelAdapter
public import Primitives

/// Whose number is set for a listing: a product's, or a variation's.
struct WooCommerceTarget: Hashable {
  /// A listing's attribute: whose stock a variation sells.
  static let attribute = "stock_of"
  static let parentStock = "parent"

  /// The product that a variation belongs to; nil when the target is a product itself.
  var parentID: String?
  var id: String

  /// A variation may sell its parent's stock: then the parent's number is the one.
  init(_ listing: ChannelListing) {
    let sellsParents = listing.attributes[Self.attribute] == Self.parentStock
    if listing.variationID.isEmpty || sellsParents {
      id = listing.itemID
    } else {
      parentID = listing.itemID
      id = listing.variationID
    }
  }

  var path: String { parentID.map { "products/\($0)/variations" } ?? "products" }
}

private struct WooCommerceBatch: Encodable {
  enum CodingKeys: String, CodingKey { case update }
  struct Entry: Encodable {
    enum CodingKeys: String, CodingKey {
      case id
      case manageStock = "manage_stock"
      case stockQuantity = "stock_quantity"
    }
    var id: Int64
    /// A number means nothing to a product whose stock is not managed.
    var manageStock = true
    var stockQuantity: Int64
  }
  var update: [Entry]
}

private struct WooCommerceShown: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, error
    case manageStock = "manage_stock"
    case stockQuantity = "stock_quantity"
  }
  var id: FlexibleID?
  var error: WooCommerceFailure?
  var manageStock: Lossy<FlexibleID>?
  var stockQuantity: WooCommerceCount?
}

private struct WooCommerceBatchAnswer: Decodable {
  var update: [WooCommerceShown]?
}

extension WooCommerceAdapter {
  /// Sets `stock_quantity`, absolute, and switches stock management on where it is off.
  ///
  /// A batch is a success with failures inside, each in its object's place. What an entry shows then
  /// is compared with what was wanted: a plugin may have had it otherwise.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    precondition(pushes.count <= WooCommerceLimits.batch, "a batch takes 100 objects")
    guard let first = pushes.first else { return [] }
    let path = WooCommerceTarget(first.listing).path
    // Variations that sell their parent's stock share a number: the least is right for all.
    var wanted: [Int64: Quantity] = [:]
    var order: [Int64] = []
    let ids = pushes.map { push in
      let target = WooCommerceTarget(push.listing)
      precondition(target.path == path, "a batch is of one parent's variations, or of products")
      return Int64(target.id)
    }
    for case (let id?, let push) in zip(ids, pushes) {
      if wanted[id] == nil { order.append(id) }
      wanted[id] = min(wanted[id] ?? push.quantity, push.quantity)
    }
    var results: [Int64: PushResult] = [:]
    if !order.isEmpty {
      let entries = order.map { WooCommerceBatch.Entry(id: $0, stockQuantity: wanted[$0] ?? 0) }
      let answer = try await WooCommerceClient(api: api).post(
        "\(path)/batch", WooCommerceBatch(update: entries), as: WooCommerceBatchAnswer.self)
      let shown = answer.update ?? []
      for (place, id) in order.enumerated() {
        results[id] =
          place < shown.count && (shown[place].id?.text ?? String(id)) == String(id)
          ? result(shown[place], wanted[id] ?? 0)
          : .retry("the answer has no entry for \(id)", after: nil)
      }
    }
    return ids.map { id in
      id.flatMap { results[$0] } ?? .refused("the listing's ID is not a number")
    }
  }

  private func result(_ shown: WooCommerceShown, _ wanted: Quantity) -> PushResult {
    if let error = shown.error {
      return switch error.status {
      case .some(429), .some(500...): .retry(error.text, after: nil)
      default: .refused(error.text)
      }
    }
    guard let quantity = shown.stockQuantity?.down else {
      return .refused("the site does not manage stock (Settings, Products, Inventory)")
    }
    return quantity == wanted
      ? .acknowledged : .retry("it shows \(quantity) after \(wanted) was set", after: nil)
  }

  /// A product whose stock is not managed shows no number, which is not zero: nil.
  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let targets = listings.map { WooCommerceTarget($0) }
    var ids: [String: [String]] = [:]
    for target in Set(targets) { ids[target.path, default: []].append(target.id) }
    let client = WooCommerceClient(api: api)
    var shown: [String: Quantity] = [:]
    for (path, all) in ids.sorted(by: { $0.key < $1.key }) {
      let sorted = all.sorted()
      for start in stride(from: 0, to: sorted.count, by: WooCommerceLimits.page) {
        let chunk = sorted[start..<min(start + WooCommerceLimits.page, sorted.count)]
        for product in try await read(path, Array(chunk), client) {
          guard let id = product.id?.text, let quantity = product.stockQuantity?.down else {
            continue
          }
          shown["\(path)/\(id)"] = quantity
        }
      }
    }
    return targets.map { shown["\($0.path)/\($0.id)"] }
  }

  private func read(
    _ path: String, _ ids: [String], _ client: WooCommerceClient
  ) async throws(ChannelError) -> [WooCommerceShown] {
    do {
      return try await client.get(
        path,
        [
          ("include", ids.joined(separator: ",")), ("per_page", String(WooCommerceLimits.page)),
          ("status", "any"), ("_fields", "id,manage_stock,stock_quantity"),
        ], as: [WooCommerceShown].self)
    } catch .notFound {
      // The parent is gone, and its variations with it.
      return []
    }
  }
}
