/// Wakes the one loop that waits on it; wake-ups that nobody has taken yet are one.
struct WakeUp: Sendable {
  let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func callAsFunction() { continuation.yield() }
}
