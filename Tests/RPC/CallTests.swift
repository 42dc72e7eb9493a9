import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import RPCInProcess
import Testing

/// A server and a client of it, over a socket or in this process: what holds for one must hold for both.
enum Wire: String, CaseIterable, CustomTestStringConvertible {
  case http2
  case inProcess
  var testDescription: String { rawValue }

  func with<Result: Sendable>(
    probe: Probe = Probe(), retry: RetryPolicy = .never, isDirect: Bool = false,
    _ body: (RPCClient) async throws -> Result
  ) async throws -> Result {
    switch self {
    case .inProcess:
      let transport = InProcessTransport(
        services: [EchoService(probe: probe, isDirect: isDirect)])
      return try await body(RPCClient(transport: transport, retry: retry))
    case .http2:
      let server = try RPCServer(
        ServerConfiguration(
          address: "127.0.0.1:0", services: [EchoService(probe: probe, isDirect: isDirect)],
          loopCount: 2))
      server.start()
      let transport = try HTTP2ClientTransport(target: server.address)
      let client = RPCClient(transport: transport, retry: retry)
      do {
        let result = try await body(client)
        await client.close()
        await server.drain(within: .seconds(5))
        return result
      } catch {
        await client.close()
        await server.drain(within: .seconds(5))
        throw error
      }
    }
  }
}

extension RPCClient {
  func echo(_ text: String, options: CallOptions = CallOptions()) async throws -> String {
    let response: HealthCheckRequest = try await unary(
      EchoService.unary, HealthCheckRequest(service: text), options: options)
    return response.service
  }
}

