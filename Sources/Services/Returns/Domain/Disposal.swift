public import Primitives

/// What becomes of returned units.
public enum Disposition: String, CaseIterable, Sendable, Comparable {
  /// Fit for sale.
  case restock
  /// Not to be sold until it is decided.
  case quarantine
  /// Lost.
  case writeOff = "write_off"

  public static func < (left: Disposition, right: Disposition) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// Units of a line and what becomes of them.
public struct Disposal: Equatable, Sendable {
  public var disposition: Disposition
  public var quantity: Quantity
  /// Of units that are restocked, if they are of one.
  public var lot: ReturnedLot?

  public init(_ disposition: Disposition, _ quantity: Quantity, lot: ReturnedLot? = nil) {
    self.disposition = disposition
    self.quantity = quantity
    self.lot = lot
  }

  private struct Kind: Hashable {
    var disposition: Disposition
    var lot: ReturnedLot?
  }

  /// The same units with each disposition and lot once, in a fixed order, so that two ways of saying it are equal.
  public static func netted(_ disposals: [Disposal]) -> [Disposal] {
    var sums: [Kind: Quantity] = [:]
    for disposal in disposals {
      sums[Kind(disposition: disposal.disposition, lot: disposal.lot), default: 0] +=
        disposal.quantity
    }
    return sums.map { Disposal($0.disposition, $1, lot: $0.lot) }.sorted {
      ($0.disposition, $0.lot?.id.text ?? "") < ($1.disposition, $1.lot?.id.text ?? "")
    }
  }
}
