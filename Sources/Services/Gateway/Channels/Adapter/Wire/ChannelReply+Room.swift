extension ChannelReply {
  private static let longestWindow = 86_400.0

  /// How many calls are left until when, as the headers say, with the names of draft-ietf-httpapi-ratelimit-headers-07 (section
  /// 5) or the older ones with `x-`. A moment instead of a span is not understood, since nobody says which clock it is by.
  public var room: CallRoom? {
    for prefix in ["", "x-"] {
      guard let left = headers["\(prefix)ratelimit-remaining"].flatMap({ Int($0) }), left >= 0,
        let reset = headers["\(prefix)ratelimit-reset"].flatMap({ Double($0) }), reset > 0,
        reset <= Self.longestWindow
      else { continue }
      return .window(left: left, secondsLeft: reset)
    }
    return nil
  }
}
