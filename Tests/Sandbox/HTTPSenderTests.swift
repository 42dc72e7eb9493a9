import Primitives
import RPCCore
import RPCHTTP2
import Synchronization
import Testing

@testable import SandboxServer

/// Goal: a hook has the platform's patience and no more. Method: the real sender against a route of this process.
@Suite(.timeLimit(.minutes(2))) struct HTTPSenderTests {
  /// Longer than any test.
  private static let patience = Duration.seconds(60)
  private static let event = OutgoingEvent(
    headers: ["Content-Type": "application/json"], body: Array("{}".utf8))

  private func serving(
    _ routes: [HTTPRoute], _ body: (String) async throws -> Void
  ) async throws {
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [], routes: routes, loopCount: 1))
    server.start()
    try await body("http://\(server.address)")
    await server.drain(within: .zero)
  }

  @Test func anAnswerWithinThePatienceIsTheHooks() async throws {
    let sender = HTTPSender()
    try await serving([HTTPRoute("POST", "/hook") { _ in HTTPResponse(status: 202) }]) { base in
      let answer = await sender.send(Self.event, to: "\(base)/hook", patience: Self.patience)
      #expect(answer == HookAnswer(status: 202))
    }
  }

  @Test func aHookThatDoesNotAnswerIsGivenUp() async throws {
    let never = Signal()
    let sender = HTTPSender()
    let silent = HTTPRoute("POST", "/hook") { _ in
      await never.wait()
      return HTTPResponse(status: 200)
    }
    try await serving([silent]) { base in
      let answer = await sender.send(Self.event, to: "\(base)/hook", patience: .milliseconds(20))
      #expect(answer == .none)
      never.raise()
    }
  }

  @Test func aCancelledSenderWaitsForNobody() async throws {
    let arrived = Signal()
    let never = Signal()
    let sender = HTTPSender()
    let silent = HTTPRoute("POST", "/hook") { _ in
      arrived.raise()
      await never.wait()
      return HTTPResponse(status: 200)
    }
    try await serving([silent]) { base in
      let sending = Task {
        await sender.send(Self.event, to: "\(base)/hook", patience: Self.patience)
      }
      await arrived.wait()
      sending.cancel()
      #expect(await sending.value == .none)
      never.raise()
    }
  }

  /// A signature is good for one address only.
  @Test func aRedirectIsNotFollowed() async throws {
    let hits = Mutex(0)
    let sender = HTTPSender()
    let routes = [
      HTTPRoute("POST", "/hook") { _ in
        HTTPResponse(status: 307, headers: [("location", "/other")])
      },
      HTTPRoute("*", "/other") { _ in
        hits.withLock { $0 += 1 }
        return HTTPResponse(status: 200)
      },
    ]
    try await serving(routes) { base in
      let answer = await sender.send(Self.event, to: "\(base)/hook", patience: Self.patience)
      #expect(answer.status == 307 && hits.withLock { $0 } == 0)
    }
  }

  @Test func theBodyIsTold() async throws {
    let sender = HTTPSender()
    let long = String(repeating: "x", count: 100_000)
    let routes = [
      HTTPRoute("POST", "/short") { _ in .text(200, "ok") },
      HTTPRoute("POST", "/long") { _ in .text(200, long) },
    ]
    try await serving(routes) { base in
      let short = await sender.send(Self.event, to: "\(base)/short", patience: Self.patience)
      #expect(short == HookAnswer(status: 200, body: Array("ok".utf8)))
      let cut = await sender.send(Self.event, to: "\(base)/long", patience: Self.patience)
      #expect(cut.status == 200 && cut.body.count == SandboxLimits.answerBytes)
    }
  }
}
