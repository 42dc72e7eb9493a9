import Primitives
import Synchronization

@testable import SandboxServer

/// A hook that writes down what it gets and answers as it is told.
final class RecordingSender: EventSender {
  struct Sent: Sendable {
    var url: String
    var event: OutgoingEvent

    var body: JSONValue { JSONValue(parsing: event.body) ?? .null }
  }

  private struct State {
    var sent: [Sent] = []
    var statuses: [Int] = []
  }

  private let state = Mutex(State())

  /// Answers the next tries with these, then 200.
  func answer(_ statuses: [Int]) {
    state.withLock { $0.statuses = statuses }
  }

  var sent: [Sent] { state.withLock { $0.sent } }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> Int {
    state.withLock { state in
      state.sent.append(Sent(url: url, event: event))
      return state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
    }
  }

  /// What was sent, once there are at least `count`; what there is after 20 s.
  func waitFor(_ count: Int) async throws -> [Sent] {
    let deadline = Deadline.after(.seconds(20))
    while sent.count < count, !deadline.isPast {
      try await Task.sleep(for: .milliseconds(2))  // between two looks
    }
    return sent
  }
}
