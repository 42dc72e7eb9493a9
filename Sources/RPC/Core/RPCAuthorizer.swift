/// Who decides which caller may call which method. Asked once a call, before its handler; it must not block.
public protocol RPCAuthorizer: Sendable {
  /// - Throws: UNAUTHENTICATED for a caller who shows nothing, PERMISSION_DENIED for one who shows what is not enough.
  func authorize(_ caller: RPCCaller, to method: MethodDescriptor) throws(RPCError)
  /// Calls `changed` each time that who may call what has become another, until what is returned is ended.
  func watch(_ changed: @escaping @Sendable () -> Void) -> AuthorizerWatch
}

extension RPCAuthorizer {
  /// For one that never changes.
  public func watch(_: @escaping @Sendable () -> Void) -> AuthorizerWatch { AuthorizerWatch {} }
}

/// Somebody who is told of changes.
public struct AuthorizerWatch: Sendable {
  private let stop: @Sendable () -> Void

  public init(end stop: @escaping @Sendable () -> Void) {
    self.stop = stop
  }

  /// Tells no more. Harmless when it was said before.
  public func end() { stop() }
}

/// What a caller shows of itself.
public struct RPCCaller: Sendable {
  /// The names in its certificate that was checked.
  public var identity: [String]
  /// The value of `authorization` in its metadata: `Bearer …`.
  public var authorization: String?

  public init(identity: [String] = [], authorization: String? = nil) {
    self.identity = identity
    self.authorization = authorization
  }
}
