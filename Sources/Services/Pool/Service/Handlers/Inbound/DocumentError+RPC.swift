internal import PoolDomain
internal import RPCCore

extension DocumentError {
  var rpcError: RPCError {
    switch self {
    case .unknown(let key):
      RPCError(
        .notFound, key.kind.reason("UNKNOWN"), "There is no \(key.words).", key.metadata())
    case .changed(let key):
      RPCError(
        .aborted, "ETAG_MISMATCH", "The \(key.words) has changed; read it again.", key.metadata())
    case .wrongState(let key, let state):
      RPCError(
        .failedPrecondition, key.kind.reason("STATE"),
        "The \(key.words) is \(state.words); \(state.next).",
        key.metadata(["state": "\(state)".capitalsAsWords("_").uppercased()]))
    case .lineUnknown(let key, let line):
      RPCError(
        .invalidArgument, key.kind.reason("LINE_UNKNOWN"), "The \(key.words) has no line \(line).",
        key.metadata(["lineId": line]))
    case .receiptExists(let key, let receipt):
      RPCError(
        .alreadyExists, "RECEIPT_EXISTS",
        "Receipt \(receipt) of the \(key.words) was counted with other lines.",
        key.metadata(["receiptId": receipt.text]))
    case .tooManyReceipts(let key):
      RPCError(
        .failedPrecondition, "TOO_MANY_RECEIPTS",
        "The \(key.words) takes \(Limits.documentReceipts) receipts with \(Limits.documentReceiptLines) lines in all.",
        key.metadata([
          "receiptLimit": "\(Limits.documentReceipts)",
          "lineLimit": "\(Limits.documentReceiptLines)",
        ]))
    case .overReceipt(let key, let line, let deviation):
      Self.deviating(
        "OVER_RECEIPT", key, line, deviation, "over", deviation.received - deviation.ordered)
    case .underReceipt(let key, let line, let deviation):
      Self.deviating(
        "UNDER_RECEIPT", key, line, deviation, "missing", deviation.ordered - deviation.received)
    case .notInTransit(let key, let line, let open, let requested):
      RPCError(
        .failedPrecondition, "NOT_IN_TRANSIT",
        "\(requested) units of line \(line) of the \(key.words) are to arrive and \(open) are on their way.",
        key.metadata(["lineId": line, "openCount": "\(open)", "requestedCount": "\(requested)"]))
    case .countExists, .countOverlaps, .tooManyLines, .tooManyReports, .reportExists,
      .countedBeforeOpening, .countTimeTooFar, .countIncomplete, .varianceOverTolerance:
      countError
    }
  }

  private var countError: RPCError {
    switch self {
    case .countExists(let key):
      RPCError(
        .alreadyExists, "COUNT_EXISTS", "Another count has the ID \(key.text).", key.metadata())
    case .countOverlaps(let key, let sku):
      RPCError(
        .failedPrecondition, "COUNT_OVERLAPS",
        "The \(key.words) is of \(sku.map { "\($0)" } ?? "the same location"), too, and has not ended.",
        key.metadata(sku.map { ["sku": $0.text] } ?? [:]))
    case .tooManyLines(let key, let count):
      RPCError(
        .failedPrecondition, "TOO_MANY_LINES",
        "The \(key.words) would have \(count) lines; \(Limits.countLines) are allowed.",
        key.metadata(["lineCount": "\(count)", "lineLimit": "\(Limits.countLines)"]))
    case .tooManyReports(let key):
      RPCError(
        .failedPrecondition, "TOO_MANY_REPORTS",
        "The \(key.words) takes \(Limits.countReports) reports with \(Limits.countLooks) lines in all.",
        key.metadata([
          "reportLimit": "\(Limits.countReports)", "lookLimit": "\(Limits.countLooks)",
        ]))
    case .reportExists(let key, let report):
      RPCError(
        .alreadyExists, "REPORT_EXISTS",
        "Report \(report) of the \(key.words) was taken with other lines.",
        key.metadata(["reportId": report.text]))
    case .countedBeforeOpening(let key):
      RPCError(
        .failedPrecondition, "COUNTED_BEFORE_OPENING",
        "The \(key.words) was opened after count_time.", key.metadata())
    case .countTimeTooFar:
      RPCError(
        .failedPrecondition, "COUNT_TIME_TOO_FAR",
        "More than \(ServiceLimits.examinedRows) commands came after count_time; count again.",
        ["rowLimit": "\(ServiceLimits.examinedRows)"])
    case .countIncomplete(let key, let sku, let count):
      RPCError(
        .failedPrecondition, "COUNT_INCOMPLETE",
        "\(count) lines of the \(key.words) are to be counted, \(sku) first.",
        key.metadata(["sku": sku.text, "uncountedCount": "\(count)"]))
    case .varianceOverTolerance(let key, let sku, let variance):
      RPCError(
        .failedPrecondition, "VARIANCE_OVER_TOLERANCE",
        "Of \(sku), \(variance.expected) units were expected and \(variance.counted) counted, once; \(variance.tolerance) are tolerated: count again, or give a reason.",
        key.metadata([
          "sku": sku.text, "expectedCount": "\(variance.expected)",
          "countedCount": "\(variance.counted)", "toleranceCount": "\(variance.tolerance)",
        ]))
    case .unknown, .changed, .wrongState, .lineUnknown, .receiptExists, .tooManyReceipts,
      .overReceipt, .underReceipt, .notInTransit:
      rpcError
    }
  }

