public import ChannelAdapter
internal import Primitives

/// An order as `get_order_detail` tells it.
struct ShopeeOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case orderSN = "order_sn"
    case status = "order_status"
    case createTime = "create_time"
    case updateTime = "update_time"
    case fulfilmentFlag = "fulfillment_flag"
    case items = "item_list"
    case packages = "package_list"
    case address = "recipient_address"
  }
  struct Item: Decodable {
    enum CodingKeys: String, CodingKey {
      case itemID = "item_id"
      case itemName = "item_name"
      case itemSKU = "item_sku"
      case modelID = "model_id"
      case modelName = "model_name"
      case modelSKU = "model_sku"
      case purchased = "model_quantity_purchased"
      case cancelled = "cancelled_qty"
    }
    var itemID: FlexibleID
    var itemName: String?
    var itemSKU: String?
    var modelID: FlexibleID?
    var modelName: String?
    var modelSKU: String?
    var purchased: LossyInt
    var cancelled: LossyInt?
  }
  struct Package: Decodable {
    enum CodingKeys: String, CodingKey {
      case number = "package_number"
      case logisticsStatus = "logistics_status"
      case items = "item_list"
    }
    struct Item: Decodable {
      enum CodingKeys: String, CodingKey {
        case itemID = "item_id"
        case modelID = "model_id"
      }
      var itemID: FlexibleID
      var modelID: FlexibleID?
    }
    var number: FlexibleID?
    var logisticsStatus: String?
    var items: [Item]?

    /// The courier has it, or had it. The API says `LOGISTICS_PICKUP_DONE`, the guide
    /// `PICKUP_DONE`.
    var hasLeft: Bool {
      let status = logisticsStatus ?? ""
      return ["PICKUP_DONE", "DELIVERY_DONE", "DELIVERY_FAILED", "LOST"]
        .contains { status.hasSuffix($0) }
    }
    /// Shipment was arranged, so that arranging it again is an error.
    var isArranged: Bool { hasLeft || (logisticsStatus ?? "").hasSuffix("REQUEST_CREATED") }
    var isDead: Bool {
      let status = logisticsStatus ?? ""
      return status.hasSuffix("REQUEST_CANCELED") || status.hasSuffix("INVALID")
    }
  }
  var orderSN: FlexibleID
  var status: String
  var createTime: LossyInt
  var updateTime: LossyInt
  var fulfilmentFlag: String?
  var items: [Item]?
  var packages: [Package]?
  var address: Lossy<Address>?

  /// `recipient_address`; Shopee hides parts of it with asterisks while and after the order is not being shipped.
  struct Address: Decodable {
    var region: Lossy<FlexibleID>?
    var state: Lossy<FlexibleID>?
    var city: Lossy<FlexibleID>?
    var zipcode: Lossy<FlexibleID>?

    var known: ChannelAddress? {
      ChannelAddress(
        country: region?.text, regions: [state?.text, city?.text], postalCode: zipcode?.text)
    }
  }
}

enum ShopeeLine {
  /// The line's name for us: item and model, which returns and packages name too. Shopee's own
  /// `order_item_id` is shared within a bundle and `line_item_id` is not in older orders.
  static func id(_ itemID: FlexibleID, _ modelID: FlexibleID?) -> String {
    "\(itemID)-\(modelID?.named ?? "0")"
  }
}

struct ShopeeOrderList: Decodable {
  enum CodingKeys: String, CodingKey { case orders = "order_list" }
  var orders: [ShopeeOrder]
}

extension ShopeeAdapter {
  /// Pushes hold no lines, so the order is always fetched: one call.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    let order = try await orderDetail(externalID, api)
    return try channelOrder(order)
  }

  /// Fields beside the basic ones come only when they are asked for.
  func orderDetail(_ orderSN: String, _ api: ChannelAPI) async throws(ChannelError) -> ShopeeOrder {
    let list = try await ShopeeClient(api: api).get(
      "order/get_order_detail",
      [
        ("order_sn_list", orderSN),
        (
          "response_optional_fields",
          "item_list,package_list,fulfillment_flag" + (api.wantsAddress ? ",recipient_address" : "")
        ),
      ], as: ShopeeOrderList.self)
    guard let order = list.orders.first(where: { $0.orderSN.text == orderSN }) else {
      throw .notFound("Shopee does not know order \(orderSN)")
    }
    return order
  }

  func channelOrder(_ order: ShopeeOrder) throws(ChannelError) -> ChannelOrder {
    guard let items = order.items, !items.isEmpty else {
      throw .malformed("order \(order.orderSN) has no item_list")
    }
    guard let saleTime = ChannelTime.unix(order.createTime.value),
      let updateTime = ChannelTime.unix(order.updateTime.value)
    else { throw .malformed("order \(order.orderSN) has a time that is not a Unix time") }
    let state = state(of: order)
    var lines: [ChannelOrder.Line] = []
    for item in items {
      let quantity = item.purchased.value
      guard quantity >= 0, quantity <= QuantityLimits.maximum else {
        throw .malformed("order \(order.orderSN) has a quantity of \(quantity)")
      }
      let cancelled = item.cancelled?.value ?? 0
      guard (0...quantity).contains(cancelled) else {
        throw .malformed("order \(order.orderSN) has \(cancelled) of \(quantity) units cancelled")
      }
      let id = ShopeeLine.id(item.itemID, item.modelID)
      if let index = lines.firstIndex(where: { $0.lineID == id }) {
        lines[index].quantity += quantity
        lines[index].cancelledCount += cancelled
      } else {
        lines.append(
          ChannelOrder.Line(
            lineID: id, itemID: item.itemID.text, variationID: item.modelID?.named ?? "",
            sellerSKU: [item.modelSKU, item.itemSKU].compactMap { $0 }.first { !$0.isEmpty } ?? "",
            title: item.itemName ?? "", quantity: quantity, cancelledCount: cancelled))
      }
    }
    if state == .cancelled {
      for index in lines.indices { lines[index].cancelledCount = lines[index].quantity }
    }
    return ChannelOrder(
      externalID: order.orderSN.text, state: state, lines: lines, saleTime: saleTime,
      updateTime: updateTime, address: order.address?.value?.known)
  }

  /// What Shopee's status means for stock.
  ///
  /// UNPAID takes stock: Shopee lowers its own number when the order is placed, so leaving it on
  /// sale elsewhere would sell it twice; if it is never paid it is CANCELLED and given back.
  /// IN_CANCEL still takes it, as the seller may refuse. A status that we do not know takes it too:
  /// too few on sale is the lesser harm. An order that is CANCELLED after the courier took it has
  /// left all the same: its goods come back by a return, if at all.
  private func state(of order: ShopeeOrder) -> ChannelOrder.State {
    if order.fulfilmentFlag == "fulfilled_by_shopee" { return .foreign }
    switch order.status {
    case "CANCELLED": return order.packages?.contains { $0.hasLeft } == true ? .shipped : .cancelled
    case "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED", "TO_RETURN": return .shipped
    default: return .open
    }
  }
}
