public import Primitives

/// Why a listing may show another number than it should: what is most likely, by what is known of it.
public enum DriftCause: String, Sendable, CaseIterable {
  /// The channel does not know the listing any more, or keeps no number of it.
  case listingGone = "LISTING_GONE"
  /// A promotion sets units aside, or holds the number.
  case promotion = "PROMOTION"
  /// The channel refused the number for good.
  case pushRefused = "PUSH_REFUSED"
  /// It was set right and changed again, more than once: another system writes it, too.
  case otherWriter = "OTHER_WRITER"
  /// The channel acknowledged the number and has shown the one before ever since.
  case pushNotApplied = "PUSH_NOT_APPLIED"
  /// The channel made another number of it as it took it: a cap of its own, or a rounding.
  case numberCapped = "NUMBER_CAPPED"
  /// The channel has sold units by an order of which nothing has come in.
  case orderUnseen = "ORDER_UNSEEN"
  /// Somebody changed the number on the channel's pages, or another system did.
  case changedElsewhere = "CHANGED_ELSEWHERE"
}

/// What is known of a listing that shows another number than it should.
public struct DriftFacts: Equatable, Sendable {
  /// Fewer than this many units missing look like an order; more look like a hand.
  public static let orderUnits: Quantity = 5
  /// How often a number that was set right may change again before another system is thought of.
  public static let undoneUntilOther = 2

  public var should: Quantity
  /// Nil when the channel does not know the listing.
  public var shown: Quantity?
  /// What it showed before the last push that was acknowledged; nil when nobody knows.
  public var before: Quantity?
  /// Whether the number that was acknowledged last was seen to be shown since.
  public var wasSeen = false
  /// Units that promotions set aside, where the channel tells.
  public var reservedCount: Quantity = 0
  /// Whether a promotion holds the number.
  public var isLocked = false
  /// Whether the push was given up.
  public var isDead = false
  /// How often it was set right of late and differed again.
  public var undoneCount = 0

  public init(should: Quantity, shown: Quantity?) {
    self.should = should
    self.shown = shown
  }

  public var likelyCause: DriftCause {
    guard let shown else { return .listingGone }
    if isLocked || isReserved(shown) { return .promotion }
    if isDead { return .pushRefused }
    if undoneCount >= Self.undoneUntilOther { return .otherWriter }
    if !wasSeen, let before {
      // Of a number that was never seen, the channel's own doing is more likely than a hand.
      if shown == before { return .pushNotApplied }
      if shown < should, shown > before || shown == 0 || shown.isRound { return .numberCapped }
    }
    return shown < should && should - shown < Self.orderUnits ? .orderUnseen : .changedElsewhere
  }

  /// Some channels count what is set aside in their number, others do not.
  private func isReserved(_ shown: Quantity) -> Bool {
    guard reservedCount > 0 else { return false }
    return abs(should - shown) <= reservedCount
  }
}

extension Quantity {
  /// Such as caps are: 50, 100, 1,000.
  fileprivate var isRound: Bool { self >= 50 && self % 50 == 0 }
}
