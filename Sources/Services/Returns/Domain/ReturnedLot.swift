public import Primitives

/// The pool's name for a batch of one SKU.
public struct LotID: Identifier {
  public static let noun = "lot"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// The lot that returned units go back into.
public struct ReturnedLot: Equatable, Hashable, Sendable {
  public let id: LotID
  /// When they can be sold no more; nil when the pool knows it, or they last.
  public let expireTime: Timestamp?

  public init(id: LotID, expireTime: Timestamp? = nil) {
    self.id = id
    self.expireTime = expireTime
  }
}
