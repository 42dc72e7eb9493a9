internal import Primitives

/// Which holds there are of an owner, and of a SKU.
///
/// An owner's list is exact, since there are as many owners as carts and their lists have to go. A
/// SKU's list may have holds that have ended: they leave when it has doubled since the last time,
/// so that a hold on a hot SKU costs no more than on another.
struct HoldIndex {
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

  private var owners: [String: [HoldID]] = [:]
  private var lists: [SKUIndex: List] = [:]

  /// Of holds that have not ended; in no order.
  func holds(of owner: String) -> [HoldID] { owners[owner] ?? [] }

  /// How many holds a SKU's list has, ended ones included.
  func listedCount(of sku: SKUIndex) -> Int { lists[sku]?.ids.count ?? 0 }

  /// The first few holds that have units of a SKU, of those that are listed first.
  func holders(of sku: SKUIndex, in holds: [HoldID: Hold]) -> [HoldID] {
    var found: [HoldID] = []
    for id in (lists[sku]?.ids ?? []).prefix(Limits.examinedHolders) {
      guard found.count < Limits.toldHolders else { break }
      if Self.isHolder(id, of: sku, in: holds), !found.contains(id) { found.append(id) }
    }
    return found
  }

  private static func isHolder(
    _ id: HoldID, of sku: SKUIndex, in holds: [HoldID: Hold]
  ) -> Bool {
    guard let hold = holds[id], hold.state == .held else { return false }
    return hold.lines.contains { $0.sku == sku }
  }

  /// Notes what became of a hold.
  ///
  /// - Parameter holds: with the hold as it is now.
  mutating func note(_ hold: Hold, was known: Hold?, in holds: [HoldID: Hold]) {
    let wasHeld = known?.state == .held
    if hold.state == .held {
      if !wasHeld { owners[hold.owner, default: []].append(hold.id) }
      var listed = Set(wasHeld ? (known?.lines ?? []).map(\.sku) : [])
      for line in hold.lines where listed.insert(line.sku).inserted {
        lists[line.sku, default: List()].add(hold.id) {
          Self.isHolder($0, of: line.sku, in: holds)
        }
      }
    } else if wasHeld {
      remove(hold)
    }
  }

  private mutating func remove(_ hold: Hold) {
    guard var ids = owners.removeValue(forKey: hold.owner), ids.count > 1 else { return }
    if let place = ids.firstIndex(of: hold.id) {
      ids.swapAt(place, ids.count - 1)
      ids.removeLast()
    }
    owners[hold.owner] = ids
  }
}
