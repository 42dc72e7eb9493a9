public import Primitives

/// A kind of sales outlet.
public struct Channel: Equatable, Sendable {
  public var id: ChannelID
  public var displayName: String

  public init(id: ChannelID, displayName: String) {
    self.id = id
    self.displayName = displayName
  }
}
