public import Primitives

/// How fast units sell: their number, each counting half as much with every half-life that passes.
///
/// It is a part of the ledger's sum, so it is made of whole numbers: every machine that folds the
/// same ledger has the same rate.
public struct SaleRate: Hashable, Sendable {
  /// Units times `scale`, as of `time`.
  public private(set) var weight: Int64
  /// Of the last sale.
  public private(set) var time: Timestamp

  /// Parts of a unit that are told apart.
  public static let scale: Int64 = 1024
  /// More than this is not counted: 10¹² units, with which `units` does not overflow yet.
  static let maximum: Int64 = 1 << 50

  public init(weight: Int64 = 0, time: Timestamp = .zero) {
    self.weight = weight
    self.time = time
  }

  /// What is left of it at a later moment.
  public func weight(at now: Timestamp) -> Int64 {
    guard weight > 0, now > time else { return weight }
    let elapsed = now.microseconds - time.microseconds
    let (halvings, rest) = elapsed.quotientAndRemainder(dividingBy: Self.halfLifeMicroseconds)
    guard halvings < 62 else { return 0 }
    // Of what is left of a half-life, the part q: 2^-q = 1 - q ln 2 + q² (ln 2 - 1/2), less than
    // 1 % off anywhere, and exact at both ends and in its first slope, so that many small steps fall
    // as fast as a large one.
    let part = (rest << 20) / Self.halfLifeMicroseconds
    let kept = (1 << 40) - Self.slope * part + ((Self.bend * part * part) >> 20)
    return Int64((Int128(weight >> halvings) * Int128(kept)) >> 40)
  }

  // Plain numbers, since each sale counts with them.
  private static let halfLifeMicroseconds = Limits.rateHalfLife.microseconds
  /// ln 2 and ln 2 - 1/2, times 2^20.
  private static let slope: Int64 = 726_817
  private static let bend: Int64 = 202_529

  mutating func count(_ units: Quantity, at now: Timestamp) {
    let added = min(Self.maximum / Self.scale, units) * Self.scale
    weight = min(Self.maximum, weight(at: now) + added)
    time = max(time, now)
  }

  /// The units that sell in `span` at the rate of `weight`, times `factor` basis points, rounded up.
  ///
  /// A steady rate r has the weight r × half-life / ln 2, so that r is weight × ln 2 / half-life.
  public static func units(weight: Int64, in span: Duration, factor: Int32) -> Quantity {
    let sold = Int128(weight) * Int128(slope) * Int128(span.microseconds) * Int128(factor)
    let whole =
      (Int128(scale) << 20) * Int128(halfLifeMicroseconds)
      * Int128(Limits.basisPoints)
    return Quantity(clamping: (sold + whole - 1) / whole)
  }
}
