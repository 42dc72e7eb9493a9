internal import RPCCore
internal import Synchronization

/// What a streaming handler holds of its call. Its methods may be called from any task; the work is done on the loop.
final class StreamingServerCall: ServerCall, @unchecked Sendable {
  // Sendable: `stream` is touched on the connection's loop only.
  let connection: ServerConnection
  let stream: ServerStream
  let context: ServerContext
  let codec: MessageCodec
  private let refused = Mutex<RPCError?>(nil)
  var fault: RPCError? { refused.withLock { $0 } }

  init(connection: ServerConnection, stream: ServerStream, context: ServerContext) {
    self.connection = connection
    self.stream = stream
    self.context = context
    codec = stream.head.connectCodec ?? .proto
  }

  func nextMessage() async throws(RPCError) -> [UInt8]? {
    while true {
      switch await step({ self.take() }) {
      case .message(let message): return message
      case .ended: return nil
      case .failed(let error): throw error
      case .wait: await wait(for: \.reader) { self.isReadable }
      }
    }
  }

  func send(_ message: [UInt8]) async throws(RPCError) {
    let (failure, isFull) = await step {
      if let failure = self.stream.failure { return (failure as RPCError?, false) }
      self.connection.write(message, on: self.stream)
      return (nil, self.stream.output.count >= self.connection.limits.unsentBytes)
    }
    if let failure { throw failure }
    guard isFull else { return }
    await wait(for: \.writer) {
      self.stream.failure != nil || self.stream.isClosed
        || self.stream.output.count < self.connection.limits.unsentBytes
    }
    if let failure = await step({ self.stream.failure }) { throw failure }
  }

  private enum Step: Sendable {
    case message([UInt8])
    case ended
    case failed(RPCError)
    case wait
  }

  private func take() -> Step {
    if let failure = stream.failure { return .failed(failure) }
    do {
      if let message = try stream.input.next() {
        connection.giveRoom(stream, message.wireBytes)
        context.noteCompression(message.wasCompressed)
        return .message(message.bytes)
      }
    } catch {
      return refuse(error)
    }
    guard stream.inputEnded else { return .wait }
    guard stream.input.isEmpty else {
      return refuse(
        RPCError(.internalError, "MESSAGE_MISSING", "The call ended inside a message."))
    }
    return .ended
  }

  private func refuse(_ error: RPCError) -> Step {
    refused.withLock { $0 = error }
    return .failed(error)
  }

  private var isReadable: Bool {
    stream.failure != nil || stream.isClosed || stream.inputEnded || stream.input.hasMessage
  }

  /// Runs `body` on the loop; at once when called there.
  private func step<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    if connection.loop.isCurrent { return body() }
    return await withCheckedContinuation { continuation in
      connection.loop.execute { continuation.resume(returning: body()) }
    }
  }

  /// Suspends until the stream wakes `slot`, unless `isOver` holds already.
  private func wait(
    for slot: ReferenceWritableKeyPath<ServerStream, CheckedContinuation<Void, Never>?>
      & Sendable,
    unless isOver: @escaping @Sendable () -> Bool
  ) async {
    await withCheckedContinuation { continuation in
      connection.loop.execute {
        if isOver() {
          continuation.resume()
        } else {
          precondition(self.stream[keyPath: slot] == nil, "one reader and one writer at a time")
          self.stream[keyPath: slot] = continuation
          if self.stream.reader != nil { self.connection.giveRoom(self.stream) }
        }
      }
    }
  }
}
