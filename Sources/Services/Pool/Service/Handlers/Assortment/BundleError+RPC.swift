internal import PoolDomain
internal import RPCCore

extension BundleError {
  var rpcError: RPCError {
    switch self {
    case .unknown(let sku):
      RPCError(.notFound, "BUNDLE_UNKNOWN", "\(sku) is no bundle.", ["sku": sku.text])
    case .changed(let sku):
      RPCError(
        .aborted, "ETAG_MISMATCH", "The bundle \(sku) has changed; read it again.",
        ["sku": sku.text])
    case .cycle(let sku, let part):
      RPCError(
        .failedPrecondition, "BUNDLE_CYCLE", "\(sku) would be a part of its own part \(part).",
        ["sku": sku.text, "componentSku": part.text])
    case .tooLarge(let sku):
      RPCError(
        .failedPrecondition, "BUNDLE_TOO_LARGE",
        "\(sku) would come to more than \(Limits.bundleComponents) components, or \(Limits.bundleUnits) units of one.",
        [
          "sku": sku.text, "componentLimit": "\(Limits.bundleComponents)",
          "unitLimit": "\(Limits.bundleUnits)",
        ])
    case .hasStock(let sku, let onHand, let held, let committed, let unavailable):
      RPCError(
        .failedPrecondition, "BUNDLE_HAS_STOCK",
        "\(sku) cannot be a bundle while there are units of it: \(onHand) on hand, \(held) held, \(committed) committed, \(unavailable) unavailable at one location.",
        [
          "sku": sku.text, "onHandCount": "\(onHand)", "heldCount": "\(held)",
          "committedCount": "\(committed)", "unavailableCount": "\(unavailable)",
        ])
    case .inDocument(let sku, let document):
      RPCError(
        .failedPrecondition, "BUNDLE_IN_DOCUMENT",
        "\(sku) cannot be a bundle while it is in \(document.text), which has not ended.",
        ["sku": sku.text, "documentId": document.text])
    case .inPromotion(let sku, let promotion):
      RPCError(
        .failedPrecondition, "BUNDLE_IN_PROMOTION",
        "\(sku) cannot be a bundle while it is in promotion \(promotion), which has not ended.",
        ["sku": sku.text, "promotionId": promotion.text])
    case .noStock(let sku, let line):
      RPCError(
        .invalidArgument, "BUNDLE_HAS_NO_STOCK",
        "\(sku) is a bundle and has no stock of its own; name its components.", ["sku": sku.text],
        violations: line.map {
          [RPCError.FieldViolation(field: "lines[\($0)].sku", problem: "It is a bundle.")]
        } ?? [])
    }
  }
}