  private static func deviating(
    _ reason: String, _ key: DocumentKey, _ line: String, _ deviation: Deviation, _ word: String,
    _ difference: Int64
  ) -> RPCError {
    RPCError(
      .failedPrecondition, reason,
      "Of line \(line) of the \(key.words), \(deviation.ordered) units were ordered and \(deviation.received) would have come: \(difference) \(word), \(deviation.tolerance) are tolerated; give a reason.",
      key.metadata([
        "lineId": line, "orderedCount": "\(deviation.ordered)",
        "receivedCount": "\(deviation.received)", "toleranceCount": "\(deviation.tolerance)",
        "\(word)Count": "\(difference)",
      ]))
  }
}

extension DocumentError.State {
  fileprivate var words: String { "\(self)".capitalsAsWords(" ") }

  /// What can be done with a document that stands so.
  fileprivate var next: String {
    switch self {
    case .purchaseOrder(.draft): "it can be changed, placed or cancelled"
    case .purchaseOrder(.ordered):
      "it can be received, closed or cancelled, or expected at another time"
    case .purchaseOrder(.partiallyReceived):
      "it can be received or closed, or expected at another time"
    case .purchaseOrder(.received): "it can be closed, or more of it received with a reason"
    case .transfer(.draft): "it can be changed, shipped or cancelled"
    case .transfer(.inTransit), .transfer(.partiallyReceived):
      "it can be received or written off, or expected at another time"
    case .count(.open): "it can be reported, submitted or cancelled"
    case .count(.submitted): "it can be approved, recounted or cancelled"
    case .purchaseOrder(.closed), .purchaseOrder(.cancelled), .transfer(.received),
      .transfer(.short), .transfer(.cancelled), .count(.posted), .count(.cancelled):
      "nothing more can be done with it"
    }
  }
}

extension DocumentKey {
  /// `purchase order PO-7`
  fileprivate var words: String { "\(kind.noun) \(text)" }

  fileprivate func metadata(_ more: [String: String] = [:]) -> [String: String] {
    var metadata = more
    metadata[kind.key] = text
    return metadata
  }
}

extension DocumentKey.Kind {
  fileprivate var noun: String { "\(self)".capitalsAsWords(" ") }
  fileprivate var key: String { "\(self)Id" }

  /// `PURCHASE_ORDER_UNKNOWN`
  fileprivate func reason(_ end: String) -> String {
    "\(self)".capitalsAsWords("_").uppercased() + "_" + end
  }
}

extension String {
  /// `partiallyReceived` as `partially received`, with a separator before each capital letter.
  fileprivate func capitalsAsWords(_ separator: String) -> String {
    reduce(into: "") { $0 += $1.isUppercase ? separator + $1.lowercased() : String($1) }
  }
}
