public import ChannelAdapter
internal import Primitives

private struct WooCommerceChange: Encodable {
  enum CodingKeys: String, CodingKey {
    case status
    case meta = "meta_data"
  }
  struct Meta: Encodable {
    var key: String
    var value: String
  }
  var status: String?
  var meta: [Meta]
}

private struct WooCommerceNote: Codable {
  enum CodingKeys: String, CodingKey {
    case note
    case isForCustomer = "customer_note"
  }
  var note: String
  var isForCustomer: Bool
}

private struct WooCommerceSaved: Decodable {
  var id: FlexibleID
}

/// Parcels of an order that WooCommerce was told of: each is an entry of the order's `meta_data`,
/// `315:2,316:1`, by its parcel's key. WooCommerce itself knows no parcels.
private struct WooCommerceParcels {
  private static let prefix = "_onepool_parcel_"
  private var parcels: [String: [String: Quantity]] = [:]

  init(_ order: WooCommerceOrder) {
    for entry in order.meta?.value ?? [] {
      guard let key = entry.key, key.hasPrefix(Self.prefix), let text = entry.text
      else { continue }
      var units: [String: Quantity] = [:]
      for pair in text.split(separator: ",") {
        let parts = pair.split(separator: ":")
        guard parts.count == 2, let count = Int64(parts[1]), (1...QuantityLimits.maximum) ~= count
        else { continue }
        units[String(parts[0])] = count
      }
      parcels[key] = units
    }
  }

  /// Adds the notice's parcel; the same one again is the same key.
  mutating func add(_ notice: ShippedNotice) -> WooCommerceChange.Meta {
    let lines = notice.lines.sorted { $0.lineID < $1.lineID }
    let text = lines.map { "\($0.lineID):\($0.quantity)" }.joined(separator: ",")
    let name = notice.trackingNumber.isEmpty ? text : "\(notice.carrier) \(notice.trackingNumber)"
    let key = Self.prefix + ChannelSignature.digest(Array(name.utf8))
    var units: [String: Quantity] = [:]
    for line in lines { units[line.lineID, default: 0] += line.quantity }
    parcels[key] = units
    return WooCommerceChange.Meta(key: key, value: text)
  }

  func units(of lineID: String) -> Quantity {
    parcels.values.reduce(0) { $0 + ($1[lineID] ?? 0) }
  }
}

extension WooCommerceAdapter {
  /// Completes the order when its last parcel has left; of a parcel before that it keeps what was in
  /// it. The tracking number goes into a note to the customer, once.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    let client = WooCommerceClient(api: api)
    let path = "orders/\(notice.orderExternalID)"
    let order = try await client.get(path, as: WooCommerceOrder.self)
    switch order.stage {
    case .completed: break
    // It left, was told, and came back before the answer was heard.
    case .ended where order.leaveTime != nil: break
    case .ended: throw .refused("order \(order.id) is \(order.status)")
    case .draft, .unpaid, .open:
      var parcels = WooCommerceParcels(order)
      let meta = notice.lines.isEmpty ? [] : [parcels.add(notice)]
      var isWhole = notice.lines.isEmpty
      if !isWhole { isWhole = try await hasLeft(order, parcels, client) }
      let change = WooCommerceChange(status: isWhole ? "completed" : nil, meta: meta)
      _ = try await client.put(path, change, as: WooCommerceSaved.self)
    }
    guard !notice.trackingNumber.isEmpty else { return }
    let text = [notice.carrier, notice.trackingNumber].filter { !$0.isEmpty }.joined(separator: " ")
    try await tellCustomer("Shipped: \(text)", unless: text, path, client)
  }

  private func hasLeft(
    _ order: WooCommerceOrder, _ parcels: WooCommerceParcels, _ client: WooCommerceClient
  ) async throws(ChannelError) -> Bool {
    let hasRefunds = order.refunds?.isEmpty == false
    let refunds = hasRefunds ? try await refunds(of: order.id.text, client) : []
    let cancelled = try WooCommerceRefunded(order, refunds).cancelled
    return order.lines.allSatisfy { line in
      parcels.units(of: line.id.text) + (cancelled[line.id.text] ?? 0) >= line.quantity.up
    }
  }

  /// Writes a note to the customer, unless there is one that holds `mark`.
  func tellCustomer(
    _ text: String, unless mark: String, _ path: String, _ client: WooCommerceClient
  ) async throws(ChannelError) {
    let known = try await client.get(
      "\(path)/notes", [("type", "customer")], as: [WooCommerceNote].self)
    guard !known.contains(where: { $0.note.contains(mark) }) else { return }
    let note = WooCommerceNote(note: text, isForCustomer: true)
    _ = try await client.post("\(path)/notes", note, as: WooCommerceSaved.self)
  }
}
