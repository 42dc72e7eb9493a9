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
    var answers: [HookAnswer] = []
    var gate: Signal?
  }

  private let state = Mutex(State())
  private let arrivals = Signal()

  /// Answers the next tries with these, then 200.
  func answer(_ statuses: [Int]) {
    answer(statuses.map { HookAnswer(status: $0) })
  }

  func answer(_ answers: [HookAnswer]) {
    state.withLock { $0.answers = answers }
  }

  /// Lets the next try, and no other, wait for its answer until `gate` is raised.
  func hold(until gate: Signal) {
    state.withLock { $0.gate = gate }
  }

  var sent: [Sent] { state.withLock { $0.sent } }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> HookAnswer {
    let (answer, gate) = state.withLock { state in
      state.sent.append(Sent(url: url, event: event))
      defer { state.gate = nil }
      let answer =
        state.answers.isEmpty ? HookAnswer(status: 200) : state.answers.removeFirst()
      return (answer, state.gate)
    }
    arrivals.raise()
    await gate?.wait()
    return answer
  }

  /// What was sent, once there are at least `count`; the test's time limit ends the wait.
  func waitFor(_ count: Int) async -> [Sent] {
    await arrivals.wait { self.sent.count >= count }
    return sent
  }
}
