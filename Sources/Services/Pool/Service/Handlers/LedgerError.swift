internal import Kit
internal import PoolDomain
internal import Primitives
internal import RPCCore

/// What the ledger answers instead of what it was asked for.
enum LedgerError: Error, RPCErrorConvertible {
  /// What is asked about lies in an archive.
  case archived(ArchiveRecord)
  case archiveUnknown(String)
  case archiveRunning
  case historyTooLong(Int64, limit: Int64)
  case rulesUnknown(before: Timestamp)
  /// What was in a bundle was not kept then.
  case bundleUnknown(SKU)
  /// What was left of a promotion's allotment was not kept then.
  case allotmentsUnknown(SKU, PromotionID)
  case damaged(BadRow)

  var rpcError: RPCError {
    switch self {
    case .archived(let archive):
      RPCError(
        .failedPrecondition, "LEDGER_ARCHIVED",
        "That part of the ledger lies in the archive \(archive.file), which goes to \(archive.head.time.rfc3339).",
        ["archive": archive.file, "throughTime": "\(archive.head.time.rfc3339)"])
    case .archiveUnknown(let name):
      RPCError(
        .notFound, "ARCHIVE_UNKNOWN", "There is no archive \(name).", ["archive": name])
    case .archiveRunning:
      RPCError(
        .failedPrecondition, "ARCHIVE_RUNNING", "An archive is being made; wait for its end.")
    case .historyTooLong(let count, let limit):
      RPCError(
        .failedPrecondition, "HISTORY_TOO_LONG",
        "\(count) rows of the ledger would have to be read; export the movements instead.",
        ["rowCount": "\(count)", "limitRowCount": "\(limit)"])
    case .rulesUnknown(let start):
      RPCError(
        .failedPrecondition, "RULES_UNKNOWN",
        "What channels could show is known from \(start.rfc3339) on; ask without channels.",
        ["startTime": "\(start.rfc3339)"])
    case .bundleUnknown(let sku):
      RPCError(
        .failedPrecondition, "BUNDLE_UNKNOWN",
        "What was in the bundle \(sku) then is not known; ask about its components.",
        ["sku": "\(sku)"])
    case .allotmentsUnknown(let sku, let promotion):
      RPCError(
        .failedPrecondition, "ALLOTMENTS_UNKNOWN",
        "What the promotion \(promotion) had left of \(sku) then is not known; ask without channels.",
        ["sku": "\(sku)", "promotionId": "\(promotion)"])
    case .damaged(let row):
      RPCError(.dataLoss, "LEDGER_DAMAGED", "\(row).", ["rowNumber": "\(row.number)"])
    }
  }
}
