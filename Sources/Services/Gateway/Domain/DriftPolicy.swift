public import Primitives

/// What is done about a listing that shows another number than it should.
public enum DriftPolicy: String, Sendable, CaseIterable {
  /// It is set right.
  case correct
  /// It is set right where it shows too much; where it shows too little, it is told only.
  case lowerOnly = "lower-only"
  /// It is told only.
  case report

  public func corrects(shown: Quantity, should: Quantity) -> Bool {
    switch self {
    case .correct: true
    case .lowerOnly: shown > should
    case .report: false
    }
  }
}

/// The policy of all accounts, and of those that have one of their own: `correct,shop-1=report`.
public struct DriftPolicies: Equatable, Sendable {
  private var usual = DriftPolicy.correct
  private var own: [AccountID: DriftPolicy] = [:]

  public init() {}

  /// Nil when the text makes no sense.
  public init?(_ text: String) {
    var hasUsual = false
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "=", omittingEmptySubsequences: false).map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      guard let name = words.last, let policy = DriftPolicy(rawValue: name) else { return nil }
      switch words.count {
      case 1 where !hasUsual:
        usual = policy
        hasUsual = true
      case 2:
        guard let account = try? AccountID(words[0]), own[account] == nil else { return nil }
        own[account] = policy
      default: return nil
      }
    }
  }

  public subscript(account: AccountID) -> DriftPolicy { own[account] ?? usual }
}
