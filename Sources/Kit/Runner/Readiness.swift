internal import Foundation
internal import Primitives
internal import RPCCore
internal import StorageCore
internal import Synchronization

/// Whether the service can do its work, for those who send it work.
final class Readiness: Sendable {
  enum Phase: Sendable {
    case starting
    /// Another process has the store, as was seen at a moment of the monotonic clock.
    case standingBy(behind: String, asOf: Int64)
    case serving
    case draining

    /// Why there is no work done in it; nil when there is.
    func obstacle(now: Int64 = monotonicNanoseconds()) -> String? {
      switch self {
      case .starting: "starting"
      // Who finds the store in use looks again at once: whoever does not, has it.
      case .standingBy(let holder, let look) where now - look > Self.lookNanoseconds:
        "taking the store over from \(Self.named(holder))"
      case .standingBy(let holder, _):
        "standing by: the store is in use by \(Self.named(holder))"
      case .serving: nil
      case .draining: "draining"
      }
    }

    private static func named(_ holder: String) -> String {
      holder.isEmpty ? "another process" : holder
    }

    /// Longer than two looks are apart.
    private static let lookNanoseconds: Int64 = 1_000_000_000
  }

  private let phase = Mutex(Phase.starting)
  private let databases: [any Database]
  private let checks: [HealthCheck]

  init(databases: [any Database], checks: [HealthCheck]) {
    self.databases = databases
    self.checks = checks
  }

  func enter(_ next: Phase) { phase.withLock { $0 = next } }

  var current: Phase { phase.withLock { $0 } }

  /// What is wrong with the process's own things; empty when nothing is.
  func problems(withAdvice: Bool = true) async -> [String: String] {
    var problems: [String: String] = [:]
    for database in databases where !database.health.isHealthy {
      // The reason has the path in it, which is for the log.
      problems["store"] = "takes no writes; the log says why"
    }
    for check in checks where withAdvice || !check.isAdvice {
      if let problem = await check.problem() { problems[check.name] = problem }
    }
    return problems
  }

  /// What keeps the service from work; empty when it is ready.
  func obstacles() async -> [String: String] {
    var obstacles = await problems(withAdvice: false)
    if let obstacle = current.obstacle() { obstacles["phase"] = obstacle }
    return obstacles
  }

  /// `/healthz`: the process answers, so 200; what is wrong inside stands in the body.
  /// `/readyz`: 200 when it can do its work, else 503 with the reasons.
  func routes() -> [HTTPRoute] {
    [
      HTTPRoute("GET", "/healthz", maximumBodyBytes: 0) { _ in
        let problems = await self.problems()
        return Self.answer(200, problems.isEmpty ? "ok" : "degraded", problems)
      },
      HTTPRoute("GET", "/readyz", maximumBodyBytes: 0) { _ in
        let obstacles = await self.obstacles()
        return Self.answer(
          obstacles.isEmpty ? 200 : 503, obstacles.isEmpty ? "ready" : "not ready", obstacles)
      },
    ]
  }

  private static func answer(
    _ status: Int, _ text: String, _ problems: [String: String]
  ) -> HTTPResponse {
    let object: [String: Any] = ["status": text, "problems": problems]
    let body = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    return .json(status, [UInt8](body ?? Data()) + [10])
  }
}
