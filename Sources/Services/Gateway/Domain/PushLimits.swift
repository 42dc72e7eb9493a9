/// Bounds of pushing.
public enum PushLimits {
  /// How long units that a channel seems to have sold, and that no event told of, keep a raise
  /// down.
  public static let unseenWait = Duration.seconds(15)
  /// How soon a number that was kept down is looked at again.
  public static let unseenRecheck = Duration.seconds(1)
  /// How soon a number that a promotion holds is tried again.
  public static let lockedPause = Duration.seconds(60)
  /// Compare-and-set misses in a row after which a lowering push sets whatever the channel shows.
  public static let staleInARow = 3
  /// The pause after each further miss of a raising push.
  public static let stalePause = Duration.milliseconds(50)
}
