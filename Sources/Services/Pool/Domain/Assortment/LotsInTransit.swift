internal import Primitives

extension Pool {
  /// A lot that a transfer has under way. It is known as long as its time is not over: otherwise one of the same name could
  /// come in with another expiry meanwhile, and nobody could tell the units apart once these have arrived.
  func lotInTransit(_ id: LotID, of sku: SKUIndex) -> LotTag? {
    for units in incomingUnits(of: sku) {
      guard case .transfer(let transfer)? = documents[units.document] else { continue }
      let found = transfer.lots.first {
        $0.tag.id == id && transfer.terms.lines[$0.movement].sku == sku
      }
      if let tag = found?.tag, tag.expireTime ?? .distantFuture > now { return tag }
    }
    return nil
  }
}
