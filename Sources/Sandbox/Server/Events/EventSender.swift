internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// The way to a shop's hook: URLSession when it serves, a list in a test.
protocol EventSender: Sendable {
  /// - Returns: what the hook answered; `.none` when no whole answer came in time.
  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer
}

/// Sends events by HTTP on connections that stay open; a redirect is an answer and not followed.
final class URLSessionSender: EventSender {
  private let session: URLSession
  private let receiver = HookReceiver()
  private let wait: @Sendable (Duration) async throws -> Void

  /// - Parameter wait: how time passes; tests have their own.
  init(
    wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = SandboxLimits.concurrentDeliveries
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    session = URLSession(configuration: configuration, delegate: receiver, delegateQueue: nil)
    self.wait = wait
  }

  deinit {
    session.invalidateAndCancel()
  }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
    guard let request = Self.request(event, to: url, patience: patience) else { return .none }
    return await withTaskGroup(of: HookAnswer.self) { group in
      group.addTask { await self.answer(request) }
      group.addTask {
        // Ends early when it is cancelled; the answer was here first then.
        _ = try? await self.wait(patience)
        return .none
      }
      let first = await group.next() ?? .none
      group.cancelAll()
      return first
    }
  }

  /// The platform's patience is often less than a second, and Foundation cuts a timeout's fraction off (0.5 s becomes
  /// none at all): its own is whole, longer, and only a net below the race in `send`.
  /// Source: swift-corelibs-foundation, HTTPURLProtocol.swift, `Int(request.timeoutInterval) * 1000`.
  static func request(
    _ event: OutgoingEvent, to url: String, patience: Duration
  ) -> URLRequest? {
    guard let address = URL(string: url) else { return nil }
    var request = URLRequest(url: address)
    request.httpMethod = "POST"
    let isWhole = patience.components.attoseconds == 0
    request.timeoutInterval = Double(patience.components.seconds + (isWhole ? 1 : 2))
    for (name, value) in event.headers { request.setValue(value, forHTTPHeaderField: name) }
    request.httpBody = Data(event.body)
    return request
  }

  private func answer(_ request: URLRequest) async -> HookAnswer {
    let task = session.dataTask(with: request)
    let name = task.taskIdentifier
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        receiver.expect(name, continuation)
        // Who is cancelled from here on finds what `expect` has left.
        if Task.isCancelled { receiver.settle(name, .none) } else { task.resume() }
      }
    } onCancel: {
      // A task that is cancelled while it starts is not always said to have completed.
      receiver.settle(name, .none)
      task.cancel()
    }
  }
}

/// Hears from URLSession what became of its tasks. It calls on a queue of its own; callers only add and
/// take away, so all of it is behind a mutex.
private final class HookReceiver: NSObject, URLSessionDataDelegate, Sendable {
  private struct Waiting {
    var continuation: CheckedContinuation<HookAnswer, Never>
    var body: [UInt8] = []
  }

  private let waiting = Mutex<[Int: Waiting]>([:])

  func expect(_ task: Int, _ continuation: CheckedContinuation<HookAnswer, Never>) {
    waiting.withLock { $0[task] = Waiting(continuation: continuation) }
  }

  /// Answers who waits for a task; nothing when somebody has done so.
  func settle(_ task: Int, _ answer: HookAnswer) {
    waiting.withLock { $0.removeValue(forKey: task) }?.continuation.resume(returning: answer)
  }

  func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    waiting.withLock { waiting in
      let room = SandboxLimits.answerBytes - (waiting[dataTask.taskIdentifier]?.body.count ?? 0)
      waiting[dataTask.taskIdentifier]?.body.append(contentsOf: data.prefix(room))
    }
  }

  func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let body = waiting.withLock { $0[task.taskIdentifier]?.body } ?? []
    let status = error == nil ? (task.response as? HTTPURLResponse)?.statusCode : nil
    settle(task.taskIdentifier, status.map { HookAnswer(status: $0, body: body) } ?? .none)
  }

  func urlSession(
    _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
    newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }
}
