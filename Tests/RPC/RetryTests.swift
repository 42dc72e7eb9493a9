import Primitives
import Protobuf
import RPCCore
import Synchronization
import Testing

/// Calls that are made again, over a transport and a clock that only note what is asked of them.
@Suite struct RetryTests {
  /// Answers each try by what the script says of its number; nil is OK.
  private final class FakeTransport: ClientTransport {
    private let tries = Mutex<[OutgoingCall]>([])
    private let script: @Sendable (Int) -> RPCError?

    init(_ script: @escaping @Sendable (Int) -> RPCError?) {
      self.script = script
    }

    var calls: [OutgoingCall] { tries.withLock { $0 } }

    func unary(_ call: OutgoingCall, _ message: [UInt8]) async throws(RPCError) -> [UInt8] {
      let number = tries.withLock { tries in
        tries.append(call)
        return tries.count
      }
      if let error = script(number) { throw error }
      return message
    }

    func open(_ call: OutgoingCall) async throws(RPCError) -> any ClientCall {
      throw RPCError(.unimplemented, "", "Nobody opens a stream here.")
    }

    func close() async {}
  }

  private final class FakeClock: Sendable {
    private let noted = Mutex<[Duration]>([])
    var waits: [Duration] { noted.withLock { $0 } }
    func note(_ span: Duration) { noted.withLock { $0.append(span) } }
  }

  private let clock = FakeClock()

  private func client(
    _ transport: FakeTransport, _ retry: RetryPolicy = RetryPolicy(),
    byMethod: [String: RetryPolicy] = [:], budget: RetryBudget = RetryBudget()
  ) -> RPCClient {
    RPCClient(
      transport: transport, timeout: .seconds(60), retry: retry, retryByMethod: byMethod,
      budget: budget
    ) { [clock] in clock.note($0) }
  }

  private static func down(_ pushback: RetryPushback? = nil) -> RPCError {
    var error = RPCError(.unavailable, "", "It is down.")
    error.pushback = pushback
    return error
  }

  @Test func waitsGrowAndStayBelowTheirBound() async {
    let transport = FakeTransport { _ in Self.down() }
    let policy = RetryPolicy(
      attempts: 6, initialBackoff: .milliseconds(100), maximumBackoff: .milliseconds(300))
    _ = await #expect(throws: RPCError.self) {
      try await self.client(transport, policy).echo("x")
    }
    #expect(transport.calls.count == 6)
    for (wait, bound) in zip(clock.waits, [100, 200, 300, 300, 300]) {
      #expect(wait <= .milliseconds(bound))
    }
  }

  @Test func eachTrySaysHowManyWereBefore() async throws {
    let transport = FakeTransport { $0 < 3 ? Self.down() : nil }
    #expect(try await client(transport).echo("x") == "x")
    let said = transport.calls.map { $0.metadata["grpc-previous-rpc-attempts"] }
    #expect(said == [nil, "1", "2"])
  }

  /// Goal: a brown-out is not made worse. Method: 1000 calls to a server that is down make no more tries beyond their
  /// own than half of the tokens; afterwards a success in ten allows one retry.
  @Test func budgetBoundsWhatABrownOutCosts() async throws {
    let isUp = Mutex(false)
    let transport = FakeTransport { _ in isUp.withLock { $0 } ? nil : Self.down() }
    let client = client(transport, budget: RetryBudget(maximumTokens: 20, tokensForSuccess: 0.1))
    for _ in 0..<1000 { _ = try? await client.echo("x") }
    #expect(transport.calls.count < 1000 + 10)

    isUp.withLock { $0 = true }
    for _ in 0..<100 { _ = try await client.echo("x") }
    isUp.withLock { $0 = false }
    let before = transport.calls.count
    _ = try? await client.echo("x")
    // 100 successes gave ten tokens: half of all, so that the next failure takes the last that matter.
    #expect(transport.calls.count == before + 1)
    isUp.withLock { $0 = true }
    for _ in 0..<50 { _ = try await client.echo("x") }
    isUp.withLock { $0 = false }
    let later = transport.calls.count
    _ = try? await client.echo("x")
    #expect(transport.calls.count > later + 1)
  }

  @Test func pushbackIsObeyed() async throws {
    let transport = FakeTransport { $0 == 1 ? Self.down(.after(.milliseconds(1234))) : nil }
    #expect(try await client(transport).echo("x") == "x")
    #expect(clock.waits == [.milliseconds(1234)])

    let never = FakeTransport { _ in Self.down(.never) }
    _ = await #expect(throws: RPCError.self) { try await self.client(never).echo("x") }
    #expect(never.calls.count == 1)
  }

  @Test func noWaitGoesBeyondTheDeadline() async {
    let transport = FakeTransport { _ in Self.down(.after(.seconds(61))) }
    _ = await #expect(throws: RPCError.self) { try await self.client(transport).echo("x") }
    #expect(transport.calls.count == 1)
    #expect(clock.waits.isEmpty)
  }

  @Test func methodsOwnPolicyCounts() async throws {
    let aborted = RPCError(.aborted, "", "Somebody was faster.")
    let transport = FakeTransport { $0 == 1 ? aborted : nil }
    let policy = RetryPolicy(attempts: 2, codes: [.aborted])
    let own = client(transport, byMethod: [EchoService.unary.path: policy])
    #expect(try await own.echo("x") == "x")

    let other = FakeTransport { _ in aborted }
    _ = await #expect(throws: RPCError.self) { try await self.client(other).echo("x") }
    #expect(other.calls.count == 1)
  }

  /// Goal: what a handler says in its trailers reaches the caller's retry, on each wire.
  @Test(arguments: Wire.allCases) func pushbackTravels(_ wire: Wire) async throws {
    let probe = Probe()
    try await wire.with(probe: probe, retry: RetryPolicy()) { client async throws -> Void in
      let never = await #expect(throws: RPCError.self) { try await client.echo("pushback -1") }
      #expect(never?.pushback == .never)
      #expect(probe.attempts.value == 1)
      #expect(try await client.echo("pushback 1") == "previous 1")
    }
  }
}
