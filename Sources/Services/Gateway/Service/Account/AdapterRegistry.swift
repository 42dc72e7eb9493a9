public import ChannelAdapter
internal import Primitives

/// The kinds of channels that this gateway speaks to.
public struct AdapterRegistry: Sendable {
  private let adapters: [ChannelID: any ChannelAdapter]

  public init(_ adapters: [any ChannelAdapter]) {
    self.adapters = Dictionary(uniqueKeysWithValues: adapters.map { ($0.channelID, $0) })
  }

  subscript(channelID: ChannelID) -> (any ChannelAdapter)? { adapters[channelID] }

  var channelIDs: [ChannelID] { adapters.keys.sorted() }
}
