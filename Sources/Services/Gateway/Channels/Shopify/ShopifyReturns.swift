public import ChannelAdapter
internal import Primitives

/// A refund as the topic `refunds/create` has it.
struct ShopifyRefundBody: Decodable {
  /// The part that an order's body repeats.
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey { case lines = "refund_line_items" }
    var lines: [Line]?
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, quantity
      case lineItemID = "line_item_id"
      case restockType = "restock_type"
      case lineItem = "line_item"
    }
    struct Item: Decodable {
      enum CodingKeys: String, CodingKey {
        case sku
        case variantID = "variant_id"
        case productID = "product_id"
      }
      var sku: FlexibleID?
      var variantID: FlexibleID?
      var productID: FlexibleID?
    }
    var id: FlexibleID?
    var lineItemID: FlexibleID
    var quantity: UnitCount
    var restockType: String?
    var lineItem: Item?
  }
  enum CodingKeys: String, CodingKey {
    case id, note
    case orderID = "order_id"
    case createdAt = "created_at"
    case lines = "refund_line_items"
  }
  var id: FlexibleID
  var orderID: FlexibleID
  var createdAt: String
  var note: String?
  var lines: [Line]?
}

private let returnQuery = """
  query Return($id: ID!) {
    return(id: $id) {
      id status createdAt closedAt
      order { legacyResourceId }
      returnLineItems(first: 250) {
        nodes {
          ... on ReturnLineItem {
            id quantity returnReasonNote
            fulfillmentLineItem {
              lineItem { id sku variant { legacyResourceId } product { legacyResourceId } }
            }
          }
        }
      }
    }
  }
  """

private let refundQuery = """
  query Refund($id: ID!) {
    refund(id: $id) {
      createdAt
      order { legacyResourceId }
      refundLineItems(first: 250) {
        nodes {
          quantity restockType
          lineItem { id sku variant { legacyResourceId } product { legacyResourceId } }
        }
      }
    }
  }
  """

private struct Reference: Decodable {
  var legacyResourceId: FlexibleID?
}

private struct LineItem: Decodable {
  var id: String
  var sku: String?
  var variant: Reference?
  var product: Reference?

  func returned(_ lineID: String, _ quantity: Quantity) -> ChannelReturn.Line {
    let number = ShopifyID.number(id)
    let sku = sku ?? ""
    return ChannelReturn.Line(
      lineID: lineID, orderLineID: number,
      itemID: product?.legacyResourceId?.named ?? "custom:\(sku.isEmpty ? number : sku)",
      variationID: variant?.legacyResourceId?.named ?? "", sellerSKU: sku, quantity: quantity)
  }
}

private struct ReturnData: Decodable {
  enum CodingKeys: String, CodingKey { case content = "return" }
  struct Content: Decodable {
    struct Line: Decodable {
      struct FulfilmentLine: Decodable {
        var lineItem: LineItem?
      }
      var id: String?
      var quantity: UnitCount?
      var returnReasonNote: String?
      var fulfillmentLineItem: FulfilmentLine?
    }
    var status: String
    var order: Reference?
    var returnLineItems: ShopifyNodes<Line>
  }
  var content: Content?
}

private struct RefundData: Decodable {
  struct Refund: Decodable {
    struct Line: Decodable {
      var quantity: UnitCount
      var restockType: String?
      var lineItem: LineItem
    }
    var createdAt: String?
    var order: Reference?
    var refundLineItems: ShopifyNodes<Line>
  }
  var refund: Refund?
}

