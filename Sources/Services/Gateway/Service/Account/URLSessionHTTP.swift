public import ChannelAdapter
internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// Calls channels by Foundation's URLSession: connections stay open, redirects are not followed, an
/// answer has a bound.
public final class URLSessionHTTP: ChannelHTTP {
  private let session: URLSession
  private let receiver: Receiver
  private let permits: Permits

  public init() {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = GatewayLimits.outboundTimeout.inWholeSeconds
    configuration.timeoutIntervalForResource = GatewayLimits.outboundTimeout.inWholeSeconds
    configuration.httpMaximumConnectionsPerHost = GatewayLimits.outboundCalls
    configuration.httpShouldSetCookies = false
    configuration.httpCookieAcceptPolicy = .never
    configuration.urlCache = nil
    receiver = Receiver(maximumBytes: GatewayLimits.outboundBytes)
    session = URLSession(configuration: configuration, delegate: receiver, delegateQueue: nil)
    permits = Permits(GatewayLimits.outboundCalls)
  }

  deinit {
    session.invalidateAndCancel()
  }

  public func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    guard let url = URL(string: request.url), let scheme = url.scheme?.lowercased(),
      scheme == "https" || scheme == "http", url.host != nil
    else { throw .refused("the address of the call is not a URL") }
    var outgoing = URLRequest(url: url)
    outgoing.httpMethod = request.method
    for (name, value) in request.headers { outgoing.addValue(value, forHTTPHeaderField: name) }
    if !request.body.isEmpty { outgoing.httpBody = Data(request.body) }
    await permits.take()
    let result = await answer(outgoing)
    await permits.giveBack()
    return try result.get()
  }

  private func answer(_ request: URLRequest) async -> Result<ChannelReply, ChannelError> {
    let task = session.dataTask(with: request)
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if receiver.expect(task.taskIdentifier, continuation) { task.resume() }
      }
    } onCancel: {
      // A task that is cancelled while it starts is not always said to have completed.
      receiver.abandon(task.taskIdentifier)
      task.cancel()
    }
    receiver.forget(task.taskIdentifier)
    return answer
  }
}

extension Duration {
  /// Rounded up: Foundation on Linux cuts a timeout's fraction off, and half a second becomes none at all.
  fileprivate var inWholeSeconds: TimeInterval {
    TimeInterval(components.seconds + (components.attoseconds > 0 ? 1 : 0))
  }
}

/// Gathers the bytes of answers. URLSession calls it on its own queue, one call at a time; the rest
/// of the process only adds expectations, so its state is behind a mutex.
private final class Receiver: NSObject, URLSessionDataDelegate, Sendable {
  typealias Continuation = CheckedContinuation<Result<ChannelReply, ChannelError>, Never>

  private struct Pending {
    var continuation: Continuation
    var bytes: [UInt8] = []
    var isTooLarge = false
  }

  private static let stopping = Result<ChannelReply, ChannelError>.failure(
    .unavailable("the call was cancelled"))

  private let maximumBytes: Int
  private let pending = Mutex<[Int: Pending]>([:])
  /// Tasks that nobody waits for any more, from before or after they were expected.
  private let abandoned = Mutex<Set<Int>>([])

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  /// Returns false when the task was abandoned already; its continuation is resumed then.
  func expect(_ task: Int, _ continuation: Continuation) -> Bool {
    pending.withLock { $0[task] = Pending(continuation: continuation) }
    // Whichever of the two comes second finds what the other has left.
    guard abandoned.withLock({ $0.contains(task) }) else { return true }
    end(task)
    return false
  }

  func abandon(_ task: Int) {
    abandoned.withLock { _ = $0.insert(task) }
    end(task)
  }

  func forget(_ task: Int) {
    abandoned.withLock { _ = $0.remove(task) }
  }

  private func end(_ task: Int) {
    pending.withLock { $0.removeValue(forKey: task) }?.continuation.resume(returning: Self.stopping)
  }

  func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let isTooLarge = pending.withLock { pending in
      let count = pending[dataTask.taskIdentifier]?.bytes.count ?? 0
      guard count + data.count <= maximumBytes else {
        pending[dataTask.taskIdentifier]?.isTooLarge = true
        return true
      }
      pending[dataTask.taskIdentifier]?.bytes.append(contentsOf: data)
      return false
    }
    if isTooLarge { dataTask.cancel() }
  }

  func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let ended = pending.withLock { $0.removeValue(forKey: task.taskIdentifier) }
    guard let ended else { return }
    if ended.isTooLarge {
      return ended.continuation.resume(
        returning: .failure(.malformed("the answer is larger than \(maximumBytes) bytes")))
    }
    guard error == nil, let response = task.response as? HTTPURLResponse else {
      let code = (error as? URLError)?.code.rawValue ?? 0
      return ended.continuation.resume(
        returning: .failure(.unavailable("no answer (URLError \(code))")))
    }
    var headers: [String: String] = [:]
    for (name, value) in response.allHeaderFields {
      headers["\(name)".lowercased()] = "\(value)"
    }
    ended.continuation.resume(
      returning: .success(
        ChannelReply(status: response.statusCode, headers: headers, body: ended.bytes)))
  }

  /// A redirect is an answer like any other: a signature is good for one address only.
  func urlSession(
    _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
    newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }
}

/// So many at once; who comes later waits for his turn.
private actor Permits {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var head = 0

  init(_ count: Int) {
    free = count
  }

  func take() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func giveBack() {
    guard head < waiting.count else {
      free += 1
      return
    }
    waiting[head].resume()
    head += 1
    if head == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      head = 0
    }
  }
}
