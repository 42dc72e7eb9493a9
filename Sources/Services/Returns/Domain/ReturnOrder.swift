public import Primitives

/// Goods that a customer sends back.
///
///     requested ──receive──▶ received ──inspect every line──▶ inspected
///     requested ──cancel──▶ cancelled
///     inspected ──reopen a line──▶ received
///
/// Every command may be repeated: it says what should be so, and returns whether something changed.
public struct ReturnOrder: Equatable, Sendable {
  public enum State: String, CaseIterable, Sendable {
    case requested, received, inspected, cancelled
  }

  public let id: ReturnID
  /// The order that the goods were sold by; nil when it is not known.
  public let orderID: OrderID?
  public let accountID: AccountID?
  /// The channel's name for the return.
  public let externalID: String
  public let reason: String
  public private(set) var state: State
  public private(set) var lines: [ReturnOrderLine]
  /// Where the goods were received.
  public private(set) var locationID: LocationID?

  public init(
    id: ReturnID, orderID: OrderID?, accountID: AccountID?, externalID: String = "",
    reason: String = "", state: State = .requested, lines: [ReturnOrderLine],
    locationID: LocationID? = nil
  ) {
    self.id = id
    self.orderID = orderID
    self.accountID = accountID
    self.externalID = externalID
    self.reason = reason
    self.state = state
    self.lines = lines
    self.locationID = locationID
  }

  /// Whether `other`, as it was asked for, is this return: what has happened since does not count, nor the
  /// words for why, nor an account that the order gave it.
  public func isSame(as other: ReturnOrder) -> Bool {
    func wanted(_ lines: [ReturnOrderLine]) -> [ReturnOrderLine] {
      lines.sorted { $0.id < $1.id }.map {
        ReturnOrderLine(id: $0.id, sku: $0.sku, quantity: $0.quantity, orderLineID: $0.orderLineID)
      }
    }
    return id == other.id && orderID == other.orderID && externalID == other.externalID
      && (accountID == nil || other.accountID == nil || accountID == other.accountID)
      && wanted(lines) == wanted(other.lines)
  }

  /// The same return with the account that sold the goods, where it did not say.
  public func sold(by account: AccountID) -> ReturnOrder {
    ReturnOrder(
      id: id, orderID: orderID, accountID: accountID ?? account, externalID: externalID,
      reason: reason, state: state, lines: lines, locationID: locationID)
  }

  /// Says that the goods are here. Again with the same location changes nothing; another one counts
  /// while nothing is decided.
  public mutating func receive(at location: LocationID) throws(ReturnsError) -> Bool {
    switch state {
    case .received where locationID == location: return false
    case .received where lines.contains(where: \.isDecided): throw .stateWrong(id, state)
    case .inspected, .cancelled: throw .stateWrong(id, state)
    case .requested, .received:
      state = .received
      locationID = location
      return true
    }
  }

  /// Withdraws it.
  public mutating func cancel() throws(ReturnsError) -> Bool {
    switch state {
    case .cancelled: return false
    case .received, .inspected: throw .stateWrong(id, state)
    case .requested:
      state = .cancelled
      return true
    }
  }

  /// Decides what becomes of lines; it is inspected once all are decided.
  ///
  /// - Returns: the lines that were decided now; a line that was decided so before is not among them.
  /// - Throws: for the first line that is unknown or was decided otherwise; `.unbalanced` names all whose
  ///   disposals do not add up. Nothing changes then.
  public mutating func inspect(
    _ decisions: [(id: LineID, disposals: [Disposal])]
  ) throws(ReturnsError) -> [ReturnOrderLine] {
    guard state == .received || state == .inspected else { throw .stateWrong(id, state) }
    var positions: [LineID: Int] = [:]
    for (position, line) in lines.enumerated() { positions[line.id] = position }
    var decided = lines
    var changed: [ReturnOrderLine] = []
    var unbalanced: [ReturnsError.Unbalanced] = []
    for (index, decision) in decisions.enumerated() {
      guard let position = positions[decision.id] else { throw .lineUnknown(id, decision.id) }
      let line = decided[position]
      let disposals = Disposal.netted(decision.disposals)
      let given = disposals.reduce(0) { $0 + $1.quantity }
      if given != line.quantity {
        unbalanced.append(.init(position: index, wanted: line.quantity, given: given))
      } else if line.isDecided {
        guard line.disposals == disposals else { throw .lineInspected(id, line.id) }
      } else {
        decided[position].disposals = disposals
        decided[position].refusal = ""
        changed.append(decided[position])
      }
    }
    guard unbalanced.isEmpty else { throw .unbalanced(unbalanced) }
    lines = decided
    if lines.allSatisfy(\.isDecided) { state = .inspected }
    return changed
  }

  /// Takes a line's decision back, since the pool does not take it: it has to be decided again.
  ///
  /// - Returns: false when the line is not decided.
  public mutating func reopen(_ line: LineID, because refusal: String) throws(ReturnsError) -> Bool
  {
    guard let position = lines.firstIndex(where: { $0.id == line }) else {
      throw .lineUnknown(id, line)
    }
    guard lines[position].isDecided else { return false }
    lines[position].disposals = []
    lines[position].refusal = refusal
    state = .received
    return true
  }
}
