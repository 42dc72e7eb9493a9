internal import Kit
internal import Primitives
internal import StorageCore

extension ControlAPI {
  /// Sets what goes wrong on one channel, or on all when none is named; what is not mentioned
  /// stays.
  func setFaults(_ call: Call) async throws -> JSONValue {
    let channels: [Channel]
    if let name = call.body["channel"].string, name != "all" {
      guard let channel = Channel(rawValue: name) else {
        throw ControlError(400, "channel must be shopee, lazada, shopify, woocommerce or all")
      }
      channels = [channel]
    } else {
      channels = Channel.allCases
    }
    var plans: [(channel: Channel, plan: FaultPlan)] = []
    for channel in channels {
      plans.append((channel, try platform.faults.plan(of: channel).changed(by: call.body).get()))
    }
    let isExpiring = call.body["expire_tokens"].bool ?? false
    let saved = plans
    try await platform.change { market in
      for entry in saved {
        try market.transaction.execute(
          """
          INSERT INTO fault (channel, body) VALUES (?, ?)
          ON CONFLICT (channel) DO UPDATE SET body = excluded.body
          """, [.text(entry.channel.rawValue), .text(entry.plan.json.json)])
        guard isExpiring else { continue }
        try market.transaction.execute(
          "UPDATE shop SET access_expire_time = ?, previous_expire_time = ? WHERE channel = ?",
          [.time(market.now), .time(market.now), .text(entry.channel.rawValue)])
      }
    }
    for entry in plans { platform.faults.set(entry.plan, for: entry.channel) }
    return Self.json(plans)
  }

  func listFaults(_ call: Call) async throws -> JSONValue {
    Self.json(Channel.allCases.map { ($0, platform.faults.plan(of: $0)) })
  }

  private static func json(_ plans: [(channel: Channel, plan: FaultPlan)]) -> JSONValue {
    .object(plans.map { .init(name: $0.channel.rawValue, value: $0.plan.json) })
  }

  /// What a former run was told.
  func loadFaults() async throws {
    let rows = try await platform.read { transaction in
      try transaction.rows("SELECT channel, body FROM fault LIMIT 100") { ($0.text(0), $0.text(1)) }
    }
    for (name, body) in rows {
      guard let channel = Channel(rawValue: name), let json = JSONValue(parsing: body) else {
        continue
      }
      platform.faults.set(try FaultPlan().changed(by: json).get(), for: channel)
    }
  }

  /// The newest first, and counts by state, of which a lost duplicate is missed by nobody; `limit` is 100 unless said otherwise.
  func listDeliveries(_ call: Call) async throws -> JSONValue {
    await platform.pump.flush()
    let limit = call.limit
    let after = Int64(call.query["after"] ?? "") ?? 0
    return try await platform.read { transaction in
      let rows = try transaction.rows(
        """
        SELECT delivery_id, channel, shop_id, topic, subject, is_duplicate, attempt, state, status,
          latency, create_time
        FROM delivery WHERE delivery_id > ? ORDER BY delivery_id DESC LIMIT ?
        """, [.integer(after), .integer(limit)], Self.delivery)
      let counts = try transaction.rows(
        "SELECT state, COUNT(*) FROM delivery WHERE delivery_id > ? GROUP BY state",
        [.integer(after)]
      ) { JSONValue.Member(name: $0.text(0), value: .integer($0.int64(1))) }
      let lost = try transaction.int64(
        "SELECT COUNT(*) FROM delivery WHERE delivery_id > ? AND state = 'lost' AND is_duplicate = 0",
        [.integer(after)])
      let newest = try transaction.int64("SELECT MAX(delivery_id) FROM delivery") ?? 0
      return [
        "counts": .object(counts), "lost_originals": .integer(lost ?? 0),
        "newest": .integer(newest), "deliveries": .array(rows),
      ]
    }
  }

  private static func delivery(_ row: any Row) -> JSONValue {
    [
      "delivery_id": .integer(row.int64(0)), "channel": .string(row.text(1)),
      "shop": .string(row.text(2)), "topic": .string(row.text(3)),
      "subject": .string(row.text(4)), "duplicate": .bool(row.bool(5)),
      "attempts": .integer(row.int64(6)), "state": .string(row.text(7)),
      "status": .integer(row.int64(8)), "latency_ms": .number(Double(row.int64(9)) / 1_000),
      "create_time": .string(row.time(10).rfc3339),
    ]
  }
}
