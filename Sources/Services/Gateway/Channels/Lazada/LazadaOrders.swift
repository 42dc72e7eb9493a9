public import ChannelAdapter
internal import Primitives

/// One unit of an order: Lazada's lines have no quantity, and the order itself no status.
struct LazadaUnit: Decodable {
  enum CodingKeys: String, CodingKey {
    case sku, name, status
    case orderItemID = "order_item_id"
    case shopSKU = "shop_sku"
    case skuID = "sku_id"
    case productID = "product_id"
    case isFulfilledByLazada = "is_fbl"
    case packageID = "package_id"
    case createdAt = "created_at"
    case updatedAt = "updated_at"
  }
  var orderItemID: FlexibleID
  var sku: FlexibleID?
  var shopSKU: FlexibleID?
  var skuID: FlexibleID?
  var productID: FlexibleID?
  var name: String?
  var status: String
  var isFulfilledByLazada: LossyBool?
  var packageID: FlexibleID?
  var createdAt: String?
  var updatedAt: String?

  /// What tells SKUs apart, and so the line's name for us: the platform's ID of it, else a
  /// seller's.
  var lineID: String {
    skuID?.named ?? shopSKU?.named ?? sku?.named ?? orderItemID.text
  }

  enum Stage: Hashable {
    case waiting, packed, readyToShip, left, cancelled
  }

  /// `unpaid` takes stock, as Lazada withholds the unit from the moment of the order (document
  /// 120206). A status that we do not know takes it too: too few on sale is the lesser harm.
  var stage: Stage { Self.stage(of: status) }

  static func stage(of status: String) -> Stage {
    switch status.lowercased() {
    case "canceled", "cancelled": .cancelled
    case "packed": .packed
    case "ready_to_ship", "ready_to_ship_pending": .readyToShip
    case "shipped", "delivered", "failed", "failed_delivery", "returned", "lost", "lost_by_3pl",
      "damaged_by_3pl", "shipped_back", "shipped_back_success", "shipped_back_failed",
      "package_scrapped":
      .left
    default: .waiting
    }
  }
}

private struct LazadaOrderHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case address = "address_shipping"
  }
  /// Lazada writes the state into `address3`.
  struct Address: Decodable {
    enum CodingKeys: String, CodingKey {
      case country, city
      case state = "address3"
      case postalCode = "post_code"
    }
    var country: Lossy<FlexibleID>?
    var state: Lossy<FlexibleID>?
    var city: Lossy<FlexibleID>?
    var postalCode: Lossy<FlexibleID>?
  }
  var createdAt: String
  var updatedAt: String
  var address: Lossy<Address>?
}

extension LazadaAdapter {
  /// Pushes hold neither SKU nor quantity, so the units are fetched, and the order's head where
  /// they have no times, or somebody wants to know where it goes.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    let all = try await units(of: externalID, api)
    guard !all.isEmpty else { throw .notFound("Lazada has no items for order \(externalID)") }
    var saleTime = all.compactMap { $0.createdAt.flatMap(ChannelTime.iso8601) }.min()
    var updateTime = all.compactMap { $0.updatedAt.flatMap(ChannelTime.iso8601) }.max()
    var address: ChannelAddress?
    if saleTime == nil || updateTime == nil || api.wantsAddress {
      let head = try await LazadaClient(api: api).get(
        "/order/get", [("order_id", externalID)], as: LazadaData<LazadaOrderHead>.self
      ).data
      if saleTime == nil || updateTime == nil {
        saleTime = ChannelTime.iso8601(head.createdAt)
        updateTime = ChannelTime.iso8601(head.updatedAt)
      }
      let told = head.address?.value
      address = ChannelAddress(
        country: told?.country?.text, regions: [told?.state?.text, told?.city?.text],
        postalCode: told?.postalCode?.text)
    }
    guard let saleTime, var updateTime else {
      throw .malformed("order \(externalID) has a time without an offset")
    }
    // What was fetched after an event is no older than the event.
    if let event, event.subject == externalID { updateTime = max(updateTime, event.updateTime) }
    let ours = all.filter { $0.isFulfilledByLazada?.value != true }
    let units = ours.isEmpty ? all : ours
    return ChannelOrder(
      externalID: externalID, state: ours.isEmpty ? .foreign : state(of: ours),
      lines: lines(of: units), saleTime: saleTime, updateTime: updateTime, address: address)
  }

  func units(of orderID: String, _ api: ChannelAPI) async throws(ChannelError) -> [LazadaUnit] {
    try await LazadaClient(api: api).get(
      "/order/items/get", [("order_id", orderID)], as: LazadaData<[LazadaUnit]>.self
    ).data
  }

  /// One line a SKU, in the order of their first units.
  private func lines(of units: [LazadaUnit]) -> [ChannelOrder.Line] {
    var lines: [ChannelOrder.Line] = []
    var places: [String: Int] = [:]
    for unit in units {
      let id = unit.lineID
      let cancelled: Quantity = unit.stage == .cancelled ? 1 : 0
      if let place = places[id] {
        lines[place].quantity += 1
        lines[place].cancelledCount += cancelled
        continue
      }
      places[id] = lines.count
      lines.append(
        ChannelOrder.Line(
          lineID: id, itemID: unit.productID?.named ?? id,
          variationID: unit.skuID?.named ?? "", sellerSKU: unit.sku?.text ?? "",
          title: unit.name ?? "", quantity: 1, cancelledCount: cancelled))
    }
    return lines
  }

  private func state(of units: [LazadaUnit]) -> ChannelOrder.State {
    let alive = units.filter { $0.stage != .cancelled }
    if alive.isEmpty { return .cancelled }
    return alive.allSatisfy { $0.stage == .left } ? .shipped : .open
  }
}
