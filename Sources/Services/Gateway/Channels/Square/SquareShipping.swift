public import ChannelAdapter

/// A change of an order's fulfilments.
struct SquareOrderUpdate: Encodable {
  enum CodingKeys: String, CodingKey {
    case order
    case idempotencyKey = "idempotency_key"
  }
  struct Order: Encodable {
    enum CodingKeys: String, CodingKey {
      case version, state
      case locationID = "location_id"
      case fulfilments = "fulfillments"
    }
    var locationID: String
    var version: Int64
    var state: String?
    var fulfilments: [Fulfilment]
  }
  struct Fulfilment: Encodable {
    enum CodingKeys: String, CodingKey {
      case uid, state
      case shipment = "shipment_details"
    }
    var uid: String
    var state = "COMPLETED"
    var shipment: Shipment?
  }
  struct Shipment: Encodable {
    enum CodingKeys: String, CodingKey {
      case carrier
      case trackingNumber = "tracking_number"
    }
    var carrier: String?
    var trackingNumber: String?
  }
  var idempotencyKey: String
  var order: Order
}

extension SquareAdapter {
  /// Completes the fulfilments that bring the notice's lines. Square knows no part of one: the first
  /// notice of it completes it whole, and a repeat finds it complete and is a success. What was sold
  /// over the counter has none, and left when it was sold.
  ///
  /// An update names the order's version; when somebody else was faster, the order is read again.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    try await update(notice.orderExternalID, api) { order throws(ChannelError) in
      try update(order, notice, api)
    }
  }

  /// Makes the change that an order as it stands wants; nil when there is nothing to say.
  func update(
    _ orderID: String, _ api: ChannelAPI,
    with change: (SquareOrder) throws(ChannelError) -> SquareOrderUpdate?
  ) async throws(ChannelError) {
    let client = SquareClient(api: api)
    for _ in 0..<SquareLimits.updates {
      let order = try await order(orderID, client)
      guard let update = try change(order) else { return }
      let outcome = try await client.answer(
        "PUT", "orders/\(ChannelQuery.encode(order.id.text))", update, as: SquareOrderAnswer.self)
      switch outcome {
      case .success: return
      case .failure(let failure) where failure.isVersionMismatch: continue
      case .failure(let failure): throw failure.channelError
      }
    }
    throw .unavailable("order \(orderID) keeps changing at Square")
  }

  /// Nil when there is nothing to say any more.
  private func update(
    _ order: SquareOrder, _ notice: ShippedNotice, _ api: ChannelAPI
  ) throws(ChannelError) -> SquareOrderUpdate? {
    let fulfilments = order.fulfilments ?? []
    let waiting = fulfilments.filter { !$0.isDone && !$0.isDead }
    if order.state == "CANCELED" { throw .refused("Square has cancelled order \(order.id)") }
    if waiting.isEmpty {
      guard !fulfilments.isEmpty, !fulfilments.contains(where: \.isDone) else { return nil }
      throw .refused("Square has cancelled what was to be sent of order \(order.id)")
    }
    let wanted = Set(notice.lines.map(\.lineID))
    let chosen = waiting.filter { fulfilment in
      wanted.isEmpty || fulfilment.application != "ENTRY_LIST"
        || (fulfilment.entries ?? []).contains { wanted.contains($0.lineID.text) }
    }
    guard !chosen.isEmpty else { return nil }
    let version = try order.updatableVersion
    let parts = chosen.map { fulfilment in
      SquareOrderUpdate.Fulfilment(
        uid: fulfilment.uid.text, shipment: fulfilment.type == "SHIPMENT" ? shipment(notice) : nil)
    }
    // An order whose fulfilments are complete and which stays OPEN is on none of Square's pages.
    let isLast = chosen.count == waiting.count
    let names = parts.map(\.uid).joined(separator: " ")
    return SquareOrderUpdate(
      idempotencyKey: ChannelSignature.derivedID(
        "\(order.id) \(version) \(names) \(notice.carrier)"),
      order: SquareOrderUpdate.Order(
        locationID: api.account.externalID, version: version,
        state: isLast && order.state == "OPEN" ? "COMPLETED" : nil, fulfilments: parts))
  }

  private func shipment(_ notice: ShippedNotice) -> SquareOrderUpdate.Shipment? {
    guard !notice.trackingNumber.isEmpty || !notice.carrier.isEmpty else { return nil }
    return SquareOrderUpdate.Shipment(
      carrier: notice.carrier.isEmpty ? nil : notice.carrier,
      trackingNumber: notice.trackingNumber.isEmpty ? nil : notice.trackingNumber)
  }
}
