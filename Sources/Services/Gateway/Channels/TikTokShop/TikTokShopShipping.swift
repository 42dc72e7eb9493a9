public import ChannelAdapter
internal import Primitives

private struct ShipPackage: Encodable {
  enum CodingKeys: String, CodingKey {
    case handoverMethod = "handover_method"
    case pickupSlot = "pickup_slot"
    case selfShipment = "self_shipment"
  }
  struct Slot: Encodable {
    enum CodingKeys: String, CodingKey {
      case start = "start_time"
      case end = "end_time"
    }
    var start: Int64
    var end: Int64
  }
  var handoverMethod: String?
  var pickupSlot: Slot?
  var selfShipment: SelfShipment?
}

private struct SelfShipment: Encodable {
  enum CodingKeys: String, CodingKey {
    case trackingNumber = "tracking_number"
    case providerID = "shipping_provider_id"
  }
  var trackingNumber: String
  var providerID: String
}

private struct MarkShipped: Encodable {
  enum CodingKeys: String, CodingKey {
    case unitIDs = "order_line_item_ids"
    case trackingNumber = "tracking_number"
    case providerID = "shipping_provider_id"
  }
  var unitIDs: [String]
  var trackingNumber: String
  var providerID: String
}

private struct Handover: Decodable {
  enum CodingKeys: String, CodingKey {
    case canDropOff = "can_drop_off"
    case canPickUp = "can_pickup"
    case slots = "pickup_slots"
  }
  struct Slot: Decodable {
    enum CodingKeys: String, CodingKey {
      case start = "start_time"
      case end = "end_time"
      // Spelled so.
      case isAvailable = "avaliable"
    }
    var start: LossyInt
    var end: LossyInt
    var isAvailable: LossyBool?
  }
  var canDropOff: LossyBool?
  var canPickUp: LossyBool?
  var slots: [Slot]?
}

private struct Providers: Decodable {
  enum CodingKeys: String, CodingKey { case providers = "shipping_providers" }
  struct Provider: Decodable {
    var id: FlexibleID
    var name: String?
  }
  var providers: [Provider]?
}

extension TikTokShopAdapter {
  /// Ships each package that holds one of the notice's units: TikTok knows no part of a package. Where orders have no
  /// packages before they are shipped (the seller's own shipping in the USA, Britain, the EU and Japan), the notice's
  /// units become one. What is on its way already is left alone, so that telling it twice is a success.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    let order = try await order(notice.orderExternalID, api)
    if order.isForeign { throw .refused("TikTok ships order \(order.id) itself") }
    if order.isUnpaid { throw .refused("order \(order.id) is not paid") }
    if order.isOnHold { throw .unavailable("the buyer may still cancel order \(order.id)") }
    let chosen = order.choose(notice.lines) { shippingRank($0, $1, notice) }
    guard !chosen.isEmpty else { throw .refused("order \(order.id) has nothing left to ship") }
    let waiting = chosen.filter { order.stage(of: $0) == .waiting }
    var packages: [String] = []
    for unit in waiting {
      if let id = unit.packageID, !packages.contains(id) { packages.append(id) }
    }
    let loose = waiting.filter { $0.packageID == nil }
    guard !packages.isEmpty || !loose.isEmpty else { return }
    guard loose.isEmpty || !order.isShippedByTikTok else {
      throw .refused("order \(order.id) has no package: buy its label in Seller Center")
    }
    let own = order.isShippedByTikTok ? nil : try await ownShipment(order, notice, api)
    for package in packages { try await ship(package, own, api) }
    if let own, !loose.isEmpty {
      let body = MarkShipped(
        unitIDs: loose.map(\.id.text), trackingNumber: own.trackingNumber,
        providerID: own.providerID)
      try await tell("/fulfillment/202309/orders/\(order.id)/packages", body, api)
    }
  }

  private func ship(
    _ package: String, _ own: SelfShipment?, _ api: ChannelAPI
  ) async throws(ChannelError) {
    let path = "/fulfillment/202309/packages/\(ChannelQuery.encode(package))"
    var body = ShipPackage(selfShipment: own)
    if own == nil {
      let handover = try await TikTokShopClient(api: api).get(
        "\(path)/handover_time_slots", as: Handover.self)
      let slot = handover.slots?.first { $0.isAvailable?.value != false }
      // What needs no courier to come first; in South-East Asia the seller's settings decide, whatever is asked.
      if handover.canDropOff?.value == true {
        body.handoverMethod = "DROP_OFF"
      } else if handover.canPickUp?.value == true {
        body.handoverMethod = "PICKUP"
        body.pickupSlot = slot.map { .init(start: $0.start.value, end: $0.end.value) }
      }
    }
    try await tell("\(path)/ship", body, api)
  }

  private func tell(
    _ path: String, _ body: some Encodable, _ api: ChannelAPI
  ) async throws(ChannelError) {
    let answer = try await TikTokShopClient(api: api).answer(
      path, [], body, as: TikTokShopNothing.self)
    guard let failure = answer.failure, !failure.saysShipped else { return }
    throw failure.channelError
  }

  /// The courier by the notice's name for it; the only one that there is, whatever its name.
  private func ownShipment(
    _ order: TikTokShopOrder, _ notice: ShippedNotice, _ api: ChannelAPI
  ) async throws(ChannelError) -> SelfShipment {
    guard !notice.trackingNumber.isEmpty else {
      throw .refused("order \(order.id) needs a tracking number: the seller ships it")
    }
    guard let option = order.deliveryOptionID?.value?.named else {
      throw .malformed("order \(order.id) has no delivery_option_id")
    }
    let providers =
      try await TikTokShopClient(api: api).get(
        "/logistics/202309/delivery_options/\(ChannelQuery.encode(option))/shipping_providers",
        as: Providers.self
      ).providers ?? []
    let wanted = notice.carrier.lowercased()
    let named = providers.first { $0.name?.lowercased() == wanted }
    guard let provider = named ?? (providers.count == 1 ? providers.first : nil) else {
      let names = providers.compactMap(\.name).joined(separator: ", ")
      throw .refused("TikTok Shop has no courier \(notice.carrier) for it, but: \(names)")
    }
    return SelfShipment(trackingNumber: notice.trackingNumber, providerID: provider.id.text)
  }

  /// Those first that an earlier try of the notice has shipped, as their tracking number shows, then those that wait.
  /// TikTok's own couriers have numbers of their own: there a notice of a part, repeated after it had worked, takes the
  /// next package.
  private func shippingRank(
    _ unit: TikTokShopUnit, _ stage: TikTokShopUnit.Stage, _ notice: ShippedNotice
  ) -> Int {
    if !notice.trackingNumber.isEmpty, unit.trackingNumber == notice.trackingNumber { return 0 }
    return stage == .waiting ? 1 : stage == .arranged ? 2 : 3
  }
}
