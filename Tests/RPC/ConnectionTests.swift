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

  /// Goal: a call that the server says it has not looked at is made again whole, its message with it.
  @Test(arguments: ["RST_STREAM", "GOAWAY"])
  func callThatTheServerHasNotLookedAtIsMadeAgainWhole(_ how: String) async throws {
    let peer = RawPeer { connection, number in
      var refused = number > 0
      while let (stream, body) = connection.request() {
        if refused {
          connection.answer(stream, body)
        } else if how == "GOAWAY" {
          // Last stream 0: none was looked at (RFC 9113, 6.8).
          connection.send(RawConnection.goAway, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])
          return
        } else {
          // REFUSED_STREAM (RFC 9113, 8.7).
          connection.send(RawConnection.reset, 0, stream, [0, 0, 0, 7])
          refused = true
        }
      }
    }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: peer.address), timeout: .seconds(60),
      retry: .never)
    #expect(try await client.echo("whole") == "whole")
    await client.close()
    peer.stop()
  }

  @Test func callThatIsRefusedAgainAndAgainFails() async throws {
    let peer = RawPeer { connection, _ in
      while let (stream, _) = connection.request() {
        connection.send(RawConnection.reset, 0, stream, [0, 0, 0, 7])
      }
    }
    let client = RPCClient(
      transport: try HTTP2ClientTransport(target: peer.address), timeout: .seconds(60),
      retry: .never)
    let error = await #expect(throws: RPCError.self) { try await client.echo("never") }
    #expect(error?.code == .unavailable)
    await client.close()
    peer.stop()
  }

  /// Goal: a call goes on though nobody holds its client any more.
  @Test func openCallKeepsItsTransport() async throws {
    let server = try server()
    func open() async throws -> DuplexCall<HealthCheckRequest, HealthCheckRequest> {
      let client = RPCClient(transport: try HTTP2ClientTransport(target: server.address))
      return try await client.bidirectional(
        EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self,
        options: CallOptions(timeout: .seconds(60)))
    }
    let chat = try await open()
    for word in ["a", "b"] {
      try await chat.send(HealthCheckRequest(service: word))
      let answer = try await chat.next()
      #expect(answer?.service == word.uppercased())
    }
    chat.cancel()
    await server.drain(within: .zero)
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
