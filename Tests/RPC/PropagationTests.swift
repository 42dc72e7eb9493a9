import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import RPCInProcess
import Testing

/// What a call made for another one takes along, over three hops.
@Suite struct PropagationTests {
  /// Passes a call on; the last one answers with what it sees.
  private struct Hop: RPCService {
    static let method = MethodDescriptor(
      service: "onepool.test.v1.HopService", method: "Hop", kind: .unary)
    let next: RPCClient?

    var definition: ServiceDefinition {
      ServiceDefinition(
        name: "onepool.test.v1.HopService", file: .grpcHealthV1Health,
        methods: [
          .unary(Self.method, HealthCheckRequest.self, HealthCheckRequest.self) {
            request, context in
            // It asks for more time than its own caller has.
            if let next { return try await next.hop(timeout: .seconds(3600)) }
            let milliseconds = Int(context.deadline.remaining / .milliseconds(1))
            return HealthCheckRequest(service: "\(milliseconds) \(context.trace.text)")
          }
        ])
    }
  }

  private func withChain(_ wire: Wire, _ body: (RPCClient) async throws -> Void) async throws {
    var servers: [RPCServer] = []
    var client: RPCClient?
    for _ in 0..<3 {
      let hop = Hop(next: client)
      switch wire {
      case .inProcess: client = RPCClient(transport: InProcessTransport(services: [hop]))
      case .http2:
        let server = try RPCServer(
          ServerConfiguration(address: "127.0.0.1:0", services: [hop], loopCount: 1))
        server.start()
        servers.append(server)
        client = RPCClient(transport: try HTTP2ClientTransport(target: server.address))
      }
    }
    if let client { try await body(client) }
    for server in servers.reversed() { await server.drain(within: .zero) }
  }

  @Test(arguments: Wire.allCases) func deadlineIsTheCallersMinusTheTimeUsed(
    _ wire: Wire
  ) async throws {
    try await withChain(wire) { client in
      let answer = try await client.hop(timeout: .seconds(50)).service
      let left = try #require(answer.split(separator: " ").first.flatMap { Int($0) })
      #expect(left > 0)
      #expect(left <= 50_000)
    }
  }

  @Test(arguments: Wire.allCases) func traceIsTheCallersOnTheThirdHop(_ wire: Wire) async throws {
    try await withChain(wire) { client in
      let trace = TraceContext.random()
      let answer = try await client.hop(
        timeout: .seconds(50), metadata: [TraceContext.headerName: trace.text]
      ).service
      let seen = try #require(
        answer.split(separator: " ").last.flatMap { TraceContext(String($0)) })
      #expect(seen.traceID == trace.traceID)
      #expect(seen.parentID != trace.parentID)
      #expect(seen.flags == trace.flags)
    }
  }
}

extension RPCClient {
  fileprivate func hop(
    timeout: Duration, metadata: Metadata = Metadata()
  ) async throws -> HealthCheckRequest {
    try await unary(
      MethodDescriptor(service: "onepool.test.v1.HopService", method: "Hop", kind: .unary),
      HealthCheckRequest(), options: CallOptions(timeout: timeout, metadata: metadata))
  }
}
