import Primitives
import RPCCore
import RPCHTTP2
import Synchronization
import Testing

@testable import SandboxServer

/// Goal: a hook has the platform's whole patience and no more. Method: the real sender against a route of this process;
/// time passes when the test says so.
@Suite(.timeLimit(.minutes(2))) struct URLSessionSenderTests {
  static let patience = Duration.milliseconds(500)
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
    let waits = Mutex<[Duration]>([])
    let never = Signal()
    let sender = URLSessionSender { span in
      waits.withLock { $0.append(span) }
      await never.wait()
    }
    try await serving([HTTPRoute("POST", "/hook") { _ in HTTPResponse(status: 202) }]) { base in
      let status = await sender.send(Self.event, to: "\(base)/hook", patience: Self.patience)
      #expect(status == 202)
      #expect(waits.withLock { $0 } == [Self.patience])
    }
  }

  @Test func aHookThatDoesNotAnswerIsGivenUp() async throws {
    let arrived = Signal()
    let never = Signal()
    let sender = URLSessionSender { _ in await arrived.wait() }
    let silent = HTTPRoute("POST", "/hook") { _ in
      arrived.raise()
      await never.wait()
      return HTTPResponse(status: 200)
    }
    try await serving([silent]) { base in
      let status = await sender.send(Self.event, to: "\(base)/hook", patience: Self.patience)
      #expect(status == 0)
      never.raise()
    }
  }

  @Test func aCancelledSenderWaitsForNobody() async throws {
    let arrived = Signal()
    let never = Signal()
    let sender = URLSessionSender { _ in await never.wait() }
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
      #expect(await sending.value == 0)
      never.raise()
    }
  }

  /// Foundation drops a timeout's fraction: its own must be whole, and longer than the platform's.
  @Test(arguments: [Duration.milliseconds(500), .seconds(3), .seconds(5), .milliseconds(2_001)])
  func foundationsTimeoutIsWholeAndLonger(_ patience: Duration) throws {
    let request = try #require(
      URLSessionSender.request(Self.event, to: "http://127.0.0.1:1/hook", patience: patience))
    let timeout = request.timeoutInterval
    #expect(timeout.rounded() == timeout)
    #expect(Duration.seconds(timeout) >= patience + .seconds(1))
  }
}
