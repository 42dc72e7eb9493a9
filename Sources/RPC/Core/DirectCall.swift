internal import Primitives
public import Protobuf

/// Who hears what a direct handler answered: a connection's stream, or a task.
package protocol DirectCaller: Sendable {
  /// Called once, on any thread.
  func answered(_ result: Result<[UInt8], RPCError>)
}

/// A call of a direct method, from its handler's beginning to its answer.
public final class DirectCall: Sendable {
  public let context: ServerContext
  /// How the messages are written.
  public let codec: MessageCodec
  /// Whether gRPC's prefix stands in front of the answer's message.
  public let isFramed: Bool
  private let method: ServedMethod
  private let caller: any DirectCaller
  /// In monotonic nanoseconds.
  private let start: Int64

  init(
    _ method: ServedMethod, _ context: ServerContext, _ codec: MessageCodec, isFramed: Bool,
    _ caller: any DirectCaller
  ) {
    self.method = method
    self.context = context
    self.codec = codec
    self.isFramed = isFramed
    self.caller = caller
    start = monotonicNanoseconds()
  }

  @usableFromInline func succeed(_ message: [UInt8]) {
    method.ended(context, .ok, since: start)
    caller.answered(.success(message))
  }

  @usableFromInline func fail(_ error: any Error) {
    let failure = method.rpcError(error, context: context)
    method.ended(context, failure.code, since: start)
    caller.answered(.failure(failure))
  }
}

/// How a direct handler answers: once, on any thread.
public struct Answer<Response: Message>: Sendable {
  @usableFromInline enum Place: Sendable {
    case call(DirectCall)
    case task(UnsafeContinuation<Response, any Error>)
  }

  @usableFromInline let place: Place

  @usableFromInline init(_ call: DirectCall) {
    place = .call(call)
  }

  private init(_ continuation: UnsafeContinuation<Response, any Error>) {
    place = .task(continuation)
  }

  @inlinable public func callAsFunction(_ result: Result<Response, any Error>) {
    switch place {
    case .task(let continuation): continuation.resume(with: result)
    case .call(let call):
      switch result {
      case .success(let response):
        call.succeed(MethodHandler.bytes(response, call.codec, framed: call.isFramed))
      case .failure(let error): call.fail(error)
      }
    }
  }

  /// Runs a direct handler for a caller that has a task, and waits for its answer.
  public static func wait(_ handle: (Answer) throws -> Void) async throws -> Response {
    try await withUnsafeThrowingContinuation { continuation in
      do {
        try handle(Answer(continuation))
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }
}
