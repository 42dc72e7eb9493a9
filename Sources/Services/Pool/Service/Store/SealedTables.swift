extension SealedTable {
  static let sku = SealedTable(
    "sku", "sku_id, sku, display_name, create_time, update_time, revision, sku_group",
    key: "sku_id")
  static let location = SealedTable(
    "location",
    """
    location_id, location, display_name, rank, create_time, update_time, revision, kind, zones,
    offers_pickup
    """, key: "location_id")
  static let bufferRule = SealedTable(
    "buffer_rule", RuleRow.bufferColumns, key: "sku, sku_group, channel, listing, name")
  static let bufferRuleHistory = SealedTable(
    "buffer_rule_history", RuleRow.bufferColumns, later: "change_id", key: "change_id")
  static let sourcing = SealedTable("sourcing", RuleRow.sourcingColumns, key: "channel")
  static let sourcingHistory = SealedTable(
    "sourcing_history", RuleRow.sourcingColumns, later: "change_id", key: "change_id")
  static let lastUnits = SealedTable(
    "last_units", RuleRow.lastUnitsColumns, key: "sku, sku_group")
  static let lastUnitsHistory = SealedTable(
    "last_units_history", RuleRow.lastUnitsColumns, later: "change_id", key: "change_id")
  static let skuGroupHistory = SealedTable(
    "sku_group_history", "sku, sku_group, update_time", later: "change_id", key: "change_id")
  static let document = SealedTable(
    "document", "kind, document_id, state, is_ended, body", key: "kind, document_id")
  static let reorderPoint = SealedTable(
    "reorder_point", "sku, location, unit_count, update_time", key: "sku, location")
  static let bundle = SealedTable(
    "bundle", "sku, is_bundle, revision, update_time, body", key: "sku")
  static let lot = SealedTable(
    "lot", "sku, location, lot, expire_time, unit_count", key: "sku, location, lot")
  static let promotion = SealedTable(
    "promotion", "promotion_id, name, body", key: "promotion_id")
  static let allotment = SealedTable(
    "allotment", allotmentColumns, key: "allotment_id")
  static let balance = SealedTable("balance", balanceColumns, key: "balance_key")
  static let balanceHistory = SealedTable(
    "balance_history", balanceColumns, later: "through_sequence", key: "balance_key, sequence")
  static let archivedBalance = SealedTable(
    "archived_balance", balanceColumns, later: "archive_id", key: "archive_id, balance_key")
  static let archivedLot = SealedTable(
    "archived_lot", "archive_id, sku_id, location_id, lot, expire_time, unit_count",
    key: "archive_id, sku_id, location_id, lot")
  static let archivedAllotment = SealedTable(
    "archived_allotment", "archive_id, promotion_id, sku_id, taken, sequence",
    key: "archive_id, promotion_id, sku_id")
  static let bundleHistory = SealedTable(
    "bundle_history", "sku, update_time, body", later: "change_id", key: "change_id")
  static let allottedHistory = SealedTable(
    "allotted_history", "allotment_id, quantity, update_time", later: "change_id",
    key: "change_id")
  static let allotmentHistory = SealedTable(
    "allotment_history", allotmentColumns, later: "through_sequence",
    key: "allotment_id, sequence")
  static let hold = SealedTable("hold", "hold_number, hold_id, body", key: "hold_number")
  static let sale = SealedTable("sale", "sale_number, order_id, body", key: "sale_number")
  static let saleRun = SealedTable("sale_run", "last_number, sale_keys", key: "last_number")
  static let requestRun = SealedTable(
    "request_run", "first_row, commit_time, request_keys", key: "first_row")
  static let keptRequest = SealedTable(
    "kept_request", "request_id, row_number", key: "request_id")
  static let keptResponse = SealedTable(
    "kept_response", "row_number, request_id, commit_time, body_hash, response",
    key: "row_number")
  static let archive = SealedTable("archive", ArchiveRecord.columns, key: "archive_id")
  static let historyStart = SealedTable(
    "history_start", "start_id, rule_time, assortment_time, first_lines_after", key: "start_id")
  static let mark = SealedTable(
    "mark", "mark_id, swept_row, sequence, hash, plain_row", key: "mark_id")

  /// All of them. The mark comes last: in an older store its seal says that the others have theirs.
  static let all = [
    sku, location, bufferRule, bufferRuleHistory, sourcing, sourcingHistory, lastUnits,
    lastUnitsHistory, skuGroupHistory, document, reorderPoint, bundle, lot, promotion, allotment,
    balance, balanceHistory, archivedBalance, archivedLot, archivedAllotment, bundleHistory,
    allottedHistory, allotmentHistory, hold, sale, saleRun, requestRun, keptRequest, keptResponse,
    archive, historyStart, mark,
  ]

  /// What archives add up to.
  static let archived = [archivedBalance, archivedLot, archivedAllotment]

  private static let allotmentColumns =
    "allotment_id, promotion_id, sku_id, quantity, taken, sequence"

  private static let balanceColumns = """
    balance_key, on_hand, held, committed, unavailable, received, returned, found, shipped, lost,
    sequence, transferred_in, transferred_out, rate_weight, rate_time
    """
}
