internal import Protobuf

/// What a client asks of `grpc.health.v1.Health` to know whether a connection is of use (gRFC A17).
package enum HealthProbe {
  package static let watch = MethodDescriptor(
    service: "grpc.health.v1.Health", method: "Watch", kind: .serverStreaming)

  package static func request(_ service: String) -> [UInt8] {
    HealthCheckRequest(service: service).serialized()
  }

  /// Whether an answer says that the service takes calls.
  package static func isServing(_ answer: [UInt8]) -> Bool {
    guard let response = try? HealthCheckResponse(serialized: answer) else { return false }
    return response.status == .serving
  }
}
