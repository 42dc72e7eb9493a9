public import ChannelAdapter

extension SquareAdapter: PickupTelling {
  /// Says of the fulfilments that the customer comes for that they are prepared; Square tells the customer. One that is
  /// so already, has been collected or was cancelled is left alone.
  public func markReady(_ notice: ReadyNotice, api: ChannelAPI) async throws(ChannelError) {
    try await update(notice.orderExternalID, api) { order throws(ChannelError) in
      let waiting = (order.fulfilments ?? []).filter {
        $0.type == "PICKUP" && !$0.isDone && !$0.isDead && $0.state != "PREPARED"
      }
      guard !waiting.isEmpty else { return nil }
      let version = try order.updatableVersion
      let parts = waiting.map {
        SquareOrderUpdate.Fulfilment(uid: $0.uid.text, state: "PREPARED", shipment: nil)
      }
      let names = parts.map(\.uid).joined(separator: " ")
      return SquareOrderUpdate(
        idempotencyKey: ChannelSignature.derivedID("\(order.id) \(version) \(names) prepared"),
        order: SquareOrderUpdate.Order(
          locationID: api.account.externalID, version: version, state: nil, fulfilments: parts))
    }
  }
}

extension SquareOrder {
  /// Whether the customer comes for any of it.
  var isPickup: Bool {
    (fulfilments ?? []).contains { $0.type == "PICKUP" && !$0.isDead }
  }

  /// The version that an update must name.
  var updatableVersion: Int64 {
    get throws(ChannelError) {
      guard let version = version?.value else {
        throw .refused("order \(id) has no version: Square lets nobody update it")
      }
      return version
    }
  }
}
