import InteropAPI
import Primitives
import RPCCore
import RPCHTTP2
import RPCTLS

/// What did not come out as gRPC's description of the case says.
struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// The cases of gRPC's interop suite (grpc/grpc `doc/interop-test-descriptions.md`), by the names used there.
struct InteropCases: Sendable {
  static let all: [String: @Sendable (InteropCases) async throws -> Void] = [
    "empty_unary": { try await $0.emptyUnary() },
    "large_unary": { try await $0.largeUnary() },
    "client_compressed_unary": { try await $0.clientCompressedUnary() },
    "server_compressed_unary": { try await $0.serverCompressedUnary() },
    "client_streaming": { try await $0.clientStreaming() },
    "client_compressed_streaming": { try await $0.clientCompressedStreaming() },
    "server_streaming": { try await $0.serverStreaming() },
    "server_compressed_streaming": { try await $0.serverCompressedStreaming() },
    "ping_pong": { try await $0.pingPong() },
    "empty_stream": { try await $0.emptyStream() },
    "custom_metadata": { try await $0.customMetadata() },
    "status_code_and_message": { try await $0.statusCodeAndMessage() },
    "special_status_message": { try await $0.specialStatusMessage() },
    "unimplemented_method": { try await $0.unimplementedMethod() },
    "unimplemented_service": { try await $0.unimplementedService() },
    "cancel_after_begin": { try await $0.cancelAfterBegin() },
    "cancel_after_first_response": { try await $0.cancelAfterFirstResponse() },
    "timeout_on_sleeping_server": { try await $0.timeoutOnSleepingServer() },
    "rpc_soak": { try await $0.soak(newChannels: false) },
    "channel_soak": { try await $0.soak(newChannels: true) },
  ]

  static let requestSizes = [27_182, 8, 1_828, 45_904]
  static let responseSizes = [31_415, 9, 2_653, 58_979]

  let target: String
  let options: Options
  let client: TestServiceClient
  let rpc: RPCClient

  init(target: String, options: Options) throws {
    self.target = target
    self.options = options
    rpc = try Self.connect(target, options)
    client = TestServiceClient(rpc)
  }

  static func connect(_ target: String, _ options: Options) throws -> RPCClient {
    let tls =
      options["use_tls"] != "true"
      ? nil
      : try TLSCredentials(
        client: TLSClientConfiguration(
          authorities: options["ca_file"], serverName: options["server_host_override"]))
    return RPCClient(
      transport: try HTTP2ClientTransport(target: target, tls: tls), timeout: .seconds(60),
      retry: .never)
  }

  // MARK: - Parts of many cases

  static func payload(_ count: Int) -> Payload {
    Payload(type: .compressable, body: [UInt8](repeating: 0, count: count))
  }

  func expect(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
    guard condition else { throw Unexpected(problem()) }
  }

  /// The answer to a large unary call is zeros of the size that was asked for.
  func expectZeros(_ payload: Payload?, _ count: Int) throws {
    let body = payload?.body ?? []
    try expect(body.count == count, "the payload has \(body.count) bytes, not \(count)")
    try expect(body.allSatisfy { $0 == 0 }, "the payload is not all zeros")
  }

  func expectFailure(
    _ code: RPCCode, _ call: () async throws -> Void
  ) async throws -> RPCError {
    do {
      try await call()
    } catch let error as RPCError {
      try expect(error.code == code, "the call ended with \(error), not \(code.name)")
      return error
    }
    throw Unexpected("the call ended with OK, not \(code.name)")
  }

  func expectEnd<Request, Response>(_ call: DuplexCall<Request, Response>) async throws {
    let more = try await call.next()
    try expect(more == nil, "a message came where the call should have ended")
  }
}
