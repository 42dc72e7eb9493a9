extension ChannelAdapter {
  /// Most channels tell one thing at a time.
  public func companions(of event: ChannelEvent) -> [ChannelEvent] { [] }

  /// Most channels tell of one shop at a time.
  public func owner(of account: ChannelAccount) -> String? { nil }
}
