import Primitives
import Protobuf
import RPCCore
import RPCInProcess
import Testing

@testable import Kit

@Suite struct AccessLogTests {
  private static let method = MethodDescriptor(service: "a.b.C", method: "D", kind: .unary)
  let lines = LogLines()

  private func end(_ code: RPCCode, share: Double, times: Int = 1) {
    let access = AccessLog(lines.log(), share: share)
    var metadata = Metadata()
    metadata.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    let context = ServerContext(method: Self.method, metadata: metadata, peer: "10.0.0.1:9")
    for _ in 0..<times { access.callEnded(context, code, .microseconds(1500)) }
  }

  @Test func lineSaysWhoCalledWhatAndHowItEnded() {
    end(.notFound, share: 1)
    #expect(
      lines.all == [
        "time=2026-01-05T08:00:00.000123Z level=info message=call method=/a.b.C/D code=NOT_FOUND "
          + "milliseconds=1.5 peer=10.0.0.1:9 trace=0af7651916cd43dd8448eb211c80319c\n"
      ])
  }

  @Test(arguments: [(0, 0), (0.01, 100), (0.5, 5000), (1, 10_000)])
  func shareOfTheCallsIsLogged(_ share: Double, _ expected: Int) {
    end(.ok, share: share, times: 10_000)
    #expect(abs(lines.all.count - expected) <= 2)
  }

  @Test func serversFailuresAreAlwaysLogged() {
    for code in RPCCode.allCases { end(code, share: 0) }
    let logged = lines.all.compactMap { $0.split(separator: " ").first { $0.hasPrefix("code=") } }
    #expect(logged == ["code=UNKNOWN", "code=INTERNAL", "code=UNAVAILABLE", "code=DATA_LOSS"])
  }

  /// Goal: a line that a handler writes can be found by the caller's trace.
  @Test func linesOfACallHaveItsTrace() async throws {
    let log = lines.log()
    let client = RPCClient(transport: InProcessTransport(services: [LoggingService(log: log)]))
    let trace = TraceContext.random()
    let _: HealthCheckRequest = try await client.unary(
      LoggingService.method, HealthCheckRequest(),
      options: CallOptions(metadata: [TraceContext.headerName: trace.text]))
    log.info("outside")
    #expect(lines.all.first?.hasSuffix("message=inside trace=\(trace.traceID)\n") == true)
    #expect(lines.all.last?.hasSuffix("message=outside\n") == true)
  }
}

/// Writes a line in its one method.
private struct LoggingService: RPCService {
  static let method = MethodDescriptor(service: "a.b.C", method: "D", kind: .unary)
  let log: Log

  var definition: ServiceDefinition {
    ServiceDefinition(
      name: "a.b.C", file: .grpcHealthV1Health,
      methods: [
        .unary(Self.method, HealthCheckRequest.self, HealthCheckRequest.self) { request, _ in
          log.info("inside")
          return request
        }
      ])
  }
}
