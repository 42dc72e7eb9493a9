/// Calls other people's servers by libcurl's multi interface: one thread has all calls, connections stay open and are
/// shared, HTTP/2 where a server of `https` speaks it. No cookies, no redirects, no proxy of the environment.
///
/// - Note: Source: curl.se/libcurl/c/libcurl-multi.html.
public final class HTTPClient: Sendable {
  private let core: TransferLoop
  private let limits: HTTPClientLimits

  public init(_ limits: HTTPClientLimits = HTTPClientLimits()) {
    self.limits = limits
    core = TransferLoop(limits)
    core.startThread()
  }

  deinit {
    core.stop()
  }

  /// Makes a call and returns its whole answer. A task that is cancelled ends it at once.
  public func send(_ call: HTTPCall) async throws(HTTPFailure) -> HTTPAnswer {
    try Self.check(call)
    if Task.isCancelled { throw .cancelled }
    let (core, limits) = (core, limits)
    let number = core.nextNumber()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        core.add(Transfer(number, call, limits, continuation))
        // Who was cancelled meanwhile knew nothing yet that could be ended.
        if Task.isCancelled { core.cancel(number) }
      }
    } onCancel: {
      core.cancel(number)
    }
    return try result.get()
  }

  /// libcurl sends what it is given: a line's end in a header would be a header of its own.
  private static func check(_ call: HTTPCall) throws(HTTPFailure) {
    func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 32 && $0 != 9 || $0 == 127 } }
    // Without a scheme, libcurl guesses one.
    let scheme = call.url.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https", isPlain(call.url), !call.url.utf8.contains(32)
    else {
      throw .malformed("the address of the call is not a URL of http or https")
    }
    guard isPlain(call.method), !call.method.isEmpty, !call.method.contains(" ") else {
      throw .malformed("the method of the call is none")
    }
    for (name, value) in call.headers where !isPlain(name) || !isPlain(value) || name.contains(":")
    {
      throw .malformed("a header has a control character")
    }
  }
}
