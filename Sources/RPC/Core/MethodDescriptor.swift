/// A method of a service, as its proto names it. A reference: it goes along with every call.
public final class MethodDescriptor: Sendable, Hashable {
  public enum Kind: Sendable, Hashable, CaseIterable {
    case unary
    case clientStreaming
    case serverStreaming
    case bidirectional
  }

  /// `idempotency_level` of the proto: whether a call that may have been done may be made again.
  public enum Idempotency: Sendable, Hashable, CaseIterable {
    case unknown
    case noSideEffects
    case idempotent
  }

  /// With its package: `onepool.pool.v1.PoolService`.
  public let service: String
  public let method: String
  public let kind: Kind
  public let idempotency: Idempotency
  /// `/onepool.pool.v1.PoolService/GetStock`.
  public let path: String

  public init(service: String, method: String, kind: Kind, idempotency: Idempotency = .unknown) {
    self.service = service
    self.method = method
    self.kind = kind
    self.idempotency = idempotency
    path = "/\(service)/\(method)"
  }

  /// Who defines its errors (`google.rpc.ErrorInfo.domain`): `pool.onepool` for `onepool.pool.v1.PoolService`.
  public var errorDomain: String {
    let parts = service.split(separator: ".")
    guard parts.count >= 3 else { return service }
    return "\(parts[1]).\(parts[0])"
  }

  public static func == (left: MethodDescriptor, right: MethodDescriptor) -> Bool {
    left.path == right.path
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(path)
  }
}
