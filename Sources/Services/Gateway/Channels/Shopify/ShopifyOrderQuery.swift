internal import ChannelAdapter
internal import Primitives

/// - Parameter address: an app that may not see it is refused the whole order when it asks.
private func orderQuery(with address: Bool) -> String {
  """
  query Order($id: ID!, $after: String) {
    order(id: $id) {
      legacyResourceId createdAt updatedAt cancelledAt displayFulfillmentStatus
      \(address ? "shippingAddress { zip province provinceCode city countryCodeV2 }" : "")
      lineItems(first: 250, after: $after) {
        nodes {
          id sku title quantity currentQuantity unfulfilledQuantity requiresShipping isGiftCard
          variant { legacyResourceId } product { legacyResourceId }
        }
        pageInfo { hasNextPage endCursor }
      }
      refunds {
        refundLineItems(first: 250) { nodes { quantity restockType lineItem { id } } }
      }
      fulfillmentOrders(first: 10) { nodes { \(ShopifyDelivery.fields) } }
    }
  }
  """
}

private struct OrderData: Decodable {
  struct Reference: Decodable {
    var legacyResourceId: FlexibleID?
  }
  struct Line: Decodable {
    var id: String
    var sku: String?
    var title: String?
    var quantity: UnitCount
    var currentQuantity: UnitCount?
    var unfulfilledQuantity: UnitCount?
    var requiresShipping: Bool?
    var isGiftCard: Bool?
    var variant: Reference?
    var product: Reference?
  }
  struct Refund: Decodable {
    struct Line: Decodable {
      struct Item: Decodable {
        var id: String
      }
      var quantity: UnitCount
      var restockType: String?
      var lineItem: Item
    }
    var refundLineItems: ShopifyNodes<Line>?
  }
  struct Order: Decodable {
    var legacyResourceId: FlexibleID?
    var createdAt: String
    var updatedAt: String
    var cancelledAt: String?
    var displayFulfillmentStatus: String?
    var lineItems: ShopifyNodes<Line>
    var refunds: [Refund]?
    var shippingAddress: Lossy<Address>?
    var fulfillmentOrders: Lossy<ShopifyNodes<Lossy<ShopifyDelivery>>>?
  }
  struct Address: Decodable {
    var zip: Lossy<FlexibleID>?
    var province: Lossy<FlexibleID>?
    var provinceCode: Lossy<FlexibleID>?
    var city: Lossy<FlexibleID>?
    var countryCodeV2: Lossy<FlexibleID>?

    var known: ChannelAddress? {
      ChannelAddress(
        country: countryCodeV2?.text, regions: [province?.text, provinceCode?.text, city?.text],
        postalCode: zip?.text)
    }
  }
  var order: Order?
}

extension ShopifyAdapter {
  func queriedOrder(
    _ externalID: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    try await queried(externalID, api).order
  }

  /// Asks for an order, page by page of its lines.
  ///
  /// - Returns: the order, and whether Shopify has said by now how it is to reach the customer.
  func queried(
    _ externalID: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> (order: ChannelOrder, isRouted: Bool) {
    let client = ShopifyClient(api: api)
    let orderQuery = orderQuery(with: api.wantsAddress)
    var lines: [ShopifyLine] = []
    var cursor: String?
    for _ in 0..<ShopifyLimits.linePages {
      let variables = ShopifyIDVariable(id: ShopifyID.global("Order", externalID), after: cursor)
      guard let order = try await client.query(orderQuery, variables, as: OrderData.self).order
      else {
        throw .notFound("Shopify does not know order \(externalID)")
      }
      let isFulfilled = order.displayFulfillmentStatus == "FULFILLED"
      lines += order.lineItems.nodes.map { line(of: $0, isOrderFulfilled: isFulfilled) }
      cursor = order.lineItems.nextCursor
      guard cursor == nil else { continue }
      for refunded in (order.refunds ?? []).flatMap({ $0.refundLineItems?.nodes ?? [] }) {
        let id = ShopifyID.number(refunded.lineItem.id)
        guard let place = lines.firstIndex(where: { $0.id == id }) else { continue }
        lines[place].addRefund(refunded.quantity.value, refunded.restockType ?? "NO_RESTOCK")
      }
      var found = try assemble(
        id: externalID, created: order.createdAt, updated: order.updatedAt,
        isCancelled: try Self.isCancelled(order.cancelledAt), isFulfilled: isFulfilled,
        lines: lines,
        address: order.shippingAddress?.value?.known)
      let deliveries = order.fulfillmentOrders?.value?.nodes.compactMap(\.value) ?? []
      let pickups = deliveries.filter(\.isPickup)
      found.isPickup = !pickups.isEmpty
      found.pickupPlace = (pickups.first { $0.isOpen || $0.isWaiting } ?? pickups.first)?.place
      return (found, !deliveries.isEmpty)
    }
    throw .malformed("order \(externalID) has more than \(ShopifyLimits.linePages) pages of lines")
  }

  private func line(of line: OrderData.Line, isOrderFulfilled: Bool) -> ShopifyLine {
    let current = line.currentQuantity?.value ?? line.quantity.value
    let unfulfilled = line.unfulfilledQuantity?.value
    let isFulfilled = unfulfilled.map { $0 == 0 && current > 0 } ?? isOrderFulfilled
    return ShopifyLine(
      id: ShopifyID.number(line.id), productID: line.product?.legacyResourceId?.named,
      variantID: line.variant?.legacyResourceId?.named, sku: line.sku ?? "",
      title: line.title ?? "", isGiftCard: line.isGiftCard ?? false,
      needsShipping: line.requiresShipping ?? true, quantity: line.quantity.value,
      current: line.currentQuantity?.value,
      hasLeft: isOrderFulfilled || unfulfilled.map { $0 < current } ?? false,
      isFulfilled: isFulfilled || isOrderFulfilled)
  }
}
