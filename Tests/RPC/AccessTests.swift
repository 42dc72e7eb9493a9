import Foundation
import Kit
import Protobuf
import RPCCore
import RPCHTTP2
import RPCTLS
import Testing

/// Who may call what: a policy in a file against callers with tokens, with certificates, and with nothing.
@Suite(.timeLimit(.minutes(2))) struct AccessTests {
  static let service = "onepool.test.v1.EchoService"
  let certificates: Certificates

  init() throws {
    certificates = try Certificates()
    try write(grants: Self.grants)
  }

  static let grants = [
    #"{"to": "anyone", "allow": ["grpc.health.v1.Health/*"]}"#,
    grant(token: "operator", allow: "*"),
    grant(token: "till", allow: "\(service)/Collect"),
    #"{"identity": "spiffe://onepool/gateway", "allow": ["\#(service)/*"]}"#,
    #"{"identity": "watcher.onepool", "allow": ["\#(service)/Chat"]}"#,
  ]

  static func grant(token: String, allow: String) -> String {
    let hash = Hex.encode(SHA256.hash(token))
    return #"{"token": "\#(token)", "sha256": "\#(hash)", "allow": ["\#(allow)"]}"#
  }

  func write(grants: [String]) throws {
    try certificates.write(
      "{\"grants\": [\(grants.joined(separator: ","))]}", to: "policy.json")
  }

  /// A server with mutual TLS and the policy; `body` gets its policy and its port.
  func serving(_ body: (PolicyAuthorizer, Int) async throws -> Void) async throws {
    let policy = try PolicyAuthorizer(path: "\(certificates.folder)/policy.json")
    let identity = try certificates.issue("server", "DNS:localhost")
    let tls = try TLSCredentials(
      server: TLSServerConfiguration(
        identity: identity, callers: .known(authorities: certificates.authority)))
    let health = HealthService()
    health.set(serving: true)
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService(), health], tls: tls, authorizer: policy,
        loopCount: 1))
    server.start()
    do {
      try await body(policy, server.port)
    } catch {
      await server.drain(within: .seconds(1))
      throw error
    }
    await server.drain(within: .seconds(1))
  }

  /// A client that shows a certificate for `names`, or none.
  func client(_ port: Int, names: String? = nil) throws -> RPCClient {
    let identity = try names.map { try certificates.issue("client", $0) }
    let tls = try TLSCredentials(
      client: TLSClientConfiguration(authorities: certificates.authority, identity: identity))
    return RPCClient(
      transport: try HTTP2ClientTransport(target: "localhost:\(port)", tls: tls), retry: .never)
  }

  static func bearing(_ authorization: String?) -> CallOptions {
    var metadata = Metadata()
    if let authorization { metadata.add("authorization", authorization) }
    return CallOptions(timeout: .seconds(20), metadata: metadata)
  }

  @Test func tokensAreGrantedAndRefused() async throws {
    let table: [(authorization: String?, reason: String)] = [
      ("Bearer operator", ""), ("bearer  operator", ""), ("Bearer till", "CALL_NOT_GRANTED"),
      ("Bearer nobody", "TOKEN_UNKNOWN"), ("Bearer", "TOKEN_UNKNOWN"),
      ("operator", "TOKEN_UNKNOWN"), ("Basic operator", "TOKEN_UNKNOWN"),
      (nil, "CREDENTIALS_MISSING"),
    ]
    try await serving { (_, port) async throws -> Void in
      let client = try client(port)
      for (authorization, reason) in table {
        let options = Self.bearing(authorization)
        guard !reason.isEmpty else {
          #expect(try await client.echo("x", options: options) == "x")
          continue
        }
        let error = await #expect(throws: RPCError.self) {
          try await client.echo("x", options: options)
        }
        let isMissing = authorization == nil
        #expect(error?.code == (isMissing ? .unauthenticated : .permissionDenied))
        #expect(error?.reason == reason && error?.domain == "rpc.onepool", "\(authorization ?? "")")
      }
      // Open to anyone, as the policy says.
      let answer = try await HealthClient(client).check(HealthCheckRequest())
      #expect(answer.status == .serving)
      await client.close()
    }
  }

  @Test func certificatesAreGrantedAndRefused() async throws {
    let table = [
      ("URI:spiffe://onepool/gateway", ""),
      ("DNS:x.example,URI:spiffe://onepool/gateway", ""),
      ("DNS:watcher.onepool", "CALL_NOT_GRANTED"),
      ("URI:spiffe://onepool/gateway/more", "CALL_NOT_GRANTED"),
      ("DNS:other", "CALL_NOT_GRANTED"),
    ]
    try await serving { (_, port) async throws -> Void in
      for (names, reason) in table {
        let client = try client(port, names: names)
        if reason.isEmpty {
          #expect(try await client.echo("x") == "x")
        } else {
          let error = await #expect(throws: RPCError.self) { try await client.echo("x") }
          #expect(error?.code == .permissionDenied && error?.reason == reason, "\(names)")
          // A token adds to what the certificate is granted.
          #expect(try await client.echo("x", options: Self.bearing("Bearer operator")) == "x")
        }
        await client.close()
      }
    }
  }

  @Test func streamsAreRefusedToo() async throws {
    try await serving { (_, port) async throws -> Void in
      let stranger = try client(port)
      let error = await #expect(throws: RPCError.self) {
        let stream: ResponseStream<HealthCheckRequest> = stranger.serverStreaming(
          EchoService.expand, HealthCheckRequest(service: "3"), options: CallOptions())
        for try await _ in stream {}
      }
      #expect(error?.reason == "CREDENTIALS_MISSING")
      let watcher = try client(port, names: "DNS:watcher.onepool")
      let call = try await watcher.bidirectional(
        EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: CallOptions())
      try await call.send(HealthCheckRequest(service: "a"))
      #expect(try await call.next()?.service == "A")
      await stranger.close()
      await watcher.close()
    }
  }

  /// Goal: a token that is taken out of the file opens nothing from then on, on open connections too.
  @Test func tokenIsRevoked() async throws {
    try await serving { (policy, port) async throws -> Void in
      let client = try client(port)
      let options = Self.bearing("Bearer operator")
      #expect(try await client.echo("x", options: options) == "x")
      #expect(try !policy.reloadIfChanged())
      try write(grants: [Self.grants[0], Self.grants[2]])
      #expect(try policy.reloadIfChanged())
      let error = await #expect(throws: RPCError.self) {
        try await client.echo("x", options: options)
      }
      #expect(error?.reason == "TOKEN_UNKNOWN")
      // A file that is no policy opens nothing and closes nothing.
      try certificates.write("{", to: "policy.json")
      #expect(throws: AccessPolicy.Failure.self) { try policy.reloadIfChanged() }
      #expect(try !policy.reloadIfChanged())
      #expect(try await HealthClient(client).check(HealthCheckRequest()).status == .serving)
      await client.close()
    }
  }

  /// Goal: a stream that is open ends with the right that it was opened by, and no other does. Method: three callers'
  /// streams; one's token goes, one's name is granted no more, one's token stays.
  @Test func streamsEndWhenTheirRightIsTakenAway() async throws {
    let chat = Self.service + "/Chat"
    let tills = ["till-1", "till-2"].map { Self.grant(token: $0, allow: chat) }
    try write(grants: Self.grants + tills)
    try await serving { (policy, port) async throws -> Void in
      let teller = try client(port)
      let watcher = try client(port, names: "DNS:watcher.onepool")
      func open(
        _ client: RPCClient, _ token: String?
      ) async throws -> DuplexCall<HealthCheckRequest, HealthCheckRequest> {
        var options = Self.bearing(token)
        options.timeout = .seconds(60)
        let call = try await client.bidirectional(
          EchoService.chat, HealthCheckRequest.self, HealthCheckRequest.self, options: options)
        try await call.send(HealthCheckRequest(service: "a"))
        #expect(try await call.next()?.service == "A")
        return call
      }
      let first = try await open(teller, "Bearer till-1")
      let second = try await open(teller, "Bearer till-2")
      let named = try await open(watcher, nil)
      try write(grants: Self.grants.dropLast() + tills.dropFirst())
      #expect(try policy.reloadIfChanged())
      for (call, reason) in [(first, "TOKEN_UNKNOWN"), (named, "CALL_NOT_GRANTED")] {
        let error = await #expect(throws: RPCError.self) { _ = try await call.next() }
        #expect(error?.code == .permissionDenied && error?.reason == reason)
      }
      try await second.send(HealthCheckRequest(service: "b"))
      #expect(try await second.next()?.service == "B")
      // A policy that grants nothing ends all.
      try write(grants: [])
      #expect(try policy.reloadIfChanged())
      let error = await #expect(throws: RPCError.self) { _ = try await second.next() }
      #expect(error?.reason == "TOKEN_UNKNOWN")
      await teller.close()
      await watcher.close()
    }
  }

  /// The same for a stream by the Connect protocol over HTTP/1.1, before its first message and after it.
  @Test(arguments: ["hang after", "deaf"])
  func connectStreamsEndWhenTheirRightIsTakenAway(_ word: String) async throws {
    try write(grants: [Self.grant(token: "till", allow: Self.service + "/*")])
    let policy = try PolicyAuthorizer(path: "\(certificates.folder)/policy.json")
    let probe = Probe()
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService(probe: probe)], authorizer: policy,
        loopCount: 1))
    server.start()
    let message = #"{"service":"\#(word)"}"#
    let prefix = "\0\0\0\0" + String(UnicodeScalar(UInt8(message.utf8.count)))
    let peer = try PlainSocket.connect(server.port)
    peer.send(
      "POST /\(Self.service)/Expand HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        + "authorization: Bearer till\r\ncontent-type: application/connect+json\r\n"
        + "content-length: \(5 + message.utf8.count)\r\n\r\n\(prefix)\(message)")
    await probe.started.wait()
    try write(grants: [])
    #expect(try policy.reloadIfChanged())
    let answer = peer.rest()
    #expect(answer.contains("permission_denied") && answer.contains("TOKEN_UNKNOWN"), "\(answer)")
    peer.end()
    probe.released.signal()
    await server.drain(within: .seconds(5))
  }

  /// Goal: Connect's calls are asked for the same, and told with its status.
  @Test func connectCallsAreRefusedToo() async throws {
    let policy = try PolicyAuthorizer(path: "\(certificates.folder)/policy.json")
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService()], authorizer: policy, loopCount: 1))
    server.start()
    let table: [(String, Int, String)] = [
      ("Bearer operator", 200, "hello"), ("Bearer nobody", 403, "TOKEN_UNKNOWN"),
      ("Bearer till", 403, "CALL_NOT_GRANTED"), ("", 401, "CREDENTIALS_MISSING"),
    ]
    for (authorization, status, text) in table {
      var lines = "POST /\(Self.service)/Unary HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
      if !authorization.isEmpty { lines += "authorization: \(authorization)\r\n" }
      let body = #"{"service":"hello"}"#
      lines += "content-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
      let answer = try PlainSocket.ask(server.port, lines)
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
      #expect(answer.contains(text), "\(answer)")
    }
    await server.drain(within: .seconds(1))
  }

  /// Goal: an address that others reach is served with a policy, or on request, and else not at all.
  @Test func openAddressesWantAPolicy() async throws {
    let policy = try PolicyAuthorizer(path: "\(certificates.folder)/policy.json")
    for address in ["0.0.0.0:0", "[::]:0"] {
      #expect(throws: TransportError.self) {
        try RPCServer(ServerConfiguration(address: address, services: [], loopCount: 1))
      }
    }
    let allowed = [
      ServerConfiguration(
        address: "0.0.0.0:0", services: [], authorizer: policy, loopCount: 1),
      ServerConfiguration(address: "0.0.0.0:0", services: [], trustsNetwork: true, loopCount: 1),
      ServerConfiguration(address: "localhost:0", services: [], loopCount: 1),
      ServerConfiguration(address: "127.0.0.2:0", services: [], loopCount: 1),
    ]
    for configuration in allowed {
      let server = try RPCServer(configuration)
      server.start()
      await server.drain(within: .zero)
    }
  }
}
