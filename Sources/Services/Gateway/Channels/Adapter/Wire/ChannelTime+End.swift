extension ChannelTime {
  /// The end of a span of seconds from now on, as credentials hold it; nil for one that makes no sense.
  public static func end(of span: LossyInt?, from api: ChannelAPI) -> String? {
    guard let span = span?.value, span > 0, span < 1_000_000_000 else { return nil }
    return String(api.clock.now().seconds + span)
  }
}
