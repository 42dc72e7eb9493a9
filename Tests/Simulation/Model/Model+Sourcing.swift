import Primitives

extension Model {
  /// Which location the till's holds of what moves are put at first.
  struct Sourcing: Equatable {
    enum Strategy: Int, CaseIterable {
      case ranked = 1
      case nearest, mostStock
    }

    var strategy: Strategy
    /// Empty for their ranks.
    var locations: [String]
  }

  /// The zones that each location serves, the nearest first.
  static let zones = ["A": ["north", "middle"], "B": ["south", "middle", "north"]]

  /// Says where units are taken: those that name no location at the first choice that has some, then at the other. All of
  /// them are there.
  func placed(_ wanted: [Units], on channel: String, zone: String) -> [HoldLine] {
    let available = available
    var taken: [String: Quantity] = [:]
    for units in wanted where units.shelf != Shelf.moving {
      taken[units.shelf, default: 0] += units.quantity
    }
    func free(_ shelf: String) -> Quantity {
      max(0, available[shelf, default: 0] - taken[shelf, default: 0])
    }
    return wanted.flatMap { units -> [HoldLine] in
      guard units.shelf == Shelf.moving else {
        let isPlaced = !Shelf.named(units.shelf).isEmpty
        return [HoldLine(shelf: units.shelf, quantity: units.quantity, isPlaced: isPlaced)]
      }
      var left = units.quantity
      return choices(on: channel, zone: zone, free).compactMap { shelf in
        let here = min(left, free(shelf))
        left -= here
        taken[shelf, default: 0] += here
        return here > 0 ? HoldLine(shelf: shelf, quantity: here) : nil
      }
    }
  }

  private func choices(
    on channel: String, zone: String, _ free: (String) -> Quantity
  ) -> [String] {
    let rule = channel == Shelf.till ? sourcing : nil
    let ranked = (rule?.locations.isEmpty ?? true ? ["A", "B"] : rule?.locations ?? []).map {
      "\(Shelf.moving)@\($0)"
    }
    switch rule?.strategy {
    case nil, .ranked: return ranked
    case .nearest:
      func distance(_ shelf: String) -> Int {
        zone.isEmpty ? 0 : Self.zones[Shelf.location(shelf)]?.firstIndex(of: zone) ?? 9
      }
      return distance(ranked[1]) < distance(ranked[0]) ? ranked.reversed() : ranked
    case .mostStock: return free(ranked[1]) > free(ranked[0]) ? ranked.reversed() : ranked
    }
  }
}

extension [Model.HoldLine] {
  /// Whether they are what was asked for: as many of each, and as many at least where a location was named.
  func have(_ wanted: [Model.Units]) -> Bool {
    let named = wanted.filter { !Shelf.named($0.shelf).isEmpty }.sums
    return sumsOfSKUs == wanted.sumsOfSKUs
      && named.allSatisfy { sums[$0.key, default: 0] >= $0.value }
  }
}
