internal import Primitives

/// Which holds there are of an owner, and of a SKU.
///
/// An owner's list is exact, since there are as many owners as carts and their lists have to go.
struct HoldIndex {
  private var owners: [String: [HoldID]] = [:]
  private(set) var lists = HoldLists()

  /// Of holds that have not ended; in no order.
  func holds(of owner: String) -> [HoldID] { owners[owner] ?? [] }

  /// The first few holds that have units of a SKU, of those that are listed first.
  ///
  /// - Parameter units: how many of a hold's are told; of one that has none, nothing is.
  func holders(
    of sku: SKUIndex, in holds: HoldTable, _ units: (Hold) -> Quantity
  ) -> [(hold: Hold, units: Quantity)] {
    var known: Set<Int32> = []
    var found: [(hold: Hold, units: Quantity)] = []
    for place in lists.places(of: sku).prefix(Limits.examinedHolders) {
      guard found.count < Limits.toldHolders else { break }
      guard HoldLists.isHolder(place, of: sku, in: holds), known.insert(place).inserted else {
        continue
      }
      let hold = holds[Int(place)]
      let units = units(hold)
      if units > 0 { found.append((hold, units)) }
    }
    return found
  }

  /// Notes what became of a hold.
  ///
  /// - Parameters:
  ///   - place: the hold's in `holds`.
  ///   - holds: with the hold as it is now.
  mutating func note(_ hold: Hold, at place: Int, was known: HoldLists.Before?, in holds: HoldTable)
  {
    let wasHeld = known?.state == .held
    if hold.state == .held {
      if !wasHeld { owners[hold.owner, default: []].append(hold.id) }
      lists.note(hold, at: place, was: known, in: holds)
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
