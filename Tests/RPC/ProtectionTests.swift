import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import Synchronization
import Testing

/// What a server does to keep its calls well when there are too many of them, or a connection is too old.
@Suite struct ProtectionTests {
  private func server(
    _ probe: Probe = Probe(), _ observer: Ends = Ends(),
    _ change: (inout TransportLimits) -> Void
  ) throws -> RPCServer {
    var limits = TransportLimits()
    change(&limits)
    let health = HealthService()
    health.set(serving: true)
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService(probe: probe), health], observer: observer,
        limits: limits, loopCount: 1))
    server.start()
    return server
  }

  /// Goal: who comes beyond the limit is told so at once, and when to come again; health is still answered.
  @Test(.timeLimit(.minutes(1))) func callsBeyondTheLimitAreRefusedBeforeTheirHandler()
    async throws
  {
    let probe = Probe()
    let server = try server(probe) { $0.callsInFlight = 1 }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let first = Task { try await client.echo("hang") }
    await probe.started.wait()
    let error = await #expect(throws: RPCError.self) { try await client.echo("flaky") }
    #expect(error?.code == .resourceExhausted)
    #expect(error?.reason == "SERVER_BUSY")
    #expect(error?.retryAfter == .milliseconds(200))
    #expect(probe.attempts.value == 0)
    let stream: RPCError? = await #expect(throws: RPCError.self) {
      let chat = try await client.bidirectional(
        EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
      _ = try await chat.next()
    }
    #expect(stream?.code == .resourceExhausted)
    let health: HealthCheckResponse = try await client.unary(
      MethodDescriptor(
        service: "grpc.health.v1.Health", method: "Check", kind: .unary,
        idempotency: .noSideEffects),
      HealthCheckRequest(), options: CallOptions())
    #expect(health.status == .serving)
    first.cancel()
    _ = await first.result
    // The place is free once the handler has returned, which is soon.
    var answer: String?
    while answer == nil {
      do {
        answer = try await client.echo("free")
      } catch let error as RPCError where error.code == .resourceExhausted {
        continue
      }
    }
    #expect(answer == "free")
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// Goal: both HTTPs have the same places. Method: a call of one takes the only one; the other is told so, in the words
  /// of the Connect protocol, until it is free again.
  @Test(.timeLimit(.minutes(1))) func placesAreCountedOverBothHTTPs() async throws {
    let probe = Probe()
    let server = try server(probe) { $0.callsInFlight = 1 }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let first = Task { try await client.echo("hang") }
    await probe.started.wait()
    let refused = try Self.ask(server, "onepool.test.v1.EchoService/Unary", "x")
    #expect(refused.hasPrefix("HTTP/1.1 429 "), "\(refused)")
    #expect(refused.contains("retry-after: 1"), "\(refused)")
    #expect(refused.contains("SERVER_BUSY") && refused.contains("RetryInfo"), "\(refused)")
    let stream = try Self.ask(server, "onepool.test.v1.EchoService/Expand", "1", isStream: true)
    #expect(stream.hasPrefix("HTTP/1.1 200 "), "\(stream)")
    #expect(stream.contains("resource_exhausted") && stream.contains("SERVER_BUSY"), "\(stream)")
    // Who only looks is let in.
    let health = try Self.ask(server, "grpc.health.v1.Health/Check", "")
    #expect(health.hasPrefix("HTTP/1.1 200 "), "\(health)")
    #expect(try PlainSocket.ask(server.port, Self.get).hasPrefix("HTTP/1.1 404 "))
    first.cancel()
    _ = await first.result
    // Each gives its place back, however it ends.
    for (method, word, isStream) in [
      ("Unary", "x", false), ("Expand", "3", true), ("Unary", "fail", false),
      ("Expand", "fail after", true), ("Unary", "x", false),
    ] {
      var answer = "busy"
      while answer == "busy" {
        let text = try Self.ask(
          server, "onepool.test.v1.EchoService/\(method)", word, isStream: isStream)
        if !text.contains("SERVER_BUSY") { answer = text }
      }
      #expect(answer.contains(word == "x" ? "x" : isStream ? "1" : "HOLD_ENDED"), "\(answer)")
    }
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// A stream's place is taken until its reader is gone.
  @Test(.timeLimit(.minutes(1))) func readerThatGoesGivesItsPlaceBack() async throws {
    let probe = Probe()
    let server = try server(probe) { $0.callsInFlight = 1 }
    let reader = try PlainSocket.connect(server.port)
    reader.send(Self.request("onepool.test.v1.EchoService/Expand", "hang after", isStream: true))
    await probe.started.wait()
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let error = await #expect(throws: RPCError.self) { try await client.echo("x") }
    #expect(error?.reason == "SERVER_BUSY")
    reader.end()
    var answer: String?
    while answer == nil {
      do {
        answer = try await client.echo("free")
      } catch let error as RPCError where error.code == .resourceExhausted {
        continue
      }
    }
    #expect(answer == "free")
    await client.close()
    await server.drain(within: .seconds(5))
  }

  private static let get = "GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"

  private static func ask(
    _ server: RPCServer, _ path: String, _ word: String, isStream: Bool = false
  ) throws -> String {
    try PlainSocket.ask(server.port, request(path, word, isStream: isStream))
  }

  private static func request(_ path: String, _ word: String, isStream: Bool) -> String {
    let message = #"{"service":"\#(word)"}"#
    let prefix = isStream ? "\0\0\0\0" + String(UnicodeScalar(UInt8(message.utf8.count))) : ""
    let body = prefix + message
    return "POST /\(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
      + "content-type: application/\(isStream ? "connect+" : "")json\r\n"
      + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  /// Goal: an old connection gives way to a new one and no call is lost. Method: calls without a pause, not repeated,
  /// until two connections were ended for their age.
  @Test(.timeLimit(.minutes(1))) func connectionThatIsTooOldLosesNoCall() async throws {
    let ends = Ends()
    let server = try server(Probe(), ends) { $0.connectionAgeSeconds = 1 }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), timeout: .seconds(30),
      retry: .never)
    while ends.count(.aged) < 2 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<10 {
          group.addTask {
            let answer = try await client.echo("\(number)")
            #expect(answer == "\(number)")
          }
        }
        try await group.waitForAll()
      }
    }
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// Goal: the time of grace is a stream's, and no more than that.
  @Test(.timeLimit(.minutes(1))) func streamOutlivesItsConnectionsAgeByTheGrace() async throws {
    let ends = Ends()
    let server = try server(Probe(), ends) {
      $0.connectionAgeSeconds = 1
      $0.connectionGraceSeconds = 1
    }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let chat = try await client.bidirectional(
      EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
    let start = monotonicNanoseconds()
    let error = await #expect(throws: RPCError.self) {
      while true {
        try await chat.send(HealthCheckRequest(service: "a"))
        _ = try await chat.next()
      }
    }
    #expect(error?.reason == "CONNECTION_AGED")
    #expect(monotonicNanoseconds() - start >= 1_800_000_000)
    await client.close()
    await server.drain(within: .seconds(5))
  }

  @Test(.timeLimit(.minutes(1))) func connectionsBeyondTheLimitAreClosedAndCounted() async throws {
    let ends = Ends()
    let server = try server(Probe(), ends) { $0.connections = 1 }
    let first = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    #expect(try await first.echo("in") == "in")
    let second = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    await #expect(throws: RPCError.self) {
      try await second.echo("out", options: CallOptions(timeout: .milliseconds(300)))
    }
    #expect(ends.count(.connectionsExhausted) > 0)
    #expect(ends.peer?.hasPrefix("127.0.0.1:") == true)
    #expect(try await first.echo("still") == "still")
    await second.close()
    await first.close()
    await server.drain(within: .seconds(5))
  }
}

/// Counts why connections were ended.
private final class Ends: RPCObserver {
  private let seen = Mutex<[(reason: ConnectionEnd, peer: String)]>([])

  var peer: String? { seen.withLock { $0.last?.peer } }

  func count(_ reason: ConnectionEnd) -> Int {
    seen.withLock { seen in seen.filter { $0.reason == reason }.count }
  }

  func connectionEnded(_ reason: ConnectionEnd, peer: String) {
    seen.withLock { $0.append((reason, peer)) }
  }

  func calls(of method: MethodDescriptor) -> any MethodObserver { SilentObserver() }
  func internalError(_ error: any Error, method: MethodDescriptor, reference: String) {}
}
