public import Primitives

/// How a snapshot came about, by our clock: what tells whether the channel may have changed the order since within the same
/// tick of its own.
public struct OrderReading: Equatable, Sendable {
  /// Before the channel was asked; nil when the snapshot stood in an event, and so is as old as that.
  public var askTime: Timestamp?
  /// By then the channel's clock had reached the snapshot's time, however far it is from ours.
  public var reachTime: Timestamp
  /// How coarse the channel's times are; zero where it tells any two changes apart.
  public var tick: Duration

  public init(askTime: Timestamp?, reachTime: Timestamp, tick: Duration) {
    self.askTime = askTime
    self.reachTime = reachTime
    self.tick = tick
  }
}

extension OrderRecord {
  /// Takes note of how the snapshot was read that has just been merged. An order that was asked for after the tick in which
  /// it changed stands as it was read until its time moves; another one may have changed since, and nobody sees it by its time.
  ///
  /// - Parameter isNewer: the snapshot moved the order's time.
  public mutating func settle(_ reading: OrderReading, isNewer: Bool) {
    guard reading.tick > .zero else {
      settleTime = nil
      return
    }
    if isNewer { settleTime = reading.reachTime + reading.tick }
    if let time = settleTime, let asked = reading.askTime, asked >= time { settleTime = nil }
  }
}
