internal import Kit
internal import PoolDomain
internal import Primitives
internal import RPCCore

// Refusals that tell how things stand, so that whoever asked can do something about it.

extension PoolError.Shortage {
  var rpcError: RPCError {
    var metadata = ["sku": sku.text, "requestedCount": "\(requested)"]
    metadata["\(measure.rawValue)Count"] = "\(present)"
    if let location { metadata["locationId"] = location.text }
    if let expired { metadata["expiredHoldId"] = expired.text }
    let told = holders.map(\.words).joined(separator: "; ")
    if !told.isEmpty { metadata["holders"] = told }
    let kept = allotted.map(\.words).joined(separator: "; ")
    if !kept.isEmpty { metadata["allotted"] = kept }
    if let restricted { metadata["restrictedTo"] = restricted.words }
    let place = location.map { " at \($0)" } ?? ""
    let words =
      switch measure {
      case .available: "available"
      case .onHand: "on hand"
      case .unavailable: "unavailable"
      case .held: "held"
      }
    let start = expired.map { "Hold \($0) has expired and cannot be taken again: " } ?? ""
    let end =
      (told.isEmpty ? "." : ". Held: \(told).") + (kept.isEmpty ? "" : " Kept: \(kept).")
      + (restricted.map { " Restricted to \($0.words)." } ?? "")
    return RPCError(
      .failedPrecondition, "INSUFFICIENT_STOCK",
      "\(start)\(requested) units of \(sku)\(place) are wanted and \(present) are \(words), "
        + "\(requested - present) too few\(end)", metadata)
  }
}

extension PoolError.Allotted {
  fileprivate var words: String { "\(quantity) by promotion \(promotionID)" }
}

extension PoolError.Holder {
  fileprivate var words: String {
    "\(quantity) by \(owner) (\(holdID)) until \(expireTime.rfc3339)"
  }
}

extension PoolError.KnownHold {
  var rpcError: RPCError {
    let more = lineCount - units.count
    let lines =
      units.map { "\($0.quantity) \($0.sku)" }.joined(separator: "; ")
      + (more > 0 ? "; and \(more) more" : "")
    let metadata = [
      "holdId": id.text, "etag": etag, "state": "\(state)".uppercased(),
      "expireTime": expireTime.rfc3339, "lines": lines,
    ]
    return RPCError(
      .aborted, "ETAG_MISMATCH",
      "Hold \(id) has changed: it is \(state) at version \(etag) with \(lines).", metadata)
  }
}

extension HoldCaps.Excess {
  var rpcError: RPCError {
    var metadata = [
      "owner": owner, "maximumCount": "\(maximum)", "presentCount": "\(present)",
      "requestedCount": "\(requested)",
    ]
    if let sku { metadata["sku"] = sku.text }
    if givenUp > 0 { metadata["givenUpCount"] = "\(givenUp)" }
    let item = sku?.text ?? ""
    let words =
      switch measure {
      case .holdsOfOwner: "\(owner) has \(present) holds"
      case .unitsOfOwner: "\(owner) holds \(present) units of \(item)"
      case .heldUnits: "\(present) units of \(item) are held by all"
      case .skusOfHold: "the hold has \(present) SKUs"
      }
    metadata["limit"] =
      switch measure {
      case .holdsOfOwner: "HOLDS_OF_OWNER"
      case .unitsOfOwner: "HELD_UNITS_OF_OWNER"
      case .heldUnits: "HELD_PERCENT"
      case .skusOfHold: "SKUS_OF_HOLD"
      }
    return RPCError(
      .failedPrecondition, "HOLD_LIMIT",
      "\(requested) more are wanted, \(words)"
        + (givenUp > 0 ? ", without \(givenUp) that \(owner) would give up for them" : "")
        + ", and \(maximum) are allowed.", metadata)
  }
}
