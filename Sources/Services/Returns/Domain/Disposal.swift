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

  public init(_ disposition: Disposition, _ quantity: Quantity) {
    self.disposition = disposition
    self.quantity = quantity
  }

  /// The same units with each disposition once, in a fixed order, so that two ways of saying it are equal.
  public static func netted(_ disposals: [Disposal]) -> [Disposal] {
    var sums: [Disposition: Quantity] = [:]
    for disposal in disposals { sums[disposal.disposition, default: 0] += disposal.quantity }
    return sums.sorted { $0.key < $1.key }.map { Disposal($0.key, $0.value) }
  }
}
