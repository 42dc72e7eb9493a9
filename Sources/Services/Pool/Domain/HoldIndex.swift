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
  /// - Parameter location: where they have them; nil for anywhere.
  func holders(of sku: SKUIndex, at location: LocationIndex? = nil, in holds: HoldTable) -> [Hold] {
    var found: [Int32] = []
    for place in lists.places(of: sku).prefix(Limits.examinedHolders) {
      guard found.count < Limits.toldHolders else { break }
      if HoldLists.isHolder(place, of: sku, in: holds), !found.contains(place),
        location == nil || holds[Int(place)].quantity(of: sku, at: location) > 0
      {
        found.append(place)
      }
    }
    return found.map { holds[Int($0)] }
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
