internal import Primitives

/// Units that holds of an owner give up for another request of the same owner.
struct Lent {
  struct Part: Equatable {
    var holdID: HoldID
    var sku: SKUIndex
    var location: LocationIndex
    var quantity: Quantity
  }

  private(set) var parts: [Part] = []
  private var ofSKU: [SKUIndex: Quantity] = [:]

  var isEmpty: Bool { parts.isEmpty }

  func quantity(of sku: SKUIndex) -> Quantity { ofSKU.isEmpty ? 0 : ofSKU[sku, default: 0] }

  func quantity(of sku: SKUIndex, at location: LocationIndex) -> Quantity {
    parts.reduce(0) { $1.sku == sku && $1.location == location ? $0 + $1.quantity : $0 }
  }

  /// What is there with what is lent: an owner's units are the owner's, whatever is owed to others.
  static func sum(_ available: Quantity, _ lent: Quantity) -> Quantity {
    lent > 0 ? max(0, available) + lent : available
  }

  /// All but what one hold gives up.
  func without(_ holdID: HoldID) -> Lent {
    var rest = Lent()
    for part in parts where part.holdID != holdID { rest.add(part) }
    return rest
  }

  mutating func add(_ part: Part) {
    ofSKU[part.sku, default: 0] += part.quantity
    for number in parts.indices
    where parts[number].holdID == part.holdID && parts[number].sku == part.sku
      && parts[number].location == part.location
    {
      parts[number].quantity += part.quantity
      return
    }
    parts.append(part)
  }
}

extension Pool {
  /// Plans a request of an owner: what is missing comes out of the owner's other holds, oldest
  /// first, just as much as it takes. It stands in `lent`; `giveUp` posts it. Changes nothing else.
  ///
  /// - Parameters:
  ///   - owner: empty when nobody's holds are to be looked at.
  ///   - holdID: the hold that the request is about, which gives up nothing.
  ///   - given: what that hold gives up in the same request.
  func plan(
    _ lines: [Wanted], bound: Bound, owner: String, besides holdID: HoldID? = nil,
    given: Lent = Lent()
  ) throws(PoolError) -> (taken: [Taken], lent: Lent) {
    lent = given
    defer { lent = Lent() }
    var own = owner.isEmpty ? [] : lendable(owner, besides: holdID)
    guard !own.isEmpty else { return (try plan(lines, bound: bound), lent) }
    while true {
      do throws(PoolError) {
        return (try plan(lines, bound: bound == .none ? .available : bound), lent)
      } catch {
        guard case .insufficientStock(let shortage) = error, lend(shortage, bound, from: &own)
        else {
          guard bound == .none else { throw error }
          return (try plan(lines, bound: .none), lent)
        }
      }
    }
  }

  /// What an owner's other holds have, the oldest hold first.
  private func lendable(_ owner: String, besides holdID: HoldID?) -> [Lent.Part] {
    holdIndex.holds(of: owner).filter { $0 != holdID }.compactMap { holds[$0] }
      .sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }
      .flatMap { hold in
        hold.lines.map {
          Lent.Part(
            holdID: hold.id, sku: $0.sku, location: $0.location, quantity: $0.quantity)
        }
      }
  }

  /// Lends what is missing, or all that there is of it; false when there is nothing.
  private func lend(
    _ shortage: PoolError.Shortage, _ bound: Bound, from own: inout [Lent.Part]
  ) -> Bool {
    guard let sku = catalog.find(shortage.sku) else { return false }
    let location = shortage.location.flatMap { catalog.find($0) }
    func isMeant(_ part: Lent.Part) -> Bool {
      part.sku == sku && (location == nil || part.location == location) && part.quantity > 0
    }
    let most: Quantity = own.reduce(0) { isMeant($1) ? $0 + $1.quantity : $0 }
    guard most > 0 else { return false }
    var missing = min(most, max(1, shortage.requested - shortage.present))
    if location == nil {
      // A buffer may hide a part of what comes free: the least with which it fits is looked for.
      var low: Quantity = 1
      var high = most
      while low < high {
        let middle = low + (high - low) / 2
        if limit(sku, bound, more: middle) >= shortage.requested {
          high = middle
        } else {
          low = middle + 1
        }
      }
      missing = low
    }
    for number in own.indices where missing > 0 && isMeant(own[number]) {
      var part = own[number]
      part.quantity = min(part.quantity, missing)
      own[number].quantity -= part.quantity
      missing -= part.quantity
      lent.add(part)
    }
    return true
  }

  /// Posts what was lent: one entry for each hold that gives something up.
  ///
  /// - Parameter cause: the hold or order that takes it.
  func giveUp(_ lent: Lent, to cause: String) {
    var rest = lent.parts[...]
    while let first = rest.first {
      let parts = rest.filter { $0.holdID == first.holdID }
      rest = rest.filter { $0.holdID != first.holdID }[...]
      post(
        LedgerEntry(
          holdID: first.holdID, reason: Reason.takenOver, actor: holds[first.holdID]?.owner ?? "",
          cause: cause,
          movements: parts.map { Movement(.released, $0.sku, $0.location, $0.quantity) }))
    }
  }

  /// The ledger's reasons that are the pool's own.
  enum Reason {
    /// Another request of the owner took the units over.
    static let takenOver = "taken_over"
  }
}
