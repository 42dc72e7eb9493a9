/// A count of stock-keeping units. Whole, as every channel wants it; 64 bits, signed, as in the protos.
public typealias Quantity = Int64

/// Bounds that hold for every count of units, so that no sum of a ledger can overflow.
public enum QuantityLimits {
  /// The most units that one line or balance may name: 10^12; 9 million of them fit an `Int64`.
  public static let maximum: Quantity = 1_000_000_000_000
}
