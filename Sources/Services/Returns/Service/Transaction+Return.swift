internal import Kit
internal import Primitives
internal import ReturnsDomain
internal import StorageCore

private let columns = """
  return_id, order_id, account_id, external_id, reason, state, location_id, create_time, \
  update_time, version, position, sequence
  """

extension ReadTransaction {
  /// - Throws: `ReturnsError.returnUnknown`.
  func returnOrder(_ id: ReturnID) throws -> StoredReturn {
    guard let order = try knownReturn(id) else { throw ReturnsError.returnUnknown(id) }
    return order
  }

  func knownReturn(_ id: ReturnID) throws -> StoredReturn? {
    try returnOrders("WHERE return_id = ?", [.id(id)]).first
  }

  /// Returns that changed after `sequence`, in the order of their last change.
  func changedReturns(after sequence: Int64, limit: Int) throws -> [StoredReturn] {
    try returnOrders(
      "WHERE sequence > ? ORDER BY sequence LIMIT ?", [.integer(sequence), .int(limit)])
  }

  /// Returns created after `position`, the oldest first.
  func listedReturns(_ filter: ReturnFilter, after position: Int64, limit: Int) throws
    -> [StoredReturn]
  {
    var condition = "WHERE position > ?"
    var values: [SQLValue] = [.integer(position)]
    if let account = filter.account {
      condition += " AND account_id = ?"
      values.append(.id(account))
    }
    if let order = filter.order {
      condition += " AND order_id = ?"
      values.append(.id(order))
    }
    if let state = filter.state {
      condition += " AND state = ?"
      values.append(.text(state.rawValue))
    }
    return try returnOrders("\(condition) ORDER BY position LIMIT ?", values + [.int(limit)])
  }

  /// The lines of an order's returns that count against what it sold.
  func returnedLines(of order: OrderID) throws -> [ReturnOrderLine] {
    try lines(
      """
      WHERE return_id IN (SELECT return_id FROM return_order WHERE order_id = ? AND state <> ?)
      ORDER BY return_id, position
      """,
      [.id(order), .text(ReturnOrder.State.cancelled.rawValue)])
  }

  private func returnOrders(_ condition: String, _ values: [SQLValue]) throws -> [StoredReturn] {
    try rows("SELECT \(columns) FROM return_order \(condition)", values) { row in
      let id: ReturnID = row.id(0)
      guard let state = ReturnOrder.State(rawValue: row.text(5)) else {
        throw StorageError.corrupt(path: "return_order", detail: "state \(row.text(5)) of \(id)")
      }
      let order = ReturnOrder(
        id: id, orderID: row.optionalID(1), accountID: row.optionalID(2), externalID: row.text(3),
        reason: row.text(4), state: state,
        lines: try lines("WHERE return_id = ? ORDER BY position", [.id(id)]),
        locationID: row.optionalID(6))
      return StoredReturn(
        order: order, version: row.int64(9), position: row.int64(10), sequence: row.int64(11),
        createTime: row.time(7), updateTime: row.time(8))
    }
  }

  private func lines(_ condition: String, _ values: [SQLValue]) throws -> [ReturnOrderLine] {
    try rows(
      """
      SELECT return_id, line_id, sku, quantity, order_line_id, refusal FROM return_line
      \(condition)
      """, values
    ) { row in
      let line: LineID = row.id(1)
      return ReturnOrderLine(
        id: line, sku: row.id(2), quantity: row.int64(3), orderLineID: row.optionalID(4),
        disposals: try disposals(of: row.id(0), line), refusal: row.text(5))
    }
  }

  private func disposals(of id: ReturnID, _ line: LineID) throws -> [Disposal] {
    let found = try rows(
      """
      SELECT disposition, quantity, lot_id, lot_expire_time FROM return_disposal
      WHERE return_id = ? AND line_id = ?
      """, [.id(id), .id(line)]
    ) { row in
      guard let disposition = Disposition(rawValue: row.text(0)) else {
        throw StorageError.corrupt(
          path: "return_disposal", detail: "disposition \(row.text(0)) of \(id)")
      }
      let lot = row.text(2).isEmpty ? nil : LotID(trusted: row.text(2))
      return Disposal(
        disposition, row.int64(1),
        lot: lot.map { ReturnedLot(id: $0, expireTime: row.optionalTime(3)) })
    }
    return Disposal.netted(found)
  }
}

/// Which returns a list shows.
struct ReturnFilter: Sendable {
  var account: AccountID?
  var order: OrderID?
  var state: ReturnOrder.State?
}

extension Transaction {
  /// Saves a return that differs from `before` (nil: it is new) and notes who changed it.
  func save(
    _ order: ReturnOrder, before: StoredReturn?, feed: ChangeFeed, verb: String,
    actor: String = "", now: Timestamp
  ) throws -> StoredReturn {
    let sequence = try advance(feed.name)
    let saved = StoredReturn(
      order: order, version: (before?.version ?? 0) + 1, position: before?.position ?? sequence,
      sequence: sequence, createTime: before?.createTime ?? now, updateTime: now)
    try write(saved)
    if before == nil { try writeLines(of: order) }
    try writeDecisions(of: order, before: before?.order.lines ?? order.lines)
    try execute(
      """
      INSERT INTO return_change (return_id, version, verb, actor, change_time)
      VALUES (?, ?, ?, ?, ?)
      """,
      [.id(order.id), .integer(saved.version), .text(verb), .text(actor), .time(now)])
    return saved
  }

  private func write(_ saved: StoredReturn) throws {
    let order = saved.order
    try execute(
      """
      INSERT INTO return_order (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (return_id) DO UPDATE SET state = excluded.state,
        location_id = excluded.location_id, update_time = excluded.update_time,
        version = excluded.version, sequence = excluded.sequence
      """,
      [
        .id(order.id), .id(order.orderID), .id(order.accountID), .text(order.externalID),
        .text(order.reason), .text(order.state.rawValue), .id(order.locationID),
        .time(saved.createTime), .time(saved.updateTime), .integer(saved.version),
        .integer(saved.position), .integer(saved.sequence),
      ])
  }

  private func writeLines(of order: ReturnOrder) throws {
    for (position, line) in order.lines.enumerated() {
      try execute(
        """
        INSERT INTO return_line (return_id, line_id, position, sku, quantity, order_line_id)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        [
          .id(order.id), .id(line.id), .int(position), .id(line.sku), .integer(line.quantity),
          .id(line.orderLineID),
        ])
    }
  }

  /// A line is decided once, so what is written is never changed, but taken out when the pool does not take it.
  private func writeDecisions(of order: ReturnOrder, before: [ReturnOrderLine]) throws {
    for (line, earlier) in zip(order.lines, before) {
      if line.refusal != earlier.refusal {
        try execute(
          "UPDATE return_line SET refusal = ? WHERE return_id = ? AND line_id = ?",
          [.text(line.refusal), .id(order.id), .id(line.id)])
      }
      guard line.isDecided != earlier.isDecided else { continue }
      if !line.isDecided {
        try execute(
          "DELETE FROM return_disposal WHERE return_id = ? AND line_id = ?",
          [.id(order.id), .id(line.id)])
      }
      for disposal in line.disposals {
        try execute(
          """
          INSERT INTO return_disposal
            (return_id, line_id, disposition, quantity, lot_id, lot_expire_time)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
          [
            .id(order.id), .id(line.id), .text(disposal.disposition.rawValue),
            .integer(disposal.quantity), .text(disposal.lot?.id.text ?? ""),
            disposal.lot?.expireTime.map { .time($0) } ?? .null,
          ])
      }
    }
  }
}
