public import ChannelAdapter
internal import Primitives

private struct StockUpdate: Encodable {
  struct SKU: Encodable {
    struct Inventory: Encodable {
      enum CodingKeys: String, CodingKey {
        case warehouseID = "warehouse_id"
        case quantity
      }
      /// May be left out where the SKU has one warehouse.
      var warehouseID: String?
      var quantity: Int64
    }
    var id: String
    var inventory: [Inventory]
  }
  var skus: [SKU]
}

/// Where a SKU is, as far as that is known: every warehouse of it must be in the call.
private struct Shelves {
  var ids: [String]
  /// What each shows; empty when nobody has looked.
  var shown: [String: Quantity] = [:]
  /// Whether TikTok has just been asked.
  var isFresh = false

  init(_ listing: ChannelListing) {
    ids = (listing.attributes[TikTokShopAdapter.warehousesAttribute] ?? "").split(separator: ",")
      .map(String.init)
  }

  init(_ inventory: TikTokShopInventory?) {
    ids = (inventory?.warehouses ?? []).map(\.id.text)
    for warehouse in inventory?.warehouses ?? [] {
      shown[warehouse.id.text] = warehouse.available?.shownCount
    }
    isFresh = true
  }
}

/// What became of one push, before what can be mended is mended.
private enum Outcome {
  case result(PushResult)
  /// The warehouses are not those of the SKU.
  case elsewhere(String)
  case zeroRefused(String)
}

extension TikTokShopAdapter {
  /// The attribute of a listing that names its warehouses, with commas between.
  static let warehousesAttribute = "warehouse_ids"

  /// Sets the units that can be ordered, absolute: one product, up to 100 SKUs. A success can hold failures. Where
  /// the warehouses have changed since the listing was imported they are read, and the SKUs sent once more.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    guard let first = pushes.first else { return [] }
    precondition(pushes.count <= TikTokShopLimits.pushes, "inventory/update takes 100 SKUs")
    precondition(
      pushes.allSatisfy { $0.listing.itemID == first.listing.itemID },
      "inventory/update takes one product")
    var shelves = pushes.map { Shelves($0.listing) }
    let unknown = shelves.indices.filter { mustRead(shelves[$0], api) }
    try await read(unknown, pushes, &shelves, api)
    var outcomes = try await send(Array(pushes.indices), pushes, shelves, api)
    let moved = pushes.indices.filter {
      if case .elsewhere? = outcomes[$0] { !shelves[$0].isFresh } else { false }
    }
    if !moved.isEmpty {
      try await read(moved, pushes, &shelves, api)
      outcomes.merge(try await send(moved, pushes, shelves, api)) { $1 }
    }
    var results: [PushResult] = []
    for index in pushes.indices {
      switch outcomes[index] {
      case .result(let result): results.append(result)
      case .elsewhere(let text): results.append(.refused(text))
      case .zeroRefused(let text):
        results.append(try await withdraw(pushes[index].listing, text, api))
      case nil: results.append(.retry("TikTok Shop says nothing of this SKU", after: nil))
      }
    }
    return results
  }

  /// Nobody has said where the SKU is; or it is in several places of which one is ours, and the others' numbers go
  /// back as they are.
  private func mustRead(_ shelves: Shelves, _ api: ChannelAPI) -> Bool {
    shelves.ids.isEmpty || (shelves.ids.count > 1 && api.account.tikTokShopWarehouse != nil)
  }

  private func read(
    _ indices: [Int], _ pushes: [StockPush], _ shelves: inout [Shelves], _ api: ChannelAPI
  ) async throws(ChannelError) {
    guard !indices.isEmpty else { return }
    let found = try await inventories(of: indices.map { pushes[$0].listing }, api)
    for index in indices { shelves[index] = Shelves(found[pushes[index].listing.variationID]) }
  }

  /// The number goes to the warehouse that is ours, else to the first, and the others of ours show nothing: what
  /// the channel may show is one number. Nil when the SKU is not where ours is, or TikTok does not say what the
  /// others show.
  private func inventory(
    _ push: StockPush, _ shelves: Shelves, _ api: ChannelAPI
  ) -> [StockUpdate.SKU.Inventory]? {
    guard !shelves.ids.isEmpty else {
      return [.init(warehouseID: api.account.tikTokShopWarehouse, quantity: push.quantity)]
    }
    let named = api.account.tikTokShopWarehouse
    let target = named ?? shelves.ids[0]
    guard shelves.ids.contains(target) else { return nil }
    var places: [StockUpdate.SKU.Inventory] = []
    for id in shelves.ids {
      guard let number = id == target ? push.quantity : named == nil ? 0 : shelves.shown[id] else {
        return nil
      }
      places.append(.init(warehouseID: id, quantity: number))
    }
    return places
  }

  private func send(
    _ indices: [Int], _ pushes: [StockPush], _ shelves: [Shelves], _ api: ChannelAPI
  ) async throws(ChannelError) -> [Int: Outcome] {
    var outcomes: [Int: Outcome] = [:]
    var skus: [StockUpdate.SKU] = []
    var sent: [Int] = []
    for index in indices {
      let push = pushes[index]
      guard !push.listing.variationID.isEmpty else {
        outcomes[index] = .result(.refused("the listing names no SKU of TikTok Shop"))
        continue
      }
      guard let inventory = inventory(push, shelves[index], api) else {
        outcomes[index] = .elsewhere("the SKU is not in the warehouse of the account")
        continue
      }
      skus.append(StockUpdate.SKU(id: push.listing.variationID, inventory: inventory))
      sent.append(index)
    }
    guard let product = sent.first.map({ pushes[$0].listing.itemID }) else { return outcomes }
    let answer = try await TikTokShopClient(api: api).answer(
      "/product/202309/products/\(ChannelQuery.encode(product))/inventory/update", [],
      StockUpdate(skus: skus), as: TikTokShopErrors.self)
    for index in sent {
      outcomes[index] = try outcome(
        of: pushes[index], answer, isAlone: sent.count == 1)
    }
    return outcomes
  }

  /// - Throws: what is wrong with the account and not with the listing.
  private func outcome(
    of push: StockPush, _ answer: TikTokShopAnswer<TikTokShopErrors>, isAlone: Bool
  ) throws(ChannelError) -> Outcome {
    if let failure = answer.failure {
      guard failure.pushResult != nil else { throw failure.channelError }
      guard
        isAlone || failure.concernsProduct || failure.meaning == .busy
          || failure.concernsWarehouses
      else {
        return .result(.retry("one SKU of the call was refused: \(failure.text)", after: nil))
      }
      return outcome(of: push, failure)
    }
    let errors = answer.content?.errors ?? []
    // One that names no SKU counts against all that no other names.
    let own =
      errors.first { $0.detail?.skuID?.text == push.listing.variationID }
      ?? errors.first { $0.detail?.skuID == nil }
    guard let own else { return .result(.acknowledged) }
    return outcome(of: push, own.failure)
  }

  private func outcome(of push: StockPush, _ failure: TikTokShopFailure) -> Outcome {
    if failure.concernsWarehouses { return .elsewhere(failure.text) }
    if failure.concernsRange, push.quantity == 0 { return .zeroRefused(failure.text) }
    return .result(failure.pushResult ?? .retry(failure.text, after: nil))
  }
}
