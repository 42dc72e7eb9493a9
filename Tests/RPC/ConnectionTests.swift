import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import Testing

@Suite struct ConnectionTests {
  private func server(_ probe: Probe = Probe(), at address: String = "127.0.0.1:0") throws
    -> RPCServer
  {
    let server = try RPCServer(
      ServerConfiguration(
        address: address, services: [EchoService(probe: probe)], loopCount: 1))
    server.start()
    return server
  }

  @Test func clientWaitsForAServiceThatIsStarting() async throws {
    // A port that was free a moment ago: the server comes to it after the call was made.
    let first = try server()
    let address = first.address
    await first.drain(within: .zero)
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: address), timeout: .seconds(20))
    async let answer = client.echo("early")
    let second = try server(at: address)
    #expect(try await answer == "early")
    await client.close()
    await second.drain(within: .seconds(1))
  }

  @Test func unreachableServiceIsUnavailableAtTheDeadline() async throws {
    let gone = try server()
    let address = gone.address
    await gone.drain(within: .zero)
    let client = RPCClient(transport: try HTTP2ClientTransport(target: address), retry: .never)
    let error = await #expect(throws: RPCError.self) {
      try await client.echo("x", options: CallOptions(timeout: .milliseconds(100)))
    }
    #expect(error?.code == .unavailable)
    #expect(error?.reason == "PEER_UNREACHABLE")
    #expect(error?.message.contains("refused") == true)
    await client.close()
  }

  @Test func drainLetsOpenCallsFinishAndClientsReconnect() async throws {
    let probe = Probe()
    let first = try server(probe)
    let address = first.address
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: address), timeout: .seconds(20))
    #expect(try await client.echo("one") == "one")
    await first.drain(within: .seconds(5))
    let second = try server(at: address)
    #expect(try await client.echo("two") == "two")
    await client.close()
    await second.drain(within: .seconds(1))
  }

  @Test func drainEndsStreamsWithUnavailable() async throws {
    let server = try server()
    let client = RPCClient(transport: try HTTP2ClientTransport(target: server.address))
    let chat = try await client.bidirectional(
      EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
    try await chat.send(HealthCheckRequest(service: "a"))
    let answer = try await chat.next()
    #expect(answer?.service == "A")
    async let drained: Void = server.drain(within: .seconds(10))
    let error = await #expect(throws: RPCError.self) { () async throws in _ = try await chat.next()
    }
    #expect(error?.code == .unavailable)
    await drained
    await client.close()
  }

  @Test func busyPortIsRefusedWithItsAddress() async throws {
    let first = try server()
    #expect(throws: TransportError.self) { try self.server(at: first.address) }
    await first.drain(within: .zero)
  }

  @Test(arguments: ["", "nonsense", "host", "host:", "host:70000", ":80", "1:2:3"])
  func badTargetsAreRefused(_ target: String) {
    #expect(throws: TransportError.self) { try HTTP2ClientTransport(target: target) }
  }
}
