import Foundation
import InteropAPI
import Kit
import RPCCore
import RPCHTTP2
import RPCTLS

// gRPC's interop server: `interop-server --port N`, with `--use_tls true --tls_certificate FILE --tls_key FILE`. Its line on standard output says where it listens.
let options = Options(CommandLine.arguments)
// For tests of what is refused: `--patience_seconds` for what a peer may take to get on, `--connections`, `--streams` of a
// connection, `--calls`, `--age_seconds`, `--ping_interval_seconds` and `--ping_strikes`.
var limits = TransportLimits()
if let seconds = options["patience_seconds"].flatMap({ Int($0) }) {
  limits.handshakeSeconds = seconds
  limits.headerSeconds = seconds
  limits.bodySeconds = seconds
  limits.stalledSeconds = seconds
  limits.http1IdleSeconds = seconds
}
if let count = options["connections"].flatMap({ Int($0) }) { limits.connections = count }
if let count = options["streams"].flatMap({ Int($0) }) { limits.concurrentStreams = count }
if let count = options["calls"].flatMap({ Int($0) }) { limits.callsInFlight = count }
if let seconds = options["ping_interval_seconds"].flatMap({ Int($0) }) {
  limits.pingIntervalSeconds = seconds
}
if let count = options["ping_strikes"].flatMap({ Int($0) }) { limits.pingStrikes = count }
if let seconds = options["age_seconds"].flatMap({ Int($0) }) {
  limits.connectionAgeSeconds = seconds
}
let metrics = Metrics()
let exposition = HTTPRoute("GET", "/metrics") { _ in
  .text(200, metrics.exposition())
}
let health = HealthService()
health.set(serving: true)
let services: [any RPCService] = [TestService(), health]
let reflection = ReflectionService(services)
let tls =
  options["use_tls"] != "true"
  ? nil
  : try TLSCredentials(
    server: TLSServerConfiguration(
      identity: TLSIdentity(
        certificate: options["tls_certificate"] ?? "", key: options["tls_key"] ?? "")))
let server = try RPCServer(
  ServerConfiguration(
    address: "127.0.0.1:\(options["port"] ?? "0")",
    services: services + [reflection, ReflectionServiceV1Alpha(reflection)],
    routes: [exposition], observer: RPCMetrics(metrics: metrics, log: Log()), limits: limits,
    tls: tls, loopCount: options["loops"].flatMap { Int($0) } ?? 0))
server.start()
// Not `print`, which keeps what goes into a pipe.
FileHandle.standardOutput.write(Data("listening on \(server.address)\n".utf8))
while true { try await Task.sleep(for: .seconds(3600)) }
