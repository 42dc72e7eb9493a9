internal import HTTPClient

/// The way to a shop's hook: HTTP when it serves, a list in a test.
protocol EventSender: Sendable {
  /// - Returns: what the hook answered; `.none` when no whole answer came in time.
  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer
}

/// Sends events by HTTP on connections that stay open; a redirect is an answer and not followed.
final class HTTPSender: EventSender {
  private let client: HTTPClient

  init() {
    var limits = HTTPClientLimits()
    limits.connectionsOfHost = SandboxLimits.concurrentDeliveries
    limits.answerBytes = SandboxLimits.answerBytes
    limits.cutsLongAnswers = true
    client = HTTPClient(limits)
  }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
    let call = HTTPCall(
      method: "POST", url: url, headers: event.headers.map { ($0.key, $0.value) },
      body: event.body, timeout: patience)
    guard let answer = try? await client.send(call) else { return .none }
    return HookAnswer(status: answer.status, body: answer.body)
  }
}
