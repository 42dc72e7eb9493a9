/// Who decides which caller may call which method. Asked once a call, before its handler; it must not block.
public protocol RPCAuthorizer: Sendable {
  /// - Throws: UNAUTHENTICATED for a caller who shows nothing, PERMISSION_DENIED for one who shows what is not enough.
  func authorize(_ caller: RPCCaller, to method: MethodDescriptor) throws(RPCError)
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
