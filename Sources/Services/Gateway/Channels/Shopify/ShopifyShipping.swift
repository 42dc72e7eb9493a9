public import ChannelAdapter
internal import Primitives

private let shippingQuery = """
  query Shipping($id: ID!) {
    order(id: $id) {
      fulfillments(first: 50) {
        status
        trackingInfo { number }
        fulfillmentLineItems(first: 250) { nodes { quantity lineItem { id } } }
      }
      fulfillmentOrders(first: 50) {
        nodes {
          id status
          lineItems(first: 250) { nodes { id remainingQuantity lineItem { id } } }
        }
      }
    }
  }
  """

private let shipMutation = """
  mutation Ship($fulfillment: FulfillmentInput!) {
    fulfillmentCreate(fulfillment: $fulfillment) {
      fulfillment { id }
      userErrors { field message }
    }
  }
  """

private struct ShippingData: Decodable {
  struct Item: Decodable {
    var id: String
  }
  struct Fulfilment: Decodable {
    struct Tracking: Decodable {
      var number: String?
    }
    struct Line: Decodable {
      var quantity: LossyInt?
      var lineItem: Item?
    }
    var status: String?
    var trackingInfo: [Tracking]?
    var fulfillmentLineItems: ShopifyNodes<Line>?
  }
  struct FulfilmentOrder: Decodable, ShopifyFulfilmentOrder {
    struct Line: Decodable {
      var id: String
      var remainingQuantity: LossyInt
      var lineItem: Item
    }
    var id: String
    var status: String?
    var lineItems: ShopifyNodes<Line>
  }
  struct Order: Decodable {
    var fulfillments: [Fulfilment]?
    var fulfillmentOrders: ShopifyNodes<FulfilmentOrder>
  }
  var order: Order?
}

private struct ShipVariables: Encodable {
  struct Fulfilment: Encodable {
    struct Part: Encodable {
      struct Line: Encodable {
        var id: String
        var quantity: Int64
      }
      var fulfillmentOrderId: String
      var fulfillmentOrderLineItems: [Line]
    }
    struct Tracking: Encodable {
      var number: String
      var company: String?
    }
    var lineItemsByFulfillmentOrder: [Part]
    var trackingInfo: Tracking?
    var notifyCustomer = true
  }
  var fulfillment: Fulfilment
}

private struct ShipData: Decodable {
  struct Payload: Decodable {
    var userErrors: [ShopifyUserError]?
  }
  var fulfillmentCreate: Payload?
}

extension ShopifyAdapter {
  /// Fulfils the notice's lines in the fulfilment orders that still wait for them. What a
  /// fulfilment with the same tracking number holds already was told before and is not told again.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    let client = ShopifyClient(api: api)
    let variables = ShopifyIDVariable(id: ShopifyID.global("Order", notice.orderExternalID))
    guard let order = try await client.query(shippingQuery, variables, as: ShippingData.self).order
    else { throw .notFound("Shopify does not know order \(notice.orderExternalID)") }
    var wanted = wantedQuantities(notice, order)
    for fulfilmentOrder in order.fulfillmentOrders.nodes where fulfilmentOrder.isOpen {
      var lines: [ShipVariables.Fulfilment.Part.Line] = []
      for line in fulfilmentOrder.lineItems.nodes {
        let id = ShopifyID.number(line.lineItem.id)
        let count = min(wanted[id] ?? 0, line.remainingQuantity.units)
        guard count > 0 else { continue }
        wanted[id, default: 0] -= count
        lines.append(.init(id: line.id, quantity: count))
      }
      guard !lines.isEmpty else { continue }
      // One call a fulfilment order: a call takes only such as are at one location.
      let part = ShipVariables.Fulfilment.Part(
        fulfillmentOrderId: fulfilmentOrder.id, fulfillmentOrderLineItems: lines)
      try await ship(part, notice, client)
    }
    for fulfilmentOrder in order.fulfillmentOrders.nodes where fulfilmentOrder.isWaiting {
      for line in fulfilmentOrder.lineItems.nodes
      where min(wanted[ShopifyID.number(line.lineItem.id)] ?? 0, line.remainingQuantity.units) > 0 {
        throw .unavailable(
          "order \(notice.orderExternalID) is \(fulfilmentOrder.status ?? "waiting") at Shopify")
      }
    }
  }

  /// Units a line that are still to be told.
  private func wantedQuantities(
    _ notice: ShippedNotice, _ order: ShippingData.Order
  ) -> [String: Int64] {
    var wanted: [String: Int64] = [:]
    if notice.lines.isEmpty {
      for line in order.fulfillmentOrders.nodes.flatMap(\.lineItems.nodes) {
        wanted[ShopifyID.number(line.lineItem.id), default: 0] += line.remainingQuantity.units
      }
      return wanted
    }
    for line in notice.lines { wanted[line.lineID, default: 0] += line.quantity }
    guard !notice.trackingNumber.isEmpty else { return wanted }
    for fulfilment in order.fulfillments ?? [] where fulfilment.status != "CANCELLED" {
      let numbers = (fulfilment.trackingInfo ?? []).compactMap(\.number)
      guard numbers.contains(notice.trackingNumber) else { continue }
      for line in fulfilment.fulfillmentLineItems?.nodes ?? [] {
        guard let id = line.lineItem?.id, let quantity = line.quantity?.units else { continue }
        wanted[ShopifyID.number(id), default: 0] -= quantity
      }
    }
    return wanted
  }

  private func ship(
    _ part: ShipVariables.Fulfilment.Part, _ notice: ShippedNotice, _ client: ShopifyClient
  ) async throws(ChannelError) {
    var fulfilment = ShipVariables.Fulfilment(lineItemsByFulfillmentOrder: [part])
    if !notice.trackingNumber.isEmpty {
      fulfilment.trackingInfo = .init(
        number: notice.trackingNumber, company: notice.carrier.isEmpty ? nil : notice.carrier)
    }
    let data = try await client.query(
      shipMutation, ShipVariables(fulfillment: fulfilment), as: ShipData.self)
    guard let payload = data.fulfillmentCreate else {
      throw .malformed("the answer has no fulfillmentCreate")
    }
    if let error = payload.userErrors?.first { throw .refused(error.text) }
  }
}
