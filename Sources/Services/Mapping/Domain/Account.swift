public import Primitives

/// One shop or till group on a channel.
public struct Account: Equatable, Sendable {
  public let id: AccountID
  public let channelID: ChannelID
  public var displayName: String
  /// The shop's own ID on the channel, unique within it; empty where the channel has none.
  public var externalID: String

  public init(id: AccountID, channelID: ChannelID, displayName: String, externalID: String) {
    self.id = id
    self.channelID = channelID
    self.displayName = displayName
    self.externalID = externalID
  }
}
