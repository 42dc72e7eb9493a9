/// How a try to work on an event ended.
enum WorkOutcome: Sendable, Equatable {
  /// All of its effects are made; so many units had no stock behind them.
  case done(oversoldCount: Int64)
  /// Lines of it map to nothing; the rest is done.
  case quarantined
  /// To be tried again after a pause.
  case later(Duration)
  /// Given up, or refused: a code and the reason in words.
  case dead(code: String, String)
}
