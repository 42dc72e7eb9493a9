import Foundation
import FoundationNetworking
import Primitives
import RPCCore
import RPCHTTP2
import Testing

/// A server that stands by for another one has looked at no call, and clients treat it so.
@Suite(.timeLimit(.minutes(1))) struct StandbyTests {
  private func standby() throws -> RPCServer {
    var configuration = ServerConfiguration(
      address: "127.0.0.1:0", services: [HealthService(others: .notServing)],
      routes: [HTTPRoute("GET", "/healthz") { _ in .text(200, "ok\n") }], loopCount: 1)
    configuration.refusal = .standingBy
    let server = try RPCServer(configuration)
    server.start()
    return server
  }

  private func server(on listener: Listener? = nil) throws -> RPCServer {
    let configuration = ServerConfiguration(
      address: "127.0.0.1:0", services: [EchoService(), HealthService()], loopCount: 1)
    return try RPCServer(configuration, on: listener)
  }

  private func client(
    _ servers: [RPCServer], _ options: ClientOptions = ClientOptions(),
    timeout: Duration = .seconds(60)
  ) throws -> RPCClient {
    RPCClient(
      transport: try HTTP2ClientTransport(
        target: servers.map(\.address).joined(separator: ","), connections: 2, options: options),
      timeout: timeout, retry: .never)
  }

  private func echo(_ text: String, _ client: RPCClient) async throws -> String {
    let answer: HealthCheckRequest = try await client.unary(
      EchoService.unary, HealthCheckRequest(service: text), options: CallOptions())
    return answer.service
  }

  /// What is answered to the numbers below `count`, all asked at once.
  private func echoes(_ count: Int, _ client: RPCClient) async throws -> Set<String> {
    try await withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<count { group.addTask { try await echo("\(number)", client) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
  }

  /// Goal: calls of each kind are answered by the process that does the work, whichever is called first, without a
  /// retry that a policy would have to allow.
  @Test(arguments: ClientOptions.Balancing.allCases)
  func callsGoToTheNextAddress(_ balancing: ClientOptions.Balancing) async throws {
    let standby = try standby()
    let active = try server()
    active.start()
    var options = ClientOptions()
    options.balancing = balancing
    let client = try client([standby, active], options)
    #expect(try await echoes(50, client) == Set((0..<50).map(String.init)))
    // More than is sent at once.
    let large = String(repeating: "x", count: 1 << 20)
    #expect(try await echo(large, client) == large)
    let expanded: ResponseStream<HealthCheckRequest> = client.serverStreaming(
      EchoService.expand, HealthCheckRequest(service: "3"), options: CallOptions())
    var count = 0
    for try await _ in expanded { count += 1 }
    #expect(count == 3)
    let chat = try await client.bidirectional(
      EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
    for word in ["a", "b"] {
      try await chat.send(HealthCheckRequest(service: word))
      #expect(try await chat.next()?.service == word.uppercased())
    }
    try await chat.finishSending()
    #expect(try await chat.next() == nil)
    await client.close()
    for server in [standby, active] { await server.drain(within: .seconds(2)) }
  }

  /// Goal: a call of which too much was sent to be sent again leaves the standby all the same, and its caller is not told
  /// what would make him seem to stand by himself. Whether it was too much by then is a matter of the moment.
  @Test func callThatCannotBeMovedFindsNobody() async throws {
    let standby = try standby()
    let active = try server()
    active.start()
    let client = try client([standby, active])
    let upload = try await client.bidirectional(
      EchoService.first, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
    do throws(RPCError) {
      for _ in 0..<20 {
        try await upload.send(HealthCheckRequest(service: String(repeating: "x", count: 100_000)))
      }
      #expect(try await upload.next()?.service == "100000")
    } catch {
      #expect(error.code == .unavailable && error.reason == "PEER_UNREACHABLE", "\(error)")
    }
    #expect(try await echo("after", client) == "after")
    await client.close()
    for server in [standby, active] { await server.drain(within: .seconds(2)) }
  }

  /// Goal: while nobody does the work, calls wait as for a server that is starting; who waits too long learns why.
  /// Method: many calls, and one that gives up; then the port is passed on to a server that works.
  @Test func callsWaitForTheTakeover() async throws {
    let standby = try standby()
    let client = try client([standby])
    async let answers = echoes(20, client)
    let hasty = try self.client([standby], timeout: .seconds(2))
    do throws(RPCError) {
      let _: HealthCheckRequest = try await hasty.unary(
        EchoService.unary, HealthCheckRequest(), options: CallOptions())
      Issue.record("nobody could answer")
    } catch {
      #expect(error.code == .unavailable && error.reason == "PEER_UNREACHABLE", "\(error)")
      #expect(error.message.contains("stands by"), "\(error)")
    }
    let heir = try server(on: standby.listener)
    #expect(heir.address == standby.address)
    await standby.passOn()
    heir.start()
    await standby.drain(within: .seconds(2))
    #expect(try await answers == Set((0..<20).map(String.init)))
    #expect(try await echo("after", client) == "after")
    for client in [client, hasty] { await client.close() }
    await heir.drain(within: .seconds(2))
    // The port is free again.
    let next = try RPCServer(ServerConfiguration(address: heir.address, services: [], loopCount: 1))
    await next.drain(within: .zero)
  }

  /// Goal: whatever is asked by HTTP is told to come again, however large; its own routes answer.
  @Test(arguments: [
    ("POST", "/hooks/shopee", 10, 503), ("POST", "/hooks/shopee", 2 << 20, 503),
    ("GET", "/console", 0, 503),
    ("POST", "/onepool.test.v1.EchoService/Unary", 10, 503), ("GET", "/healthz", 0, 200),
    ("POST", "/healthz", 0, 405),
  ])
  func requestsAreToldToComeAgain(
    _ method: String, _ path: String, _ bytes: Int, _ status: Int
  ) async throws {
    let standby = try standby()
    var request = URLRequest(url: try #require(URL(string: "http://\(standby.address)\(path)")))
    request.httpMethod = method
    if bytes > 0 { request.httpBody = Data(repeating: 0x20, count: bytes) }
    request.setValue("application/json", forHTTPHeaderField: "content-type")
    let (data, response) = try await URLSession.shared.data(for: request)
    let answer = try #require(response as? HTTPURLResponse)
    let text = String(decoding: data, as: UTF8.self)
    #expect(answer.statusCode == status, "\(text)")
    if status == 503 {
      #expect(answer.value(forHTTPHeaderField: "retry-after") == "1")
      #expect(text.contains("STANDING_BY") && text.contains("unavailable"), "\(text)")
    }
    await standby.drain(within: .zero)
  }

  @Test func healthIsNotServingWhateverIsAskedFor() async throws {
    let standby = try standby()
    let client = try client([standby])
    let health = HealthClient(client)
    for name in ["", "onepool.pool.v1.PoolService"] {
      #expect(try await health.check(HealthCheckRequest(service: name)).status == .notServing)
      for try await answer in health.watch(HealthCheckRequest(service: name)) {
        #expect(answer.status == .notServing)
        break
      }
    }
    await client.close()
    await standby.drain(within: .seconds(2))
  }
}
