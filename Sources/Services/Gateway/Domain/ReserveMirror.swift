public import Primitives

/// Units of SKUs that a channel has set aside for one of its promotions.
public struct ReservedUnits: Equatable, Sendable {
  public var accountID: AccountID
  /// The promotion, as the channel names it.
  public var name: String
  /// Nil where the channel does not tell.
  public var endTime: Timestamp?
  public var units: [SKU: Quantity]

  public init(
    accountID: AccountID, name: String, endTime: Timestamp?, units: [SKU: Quantity]
  ) {
    self.accountID = accountID
    self.name = name
    self.endTime = endTime
    self.units = units
  }
}

/// A promotion of the pool that mirrors a channel's.
public struct MirrorPromotion: Equatable, Sendable {
  public var id: String
  public var endTime: Timestamp
  /// What the pool still keeps of each SKU.
  public var remaining: [SKU: Quantity]

  public init(id: String, endTime: Timestamp, remaining: [SKU: Quantity]) {
    self.id = id
    self.endTime = endTime
    self.remaining = remaining
  }
}

/// What makes the pool keep for a channel what the channel has set aside.
///
/// The pool lets a channel have one promotion of a SKU at a time, so a SKU's units of all of a channel's accounts and
/// promotions are kept by one; which, is said when it is made.
public enum ReserveMirror {
  public enum Step: Equatable, Sendable {
    /// A new promotion; its time is the first named one's.
    case create(ReservedUnits)
    /// More of what one keeps.
    case topUp(id: String, units: [SKU: Quantity])
    /// The channel has given back some of what it keeps; what it still wants is kept anew.
    case end(id: String)
  }

  /// - Parameters:
  ///   - reserved: what the channel has set aside, read after `mirrors` were.
  ///   - fresh: SKUs of which all that is set aside was read just now; nothing is done about others, whose orders may be known
  ///     to the pool and not in what was read.
  ///   - mayEnd: whether more is kept for long enough that it is not an order on its way in.
  ///   - leftOut: SKUs that cannot be mirrored.
  public static func steps(
    reserved: [ReservedUnits], mirrors: [MirrorPromotion], fresh: Set<SKU>,
    leftOut: Set<SKU> = [], now: Timestamp, mayEnd: (String) -> Bool
  ) -> [Step] {
    // What is over is not kept, whatever the channel still lists.
    let live = reserved.filter { $0.endTime.map { $0 > now } ?? true }
      .sorted { ($0.endTime ?? .distantFuture, $0.name) < ($1.endTime ?? .distantFuture, $1.name) }
    let wanted = total(live, leftOut)
    var steps: [Step] = []
    var kept: Set<SKU> = []
    for mirror in mirrors.sorted(by: { $0.id < $1.id }) {
      if isOverfull(mirror, wanted, fresh), fresh.isSuperset(of: mirror.remaining.keys),
        mayEnd(mirror.id)
      {
        steps.append(.end(id: mirror.id))
        continue
      }
      kept.formUnion(mirror.remaining.keys)
      let missing = mirror.remaining.compactMap { sku, units -> (SKU, Quantity)? in
        let more = (wanted[sku] ?? 0) - units
        return more > 0 && fresh.contains(sku) ? (sku, more) : nil
      }
      if !missing.isEmpty {
        steps.append(
          .topUp(id: mirror.id, units: Dictionary(uniqueKeysWithValues: missing)))
      }
    }
    for promotion in live {
      let new = promotion.units.keys.filter {
        fresh.contains($0) && wanted[$0] ?? 0 > 0 && kept.insert($0).inserted
      }
      guard !new.isEmpty else { continue }
      var made = promotion
      made.units = Dictionary(uniqueKeysWithValues: new.map { ($0, wanted[$0] ?? 0) })
      steps.append(.create(made))
    }
    return steps
  }

  /// Whether the pool keeps more for it than the channel does.
  public static func isOverfull(
    _ mirror: MirrorPromotion, _ wanted: [SKU: Quantity], _ fresh: Set<SKU>
  ) -> Bool {
    mirror.remaining.contains { fresh.contains($0.key) && $0.value > wanted[$0.key] ?? 0 }
  }

  /// What is wanted of each SKU.
  public static func total(
    _ reserved: [ReservedUnits], _ leftOut: Set<SKU> = []
  ) -> [SKU: Quantity] {
    var total: [SKU: Quantity] = [:]
    for promotion in reserved {
      for (sku, units) in promotion.units where units > 0 && !leftOut.contains(sku) {
        total[sku] = min((total[sku] ?? 0) + units, QuantityLimits.maximum)
      }
    }
    return total
  }
}
