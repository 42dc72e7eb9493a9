internal import Primitives
internal import Synchronization

/// When a call that failed is made again (gRFC A6).
public struct RetryPolicy: Sendable {
  /// Tries in all; 1 = no retry.
  public var attempts: Int
  /// Before the second try; doubled for each after it, with full jitter.
  public var initialBackoff: Duration
  public var maximumBackoff: Duration
  /// Codes after which it is made again. RESOURCE_EXHAUSTED counts besides when the server says when (RetryInfo).
  public var codes: Set<RPCCode>

  public init(
    attempts: Int = 5, initialBackoff: Duration = .milliseconds(50),
    maximumBackoff: Duration = .seconds(2), codes: Set<RPCCode> = [.unavailable]
  ) {
    precondition(attempts > 0, "a call is tried once at least")
    self.attempts = attempts
    self.initialBackoff = initialBackoff
    self.maximumBackoff = maximumBackoff
    self.codes = codes
  }

  public static let never = RetryPolicy(attempts: 1)

  /// Whether a failure is one of those that pass.
  func retries(_ error: RPCError) -> Bool {
    codes.contains(error.code) || error.code == .resourceExhausted && error.retryAfter != nil
  }

  /// The longest wait before try `attempt` (2 is the first retry); the wait itself is drawn below it.
  func bound(before attempt: Int) -> Duration {
    let doubled = initialBackoff * (1 << min(attempt - 2, 16))
    return min(doubled, maximumBackoff)
  }
}

/// What a server says of another try in `grpc-retry-pushback-ms` (gRFC A6, "Pushback").
public enum RetryPushback: Sendable, Hashable {
  /// After this long, in place of the policy's own wait.
  case after(Duration)
  case never

  package static let header = "grpc-retry-pushback-ms"

  /// What is no number of milliseconds means never, as a negative one does.
  package init(_ text: String) {
    guard let milliseconds = Int32(text), milliseconds >= 0 else {
      self = .never
      return
    }
    self = .after(.milliseconds(Int64(milliseconds)))
  }
}

/// How much a client may add to the load of a server that fails: retries stop while half of the tokens are spent
/// (gRFC A6, "Throttling Retry Attempts and Hedged RPCs").
public struct RetryBudget: Sendable, Hashable {
  /// Each failed try takes one.
  public var maximumTokens: Double
  /// What each call that succeeds gives back.
  public var tokensForSuccess: Double

  public init(maximumTokens: Double = 100, tokensForSuccess: Double = 0.1) {
    precondition(maximumTokens > 0 && tokensForSuccess > 0, "an empty budget is `attempts: 1`")
    self.maximumTokens = maximumTokens
    self.tokensForSuccess = tokensForSuccess
  }
}

/// The tokens of one client.
final class RetryThrottle: Sendable {
  private let budget: RetryBudget
  private let tokens: Mutex<Double>

  init(_ budget: RetryBudget) {
    self.budget = budget
    tokens = Mutex(budget.maximumTokens)
  }

  func succeeded() {
    tokens.withLock { $0 = min(budget.maximumTokens, $0 + budget.tokensForSuccess) }
  }

  /// Takes a token; returns whether there are enough left for another try.
  func failed() -> Bool {
    tokens.withLock { tokens in
      tokens = max(0, tokens - 1)
      return tokens > budget.maximumTokens / 2
    }
  }
}
