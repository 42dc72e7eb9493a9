import RPCCore
import Synchronization

/// Counts what the gateway asks of others, and takes the others away at one of those steps: before
/// it is done, or after it is done and before its answer is heard.
final class Faults: Sendable {
  enum Moment: String, Sendable, CaseIterable { case beforeItIsDone, afterItIsDone }

  private struct State {
    var count = 0
    var names: [String] = []
    var failAt: Int?
    var moment = Moment.beforeItIsDone
    var isDown = false
    var hasHit = false
  }

  private let state = Mutex(State())

  var names: [String] { state.withLock { $0.names } }
  var hasHit: Bool { state.withLock { $0.hasHit } }

  func plan(failAt: Int, _ moment: Moment) {
    state.withLock {
      $0.failAt = failAt
      $0.moment = moment
    }
  }

  func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

  /// Everything works from here on.
  func mend() {
    state.withLock {
      $0.failAt = nil
      $0.isDown = false
    }
  }

  /// Throws while everything is away; no step.
  func check() throws {
    if state.withLock({ $0.isDown }) { throw Self.away }
  }

  func step<Response>(_ name: String, _ body: () throws -> Response) throws -> Response {
    try state.withLock { state in
      if state.isDown { throw Self.away }
      state.count += 1
      state.names.append(name)
      if state.count == state.failAt, state.moment == .beforeItIsDone { throw Self.hit(&state) }
    }
    let response = try body()
    try state.withLock { state in
      if state.count == state.failAt, state.moment == .afterItIsDone { throw Self.hit(&state) }
    }
    return response
  }

  private static let away = RPCError(.unavailable, "", "Taken away.")

  private static func hit(_ state: inout State) -> RPCError {
    state.isDown = true
    state.hasHit = true
    return away
  }
}
