public import ChannelAdapter

extension WooCommerceAdapter: PickupTelling {
  /// WooCommerce has no status for it: the customer gets a note, once. What was collected or cancelled is left alone.
  public func markReady(_ notice: ReadyNotice, api: ChannelAPI) async throws(ChannelError) {
    let client = WooCommerceClient(api: api)
    let path = "orders/\(notice.orderExternalID)"
    switch try await client.get(path, as: WooCommerceOrder.self).stage {
    case .completed, .ended: return
    case .draft, .unpaid, .open:
      let text = "Ready for pickup"
      try await tellCustomer(text, unless: text, path, client)
    }
  }
}

extension WooCommerceOrder {
  /// Of the site's own (`local_pickup`) and of its block checkout (`pickup_location`); an instance's number may follow.
  private static let pickupMethods: Set<String> = ["local_pickup", "pickup_location"]

  private var pickupLines: [ShippingLine] {
    (shippingLines?.value ?? []).filter { line in
      let method = line.methodID?.text?.prefix { $0 != ":" } ?? ""
      return Self.pickupMethods.contains(String(method))
    }
  }

  /// Whether the customer comes for any of it.
  var isPickup: Bool { !pickupLines.isEmpty }

  /// The name of the place, which the block checkout writes down.
  ///
  /// - Note: Source: woocommerce, `src/Blocks/Shipping/PickupLocation.php`.
  var pickupPlace: String? {
    pickupLines.lazy.flatMap { $0.meta?.value ?? [] }.first { $0.key == "pickup_location" }?.text
  }
}
