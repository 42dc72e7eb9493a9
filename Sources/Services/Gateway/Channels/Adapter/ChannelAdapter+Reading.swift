extension ChannelAdapter {
  /// Most channels read what they take: the same listings in one call.
  public func readKey(_ listing: ChannelListing) -> String { groupKey(listing) }
  public var readBatch: Int { traits.pushBatch }
}
