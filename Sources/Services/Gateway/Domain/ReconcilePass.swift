public import Primitives

/// One time through all listings of an account: how far it is, and when it goes on.
public struct ReconcilePass: Equatable, Sendable {
  /// Of its span, the share in which all is to be read, so that a slow hour does not make it late.
  static let share = 0.9

  public var startTime: Timestamp
  public var finishTime: Timestamp?
  public var listingCount: Int
  /// Listings that were read or need no reading.
  public var doneCount = 0
  /// Listings that were found to show another number than they should.
  public var driftCount = 0
  /// Whether somebody asked for it: then it takes as little time as the account's rate allows.
  public var isAsked: Bool

  public init(startTime: Timestamp, listingCount: Int, isAsked: Bool) {
    self.startTime = startTime
    self.listingCount = listingCount
    self.isAsked = isAsked
  }

  /// When the next listing is to be read so that the pass ends in time.
  public func nextTime(within span: Duration?) -> Timestamp {
    guard !isAsked, let span, listingCount > 0 else { return startTime }
    let part = Double(doneCount) / Double(listingCount) * Self.share
    return startTime + .microseconds(Int64(Double(span.microseconds) * part))
  }
}
