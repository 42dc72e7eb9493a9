import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import Testing

/// Unary methods that are answered without a task: the caller must not see a difference.
@Suite struct DirectTests {
  @Test(arguments: Wire.allCases) func answerArrives(_ wire: Wire) async throws {
    try await wire.with(isDirect: true) { (client) async throws -> Void in
      #expect(try await client.echo("hello") == "hello")
      #expect(try await client.echo("") == "")
      let large = String(repeating: "x", count: 1_000_000)
      #expect(try await client.echo(large) == large)
    }
  }

  @Test(arguments: Wire.allCases) func answerOfAnotherThreadArrives(_ wire: Wire) async throws {
    let probe = Probe()
    try await wire.with(probe: probe, isDirect: true) { (client) async throws -> Void in
      let answers = (0..<20).map { _ in Task { try await client.echo("elsewhere") } }
      await probe.started.wait()
      probe.released.signal()
      for answer in answers { #expect(try await answer.value == "elsewhere") }
    }
  }

  @Test(arguments: Wire.allCases, ["throw", "fail"])
  func errorArrives(_ wire: Wire, _ text: String) async throws {
    try await wire.with(isDirect: true) { (client) async throws -> Void in
      let error = await #expect(throws: RPCError.self) { try await client.echo(text) }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "HOLD_ENDED")
      #expect(error?.domain == "test.onepool")
      #expect(error?.metadata == (text == "throw" ? ["hold": "h-1"] : [:]))
    }
  }

  @Test(arguments: Wire.allCases) func unknownErrorBecomesInternal(_ wire: Wire) async throws {
    try await wire.with(isDirect: true) { (client) async throws -> Void in
      let error = await #expect(throws: RPCError.self) { try await client.echo("bug") }
      #expect(error?.code == .internalError)
      #expect(error?.message.contains("Bug") == false)
    }
  }

  /// Goal: a deadline is kept though nobody cancels the handler, whose answer then harms nothing.
  @Test(.timeLimit(.minutes(1))) func lateAnswerIsDropped() async throws {
    let probe = Probe()
    let server = try Self.server(probe) { $0.callsInFlight = 1 }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let error = await #expect(throws: RPCError.self) {
      try await client.echo("deaf", options: CallOptions(timeout: .milliseconds(50)))
    }
    #expect(error?.code == .deadlineExceeded)
    // Its place is taken as long as the handler is at it.
    let busy = await #expect(throws: RPCError.self) { try await client.echo("x") }
    #expect(busy?.reason == "SERVER_BUSY")
    probe.released.signal()
    #expect(try await Self.firstAnswer(client) == "free")
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// Goal: a caller that is gone, with its connection, harms nothing either.
  @Test(.timeLimit(.minutes(1))) func answerToNobodyIsDropped() async throws {
    let probe = Probe()
    let server = try Self.server(probe) { $0.callsInFlight = 1 }
    let gone = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let call = Task { try await gone.echo("deaf") }
    await probe.started.wait()
    call.cancel()
    _ = await call.result
    await gone.close()
    probe.released.signal()
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    #expect(try await Self.firstAnswer(client) == "free")
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// Goal: a server that goes down waits for what is still to be answered.
  @Test(.timeLimit(.minutes(1))) func drainWaitsForTheAnswer() async throws {
    let probe = Probe()
    let server = try Self.server(probe) { _ in }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    let call = Task { try await client.echo("elsewhere") }
    await probe.started.wait()
    let drained = Task { await server.drain(within: .seconds(30)) }
    probe.released.signal()
    #expect(try await call.value == "elsewhere")
    await client.close()
    await drained.value
  }

  /// Goal: what is handed to a handler's thread runs there, all of it and in its order.
  @Test(.timeLimit(.minutes(1))) func workRunsOnTheHandlersThread() async throws {
    let probe = Probe()
    let server = try Self.server(probe) { _ in }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    #expect(try await client.echo("thread") == "a loop's")
    #expect(try await client.echo("home 1") == "home after 40")
    #expect(HandlerThreads.current == nil)
    await client.close()
    await server.drain(within: .seconds(5))
  }

  /// Goal: who calls a unary method as a stream of one message gets the same, however it is answered.
  @Test(arguments: [false, true]) func streamOfOneMessageIsAnswered(_ isDirect: Bool) async throws {
    try await Wire.inProcess.with(isDirect: isDirect) { (client) async throws -> Void in
      for text in ["hello", "fail"] {
        let chat = try await client.bidirectional(
          EchoService.unary, HealthCheckRequest.self, HealthCheckRequest.self,
          options: CallOptions())
        try await chat.send(HealthCheckRequest(service: text))
        if text == "hello" {
          #expect(try await chat.next()?.service == "hello")
          #expect(try await chat.next() == nil)
        } else {
          let error = await #expect(throws: RPCError.self) { try await chat.next() }
          #expect(error?.reason == "HOLD_ENDED")
          #expect(error?.domain == "test.onepool")
        }
      }
      let empty = try await client.bidirectional(
        EchoService.unary, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
      try await empty.finishSending()
      let error = await #expect(throws: RPCError.self) { try await empty.next() }
      #expect(error?.reason == "MESSAGE_MISSING")
    }
  }

  /// Goal: JSON over HTTP/1.1 and streams of the Connect protocol get the same.
  @Test func otherProtocolsAreAnswered() async throws {
    let server = try Self.server(Probe()) { _ in }
    let json = #"{"service":"hello"}"#
    let whole = try Self.ask(server, json, type: "json")
    #expect(whole.hasPrefix("HTTP/1.1 200 ") && whole.hasSuffix(json), "\(whole)")
    let failed = try Self.ask(server, #"{"service":"throw"}"#, type: "json")
    #expect(failed.hasPrefix("HTTP/1.1 400 ") && failed.contains("HOLD_ENDED"), "\(failed)")
    let prefix = "\0\0\0\0" + String(UnicodeScalar(UInt8(json.utf8.count)))
    let stream = try Self.ask(server, prefix + json, type: "connect+json")
    #expect(stream.hasPrefix("HTTP/1.1 ") && !stream.contains("internal"), "\(stream)")
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: server.address), retry: .never)
    #expect(try await client.echo("still there") == "still there")
    await client.close()
    await server.drain(within: .seconds(5))
  }

  private static func server(
    _ probe: Probe, _ change: (inout TransportLimits) -> Void
  ) throws -> RPCServer {
    var limits = TransportLimits()
    change(&limits)
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService(probe: probe, isDirect: true)],
        limits: limits, loopCount: 1))
    server.start()
    return server
  }

  /// The answer of a server whose only place becomes free soon.
  private static func firstAnswer(_ client: RPCClient) async throws -> String {
    while true {
      do {
        return try await client.echo("free")
      } catch let error as RPCError where error.reason == "SERVER_BUSY" {
        continue
      }
    }
  }

  private static func ask(
    _ server: RPCServer, _ body: String, type: String
  ) throws -> String {
    try PlainSocket.ask(
      server.port,
      "POST /onepool.test.v1.EchoService/Unary HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        + "content-type: application/\(type)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
  }
}
