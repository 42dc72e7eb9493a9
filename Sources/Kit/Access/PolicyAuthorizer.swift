internal import Primitives
public import RPCCore
internal import Synchronization

/// Lets callers through as a policy file says, which is read anew when it changes.
public final class PolicyAuthorizer: RPCAuthorizer {
  private struct State {
    var policy: AccessPolicy
    var stamp: FileStamp
    var watchers: [UInt64: @Sendable () -> Void] = [:]
    var nextWatcher: UInt64 = 0
  }

  /// Who defines the reasons of its refusals.
  static let errorDomain = "rpc.onepool"
  static let maximumBytes = 8 << 20

  private let path: String
  private let state: Mutex<State>

  /// - Throws: `AccessPolicy.Failure` when the file cannot be read, or is no policy.
  public init(path: String) throws(AccessPolicy.Failure) {
    self.path = path
    // The stamp first: a file that changes between is read once more.
    let stamp = FileStamp([path])
    state = Mutex(State(policy: try Self.read(path), stamp: stamp))
  }

  /// Reads the file anew if it has changed; returns whether it had.
  ///
  /// - Throws: `AccessPolicy.Failure` once for a change that cannot be used; the policy before it goes on.
  public func reloadIfChanged() throws(AccessPolicy.Failure) -> Bool {
    let stamp = FileStamp([path])
    guard stamp != state.withLock({ $0.stamp }) else { return false }
    state.withLock { $0.stamp = stamp }
    let policy = try Self.read(path)
    let watchers = state.withLock { state in
      state.policy = policy
      return Array(state.watchers.values)
    }
    for changed in watchers { changed() }
    return true
  }

  public func watch(_ changed: @escaping @Sendable () -> Void) -> AuthorizerWatch {
    let number = state.withLock { state in
      defer { state.nextWatcher += 1 }
      state.watchers[state.nextWatcher] = changed
      return state.nextWatcher
    }
    return AuthorizerWatch { [weak self] in
      self?.state.withLock { $0.watchers[number] = nil }
    }
  }

  public func authorize(_ caller: RPCCaller, to method: MethodDescriptor) throws(RPCError) {
    let policy = state.withLock { $0.policy }
    let token = caller.authorization.map(Self.hash)
    let verdict = policy.judge(
      identity: caller.identity, token: token, service: method.service, path: method.path)
    switch verdict {
    case .allowed: return
    case .unknownCaller:
      throw RPCError(
        .unauthenticated, "CREDENTIALS_MISSING",
        "This call needs a certificate, or a token as \"authorization: Bearer …\".",
        domain: Self.errorDomain)
    case .unknownToken:
      throw RPCError(
        .permissionDenied, "TOKEN_UNKNOWN",
        "The token is not, or no longer, one of this service's.",
        domain: Self.errorDomain)
    case .notGranted:
      let name = "\(method.service)/\(method.method)"
      throw RPCError(
        .permissionDenied, "CALL_NOT_GRANTED", "The caller may not call \(name).",
        ["method": name], domain: Self.errorDomain)
    }
  }

  /// The hash of what stands behind `Bearer ` (RFC 6750, 2.1). Something else is nobody's token: it has no hash.
  private static func hash(_ authorization: String) -> [UInt8] {
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      return []
    }
    return SHA256.hash(String(parts[1].drop { $0 == " " }))
  }

  private static func read(_ path: String) throws(AccessPolicy.Failure) -> AccessPolicy {
    guard let bytes = SmallFile.read(path, maximumBytes: maximumBytes) else {
      throw AccessPolicy.Failure("cannot be read")
    }
    return try AccessPolicy(json: bytes)
  }
}
