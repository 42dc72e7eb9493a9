import InteropAPI
import Primitives
import RPCCore

/// gRPC's test service (grpc/grpc `doc/interop-test-descriptions.md`).
struct TestService: TestServiceHandler {
  func emptyCall(_ request: Empty, context: ServerContext) async throws -> Empty {
    echo(context)
    return Empty()
  }

  func unaryCall(_ request: SimpleRequest, context: ServerContext) async throws -> SimpleResponse {
    echo(context)
    try check(request.expectCompressed, context)
    if let wanted = request.responseStatus { try fail(wanted) }
    context.compressesResponses = request.responseCompressed?.value ?? false
    return SimpleResponse(payload: payload(try size(request.responseSize)))
  }

  func cacheableUnaryCall(
    _ request: SimpleRequest, context: ServerContext
  ) async throws -> SimpleResponse {
    context.addInitialMetadata(["cache-control": "max-age=60, public"])
    return try await unaryCall(request, context: context)
  }

  func streamingOutputCall(
    _ request: StreamingOutputCallRequest, responses: ResponseWriter<StreamingOutputCallResponse>,
    context: ServerContext
  ) async throws {
    echo(context)
    try await answer(request, responses, context)
  }

  func streamingInputCall(
    _ requests: RequestStream<StreamingInputCallRequest>, context: ServerContext
  ) async throws -> StreamingInputCallResponse {
    echo(context)
    var sum = 0
    for try await request in requests {
      try check(request.expectCompressed, context)
      sum += request.payload?.body.count ?? 0
    }
    return StreamingInputCallResponse(aggregatedPayloadSize: Int32(clamping: sum))
  }

  func fullDuplexCall(
    _ requests: RequestStream<StreamingOutputCallRequest>,
    responses: ResponseWriter<StreamingOutputCallResponse>, context: ServerContext
  ) async throws {
    echo(context)
    for try await request in requests { try await answer(request, responses, context) }
  }

  func halfDuplexCall(
    _ requests: RequestStream<StreamingOutputCallRequest>,
    responses: ResponseWriter<StreamingOutputCallResponse>, context: ServerContext
  ) async throws {
    echo(context)
    var all: [StreamingOutputCallRequest] = []
    for try await request in requests { all.append(request) }
    for request in all { try await answer(request, responses, context) }
  }

  func unimplementedCall(_ request: Empty, context: ServerContext) async throws -> Empty {
    throw RPCError(.unimplemented, "METHOD_UNKNOWN", "This method is not implemented.")
  }

  // MARK: - Parts

  private func answer(
    _ request: StreamingOutputCallRequest, _ responses: ResponseWriter<StreamingOutputCallResponse>,
    _ context: ServerContext
  ) async throws {
    if let wanted = request.responseStatus { try fail(wanted) }
    for parameters in request.responseParameters {
      if parameters.intervalUs > 0 {
        let pause = Duration.microseconds(Int64(parameters.intervalUs))
        try await Task.sleep(for: pause)  // between two answers, as the caller asked for
      }
      context.compressesResponses = parameters.compressed?.value ?? false
      try await responses.write(
        StreamingOutputCallResponse(payload: payload(try size(parameters.size))))
    }
  }

  /// custom_metadata: what came under these names goes back.
  private func echo(_ context: ServerContext) {
    if let text = context.metadata["x-grpc-test-echo-initial"] {
      context.addInitialMetadata(["x-grpc-test-echo-initial": text])
    }
    if let bytes = context.metadata.bytes("x-grpc-test-echo-trailing-bin") {
      var trailing = Metadata()
      trailing.add("x-grpc-test-echo-trailing-bin", bytes: bytes)
      context.addTrailingMetadata(trailing)
    }
  }

  private func fail(_ status: EchoStatus) throws {
    guard status.code != 0 else { return }
    throw RPCError(RPCCode(rawValue: status.code) ?? .unknown, "", status.message)
  }

  private func check(_ expected: BoolValue?, _ context: ServerContext) throws {
    guard let expected, expected.value != context.messageWasCompressed else { return }
    throw RPCError(
      .invalidArgument, "COMPRESSION_UNEXPECTED",
      "The message was \(context.messageWasCompressed ? "" : "not ")compressed.")
  }

  private func size(_ count: Int32) throws -> Int {
    guard (0...64 << 20).contains(count) else {
      throw RPCError(
        .invalidArgument, "SIZE_OUT_OF_RANGE", "A payload has 0 to 67108864 bytes.")
    }
    return Int(count)
  }

  private func payload(_ count: Int) -> Payload {
    Payload(type: .compressable, body: [UInt8](repeating: 0, count: count))
  }
}
