/// Why, by whom and because of what: as the caller said, else as it follows from the entry. So a row of the ledger keeps
/// nothing that its reader can tell by itself, and rows of older programs are told as well.
extension LedgerEntry {
  /// Never empty.
  public func toldReason(of movement: Movement) -> String {
    guard reason.isEmpty else { return reason }
    // What is released by a sale was in the part of the hold that was not sold.
    if movement.kind == .released, orderID != nil { return Movement.Kind.sold.reason }
    return movement.kind.reason
  }

  /// Empty where nobody knows.
  public func toldActor(of movement: Movement) -> String {
    if !actor.isEmpty { return actor }
    if !owner.isEmpty { return owner }
    if movement.kind.isByTheClock { return "pool" }
    return channelID.map { "channel \($0)" } ?? ""
  }

  /// Empty where nobody knows.
  public var toldCause: String {
    cause.isEmpty ? orderID?.text ?? holdID?.text ?? "" : cause
  }
}

extension Movement.Kind {
  /// Why there is one of that kind, when nobody said more.
  fileprivate var reason: String {
    switch self {
    case .received, .receivedUnavailable: "receipt"
    case .found, .lost: "correction"
    case .held: "hold"
    case .extended: "hold_extended"
    case .released: "hold_released"
    case .expired: "hold_expired"
    case .committed, .sold, .retaken: "sale"
    case .cancelled: "cancellation"
    case .shipped: "shipment"
    case .restocked, .quarantined, .writtenOff: "return"
    case .cleared: "cleared"
    case .scrapped: "scrapped"
    case .transferredOut, .transferredIn, .transferredInUnavailable, .transferLost: "transfer"
    case .lotExpired: "expired"
    }
  }

  /// Whether the pool does it on its own, when its time has come.
  fileprivate var isByTheClock: Bool { self == .expired || self == .lotExpired }
}
