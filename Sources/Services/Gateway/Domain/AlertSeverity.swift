/// How soon somebody must act, the least first.
public enum AlertSeverity: String, Sendable, CaseIterable, Comparable {
  /// To be looked at some day.
  case info
  /// Within the day: something is wrong, sales go on.
  case warning
  /// Now: units are sold that are not there, or orders are not taken in.
  case critical

  public static func < (left: AlertSeverity, right: AlertSeverity) -> Bool {
    left.rank < right.rank
  }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .critical: 2
    }
  }
}
