public import Primitives

/// What a movement means for things that are parts of a balance.
extension Movement {
  /// Units that it takes out of its allotment; below nothing when it gives them back. Nil when it moves none.
  public var taken: Quantity? {
    guard let allotment else { return nil }
    return switch kind {
    case .held, .sold, .retaken: allotment.quantity
    case .committed where isLate: allotment.quantity
    case .released, .expired, .cancelled: -allotment.quantity
    default: nil
    }
  }
}

extension Movement.Kind {
  /// Whether lots that are named with it grow, or become less; nil for a kind that moves none.
  public var fillsLots: Bool? {
    switch self {
    case .received, .transferredIn, .found, .restocked: true
    case .lotExpired, .shipped, .lost, .transferredOut: false
    default: nil
    }
  }
}
