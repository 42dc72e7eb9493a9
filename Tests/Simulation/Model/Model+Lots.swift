import Primitives

extension Model {
  /// Units of one lot on a shelf.
  struct Lot: Equatable {
    var id: String
    /// Nil when they last.
    var expiry: Timestamp?
    var quantity: Quantity
  }

  /// Puts units into a lot, as far as they are there: what left before it was booked is not.
  mutating func put(_ lot: Lot, on shelf: String) {
    var here = lots[shelf] ?? []
    let room = max(0, onHand[shelf, default: 0]) - here.reduce(0) { $0 + $1.quantity }
    var lot = lot
    lot.quantity = min(lot.quantity, max(0, room))
    if let place = here.firstIndex(where: { $0.id == lot.id }) {
      here[place].quantity += lot.quantity
    } else {
      here.append(lot)
    }
    lots[shelf] = here.filter { $0.quantity > 0 }.sorted {
      ($0.expiry ?? .distantFuture, $0.id) < ($1.expiry ?? .distantFuture, $1.id)
    }
  }

  /// Takes units off a shelf: what expires first leaves first.
  mutating func leave(_ shelf: String, _ quantity: Quantity) {
    onHand[shelf, default: 0] -= quantity
    var left = quantity
    for place in (lots[shelf] ?? []).indices {
      let units = min(left, lots[shelf]?[place].quantity ?? 0)
      lots[shelf]?[place].quantity -= units
      left -= units
    }
    lots[shelf]?.removeAll { $0.quantity == 0 }
  }

  /// What has expired cannot be sold any more.
  mutating func expireLots() {
    for (shelf, here) in lots {
      for lot in here {
        guard let expiry = lot.expiry, expiry <= now else { continue }
        lots[shelf]?.removeAll { $0.id == lot.id }
        onHand[shelf, default: 0] -= lot.quantity
        unavailable[shelf, default: 0] += lot.quantity
        noteRow()
      }
    }
  }
}
