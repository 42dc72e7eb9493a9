import RPCCore
import RPCHTTP2
import Testing

@testable import Kit

/// How a service calls others, as its settings say.
@Suite(.timeLimit(.minutes(1))) struct PeerClientTests {
  let folder: KitFolder

  init() throws {
    folder = try KitFolder()
    let hash = Hex.encode(SHA256.hash("t0ken"))
    let policy = #"{"grants": [{"token": "t", "sha256": "\#(hash)", "allow": ["*"]}]}"#
    try policy.write(toFile: folder.file("policy"), atomically: true, encoding: .utf8)
    try "t0ken\n".write(toFile: folder.file("token"), atomically: true, encoding: .utf8)
  }

  /// A peer behind the policy that knows a service of its own name.
  private func peer(_ name: String, serving: Bool = true) throws -> (RPCServer, HealthService) {
    let health = HealthService()
    health.set(serving: serving)
    health.set(name, serving: true)
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [health],
        authorizer: try PolicyAuthorizer(path: folder.file("policy")), loopCount: 1))
    server.start()
    return (server, health)
  }

  private func client(_ peers: String, _ more: [String: String]) throws -> HealthClient {
    let settings = try Settings(
      program: "onepool-test", about: "a test", version: "1",
      declared: CommonSettings.all(listen: "127.0.0.1:0") + [CommonSettings.pool],
      environment: more.merging(["ONEPOOL_POOL": peers]) { $1 }, arguments: [])
    let context = ServiceContext(name: "test", settings: settings, log: .silent, metrics: Metrics())
    return HealthClient(try context.client(of: CommonSettings.pool, timeout: .seconds(30)))
  }

  /// Who of `names` answered: each peer knows its own name only.
  private func answers(_ client: HealthClient, to name: String) async throws -> Bool {
    do {
      return try await client.check(HealthCheckRequest(service: name)).status == .serving
    } catch  where error.code == .notFound {
      return false
    }
  }

  /// Goal: calls go round all that serve, with the token. Method: one that does not serve is passed over until it does.
  @Test func callsGoRoundThePeersThatServeWithTheToken() async throws {
    let (first, _) = try peer("a")
    let (second, health) = try peer("b", serving: false)
    let client = try client(
      "\(first.address),\(second.address)",
      ["ONEPOOL_BALANCING": "round_robin", "ONEPOOL_TOKEN_FILE": folder.file("token")])
    for _ in 0..<20 { #expect(try await answers(client, to: "a")) }
    health.set(serving: true)
    while try await !answers(client, to: "b") {}
    let turns = [try await answers(client, to: "a"), try await answers(client, to: "a")]
    #expect(turns.contains(true))
    for server in [first, second] { await server.drain(within: .zero) }
  }

  /// Goal: the first that can be reached is stayed with; the next one when it is gone.
  @Test func callsStayWithTheFirstPeer() async throws {
    let (first, _) = try peer("a")
    let (second, _) = try peer("b")
    let client = try client(
      "\(first.address),\(second.address)", ["ONEPOOL_TOKEN": "t0ken"])
    for _ in 0..<20 { #expect(try await answers(client, to: "a")) }
    await first.drain(within: .zero)
    // A call that was under way when it went is lost, and Check is none that is made again by itself.
    var isAnswered = false
    while !isAnswered {
      do {
        isAnswered = try await answers(client, to: "b")
      } catch let error as RPCError where error.code == .unavailable {
        continue
      }
    }
    await second.drain(within: .zero)
  }

  @Test func withoutTheTokenNobodyIsServed() async throws {
    let (server, _) = try peer("a")
    let client = try client(server.address, [:])
    let error = await #expect(throws: RPCError.self) {
      try await client.check(HealthCheckRequest(service: "a"))
    }
    #expect(error?.code == .unauthenticated)
    await server.drain(within: .zero)
  }
}
