public import ChannelAdapter
internal import Primitives

private struct OrderList: Decodable {
  var orders: [TikTokShopOrder]?
}

extension TikTokShopAdapter {
  /// Events hold no lines, so the order is fetched.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    let order = try await order(externalID, api)
    guard let saleTime = ChannelTime.unix(order.createTime.value) else {
      throw .malformed("order \(externalID) has no time of creation")
    }
    var updateTime =
      order.updateTime.flatMap { ChannelTime.unix($0.value) } ?? saleTime
    // What was fetched after an event is no older than the event; `update_time` moves with the status only.
    if let event, event.subject == externalID { updateTime = max(updateTime, event.updateTime) }
    guard let units = order.units, !units.isEmpty else {
      throw .malformed("order \(externalID) has no line_items")
    }
    var address: ChannelAddress?
    if api.wantsAddress, let told = order.address?.value {
      address = ChannelAddress(
        country: told.country?.text, regions: told.regions, postalCode: told.postalCode?.text)
    }
    return ChannelOrder(
      externalID: externalID, state: state(of: order, units), lines: lines(of: order, units),
      saleTime: saleTime, updateTime: updateTime, address: address)
  }

  func order(_ id: String, _ api: ChannelAPI) async throws(ChannelError) -> TikTokShopOrder {
    let list = try await TikTokShopClient(api: api).get(
      "/order/202309/orders", [("ids", id)], as: OrderList.self)
    guard let order = list.orders?.first(where: { $0.id.text == id }) else {
      throw .notFound("TikTok Shop has no order \(id)")
    }
    return order
  }

  /// One line a SKU, in the order of their first units.
  func lines(
    of order: TikTokShopOrder, _ units: [TikTokShopUnit]
  ) -> [ChannelOrder.Line] {
    var lines: [ChannelOrder.Line] = []
    var places: [String: Int] = [:]
    for unit in units {
      let isCancelled = order.stage(of: unit) == .cancelled
      for part in unit.parts {
        let cancelled = isCancelled ? part.count : 0
        if let place = places[part.lineID] {
          lines[place].quantity += part.count
          lines[place].cancelledCount += cancelled
          continue
        }
        places[part.lineID] = lines.count
        lines.append(
          ChannelOrder.Line(
            lineID: part.lineID, itemID: part.productID, variationID: part.skuID,
            sellerSKU: part.sellerSKU, title: unit.title, quantity: part.count,
            cancelledCount: cancelled))
      }
    }
    return lines
  }

  private func state(of order: TikTokShopOrder, _ units: [TikTokShopUnit]) -> ChannelOrder.State {
    if order.isForeign { return .foreign }
    let alive = units.map { order.stage(of: $0) }.filter { $0 != .cancelled }
    if alive.isEmpty { return .cancelled }
    return alive.allSatisfy { $0 == .left } ? .shipped : .open
  }
}
