internal import GatewayDomain
internal import Primitives
internal import StorageCore

/// An order record with whose it is.
struct OrderRow: Sendable, Equatable {
  var orderID: String
  var accountID: AccountID
  var externalID: String
  var record: OrderRecord
}

extension GatewayStore {
  func order(_ orderID: String) async throws -> OrderRow? {
    try await read { try $0.order(orderID) }
  }

  func save(_ order: OrderRow) async throws {
    try await write { try $0.save(order) }
  }
}

extension ReadTransaction {
  func order(_ orderID: String) throws -> OrderRow? {
    let found = try first(
      """
      SELECT account_id, external_id, state, update_time, sale_time, is_shipped_told, zone,
        settle_time, is_pickup, is_pickup_told, pickup_location
      FROM channel_order WHERE order_id = ?
      """,
      [.text(orderID)]
    ) { row in
      var record = OrderRecord(
        state: OrderState(rawValue: row.text(2)) ?? .open, updateTime: row.time(3),
        saleTime: row.time(4), lines: [])
      record.isShippedTold = row.bool(5)
      record.zone = row.text(6).isEmpty ? nil : row.id(6)
      record.settleTime = row.optionalTime(7)
      record.isPickup = row.bool(8)
      record.isPickupTold = row.bool(9)
      record.pickupLocation = row.text(10)
      return OrderRow(
        orderID: orderID, accountID: row.id(0), externalID: row.text(1), record: record)
    }
    guard var found else { return nil }
    found.record.lines = try rows(
      """
      SELECT line_id, item_id, variation_id, seller_sku, title, quantity, cancelled_count,
        listing_id, components, sold_count, taken_back_count, told_sold_count,
        told_taken_back_count
      FROM order_line WHERE order_id = ? ORDER BY position
      """,
      [.text(orderID)]
    ) { row in
      var line = OrderRecord.Line(
        OrderSnapshot.Line(
          lineID: row.text(0), itemID: row.text(1), variationID: row.text(2),
          sellerSKU: row.text(3), title: row.text(4), quantity: row.int64(5),
          cancelledCount: row.int64(6)))
      line.listingID = row.text(7)
      line.components = ComponentsText.decode(row.text(8))
      line.soldCount = row.int64(9)
      line.takenBackCount = row.int64(10)
      line.toldSoldCount = row.int64(11)
      line.toldTakenBackCount = row.int64(12)
      return line
    }
    return found
  }
}

extension Transaction {
  func save(_ order: OrderRow) throws {
    let record = order.record
    try execute(
      """
      INSERT INTO channel_order (order_id, account_id, external_id, state, update_time, sale_time,
        is_shipped_told, zone, settle_time, is_pickup, is_pickup_told, pickup_location)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (order_id) DO UPDATE SET state = excluded.state,
        update_time = excluded.update_time, sale_time = excluded.sale_time,
        is_shipped_told = excluded.is_shipped_told, zone = excluded.zone,
        settle_time = excluded.settle_time, is_pickup = excluded.is_pickup,
        is_pickup_told = excluded.is_pickup_told, pickup_location = excluded.pickup_location
      """,
      [
        .text(order.orderID), .id(order.accountID), .text(order.externalID),
        .text(record.state.rawValue), .time(record.updateTime), .time(record.saleTime),
        .bool(record.isShippedTold), .text(record.zone?.text ?? ""),
        .time(record.settleTime), .bool(record.isPickup), .bool(record.isPickupTold),
        .text(record.pickupLocation),
      ])
    for (position, line) in record.lines.enumerated() {
      let isQuarantined = line.components.isEmpty && record.netCount(line) > 0
      try save(line, position, of: order.orderID, isQuarantined: isQuarantined)
    }
  }

  private func save(
    _ line: OrderRecord.Line, _ position: Int, of orderID: String, isQuarantined: Bool
  ) throws {
    let snapshot = line.snapshot
    try execute(
      """
      INSERT INTO order_line (order_id, line_id, position, item_id, variation_id, seller_sku, title,
        quantity, cancelled_count, listing_id, components, sold_count, taken_back_count,
        told_sold_count, told_taken_back_count, is_quarantined)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (order_id, line_id) DO UPDATE SET quantity = excluded.quantity,
        cancelled_count = excluded.cancelled_count, listing_id = excluded.listing_id,
        components = excluded.components, sold_count = excluded.sold_count,
        taken_back_count = excluded.taken_back_count, told_sold_count = excluded.told_sold_count,
        told_taken_back_count = excluded.told_taken_back_count,
        is_quarantined = excluded.is_quarantined
      """,
      [
        .text(orderID), .text(line.lineID), .int(position), .text(snapshot.itemID),
        .text(snapshot.variationID), .text(snapshot.sellerSKU), .text(snapshot.title),
        .integer(snapshot.quantity), .integer(snapshot.cancelledCount), .text(line.listingID),
        .text(ComponentsText.encode(line.components)), .integer(line.soldCount),
        .integer(line.takenBackCount), .integer(line.toldSoldCount),
        .integer(line.toldTakenBackCount), .bool(isQuarantined),
      ])
  }
}

/// Components as text: a line each, the quantity first. A SKU holds no line end.
enum ComponentsText {
  static func encode(_ components: [SKUAmount]) -> String {
    components.map { "\($0.quantity) \($0.sku)" }.joined(separator: "\n")
  }

  static func decode(_ text: String) -> [SKUAmount] {
    text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let quantity = Quantity(parts[0]) else { return nil }
      return SKUAmount(sku: SKU(trusted: String(parts[1])), quantity: quantity)
    }
  }
}
