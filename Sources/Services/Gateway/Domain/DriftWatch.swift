public import Primitives

/// A listing that was read and showed another number than it should: is it a drift, or a sale on its way?
///
///     differs ──▶ suspected ──(differs again, nothing on its way)──▶ drift ──(agrees)──▶ over
///                     └────────────(agrees, or something came in)────▶ over, suspected anew
///
/// One reading proves nothing: a channel lowers its own number when it takes an order, and the order comes in later. What
/// differs in the same way twice, with nothing on its way in between, is a drift.
public struct DriftWatch: Equatable, Sendable {
  /// The time from the first reading that differs to the second: longer than unseen sales are waited for.
  public static let secondLook = Duration.seconds(30)
  /// Between further looks, at most.
  public static let longestPause = Duration.seconds(1800)

  /// What a reading found.
  public struct Reading: Equatable, Sendable {
    public var shown: Quantity?
    public var should: Quantity
    /// How often sales of the listing were taken in until then.
    public var intakeCount: Int
    /// Whether all events of the account had been worked on.
    public var isCurrent: Bool

    public init(shown: Quantity?, should: Quantity, intakeCount: Int, isCurrent: Bool) {
      self.shown = shown
      self.should = should
      self.intakeCount = intakeCount
      self.isCurrent = isCurrent
    }

    /// Less than nothing is nothing: some channels count what they have sold too often.
    public var agrees: Bool { shown.map { max(0, $0) == should } ?? false }
  }

  public private(set) var first: Reading
  public private(set) var firstTime: Timestamp
  public private(set) var isDrift = false
  /// When it is to be read again.
  public private(set) var nextTime: Timestamp
  private var lookCount = 0

  /// The first reading that differs.
  public init(_ reading: Reading, now: Timestamp) {
    precondition(!reading.agrees, "what agrees is not watched")
    first = reading
    firstTime = now
    nextTime = now + Self.secondLook
  }

  /// A drift that was found before a restart.
  public init(known reading: Reading, since time: Timestamp, now: Timestamp) {
    first = reading
    firstTime = time
    isDrift = true
    nextTime = now
  }

  /// Another reading that differs; returns whether it is a drift.
  public mutating func look(_ reading: Reading, now: Timestamp) -> Bool {
    precondition(!reading.agrees, "what agrees is not watched")
    if !isDrift {
      guard isSame(reading), now - firstTime >= Self.secondLook else {
        restart(reading, now)
        return false
      }
      isDrift = true
    }
    lookCount += 1
    first = reading
    let doublings = min(lookCount - 1, 10)
    nextTime = now + min(Self.longestPause, Self.secondLook * (1 << doublings))
    return true
  }

  /// Nothing could be told from a reading: it is looked at again soon.
  public mutating func putOff(now: Timestamp) { nextTime = max(nextTime, now + Self.secondLook) }

  /// The same number is missing or too much, nothing of the listing came in meanwhile, and nothing of the account waits.
  private func isSame(_ reading: Reading) -> Bool {
    first.isCurrent && reading.isCurrent && reading.intakeCount == first.intakeCount
      && reading.shown == first.shown
  }

  private mutating func restart(_ reading: Reading, _ now: Timestamp) {
    // One that is read too early keeps its clock.
    let isEarly = isSame(reading)
    if !isEarly { firstTime = now }
    first = reading
    nextTime = firstTime + Self.secondLook
  }
}
