public import Primitives

/// Which holds have units of a SKU.
///
/// A list may have holds that have ended: they leave when it has doubled since the last time, so that a hold on a hot SKU
/// costs no more than on another.
public struct HoldLists: Sendable {
  private struct List {
    var ids: [HoldID] = []
    /// The number of IDs at which those that have ended leave.
    var tidyAt = 32

    mutating func add(_ id: HoldID, _ isHolder: (HoldID) -> Bool) {
      if ids.count >= tidyAt {
        ids.removeAll { !isHolder($0) }
        tidyAt = max(32, 2 * ids.count)
      }
      ids.append(id)
    }
  }

  private var lists: [SKUIndex: List] = [:]

  public init() {}

  /// The holds on a SKU, those that have ended among them; one may come twice.
  public func ids(of sku: SKUIndex) -> [HoldID] { lists[sku]?.ids ?? [] }

  public static func isHolder(_ hold: Hold?, of sku: SKUIndex) -> Bool {
    guard let hold, hold.state == .held else { return false }
    return hold.lines.contains { $0.sku == sku }
  }

  /// Notes the SKUs that a hold has, and had not.
  ///
  /// - Parameter holds: with the hold as it is now.
  public mutating func note(_ hold: Hold, was known: Hold?, in holds: [HoldID: Hold]) {
    guard hold.state == .held else { return }
    let before = known?.state == .held ? known : nil
    for number in hold.lines.indices {
      let sku = hold.lines[number].sku
      if number > 0, hold.lines[..<number].contains(where: { $0.sku == sku }) { continue }
      if let before, before.lines.contains(where: { $0.sku == sku }) { continue }
      lists[sku, default: List()].add(hold.id) { Self.isHolder(holds[$0], of: sku) }
    }
  }
}