extension ShopifyAdapter {
  /// A refund that put goods back is a return that is already on sale in the shop; a return that
  /// was asked for is one that waits for its goods.
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    if let event, event.topic == "refunds/create", event.subject == externalID {
      return try await refund(in: event, api)
    }
    if externalID.hasPrefix(ShopifyReturnID.refundPrefix) {
      return try await queriedRefund(externalID, api)
    }
    return try await queriedReturn(externalID, event, api)
  }

  private func refund(
    in event: ChannelEvent, _ api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let body: ShopifyRefundBody
    do {
      body = try ChannelJSON.decode(ShopifyRefundBody.self, from: event.body)
    } catch {
      throw .malformed("the event cannot be read: \(error.text)")
    }
    let lines = (body.lines ?? []).filter { $0.restockType == "return" && $0.quantity.value > 0 }
    // The body may leave the item out: then the order says what its lines are.
    var known: [String: ChannelOrder.Line] = [:]
    if lines.contains(where: { $0.lineItem == nil }) {
      for line in try await queriedOrder(body.orderID.text, api).lines { known[line.lineID] = line }
    }
    let returned = lines.map { line in
      let id = line.lineItemID.text
      let sku = line.lineItem?.sku?.text ?? known[id]?.sellerSKU ?? ""
      return ChannelReturn.Line(
        lineID: line.id?.text ?? id, orderLineID: id,
        itemID: line.lineItem?.productID?.named ?? known[id]?.itemID
          ?? "custom:\(sku.isEmpty ? id : sku)",
        variationID: line.lineItem?.variantID?.named ?? known[id]?.variationID ?? "",
        sellerSKU: sku, quantity: line.quantity.value)
    }
    return ChannelReturn(
      externalID: event.subject, orderExternalID: body.orderID.text,
      state: returned.isEmpty ? .closed : .restocked, lines: returned, reason: body.note ?? "",
      updateTime: event.updateTime)
  }

  private func queriedRefund(
    _ externalID: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let number = String(externalID.dropFirst(ShopifyReturnID.refundPrefix.count))
    let data = try await ShopifyClient(api: api).query(
      refundQuery, ShopifyIDVariable(id: ShopifyID.global("Refund", number)), as: RefundData.self)
    guard let refund = data.refund, let order = refund.order?.legacyResourceId?.named else {
      throw .notFound("Shopify does not know refund \(number)")
    }
    let lines = refund.refundLineItems.nodes.filter {
      $0.restockType == "RETURN" && $0.quantity.value > 0
    }.map { $0.lineItem.returned(ShopifyID.number($0.lineItem.id), $0.quantity.value) }
    return ChannelReturn(
      externalID: externalID, orderExternalID: order, state: lines.isEmpty ? .closed : .restocked,
      lines: lines,
      updateTime: refund.createdAt.flatMap(ChannelTime.iso8601) ?? api.clock.now())
  }

  private func queriedReturn(
    _ externalID: String, _ event: ChannelEvent?, _ api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let content = try await returnContent(externalID, ShopifyClient(api: api))
    guard let order = content.order?.legacyResourceId?.named else {
      throw .malformed("return \(externalID) names no order")
    }
    let lines = content.returnLineItems.nodes.compactMap { line -> ChannelReturn.Line? in
      guard let id = line.id, let quantity = line.quantity?.value, quantity > 0,
        let item = line.fulfillmentLineItem?.lineItem
      else { return nil }
      return item.returned(ShopifyID.number(id), quantity)
    }
    let isWaiting = content.status == "REQUESTED" || content.status == "OPEN"
    let time = event?.updateTime ?? .zero
    return ChannelReturn(
      externalID: externalID, orderExternalID: order, state: isWaiting ? .requested : .closed,
      lines: lines,
      reason: content.returnLineItems.nodes.compactMap(\.returnReasonNote).first { !$0.isEmpty }
        ?? "",
      updateTime: time == .zero ? api.clock.now() : time)
  }

  private func returnContent(
    _ externalID: String, _ client: ShopifyClient
  ) async throws(ChannelError) -> ReturnData.Content {
    let data = try await client.query(
      returnQuery, ShopifyIDVariable(id: returnGlobalID(externalID)), as: ReturnData.self)
    guard let content = data.content else {
      throw .notFound("Shopify does not know return \(externalID)")
    }
    return content
  }

  func returnGlobalID(_ externalID: String) -> String {
    let prefix = ShopifyReturnID.returnPrefix
    let number =
      externalID.hasPrefix(prefix) ? String(externalID.dropFirst(prefix.count)) : externalID
    return ShopifyID.global("Return", number)
  }

  /// The return's state now.
  func returnStatus(
    _ externalID: String, _ client: ShopifyClient
  ) async throws(ChannelError) -> String {
    try await returnContent(externalID, client).status
  }
}
