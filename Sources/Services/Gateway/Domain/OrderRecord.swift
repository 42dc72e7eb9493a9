public import Primitives

/// An order as the gateway knows it: the newest snapshot, what its lines mean, and what the others
/// were told.
///
/// Snapshots may come late, doubled and out of order. `merge` takes the newest by the channel's
/// clock, and of two of the same moment the larger counts: so every order of arrival ends in the
/// same state. Whoever sees two of the same moment that disagree asks the channel how it stands now.
///
/// The pool counts sold and cancelled units in totals that only rise. A line's `soldCount` and
/// `takenBackCount` are such totals: each merge moves one of them so that their difference is what
/// the channel's order takes now. They are made durable before anybody is told, so that a step may
/// be repeated.
public struct OrderRecord: Equatable, Sendable {
  public struct Line: Equatable, Sendable {
    public var snapshot: OrderSnapshot.Line
    /// The listing it was sold by; empty until it is resolved.
    public var listingID = ""
    /// What one unit takes from the pool; empty while the line maps to nothing. Never changes after
    /// that.
    public var components: [SKUAmount] = []
    /// Units that the pool is to know as sold, in all.
    public var soldCount: Quantity = 0
    /// Units of them that the pool is to know as cancelled, in all.
    public var takenBackCount: Quantity = 0
    /// The same as the others were last told.
    public var toldSoldCount: Quantity = 0
    public var toldTakenBackCount: Quantity = 0

    public init(_ snapshot: OrderSnapshot.Line) {
      self.snapshot = snapshot
    }

    public var lineID: String { snapshot.lineID }
  }

  public var state: OrderState
  public var updateTime: Timestamp
  public var saleTime: Timestamp
  public var lines: [Line]
  /// Whether fulfilment knows that the channel shipped it.
  public var isShippedTold = false
  /// Whether any snapshot said that the customer comes for it: not every way in tells. And whether fulfilment knows.
  public var isPickup = false
  public var isPickupTold = false
  /// Where the customer comes to, as the first snapshot that knew has it; empty when nobody knows.
  public var pickupLocation = ""
  /// Where the customer is, if anybody knows.
  public var zone: Zone?
  /// When the tick of the channel's clock in which it changed last is over, by ours; nil once it was asked for after that.
  public var settleTime: Timestamp?

  public init(_ snapshot: OrderSnapshot) {
    zone = snapshot.zone
    isPickup = snapshot.isPickup
    pickupLocation = snapshot.pickupLocation
    state = snapshot.state
    updateTime = snapshot.updateTime
    saleTime = snapshot.saleTime
    lines = snapshot.lines.map { Line($0) }
  }

  public init(state: OrderState, updateTime: Timestamp, saleTime: Timestamp, lines: [Line]) {
    self.state = state
    self.updateTime = updateTime
    self.saleTime = saleTime
    self.lines = lines
  }

  /// Takes a snapshot in; returns false when it was older than what is known and changed nothing of its lines.
  ///
  /// - Parameter isPresent: it is what the channel says now, and so the newer of two of the same moment.
  public mutating func merge(_ snapshot: OrderSnapshot, isPresent: Bool = false) -> Bool {
    isPickup = isPickup || snapshot.isPickup
    if pickupLocation.isEmpty { pickupLocation = snapshot.pickupLocation }
    guard snapshot.updateTime >= updateTime else { return false }
    let isTie = snapshot.updateTime == updateTime && !isPresent
    state = isTie ? max(state, snapshot.state) : snapshot.state
    updateTime = snapshot.updateTime
    saleTime = isTie ? min(saleTime, snapshot.saleTime) : snapshot.saleTime
    zone = isTie ? [zone, snapshot.zone].compactMap(\.self).max() : snapshot.zone
    let newer = Dictionary(uniqueKeysWithValues: snapshot.lines.map { ($0.lineID, $0) })
    for index in lines.indices {
      if let line = newer[lines[index].lineID] {
        if isTie {
          lines[index].snapshot.quantity = max(lines[index].snapshot.quantity, line.quantity)
          lines[index].snapshot.cancelledCount = max(
            lines[index].snapshot.cancelledCount, line.cancelledCount)
        } else {
          lines[index].snapshot = line
        }
      } else if !isTie {
        // The order no longer has the line.
        lines[index].snapshot.cancelledCount = lines[index].snapshot.quantity
      }
    }
    let known = Set(lines.map(\.lineID))
    lines += snapshot.lines.filter { !known.contains($0.lineID) }.map { Line($0) }
    adjust()
    return true
  }

  /// Whether a snapshot of the very same moment says something else: only the channel knows which was later.
  public func disagrees(with snapshot: OrderSnapshot) -> Bool {
    guard snapshot.updateTime == updateTime else { return false }
    let other = OrderRecord(snapshot)
    return state != other.state || netCounts != other.netCounts
  }

  private var netCounts: [String: Quantity] {
    let pairs = lines.map { ($0.lineID, netCount($0)) }
    return Dictionary(uniqueKeysWithValues: pairs).filter { $0.value != 0 }
  }

  /// Units of a line that the order takes now.
  public func netCount(_ line: Line) -> Quantity {
    switch state {
    case .cancelled, .foreign: 0
    case .open, .shipped: line.snapshot.quantity - line.snapshot.cancelledCount
    }
  }

  /// Lines that take something and map to nothing yet.
  public var unresolvedLines: [Line] {
    lines.filter { $0.components.isEmpty && netCount($0) > 0 }
  }

  /// Says what a line means; one that is resolved stays as it is.
  public mutating func resolve(lineID: String, listingID: String, components: [SKUAmount]) {
    guard let index = lines.firstIndex(where: { $0.lineID == lineID }) else { return }
    if !listingID.isEmpty { lines[index].listingID = listingID }
    guard lines[index].components.isEmpty else { return }
    lines[index].components = components
    adjust()
  }

  /// Moves the totals of each line so that sold less taken back is what the order takes.
  private mutating func adjust() {
    for index in lines.indices where !lines[index].components.isEmpty {
      let wanted = netCount(lines[index])
      let stands = lines[index].soldCount - lines[index].takenBackCount
      if wanted > stands {
        lines[index].soldCount += wanted - stands
      } else {
        lines[index].takenBackCount += stands - wanted
      }
      precondition(
        lines[index].soldCount - lines[index].takenBackCount == wanted,
        "totals stand for what is taken")
    }
  }
}
