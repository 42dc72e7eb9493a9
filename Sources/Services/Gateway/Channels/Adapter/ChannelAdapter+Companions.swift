extension ChannelAdapter {
  /// Most channels tell one thing at a time.
  public func companions(of event: ChannelEvent) -> [ChannelEvent] { [] }
}
