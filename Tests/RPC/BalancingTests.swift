import Primitives
import Protobuf
import RPCCore
import Synchronization
import Testing

@testable import RPCHTTP2

/// Which of several connections a call takes, and how they are kept.
@Suite struct BalancingTests {
  @Test func pickerGoesRoundThoseThatAreReady() {
    let table: [(standings: [Picker.Standing], picks: [Int?], name: String)] = [
      ([], [nil, nil], "none"),
      ([.ready], [0, 0], "one"),
      ([.ready, .ready, .ready], [0, 1, 2, 0], "all"),
      ([.failed, .ready, .notServing, .ready], [1, 3, 1], "two of four"),
      ([.idle, .connecting, .failed, .notServing], [nil], "none is ready"),
    ]
    for (standings, picks, name) in table {
      var picker = Picker()
      let picked = picks.map { _ in picker.pick(among: standings.count) { standings[$0] } }
      #expect(picked == picks, "\(name)")
    }
  }

  @Test func pickerSurvivesAListThatShrinks() {
    var picker = Picker()
    for _ in 0..<5 { _ = picker.pick(among: 5) { _ in .ready } }
    #expect(picker.pick(among: 2) { _ in .ready } != nil)
    #expect(picker.pick(among: 1) { _ in .ready } == 0)
  }

  @Test func waitsBetweenTriesGrowToTheirBoundWithinTheirJitter() {
    var limits = ClientLimits()
    limits.initialBackoff = .milliseconds(100)
    limits.maximumBackoff = .milliseconds(300)
    var backoff = ConnectionBackoff(limits)
    let middle = (0..<5).map { _ in Int((backoff.next(0.5) / .milliseconds(1)).rounded()) }
    #expect(middle == [100, 160, 256, 300, 300])
    #expect(abs(backoff.next(0) / .milliseconds(1) - 240) < 0.001)
    #expect(abs(backoff.next(1) / .milliseconds(1) - 360) < 0.001)
    backoff.reset()
    #expect(abs(backoff.next(0.5) / .milliseconds(1) - 100) < 0.001)
  }

  @Test(arguments: [
    ("127.0.0.1:1,127.0.0.1:2", ["127.0.0.1:1", "127.0.0.1:2"]), ("[::1]:7", ["[::1]:7"]),
  ])
  func listsAreRead(_ text: String, _ expected: [String]) throws {
    #expect(try HostPort.list(text).map(\.text) == expected)
  }

  @Test(arguments: ["a:1,", ",a:1", "a:1,,b:2", "a:1, b"])
  func badListsAreRefused(_ text: String) {
    #expect(throws: TransportError.self) { try HTTP2ClientTransport(target: text) }
  }

  // MARK: - Over sockets

  /// Says which server answered.
  private struct Named: RPCService {
    static let method = MethodDescriptor(
      service: "onepool.test.v1.NameService", method: "Name", kind: .unary,
      idempotency: .noSideEffects)
    let name: String

    var definition: ServiceDefinition {
      let name = name
      return ServiceDefinition(
        name: "onepool.test.v1.NameService", file: .grpcHealthV1Health,
        methods: [
          .unary(Self.method, HealthCheckRequest.self, HealthCheckRequest.self) { _, _ in
            HealthCheckRequest(service: name)
          }
        ])
    }
  }

  private func server(
    _ name: String, at address: String = "127.0.0.1:0", health: HealthService? = nil
  ) throws -> RPCServer {
    let more: [any RPCService] = health.map { [$0] } ?? []
    let server = try RPCServer(
      ServerConfiguration(
        address: address, services: [Named(name: name)] + more, loopCount: 1))
    server.start()
    return server
  }

  private func client(_ servers: [RPCServer], _ options: ClientOptions) throws -> RPCClient {
    RPCClient(
      transport: try HTTP2ClientTransport(
        target: servers.map(\.address).joined(separator: ","), options: options),
      timeout: .seconds(60))
  }

  private func name(_ client: RPCClient) async throws -> String {
    let answer: HealthCheckRequest = try await client.unary(
      Named.method, HealthCheckRequest(), options: CallOptions())
    return answer.service
  }

  /// Asks until `isEnough` says so of the names that answered last.
  private func names(
    _ client: RPCClient, last count: Int, until isEnough: ([String]) -> Bool
  ) async throws {
    var seen: [String] = []
    repeat {
      seen.append(try await name(client))
    } while !(seen.count >= count && isEnough(seen.suffix(count)))
  }

  private static var roundRobin: ClientOptions {
    var options = ClientOptions()
    options.balancing = .roundRobin
    options.limits.resolutionInterval = .milliseconds(10)
    return options
  }

  @Test func roundRobinGoesRoundAllServersAndPassesOverALostOne() async throws {
    let servers = [try server("a"), try server("b"), try server("c")]
    let client = try client(servers, Self.roundRobin)
    try await names(client, last: 3) { Set($0) == ["a", "b", "c"] }
    let address = servers[1].address
    await servers[1].drain(within: .zero)
    try await names(client, last: 6) { Set($0) == ["a", "c"] }
    // It is taken back when it is there again.
    let second = try server("b", at: address)
    try await names(client, last: 3) { Set($0) == ["a", "b", "c"] }
    await client.close()
    for server in [servers[0], servers[2], second] { await server.drain(within: .zero) }
  }

