public import ChannelAdapter
internal import Primitives

private struct WooCommerceStatus: Encodable {
  var status = "cancelled"
}

private struct WooCommerceUnitsOff: Encodable {
  enum CodingKeys: String, CodingKey {
    case amount, reason
    case paysBack = "api_refund"
    case restocks = "api_restock"
    case lines = "line_items"
  }
  struct Line: Encodable {
    enum CodingKeys: String, CodingKey {
      case id, quantity
      case total = "refund_total"
    }
    var id: Int64
    var quantity: Int64
    var total: Int64 = 0
  }
  var amount = "0.00"
  var reason = "out of stock"
  var paysBack = false
  var restocks = true
  var lines: [Line]
}

private struct WooCommerceDone: Decodable {
  var id: FlexibleID
}

extension WooCommerceAdapter: OrderCancelling {
  /// The whole order by its status; a part by a refund of units and of no money, since WooCommerce
  /// takes units off a paid order in no other way. It puts them back on its number either way, and
  /// the next push says what is there. The money is paid back on the site's own page.
  public func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    let client = WooCommerceClient(api: api)
    let path = "orders/\(cancellation.orderExternalID)"
    let order = try await client.get(path, as: WooCommerceOrder.self)
    switch order.stage {
    case .ended: return
    case .completed: throw .refused("order \(order.id) has left")
    case .draft, .unpaid, .open: break
    }
    let hasRefunds = order.refunds?.isEmpty == false
    let refunds = hasRefunds ? try await refunds(of: order.id.text, client) : []
    let cancelled = try WooCommerceRefunded(order, refunds).cancelled
    var present: [String: Quantity] = [:]
    for line in order.lines { present[line.id.text, default: 0] += line.quantity.up }
    let targets = try cancellation.targets(of: present)
    if targets == present {
      _ = try await client.put(path, WooCommerceStatus(), as: WooCommerceDone.self)
      return
    }
    var lines: [WooCommerceUnitsOff.Line] = []
    for line in order.lines {
      let units = (targets[line.id.text] ?? 0) - (cancelled[line.id.text] ?? 0)
      guard units > 0 else { continue }
      guard let id = Int64(line.id.text) else {
        throw .malformed("order \(order.id) has a line without a number")
      }
      lines.append(WooCommerceUnitsOff.Line(id: id, quantity: units))
    }
    guard !lines.isEmpty else { return }
    _ = try await client.post(
      "\(path)/refunds", WooCommerceUnitsOff(lines: lines), as: WooCommerceDone.self)
  }
}
