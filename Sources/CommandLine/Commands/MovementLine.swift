internal import Kit
internal import PoolAPI
internal import Primitives
internal import Protobuf

/// A movement as a line of CSV. Later columns come at the end, so that those who count them are not misled.
enum MovementLine {
  static let header: [CSV.Cell] = [
    "sequence", "commit_time", "source_time", "kind", "sku", "location_id", "quantity", "order_id",
    "line_id", "hold_id", "channel_id", "reason", "actor", "cause", "request_id", "document_kind",
    "document_id", "currency", "goods_minor", "charges_minor", "unit_micros", "note", "lots",
    "oversold_count",
  ].map { .text($0) }

  static func cells(_ movement: Movement) -> [CSV.Cell] {
    [
      .number(movement.sequence), .text(movement.commitTime?.rfc3339 ?? ""),
      .text(movement.sourceTime?.rfc3339 ?? ""), .text("\(movement.kind)"), .text(movement.sku),
      .text(movement.locationID), .number(movement.quantity), .text(movement.orderID),
      .text(movement.lineID), .text(movement.holdID), .text(movement.channelID),
      .text(movement.reason), .text(movement.actor), .text(movement.cause),
      .text(movement.requestID),
      .text(movement.documentKind == .unspecified ? "" : "\(movement.documentKind)"),
      .text(movement.documentID),
    ] + costs(movement.landedCost) + [
      .text(movement.note), .text(lots(movement.lots)), .number(movement.oversoldCount),
    ]
  }

  /// Where nobody knows what units have cost, nothing: 0 would be a price.
  private static func costs(_ cost: LandedCost?) -> [CSV.Cell] {
    guard let cost else { return Array(repeating: .text(""), count: 4) }
    return [
      .text(cost.currency), .number(cost.goodsMinor), .number(cost.chargesMinor),
      .number(cost.unitMicros),
    ]
  }

  /// As JSON, since a movement may have several, and their names any sign in them.
  private static func lots(_ lots: [MovementLot]) -> String {
    lots.isEmpty
      ? "" : "[\(lots.map { String(decoding: $0.json(), as: UTF8.self) }.joined(separator: ","))]"
  }
}
