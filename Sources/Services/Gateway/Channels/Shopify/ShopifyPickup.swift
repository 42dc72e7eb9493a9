public import ChannelAdapter

/// A part of an order that one location is to hand over.
protocol ShopifyFulfilmentOrder {
  var status: String? { get }
}

extension ShopifyFulfilmentOrder {
  /// Shopify takes no news of it yet, and will.
  var isWaiting: Bool { ["ON_HOLD", "SCHEDULED"].contains(status ?? "OPEN") }
  var isOpen: Bool { ["OPEN", "IN_PROGRESS"].contains(status ?? "OPEN") }
}

/// How a part of an order reaches its customer. Shopify makes it a moment after the order, and shows an app the parts that it
/// may fulfil.
struct ShopifyDelivery: Decodable, ShopifyFulfilmentOrder {
  static let fields =
    "id status deliveryMethod { methodType } assignedLocation { location { legacyResourceId } }"

  struct Method: Decodable {
    var methodType: String?
  }
  struct Assigned: Decodable {
    struct Location: Decodable {
      var legacyResourceId: FlexibleID?
    }
    var location: Location?
  }
  var id: String
  var status: String?
  var deliveryMethod: Method?
  var assignedLocation: Lossy<Assigned>?

  /// `PICKUP_POINT` is the courier's affair.
  var isPickup: Bool { deliveryMethod?.methodType == "PICK_UP" }
  var place: String? { assignedLocation?.value?.location?.legacyResourceId?.named }
}

private let pickupQuery = """
  query Pickup($id: ID!) {
    order(id: $id) { fulfillmentOrders(first: 50) { nodes { \(ShopifyDelivery.fields) } } }
  }
  """

private let readyMutation = """
  mutation Ready($input: FulfillmentOrderLineItemsPreparedForPickupInput!) {
    fulfillmentOrderLineItemsPreparedForPickup(input: $input) { userErrors { code field message } }
  }
  """

private struct PickupData: Decodable {
  struct Order: Decodable {
    var fulfillmentOrders: ShopifyNodes<ShopifyDelivery>
  }
  var order: Order?
}

private struct ReadyVariables: Encodable {
  struct Input: Encodable {
    struct Part: Encodable {
      var fulfillmentOrderId: String
    }
    var lineItemsByFulfillmentOrder: [Part]
  }
  var input: Input
}

private struct ReadyData: Decodable {
  struct Payload: Decodable {
    var userErrors: [ShopifyUserError]?
  }
  var fulfillmentOrderLineItemsPreparedForPickup: Payload?
}

extension ShopifyAdapter: PickupTelling {
  /// Says of each part that the customer comes for that it is prepared; Shopify tells the customer. That it was collected a
  /// fulfilment without a parcel tells.
  ///
  /// - Note: Source: shopify.dev, fulfillmentOrderLineItemsPreparedForPickup.
  public func markReady(_ notice: ReadyNotice, api: ChannelAPI) async throws(ChannelError) {
    let client = ShopifyClient(api: api)
    let variables = ShopifyIDVariable(id: ShopifyID.global("Order", notice.orderExternalID))
    guard let order = try await client.query(pickupQuery, variables, as: PickupData.self).order
    else { throw .notFound("Shopify does not know order \(notice.orderExternalID)") }
    let parts = order.fulfillmentOrders.nodes.filter(\.isPickup)
    for part in parts where part.isOpen { try await prepare(part.id, client) }
    if let waiting = parts.first(where: \.isWaiting) {
      throw .unavailable(
        "order \(notice.orderExternalID) is \(waiting.status ?? "waiting") at Shopify")
    }
  }

  /// One call a part: together, one that was told before would refuse the others.
  private func prepare(_ partID: String, _ client: ShopifyClient) async throws(ChannelError) {
    let variables = ReadyVariables(
      input: .init(lineItemsByFulfillmentOrder: [.init(fulfillmentOrderId: partID)]))
    let data = try await client.query(readyMutation, variables, as: ReadyData.self)
    guard let payload = data.fulfillmentOrderLineItemsPreparedForPickup else {
      throw .malformed("the answer has no fulfillmentOrderLineItemsPreparedForPickup")
    }
    guard let error = payload.userErrors?.first else { return }
    // It was told before.
    if error.code == "NO_LINE_ITEMS_TO_PREPARE_FOR_FULFILLMENT_ORDER" { return }
    throw .refused(error.text)
  }
}
