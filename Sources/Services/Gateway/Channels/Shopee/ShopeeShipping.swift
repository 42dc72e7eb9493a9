public import ChannelAdapter

/// What `get_shipping_parameter` says that a shipment needs.
private struct ShippingParameter: Decodable {
  enum CodingKeys: String, CodingKey {
    case needed = "info_needed"
    case pickup, dropoff
  }
  struct Needed: Decodable {
    enum CodingKeys: String, CodingKey {
      case pickup, dropoff
      case nonIntegrated = "non_integrated"
    }
    var pickup: [String]?
    var dropoff: [String]?
    var nonIntegrated: [String]?
  }
  struct Pickup: Decodable {
    enum CodingKeys: String, CodingKey { case addresses = "address_list" }
    struct Address: Decodable {
      enum CodingKeys: String, CodingKey {
        case id = "address_id"
        case flags = "address_flag"
        case slots = "time_slot_list"
      }
      struct Slot: Decodable {
        enum CodingKeys: String, CodingKey { case id = "pickup_time_id" }
        var id: FlexibleID
      }
      var id: LossyInt
      var flags: [String]?
      var slots: [Slot]?
    }
    var addresses: [Address]?
  }
  struct Dropoff: Decodable {
    enum CodingKeys: String, CodingKey {
      case branches = "branch_list"
      case slugs = "slug_list"
    }
    struct Branch: Decodable {
      enum CodingKeys: String, CodingKey { case id = "branch_id" }
      var id: LossyInt
    }
    struct Slug: Decodable {
      var slug: String?
    }
    var branches: [Branch]?
    var slugs: [Slug]?
  }
  var needed: Needed?
  var pickup: Pickup?
  var dropoff: Dropoff?
}

private struct ShipOrder: Encodable {
  enum CodingKeys: String, CodingKey {
    case orderSN = "order_sn"
    case packageNumber = "package_number"
    case pickup, dropoff
    case nonIntegrated = "non_integrated"
  }
  struct Pickup: Encodable {
    enum CodingKeys: String, CodingKey {
      case addressID = "address_id"
      case pickupTimeID = "pickup_time_id"
      case trackingNumber = "tracking_number"
    }
    var addressID: Int64?
    var pickupTimeID: String?
    var trackingNumber: String?
  }
  struct Dropoff: Encodable {
    enum CodingKeys: String, CodingKey {
      case branchID = "branch_id"
      case senderRealName = "sender_real_name"
      case trackingNumber = "tracking_number"
      case slug
    }
    var branchID: Int64?
    var senderRealName: String?
    var trackingNumber: String?
    var slug: String?
  }
  struct NonIntegrated: Encodable {
    enum CodingKeys: String, CodingKey { case trackingNumber = "tracking_number" }
    var trackingNumber: String?
  }
  var orderSN: String
  var packageNumber: String?
  var pickup: Pickup?
  var dropoff: Dropoff?
  var nonIntegrated: NonIntegrated?
}

extension ShopeeAdapter {
  /// Arranges the shipment of each package that holds one of the notice's lines. Shopee knows no
  /// part of a package: the first notice of one arranges it whole, and a repeat finds it arranged
  /// and is a success.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    let order = try await orderDetail(notice.orderExternalID, api)
    switch order.status {
    case "PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED", "TO_RETURN": return
    case "CANCELLED": throw .refused("Shopee has cancelled order \(order.orderSN)")
    case "UNPAID": throw .refused("order \(order.orderSN) is not paid")
    default: break
    }
    let packages = order.packages ?? []
    guard packages.count > 1 else {
      if packages.first?.isArranged == true { return }
      return try await ship(nil, notice, api)
    }
    let wanted = Set(notice.lines.map(\.lineID))
    for package in packages where !package.isArranged && !package.isDead {
      let lines = (package.items ?? []).map { ShopeeLine.id($0.itemID, $0.modelID) }
      guard wanted.isEmpty || !wanted.isDisjoint(with: lines) else { continue }
      try await ship(package.number?.text, notice, api)
    }
  }

  private func ship(
    _ packageNumber: String?, _ notice: ShippedNotice, _ api: ChannelAPI
  ) async throws(ChannelError) {
    let client = ShopeeClient(api: api)
    var query = [(name: "order_sn", value: notice.orderExternalID)]
    if let packageNumber { query.append(("package_number", packageNumber)) }
    let parameter = try await client.get(
      "logistics/get_shipping_parameter", query, as: ShippingParameter.self)
    var order = ShipOrder(orderSN: notice.orderExternalID, packageNumber: packageNumber)
    try fill(&order, parameter, notice)
    let answer = try await client.answer("logistics/ship_order", order, as: ShopeeNothing.self)
    if let failure = answer.failure { throw failure.channelError(now: api.clock.now()) }
  }

  /// Exactly one of the three ways, present even when it is empty: what we carry ourselves first,
  /// then what needs no courier to come. Ours needs a tracking number where Shopee says so.
  private func fill(
    _ order: inout ShipOrder, _ parameter: ShippingParameter, _ notice: ShippedNotice
  ) throws(ChannelError) {
    let tracking = notice.trackingNumber.isEmpty ? nil : notice.trackingNumber
    func needs(_ fields: [String], _ names: String...) -> Bool {
      fields.contains { names.contains($0) }
    }
    if let fields = parameter.needed?.nonIntegrated,
      tracking != nil || !needs(fields, "tracking_no", "tracking_number")
    {
      order.nonIntegrated = ShipOrder.NonIntegrated(trackingNumber: tracking)
    } else if let fields = parameter.needed?.dropoff {
      var dropoff = ShipOrder.Dropoff()
      if needs(fields, "branch_id") {
        dropoff.branchID = parameter.dropoff?.branches?.first?.id.value
      }
      if needs(fields, "sender_real_name") { dropoff.senderRealName = notice.carrier }
      if needs(fields, "tracking_no", "tracking_number") { dropoff.trackingNumber = tracking }
      if needs(fields, "slug") { dropoff.slug = parameter.dropoff?.slugs?.first?.slug }
      order.dropoff = dropoff
    } else if let fields = parameter.needed?.pickup {
      let addresses = parameter.pickup?.addresses ?? []
      let address =
        addresses.first { $0.flags?.contains("pickup_address") == true } ?? addresses.first
      var pickup = ShipOrder.Pickup()
      if needs(fields, "address_id") { pickup.addressID = address?.id.value }
      if needs(fields, "pickup_time_id") { pickup.pickupTimeID = address?.slots?.first?.id.text }
      if needs(fields, "tracking_no", "tracking_number") { pickup.trackingNumber = tracking }
      order.pickup = pickup
    } else {
      throw .refused("Shopee offers no way to ship order \(order.orderSN)")
    }
  }
}
