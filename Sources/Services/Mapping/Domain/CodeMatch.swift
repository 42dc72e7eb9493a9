internal import Primitives

/// Which listing a seller's code means, for a line that names no item.
public enum CodeMatch: Equatable, Sendable {
  /// Position among the candidates.
  case one(Int)
  /// No listing has it, or several do: nobody can tell.
  case none

  /// - Parameter candidates: the account's listings with that code which are not deleted.
  ///
  /// A listing whose item ID is the code itself comes first: that is how a line that was sold by its code alone
  /// becomes known, so linking it decides what the code means. Else it must be the only one.
  public init(_ code: String, among candidates: [ListingKey]) {
    let own = candidates.firstIndex { $0.itemID.text == code && $0.variationID == nil }
    if let own {
      self = .one(own)
    } else if candidates.count == 1 {
      self = .one(0)
    } else {
      self = .none
    }
  }
}
