import CLinux
import Foundation
import Glibc
import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import RPCTLS
import Synchronization
import Testing

/// Our client and our server over TLS, and what each of them refuses.
@Suite(.timeLimit(.minutes(2))) struct TLSTests {
  let certificates: Certificates
  let server: TLSIdentity
  let client: TLSIdentity

  init() throws {
    certificates = try Certificates()
    server = try certificates.issue("server", "DNS:localhost,IP:127.0.0.1")
    client = try certificates.issue("client", "DNS:till.shop,URI:spiffe://onepool/gateway")
  }

  /// Serves with `callers` let in, and gives `body` the server's credentials and port.
  private func serving(
    _ callers: TLSServerConfiguration.Callers = .anybody, identity: TLSIdentity? = nil,
    limits: TransportLimits = TransportLimits(), observer: any RPCObserver = SilentObserver(),
    _ body: (TLSCredentials, Int) async throws -> Void
  ) async throws {
    let credentials = try TLSCredentials(
      server: TLSServerConfiguration(identity: identity ?? server, callers: callers))
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService()],
        routes: [
          HTTPRoute("GET", "/who") { .text(200, $0.identity.joined(separator: " ") + "\n") },
          HTTPRoute("POST", "/size") { .text(200, "\($0.body.count)\n") },
          HTTPRoute("GET", "/large") { _ in
            .text(200, String(repeating: "x", count: 3_000_000))
          },
        ], observer: observer, limits: limits, tls: credentials, loopCount: 1))
    server.start()
    do {
      try await body(credentials, server.port)
    } catch {
      await server.drain(within: .seconds(1))
      throw error
    }
    await server.drain(within: .seconds(1))
  }

  private func echo(
    _ text: String, _ port: Int, host: String = "localhost", authorities: String? = nil,
    identity: TLSIdentity? = nil, serverName: String? = nil,
    timeout: Duration = .seconds(20)
  ) async throws -> String {
    let credentials = try TLSCredentials(
      client: TLSClientConfiguration(
        authorities: authorities ?? certificates.authority, identity: identity,
        serverName: serverName))
    let transport = try HTTP2ClientTransport(target: "\(host):\(port)", tls: credentials)
    let client = RPCClient(transport: transport, retry: .never)
    do {
      let answer = try await client.echo(text, options: CallOptions(timeout: timeout))
      await client.close()
      return answer
    } catch {
      await client.close()
      throw error
    }
  }

  /// The failure of a call that must not go through.
  private func refusal(
    _ body: () async throws -> String, sourceLocation: SourceLocation = #_sourceLocation
  ) async -> RPCError? {
    await #expect(throws: RPCError.self, sourceLocation: sourceLocation) { _ = try await body() }
  }

  @Test func callsGoOverTLSByNameAndByAddress() async throws {
    try await serving { (_, port) async throws -> Void in
      #expect(try await echo("hello", port) == "hello")
      #expect(try await echo("hello", port, host: "127.0.0.1") == "hello")
      let large = String(repeating: "x", count: 2_000_000)
      #expect(try await echo(large, port) == large)
      #expect(try await echo("identity", port, identity: client) == "")
    }
  }

  @Test func manyStreamsAtOnceKeepTheirBytes() async throws {
    try await serving { (_, port) async throws -> Void in
      let credentials = try TLSCredentials(
        client: TLSClientConfiguration(authorities: certificates.authority))
      let transport = try HTTP2ClientTransport(target: "localhost:\(port)", tls: credentials)
      let client = RPCClient(transport: transport, timeout: .seconds(60), retry: .never)
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<64 {
          group.addTask {
            let text = String(repeating: "\(number),", count: 20_000)
            return try await client.echo(text) == text
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
      await client.close()
    }
  }

  @Test func certificateOfTheCallerReachesHandlers() async throws {
    for callers in [
      TLSServerConfiguration.Callers.known(authorities: certificates.authority),
      .onlyKnown(authorities: certificates.authority),
    ] {
      try await serving(callers) { (_, port) async throws -> Void in
        let names = try await echo("identity", port, identity: client)
        #expect(names == "spiffe://onepool/gateway till.shop")
      }
    }
    try await serving(.known(authorities: certificates.authority)) {
      (_, port) async throws -> Void in
      #expect(try await echo("identity", port) == "")
    }
  }

  @Test func serverOfAnotherAuthorityIsRefused() async throws {
    let other = try Certificates("other")
    try await serving { (_, port) async throws -> Void in
      let error = await refusal {
        try await echo("x", port, authorities: other.authority, timeout: .milliseconds(500))
      }
      #expect(error?.code == .unavailable && error?.reason == "PEER_UNREACHABLE")
      #expect(error?.message.contains("certificate") == true, "\(error?.message ?? "")")
    }
  }

  /// Goal: who waits hears at once what waiting does not mend. Method: a client that would wait, and try again, for minutes.
  @Test func refusedServerIsToldAtOnce() async throws {
    let other = try Certificates("other")
    try await serving { (_, port) async throws -> Void in
      for balancing in [ClientOptions.Balancing.pickFirst, .roundRobin] {
        var options = ClientOptions()
        options.balancing = balancing
        let transport = try HTTP2ClientTransport(
          target: "127.0.0.1:\(port)", connections: 2, options: options,
          tls: try TLSCredentials(client: TLSClientConfiguration(authorities: other.authority)))
        let policy = RetryPolicy(
          attempts: 100, initialBackoff: .seconds(60), maximumBackoff: .seconds(60))
        let client = RPCClient(transport: transport, timeout: .seconds(600), retry: policy)
        for _ in 1...3 {
          let error = await refusal { try await client.echo("x") }
          #expect(error?.code == .unavailable && error?.reason == "PEER_UNREACHABLE")
          #expect(error?.message.contains("certificate is refused") == true)
        }
        await client.close()
      }
    }
  }

  @Test func serverOfAnotherNameIsRefused() async throws {
    try await serving { (_, port) async throws -> Void in
      for (host, name) in [("localhost", "pool.example"), ("localhost", "127.0.0.2")] {
        let error = await refusal {
          try await echo("x", port, host: host, serverName: name, timeout: .milliseconds(500))
        }
        #expect(error?.message.contains("mismatch") == true, "\(error?.message ?? "")")
      }
    }
  }

  @Test func expiredServerIsRefused() async throws {
    let expired = try certificates.issue("expired", "DNS:localhost", isExpired: true)
    try await serving(identity: expired) { (_, port) async throws -> Void in
      let error = await refusal { try await echo("x", port, timeout: .milliseconds(500)) }
      #expect(error?.message.contains("expired") == true, "\(error?.message ?? "")")
    }
  }

  /// Goal: with mutual TLS, nobody without a good certificate gets a call through.
  @Test func callersWithoutAGoodCertificateAreRefused() async throws {
    let other = try Certificates("other")
    let stranger = try other.issue("stranger", "URI:spiffe://onepool/gateway")
    let expired = try certificates.issue("expired", "DNS:till.shop", isExpired: true)
    try await serving(.onlyKnown(authorities: certificates.authority)) {
      (_, port) async throws -> Void in
      for identity in [nil, stranger, expired] {
        let error = await refusal {
          try await echo("x", port, identity: identity, timeout: .milliseconds(500))
        }
        #expect(error?.code == .unavailable, "\(String(describing: error))")
      }
    }
    // One that need not be shown must be good all the same.
    try await serving(.known(authorities: certificates.authority)) {
      (_, port) async throws -> Void in
      let error = await refusal {
        try await echo("identity", port, identity: stranger, timeout: .milliseconds(500))
      }
      #expect(error?.code == .unavailable, "\(String(describing: error))")
    }
  }

  /// Goal: a new certificate is shown after a change of the files, and by call; open connections go on.
  @Test func certificateIsReloaded() async throws {
    let first = try certificates.issue("first", "DNS:localhost,DNS:first")
    let second = try certificates.issue("second", "DNS:localhost,DNS:second")
    try await serving(identity: first) { (credentials, port) async throws -> Void in
      let standing = RPCClient(
        transport: try HTTP2ClientTransport(
          target: "localhost:\(port)",
          tls: try TLSCredentials(
            client: TLSClientConfiguration(authorities: certificates.authority))))
      #expect(try await standing.echo("a") == "a")
      #expect(try await echo("x", port, serverName: "first") == "x")
      #expect(try !credentials.reloadIfChanged())
      try certificates.replace(first, with: second)
      #expect(try credentials.reloadIfChanged())
      #expect(try await echo("x", port, serverName: "second") == "x")
      #expect(try await standing.echo("b") == "b")
      await standing.close()
      // What cannot be used is told once, and what was there goes on.
      try certificates.write("nothing", to: "first.pem")
      #expect(throws: TLSError.self) { try credentials.reloadIfChanged() }
      #expect(try !credentials.reloadIfChanged())
      #expect(try await echo("x", port, serverName: "second") == "x")
    }
  }

  @Test func filesThatCannotBeUsedAreNamed() throws {
    try certificates.write("nothing", to: "empty.pem")
    let empty = "\(certificates.folder)/empty.pem"
    let table: [(TLSServerConfiguration, String)] = [
      (
        .init(identity: TLSIdentity(certificate: empty, key: server.key)), "empty.pem holds no cert"
      ),
      (.init(identity: TLSIdentity(certificate: "/nowhere", key: server.key)), "/nowhere"),
      (.init(identity: TLSIdentity(certificate: server.certificate, key: empty)), "holds no key"),
      (
        .init(identity: TLSIdentity(certificate: server.certificate, key: client.key)),
        "is not that of the certificate"
      ),
      (.init(identity: server, callers: .onlyKnown(authorities: empty)), "holds no authority"),
    ]
    for (configuration, text) in table {
      let error = #expect(throws: TLSError.self) { try TLSCredentials(server: configuration) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(text), "\(error.map { "\($0)" } ?? "")")
    }
  }

  // MARK: - Those that speak no TLS

  /// Goal: what is no handshake, or no whole one in time, ends; the server goes on.
  @Test func plaintextAndSlowHandshakesAreClosed() async throws {
    var limits = TransportLimits()
    limits.handshakeSeconds = 1
    let observer = HandshakeObserver()
    try await serving(limits: limits, observer: observer) { (_, port) async throws -> Void in
      let openings = [
        "GET /who HTTP/1.1\r\nhost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}",
        "",
      ]
      for opening in openings {
        let answer = try PlainSocket.ask(port, opening)
        #expect(!answer.contains("HTTP"), "\(opening)")
      }
      #expect(try await echo("still here", port) == "still here")
    }
    let failures = observer.failures.withLock { $0 }
    #expect(failures.count == 4 && failures.allSatisfy { $0.hasPrefix("127.0.0.1:") })
    #expect(failures.filter { $0.contains("in time") }.count == 2, "\(failures)")
  }

  /// Goal: who asks a port without TLS that speaks nothing else hears what it may be.
  @Test func clientSaysThatAServerMayWantTLS() async throws {
    try await serving { (_, port) async throws -> Void in
      let transport = try HTTP2ClientTransport(target: "localhost:\(port)")
      let client = RPCClient(transport: transport, retry: .never)
      let error = await refusal { try await client.echo("x") }
      #expect(error?.code == .unavailable && error?.reason == "CONNECTION_LOST")
      #expect(error?.message.contains("it may want TLS") == true, "\(error?.message ?? "")")
      #expect(error?.metadata["expected"] == "TLS")
      await client.close()
    }
  }

  @Test func clientSaysThatAServerSpeaksNoTLS() async throws {
    let plain = try RPCServer(
      ServerConfiguration(address: "127.0.0.1:0", services: [EchoService()], loopCount: 1))
    plain.start()
    let error = await refusal { try await echo("x", plain.port, timeout: .milliseconds(300)) }
    #expect(error?.reason == "PEER_UNREACHABLE")
    await plain.drain(within: .zero)
  }

  // MARK: - HTTP

  @Test(arguments: ["--http1.1", "--http2", "--no-alpn"])
  func curlIsServed(_ version: String) async throws {
    let flags = ["--silent", "--show-error", "--max-time", "20", version]
    let trust = ["--cacert", certificates.authority]
    let own = ["--cert", client.certificate, "--key", client.key]
    try await serving(.known(authorities: certificates.authority)) {
      (_, port) async throws -> Void in
      let base = "https://localhost:\(port)"
      let unary = "\(base)/onepool.test.v1.EchoService/Unary"
      #expect(try run(flags + trust + ["\(base)/who"]) == "\n")
      #expect(
        try run(flags + trust + own + ["\(base)/who"]) == "spiffe://onepool/gateway till.shop\n")
      let body = #"{"service":"identity"}"#
      let answer = try run(flags + trust + own + ["--json", body, unary])
      #expect(answer == #"{"service":"spiffe://onepool/gateway till.shop"}"#)
      // Two on one connection, and more than any buffer holds.
      let twice = try run(flags + trust + ["\(base)/large", "\(base)/large"])
      #expect(twice.utf8.count == 6_000_000)
      try certificates.write(String(repeating: "y", count: 900_000), to: "body")
      let upload = ["--header", "Expect:", "--data-binary", "@\(certificates.folder)/body"]
      #expect(try run(flags + trust + upload + ["\(base)/size"]) == "900000\n")
      #expect(throws: Certificates.Failure.self) { try run(flags + ["\(base)/who"]) }
    }
  }

  private func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["curl"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: said, as: UTF8.self)
    guard process.terminationStatus == 0 else { throw Certificates.Failure(output: text) }
    return text
  }
}

/// Keeps what a server says of handshakes that were not made.
final class HandshakeObserver: RPCObserver {
  let failures = Mutex<[String]>([])

  func calls(of _: MethodDescriptor) -> any MethodObserver { SilentObserver() }
  func internalError(_: any Error, method _: MethodDescriptor, reference _: String) {}
  func handshakeFailed(_ problem: String, peer: String) {
    failures.withLock { $0.append("\(peer) \(problem)") }
  }
}

/// A socket without any protocol.
enum PlainSocket {
  /// Sends a text and reads to the end that the other side makes.
  static func ask(_ port: Int, _ text: String) throws -> String {
    let peer = try connect(port)
    defer { peer.end() }
    peer.send(text)
    return peer.rest()
  }

  static func connect(_ port: Int) throws -> PlainPeer {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    return PlainPeer(descriptor: descriptor)
  }
}

/// One end of a connection. `end` closes it.
struct PlainPeer {
  fileprivate let descriptor: Int32

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  func end() { close(descriptor) }

  /// All that comes until the other side ends.
  func rest() -> String {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
      answer += buffer[..<count]
    }
  }
}
