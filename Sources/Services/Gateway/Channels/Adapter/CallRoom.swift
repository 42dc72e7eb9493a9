/// What a channel says of itself with an answer: how many more calls it bears.
public enum CallRoom: Equatable, Sendable {
  /// A bucket that fills: what this call cost, what is left, and what comes back a second, all in the channel's own units.
  case bucket(cost: Double, left: Double, perSecond: Double)
  /// So many calls are left until the window ends, in seconds from now.
  case window(left: Int, secondsLeft: Double)
}
