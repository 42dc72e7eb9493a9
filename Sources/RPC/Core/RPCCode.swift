/// The canonical status codes of gRPC (`google/rpc/code.proto`).
public enum RPCCode: Int32, Sendable, CaseIterable {
  case ok = 0
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case internalError = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16

  /// As it is written in documents and metrics: `NOT_FOUND`.
  public var name: String {
    self == .internalError ? "INTERNAL" : Self.upperSnake("\(self)")
  }

  /// As the Connect protocol writes it: `not_found` (connectrpc.com/docs/protocol, error codes).
  public var connectName: String {
    self == .cancelled ? "canceled" : name.lowercased()
  }

  /// The HTTP status that the Connect protocol gives it (connectrpc.com/docs/protocol, error codes).
  public var httpStatus: Int {
    switch self {
    case .ok: 200
    case .cancelled: 499
    case .invalidArgument, .failedPrecondition, .outOfRange: 400
    case .unauthenticated: 401
    case .permissionDenied: 403
    case .notFound: 404
    case .alreadyExists, .aborted: 409
    case .resourceExhausted: 429
    case .unimplemented: 501
    case .unavailable: 503
    case .deadlineExceeded: 504
    case .unknown, .internalError, .dataLoss: 500
    }
  }

  /// What a client makes of an HTTP status that came without `grpc-status`
  /// (grpc/grpc `doc/http-grpc-status-mapping.md`).
  public init(httpStatus: Int) {
    switch httpStatus {
    case 400: self = .internalError
    case 401: self = .unauthenticated
    case 403: self = .permissionDenied
    case 404: self = .unimplemented
    case 429, 502, 503, 504: self = .unavailable
    default: self = .unknown
    }
  }

  private static func upperSnake(_ camel: String) -> String {
    var text = ""
    for character in camel {
      if character.isUppercase { text.append("_") }
      text.append(contentsOf: character.uppercased())
    }
    return text
  }
}
