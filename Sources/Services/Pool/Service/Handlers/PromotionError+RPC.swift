internal import Kit
internal import PoolDomain
internal import Primitives
internal import RPCCore

extension PromotionError {
  var rpcError: RPCError {
    switch self {
    case .unknown(let id):
      RPCError(
        .notFound, "PROMOTION_UNKNOWN", "There is no promotion \(id).", ["promotionId": id.text])
    case .changed(let id):
      RPCError(
        .aborted, "ETAG_MISMATCH", "The promotion \(id) has changed; read it again.",
        ["promotionId": id.text])
    case .wrongState(let id, let state):
      RPCError(
        .failedPrecondition, "PROMOTION_STATE", "Promotion \(id) is \(state); \(Self.next(state)).",
        ["promotionId": id.text, "state": "\(state)".uppercased()])
    case .windowOutOfRange:
      RPCError(
        .invalidArgument, "INVALID_REQUEST",
        "end_time: It must be in the future and after start_time, by 366 days at most.",
        ["field": "promotion.end_time"],
        violations: [
          RPCError.FieldViolation(
            field: "promotion.end_time",
            problem: "It must be in the future and after start_time, by 366 days at most.")
        ])
    case .tooMany:
      RPCError(
        .resourceExhausted, "TOO_MANY_PROMOTIONS",
        "There are \(Limits.promotions) promotions, as many as are kept.",
        ["maximumCount": "\(Limits.promotions)"], retryAfter: .seconds(3600))
    case .lineUnknown(let id, let sku):
      RPCError(
        .failedPrecondition, "PROMOTION_LINE_UNKNOWN", "Promotion \(id) has no SKU \(sku).",
        ["promotionId": id.text, "sku": sku.text])
    case .clashes(let id, let clashes, let skus):
      Self.refusal(id, clashes, skus)
    }
  }

  /// What can be done with a promotion that stands so.
  private static func next(_ state: Promotion.State) -> String {
    switch state {
    case .draft: "it can be changed, scheduled or cancelled"
    case .scheduled: "it can be topped up or cancelled"
    case .active: "it can be topped up or ended"
    case .ended, .cancelled: "nothing more can be done with it"
    }
  }

  private static func refusal(
    _ id: PromotionID, _ clashes: [PromotionClash], _ skus: [SKU?]
  ) -> RPCError {
    let told = zip(clashes, skus).prefix(Limits.toldClashes).map { $0.words($1?.text ?? "") }
      .joined(separator: "; ")
    return RPCError(
      .failedPrecondition, "PROMOTION_CLASHES",
      "Promotion \(id) has \(clashes.count) clashes: \(told).",
      ["promotionId": id.text, "clashCount": "\(clashes.count)", "clashes": told])
  }
}

extension PromotionClash {
  func words(_ sku: String) -> String {
    switch kind {
    case .overPromised:
      "\(wanted) of \(sku) are promised and \(present) are there"
        + (other.map { " beside \($0)" } ?? "")
    case .overlap: "\(other?.text ?? "") has \(sku) on \(channel?.text ?? "") in the same time"
    case .buffer: "\(channel?.text ?? "") may show \(present) of \(wanted) of \(sku)"
    case .windowOver: "its window is over since \(time.rfc3339)"
    }
  }
}