@Suite struct CallTests {
  @Test(arguments: Wire.allCases) func unaryCallReturnsItsMessage(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      #expect(try await client.echo("hello") == "hello")
      #expect(try await client.echo("") == "")
      let large = String(repeating: "x", count: 1_000_000)
      #expect(try await client.echo(large) == large)
    }
  }

  @Test(arguments: Wire.allCases) func errorArrivesWithAllItsDetails(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      let error = await #expect(throws: RPCError.self) { try await client.echo("fail") }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "HOLD_ENDED")
      #expect(error?.domain == "test.onepool")
      #expect(error?.message == "Hold h-1 is released – naïve ☃ 😀.")
      #expect(error?.metadata == ["hold": "h-1"])
      #expect(error?.violations == [.init(field: "lines[3].quantity", problem: "must be positive")])
      #expect(error?.retryAfter == .milliseconds(1500))
    }
  }

  /// Goal: an error with many details arrives as what it is. `test_grpc.py` asks with grpcio.
  @Test func errorWithManyDetailsFitsIntoTrailers() async throws {
    try await Wire.http2.with { (client) async throws -> Void in
      let error = await #expect(throws: RPCError.self) { try await client.echo("many violations") }
      #expect(error?.code == .invalidArgument)
      #expect(error?.reason == "INVALID_REQUEST")
      #expect(error?.metadata == ["field": "lines[0].quantity"])
      let fields = error?.violations.map(\.field) ?? []
      #expect(fields.count > 40 && fields.count < 1_000)
      #expect(fields == (0..<fields.count).map { "lines[\($0)].quantity" })
      #expect(error?.message.hasPrefix("lines[0].quantity: ☃☃") == true)
      #expect(error?.message.hasSuffix("☃…") == true)
    }
  }

  /// Goal: nobody waits for headers that are too large to be sent.
  @Test(.timeLimit(.minutes(1)), arguments: ["large trailers", "large headers"])
  func headersThatCannotBeSentEndTheCall(_ text: String) async throws {
    try await Wire.http2.with { (client) async throws -> Void in
      let options = CallOptions(timeout: .seconds(3_600))
      let error = await #expect(throws: RPCError.self) {
        try await client.echo(text, options: options)
      }
      #expect(error?.code == .internalError)
      #expect(try await client.echo("next") == "next")
      let large = CallOptions(
        timeout: .seconds(3_600), metadata: ["x-large": String(repeating: "x", count: 100_000)])
      await #expect(throws: RPCError.self) { try await client.echo("x", options: large) }
      #expect(try await client.echo("next") == "next")
    }
  }

  @Test func detailsAreCutToTheirBound() {
    let violations = (0..<50).map {
      RPCError.FieldViolation(field: "f\($0)", problem: "is wrong")
    }
    let error = RPCError(.invalidArgument, "R", "m", ["k": "v"], violations: violations)
    let whole = error.statusDetails()
    #expect(error.statusDetails(atMost: whole.count) == whole)
    for bound in stride(from: 0, to: whole.count, by: 7) {
      let bytes = error.statusDetails(atMost: bound)
      let read = RPCError(code: .invalidArgument, message: "m", statusDetails: bytes)
      #expect(read.reason == "R")
      #expect(read.violations == Array(violations.prefix(read.violations.count)))
      guard bytes.count <= bound else {
        // The reason alone is more.
        #expect(read.violations.isEmpty && read.metadata.isEmpty)
        continue
      }
      // One more would not have fitted.
      var more = error
      more.violations = Array(violations.prefix(read.violations.count + 1))
      if !read.metadata.isEmpty { #expect(more.statusDetails().count > bound) }
    }
  }

  @Test(arguments: Wire.allCases) func unknownErrorBecomesInternalWithAReference(
    _ wire: Wire
  ) async throws {
    try await wire.with { (client) async throws -> Void in
      let error = await #expect(throws: RPCError.self) { try await client.echo("bug") }
      #expect(error?.code == .internalError)
      #expect(error?.message.contains("Bug") == false)
      #expect(error?.metadata["reference"]?.isEmpty == false)
    }
  }

  @Test(arguments: Wire.allCases) func metadataReachesTheHandler(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      var metadata: Metadata = ["x-one": "1"]
      metadata.add("x-two-bin", bytes: [0, 255, 7])
      let answer = try await client.echo("metadata", options: CallOptions(metadata: metadata))
      #expect(answer == "1 [0, 255, 7]")
    }
  }

  @Test(arguments: Wire.allCases) func everyUnaryCallHasADeadline(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      #expect(try await client.echo("deadline") == "set")
    }
  }

  @Test(arguments: Wire.allCases) func deadlineEndsTheCallAndCancelsTheHandler(
    _ wire: Wire
  ) async throws {
    let probe = Probe()
    try await wire.with(probe: probe) { (client) async throws -> Void in
      // On a busy machine the time may be over before the handler has begun: then it gets more.
      var timeout = Duration.milliseconds(50)
      while !probe.started.hasHappened {
        let error = await #expect(throws: RPCError.self) {
          try await client.echo("hang", options: CallOptions(timeout: timeout))
        }
        #expect(error?.code == .deadlineExceeded || error?.reason == "PEER_UNREACHABLE")
        timeout *= 2
      }
      await probe.cancelled.wait()
    }
  }

  @Test func workThatNeverRestsStarvesNoTimer() async throws {
    let probe = Probe()
    try await Wire.http2.with(probe: probe) { (client) async throws -> Void in
      var timeout = Duration.milliseconds(50)
      while !probe.started.hasHappened {
        _ = await #expect(throws: RPCError.self) {
          try await client.echo("spin", options: CallOptions(timeout: timeout))
        }
        timeout *= 2
      }
      await probe.cancelled.wait()
    }
  }

  /// Goal: what a handler leaves unread costs the connection nothing. Method: 100 calls leave 100 KiB each, more than
  /// the connection's window (4 MiB) in all, and never end their side.
  @Test(arguments: Wire.allCases) func unreadInputIsDroppedWithItsCall(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      var calls: [DuplexCall<HealthCheckRequest, HealthCheckRequest>] = []
      for _ in 0..<100 {
        let call = try await client.bidirectional(
          EchoService.first, HealthCheckRequest.self, HealthCheckRequest.self,
          options: CallOptions(timeout: .seconds(60)))
        try await call.send(HealthCheckRequest(service: "first"))
        // The call may have ended by now: then there is nothing to send to.
        try? await call.send(HealthCheckRequest(service: String(repeating: "x", count: 100_000)))
        let answer = try await call.next()
        #expect(answer?.service == "5")
        let end = try await call.next()
        #expect(end == nil)
        calls.append(call)
      }
      let large = String(repeating: "y", count: 1_000_000)
      #expect(try await client.echo(large) == large)
    }
  }

  @Test(arguments: Wire.allCases) func cancellingTheCallerCancelsTheHandler(
    _ wire: Wire
  ) async throws {
    let probe = Probe()
    try await wire.with(probe: probe) { (client) async throws -> Void in
      let task = Task { try await client.echo("hang") }
      await probe.started.wait()
      task.cancel()
      let error = await #expect(throws: RPCError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      await probe.cancelled.wait()
    }
  }

  @Test(arguments: Wire.allCases) func unavailableIsTriedAgain(_ wire: Wire) async throws {
    let probe = Probe()
    let retry = RetryPolicy(attempts: 5, initialBackoff: .milliseconds(1))
    try await wire.with(probe: probe, retry: retry) { (client) async throws -> Void in
      #expect(try await client.echo("flaky") == "at last")
      #expect(probe.attempts.value == 3)
    }
  }

  @Test(arguments: Wire.allCases) func unknownMethodIsUnimplemented(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      for (service, method, reason) in [
        ("onepool.test.v1.EchoService", "Nothing", "METHOD_UNKNOWN"),
        ("onepool.test.v1.Nobody", "Unary", "SERVICE_UNKNOWN"),
      ] {
        let error = await #expect(throws: RPCError.self) {
          let _: HealthCheckRequest = try await client.unary(
            MethodDescriptor(service: service, method: method, kind: .unary), HealthCheckRequest(),
            options: CallOptions())
        }
        #expect(error?.code == .unimplemented)
        #expect(error?.reason == reason)
      }
    }
  }

  @Test(arguments: Wire.allCases) func serverStreamKeepsItsOrder(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      var numbers: [Int] = []
      let stream: ResponseStream<HealthCheckRequest> = client.serverStreaming(
        EchoService.expand, HealthCheckRequest(service: "5000"), options: CallOptions())
      for try await message in stream { numbers.append(Int(message.service) ?? -1) }
      #expect(numbers == Array(1...5000))
    }
  }

  @Test(arguments: Wire.allCases) func streamEndsWithItsStatusAfterItsMessages(
    _ wire: Wire
  ) async throws {
    try await wire.with { (client) async throws -> Void in
      var count = 0
      let stream: ResponseStream<HealthCheckRequest> = client.serverStreaming(
        EchoService.expand, HealthCheckRequest(service: "fail after"), options: CallOptions())
      let error = await #expect(throws: RPCError.self) {
        for try await _ in stream { count += 1 }
      }
      #expect(count == 1)
      #expect(error?.code == .aborted)
      #expect(error?.reason == "TORN")
    }
  }

  @Test(arguments: Wire.allCases) func slowReaderStopsTheWriter(_ wire: Wire) async throws {
    let probe = Probe()
    try await wire.with(probe: probe) { (client) async throws -> Void in
      let stream: ResponseStream<HealthCheckRequest> = client.serverStreaming(
        EchoService.expand, HealthCheckRequest(service: "10000000"), options: CallOptions())
      let iterator = stream.makeAsyncIterator()
      _ = try await iterator.next()
      // Unread: at most the windows and the buffers of both sides are filled, then the writer waits.
      var last = -1
      while probe.written.value != last {
        last = probe.written.value
        // Time in which a writer that did not wait would have written on.
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(last < 200_000)
      let next = try await iterator.next()
      #expect(next?.service == "2")
    }
  }

  @Test(arguments: Wire.allCases) func clientStreamAndDuplexWork(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      let collect = try await client.bidirectional(
        EchoService.collect, HealthCheckRequest.self, HealthCheckRequest.self,
        options: CallOptions())
      for word in ["a", "b", "c"] { try await collect.send(HealthCheckRequest(service: word)) }
      try await collect.finishSending()
      let collected = try await collect.next()
      #expect(collected?.service == "a,b,c")
      let end = try await collect.next()
      #expect(end == nil)

      let chat = try await client.bidirectional(
        EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
      for word in ["x", "y"] {
        try await chat.send(HealthCheckRequest(service: word))
        let answer = try await chat.next()
        #expect(answer?.service == word.uppercased())
      }
      try await chat.finishSending()
      let last = try await chat.next()
      #expect(last == nil)
    }
  }

  /// Goal: a message larger than a stream's window (256 KiB) goes through a stream, both ways.
  @Test(arguments: Wire.allCases) func largeMessagesGoThroughStreams(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      let chat = try await client.bidirectional(
        EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self,
        options: CallOptions(timeout: .seconds(60)))
      for count in [1, 300_000, 3_000_000] {
        try await chat.send(HealthCheckRequest(service: String(repeating: "x", count: count)))
        let answer = try await chat.next()
        #expect(answer?.service == String(repeating: "X", count: count))
      }
      try await chat.finishSending()
      let last = try await chat.next()
      #expect(last == nil)
    }
  }

  @Test(arguments: Wire.allCases) func manyCallsAtOnceAllReturnTheirOwn(_ wire: Wire) async throws {
    try await wire.with { (client) async throws -> Void in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<2000 {
          group.addTask { try await client.echo("n\(number)") == "n\(number)" }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }
}
