/// A call's failure: a code for the retry rule, a reason for programs, a message for people.
///
/// On the wire it is `grpc-status`, `grpc-message` and a `google.rpc.Status` in `grpc-status-details-bin`
/// (AIP-193).
public struct RPCError: Error, Equatable, Sendable {
  /// One wrong field of a request (`google.rpc.BadRequest.FieldViolation`).
  public struct FieldViolation: Equatable, Sendable {
    /// The path in the proto's names: `lines[3].quantity`.
    public var field: String
    /// What is wrong with it and what is allowed.
    public var problem: String

    public init(field: String, problem: String) {
      self.field = field
      self.problem = problem
    }
  }

  public var code: RPCCode
  /// `[A-Z][A-Z0-9_]+[A-Z0-9]`, at most 63 long; with `domain` it names the error for ever. Empty: none.
  public var reason: String
  /// Who defines the reason: `pool.onepool`. Empty until the server fills in its own.
  public var domain: String
  public var message: String
  /// Every value that the message mentions, by lower camel case names.
  public var metadata: [String: String]
  public var violations: [FieldViolation]
  /// When the same call may be tried again (`google.rpc.RetryInfo`).
  public var retryAfter: Duration?
  /// What the server said of another try beside the status; for clients.
  public package(set) var pushback: RetryPushback?

  public init(
    _ code: RPCCode, _ reason: String = "", _ message: String, _ metadata: [String: String] = [:],
    violations: [FieldViolation] = [], retryAfter: Duration? = nil, domain: String = ""
  ) {
    precondition(code != .ok, "OK is not an error")
    self.code = code
    self.reason = reason
    self.domain = domain
    self.message = message
    self.metadata = metadata
    self.violations = violations
    self.retryAfter = retryAfter
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String {
    reason.isEmpty ? "\(code.name): \(message)" : "\(code.name)/\(reason): \(message)"
  }
}

/// An error of a service's own that has one place in the table of codes.
public protocol RPCErrorConvertible: Error {
  var rpcError: RPCError { get }
}

extension RPCError: RPCErrorConvertible {
  public var rpcError: RPCError { self }
}
