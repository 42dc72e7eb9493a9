internal import Primitives
public import RPCCore
internal import Synchronization

/// Calls services of this process with the semantics of the wire: messages are encoded and decoded, deadlines and
/// cancellation reach the handler, errors lose what the wire would lose. For tests.
public final class InProcessTransport: ClientTransport {
  private let dispatcher: Dispatcher

  public init(
    services: [any RPCService], observer: any RPCObserver = SilentObserver(),
    authorizer: (any RPCAuthorizer)? = nil
  ) {
    dispatcher = Dispatcher(services: services, observer: observer, authorizer: authorizer)
  }

  public func unary(
    _ call: OutgoingCall, _ message: [UInt8]
  ) async throws(RPCError) -> [UInt8] {
    let method = try dispatcher.method(path: call.method.path)
    let context = try Self.context(method, call)
    let result = await DeadlineRace.run(until: call.deadline) {
      await method.unary(message, codec: .proto, context: context)
    }
    call.record?.setInitialMetadata(context.initialMetadata)
    call.record?.setTrailingMetadata(context.trailingMetadata)
    if Task.isCancelled {
      throw RPCError(.cancelled, "", "The caller's task was cancelled.")
    }
    return try result.mapError { Self.travelled($0, context) }.get()
  }

  public func open(_ outgoing: OutgoingCall) async throws(RPCError) -> any ClientCall {
    let method = try dispatcher.method(path: outgoing.method.path)
    let context = try Self.context(method, outgoing)
    let deadline = outgoing.deadline
    let requests = Pipe()
    let responses = Pipe()
    let call = PipeServerCall(
      context: context, record: outgoing.record, requests: requests, responses: responses)
    let task = Task {
      let failure = await method.streaming(call)
      outgoing.record?.setTrailingMetadata(call.context.trailingMetadata)
      responses.finish(failure.map { Self.travelled($0, call.context) })
    }
    let timer = Task {
      guard deadline != .never, (try? await Task.sleep(for: deadline.remaining)) != nil else {
        return
      }
      let over = RPCError(.deadlineExceeded, "", "The call's deadline is over.")
      responses.finish(over)
      requests.finish(over)
      task.cancel()
    }
    return PipeClientCall(requests: requests, responses: responses, task: task, timer: timer)
  }

  public func close() async {}

  private static func context(
    _ method: ServedMethod, _ call: OutgoingCall
  ) throws(RPCError) -> ServerContext {
    do throws(RPCError) {
      return try method.admit(metadata: call.metadata, deadline: call.deadline)
    } catch {
      throw travelled(method.refused(error, peer: "in-process"), nil)
    }
  }

  /// What is left of an error after it went over the wire.
  private static func travelled(_ error: RPCError, _ context: ServerContext?) -> RPCError {
    var travelled = RPCError(
      code: error.code, message: error.message, statusDetails: error.statusDetails())
    travelled.pushback = context?.trailingMetadata[RetryPushback.header].map { RetryPushback($0) }
    return travelled
  }
}

/// Messages one way, at most `bound` of them unread.
final class Pipe: Sendable {
  private static let bound = 16

  private struct State {
    var messages: [[UInt8]] = []
    var isFinished = false
    var failure: RPCError?
    var reader: CheckedContinuation<Void, Never>?
    var writer: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  func send(_ message: [UInt8]) async throws(RPCError) {
    while true {
      let (done, failure) = state.withLock { state -> (Bool, RPCError?) in
        if state.isFinished {
          return (true, state.failure ?? RPCError(.cancelled, "", "The call has ended."))
        }
        guard state.messages.count < Self.bound else { return (false, nil) }
        state.messages.append(message)
        state.reader?.resume()
        state.reader = nil
        return (true, nil)
      }
      if let failure { throw failure }
      if done { return }
      await wait(\.writer) { $0.isFinished || $0.messages.count < Self.bound }
    }
  }

  func next() async throws(RPCError) -> [UInt8]? {
    while true {
      let result = state.withLock { state -> Result<[UInt8]?, RPCError>? in
        if !state.messages.isEmpty {
          state.writer?.resume()
          state.writer = nil
          return .success(state.messages.removeFirst())
        }
        guard state.isFinished else { return nil }
        return state.failure.map { .failure($0) } ?? .success(nil)
      }
      if let result { return try result.get() }
      await wait(\.reader) { $0.isFinished || !$0.messages.isEmpty }
    }
  }

  /// Ends it once; a failure comes after the messages that are still in it.
  func finish(_ failure: RPCError?) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      state.failure = failure
      state.reader?.resume()
      state.writer?.resume()
      state.reader = nil
      state.writer = nil
    }
  }

  private func wait(
    _ slot: WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
    unless isOver: @escaping @Sendable (borrowing State) -> Bool
  ) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { state in
          if isOver(state) {
            continuation.resume()
          } else {
            precondition(state[keyPath: slot] == nil, "one reader and one writer at a time")
            state[keyPath: slot] = continuation
          }
        }
      }
    } onCancel: {
      finish(RPCError(.cancelled, "", "The call was cancelled."))
    }
  }
}

private struct PipeServerCall: ServerCall {
  let context: ServerContext
  let record: CallRecord?
  let requests: Pipe
  let responses: Pipe

  func nextMessage() async throws(RPCError) -> [UInt8]? { try await requests.next() }

  func send(_ message: [UInt8]) async throws(RPCError) {
    record?.setInitialMetadata(context.initialMetadata)
    try await responses.send(message)
  }
}

private final class PipeClientCall: ClientCall {
  let requests: Pipe
  let responses: Pipe
  let task: Task<Void, Never>
  let timer: Task<Void, Never>

  init(requests: Pipe, responses: Pipe, task: Task<Void, Never>, timer: Task<Void, Never>) {
    self.requests = requests
    self.responses = responses
    self.task = task
    self.timer = timer
  }

  deinit {
    timer.cancel()
  }

  /// Nothing is on a wire here that could be smaller.
  func send(_ message: [UInt8], compressed _: Bool) async throws(RPCError) {
    try await requests.send(message)
  }
  func finishSending() async throws(RPCError) { requests.finish(nil) }
  func nextMessage() async throws(RPCError) -> [UInt8]? { try await responses.next() }

  func cancel() {
    let reason = RPCError(.cancelled, "", "The caller ended the call.")
    requests.finish(reason)
    responses.finish(reason)
    task.cancel()
    timer.cancel()
  }
}
