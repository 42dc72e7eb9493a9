internal import PoolDomain
internal import Primitives

/// Sums that are the same for a sale's lines as for the movements that made them: each count of a line, times an odd
/// number that only this order, line and kind of count has. So sums of any number of sales can be compared without
/// keeping one of them, in whatever order they are added up; a count that differs always shows in its line's sum.
enum SaleHash {
  private enum Field: UInt64 {
    case sold = 1
    case cancelled, shipped, returned, oversold, taken, cancelledAt, shippedAt, allotted
  }

  /// Another one in each process, so that nobody can choose orders or counts by it.
  static func order(_ id: OrderID) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(id.text)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  static func line(_ id: String, _ sku: SKUIndex, of order: UInt64) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(order)
    hasher.combine(id)
    hasher.combine(sku)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// What a movement adds to its line; nil when it is none of a sale.
  static func sum(_ movement: Movement, of line: UInt64) -> UInt64? {
    let units = movement.quantity
    let place = movement.location.number
    let use = movement.allotment
    switch movement.kind {
    case .sold, .committed, .retaken:
      return term(line, .sold, units) &+ term(line, .oversold, movement.oversold)
        &+ term(line, .taken, units, at: place) &+ term(line, use, isBack: false)
    case .cancelled:
      return term(line, .cancelled, units) &+ term(line, .cancelledAt, units, at: place)
        &+ term(line, use, isBack: true)
    case .shipped: return term(line, .shipped, units) &+ term(line, .shippedAt, units, at: place)
    case .restocked, .quarantined, .writtenOff: return term(line, .returned, units)
    case .received, .found, .lost, .held, .released, .expired, .cleared, .scrapped, .extended,
      .transferredOut, .transferredIn, .transferredInUnavailable, .transferLost,
      .receivedUnavailable, .lotExpired:
      return nil
    }
  }

  /// What a line comes to.
  static func sum(_ line: SaleLine, of hash: UInt64) -> UInt64 {
    var sum =
      term(hash, .sold, line.sold) &+ term(hash, .cancelled, line.cancelled)
      &+ term(hash, .shipped, line.shipped) &+ term(hash, .returned, line.returned)
      &+ term(hash, .oversold, line.oversold)
    for allocation in line.allocations {
      let place = allocation.location.number
      sum &+=
        term(hash, .taken, allocation.taken, at: place)
        &+ term(hash, .cancelledAt, allocation.cancelled, at: place)
        &+ term(hash, .shippedAt, allocation.shipped, at: place)
    }
    for use in line.allotments { sum &+= term(hash, use, isBack: false) }
    return sum
  }

  private static func term(_ line: UInt64, _ use: AllotmentUse?, isBack: Bool) -> UInt64 {
    guard let use else { return 0 }
    return term(line, .allotted, isBack ? -use.quantity : use.quantity, at: use.promotion.number)
  }

  private static func term(
    _ line: UInt64, _ field: Field, _ units: Quantity, at place: Int32 = 0
  ) -> UInt64 {
    guard units != 0 else { return 0 }
    // The end of SplitMix64.
    var factor = line &+ field.rawValue &* 0x9E37_79B9_7F4A_7C15
    factor &+= UInt64(UInt32(bitPattern: place)) &* 0xD1B5_4A32_D192_ED03
    factor = (factor ^ factor >> 30) &* 0xBF58_476D_1CE4_E5B9
    factor = (factor ^ factor >> 27) &* 0x94D0_49BB_1331_11EB
    return ((factor ^ factor >> 31) | 1) &* UInt64(bitPattern: units)
  }
}