  @Test func pickFirstTakesTheNextAddressWhenTheFirstIsGone() async throws {
    let servers = [try server("a"), try server("b")]
    let client = try client(servers, ClientOptions())
    for _ in 0..<3 { #expect(try await name(client) == "a") }
    await servers[0].drain(within: .zero)
    #expect(try await name(client) == "b")
    await client.close()
    await servers[1].drain(within: .zero)
  }

  /// Goal: a name with several addresses is tried through. Method: `localhost`, which is ::1 too where there is IPv6, and
  /// nobody listens there.
  @Test(arguments: ClientOptions.Balancing.allCases) func namesAreLookedUp(
    _ balancing: ClientOptions.Balancing
  ) async throws {
    let server = try server("a")
    var options = Self.roundRobin
    options.balancing = balancing
    let transport = try HTTP2ClientTransport(target: "localhost:\(server.port)", options: options)
    let client = RPCClient(transport: transport, timeout: .seconds(60))
    for _ in 0..<3 { #expect(try await name(client) == "a") }
    await client.close()
    await server.drain(within: .zero)
  }

  /// Goal: who looks a name up again finds where the service has moved. Method: a resolver whose answers change: nothing
  /// first, then one server, then another while the first one goes.
  @Test(.timeLimit(.minutes(1)), arguments: ClientOptions.Balancing.allCases)
  func nameThatMovesIsFollowed(_ balancing: ClientOptions.Balancing) async throws {
    let first = try server("a")
    let second = try server("b")
    let answers = Mutex<[String]>([])
    let asked = Counter()
    var options = Self.roundRobin
    options.balancing = balancing
    options.resolver = NameResolver { name in
      asked.increment()
      return name == "pool.test" ? answers.withLock { $0 } : []
    }
    let transport = try HTTP2ClientTransport(target: "pool.test:7001", options: options)
    let client = RPCClient(transport: transport, timeout: .seconds(60))
    async let early = name(client)
    while asked.value < 2 { await Task.yield() }
    answers.withLock { $0 = [first.address] }
    #expect(try await early == "a")
    answers.withLock { $0 = [second.address] }
    await first.drain(within: .zero)
    for _ in 0..<3 { #expect(try await name(client) == "b") }
    // A resolver that fails takes nothing away from who is connected.
    answers.withLock { $0 = [] }
    for _ in 0..<3 { #expect(try await name(client) == "b") }
    await client.close()
    await second.drain(within: .zero)
  }

  /// Goal: new addresses of a name are taken up, and those that are gone let go of, without a lost call.
  @Test(.timeLimit(.minutes(1))) func nameThatGrowsIsFollowed() async throws {
    let servers = [try server("a"), try server("b"), try server("c")]
    let answers = Mutex([servers[0].address, servers[1].address])
    var options = Self.roundRobin
    options.resolver = NameResolver { _ in answers.withLock { $0 } }
    let transport = try HTTP2ClientTransport(target: "pool.test:7001", options: options)
    let client = RPCClient(transport: transport, timeout: .seconds(60))
    try await names(client, last: 4) { Set($0) == ["a", "b"] }
    answers.withLock { $0 = [servers[1].address, servers[2].address] }
    await servers[0].drain(within: .zero)
    try await names(client, last: 4) { Set($0) == ["b", "c"] }
    await client.close()
    for server in servers.dropFirst() { await server.drain(within: .zero) }
  }

  @Test func serverThatDoesNotServeIsPassedOver() async throws {
    let health = HealthService()
    health.set(serving: true)
    let servers = [try server("a", health: health), try server("without a health service")]
    var options = Self.roundRobin
    options.healthService = ""
    let client = try client(servers, options)
    try await names(client, last: 2) { Set($0).count == 2 }
    health.set(serving: false)
    try await names(client, last: 6) { !$0.contains("a") }
    health.set(serving: true)
    try await names(client, last: 2) { Set($0).count == 2 }
    await client.close()
    for server in servers { await server.drain(within: .zero) }
  }

  @Test func connectionThatIsOldIsReplacedAndLosesNoCall() async throws {
    let server = try server("a")
    var options = ClientOptions()
    options.maximumAge = .milliseconds(5)
    let client = try client([server], options)
    for _ in 0..<200 { #expect(try await name(client) == "a") }
    await client.close()
    await server.drain(within: .zero)
  }

  /// Goal: a peer that says nothing more is found out. Method: one that reads a call and is silent, PINGs included.
  @Test func silentPeerIsFoundOutByKeepalive() async throws {
    let peer = RawPeer { connection, _ in
      while connection.next() != nil {}
    }
    var options = ClientOptions()
    options.keepalive = ClientOptions.Keepalive(
      unchecked: .milliseconds(20), .milliseconds(20), false)
    let transport = try HTTP2ClientTransport(target: peer.address, options: options)
    let client = RPCClient(transport: transport, timeout: .seconds(60), retry: .never)
    let error = await #expect(throws: RPCError.self) { try await client.echo("x") }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("PING") == true)
    await client.close()
    peer.stop()
  }

  @Test func peerThatAnswersPingsKeepsItsConnection() async throws {
    let server = try server("a")
    var options = ClientOptions()
    options.keepalive = ClientOptions.Keepalive(
      unchecked: .milliseconds(1), .seconds(60), true)
    let client = try client([server], options)
    for _ in 0..<200 { #expect(try await name(client) == "a") }
    await client.close()
    await server.drain(within: .zero)
  }
}
