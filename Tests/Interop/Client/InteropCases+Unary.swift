import InteropAPI
import Primitives
import RPCCore

extension InteropCases {
  func emptyUnary() async throws {
    let answer = try await client.emptyCall(Empty())
    try expect(answer == Empty(), "the answer is not empty")
  }

  private func largeRequest() -> SimpleRequest {
    SimpleRequest(
      responseType: .compressable, responseSize: 314_159, payload: Self.payload(271_828))
  }

  func largeUnary() async throws {
    let answer = try await client.unaryCall(largeRequest())
    try expectZeros(answer.payload, 314_159)
  }

  /// A server that takes compression refuses a call that says it is compressed and is not.
  func clientCompressedUnary() async throws {
    var request = largeRequest()
    request.expectCompressed = BoolValue(value: true)
    _ = try await expectFailure(.invalidArgument) { _ = try await client.unaryCall(request) }
    for compresses in [true, false] {
      request.expectCompressed = BoolValue(value: compresses)
      let answer = try await client.unaryCall(
        request, options: CallOptions(compresses: compresses))
      try expectZeros(answer.payload, 314_159)
    }
  }

  func serverCompressedUnary() async throws {
    for compressed in [true, false] {
      var request = largeRequest()
      request.responseCompressed = BoolValue(value: compressed)
      let record = CallRecord()
      let answer = try await client.unaryCall(request, options: CallOptions(record: record))
      try expectZeros(answer.payload, 314_159)
      try expect(
        record.messageWasCompressed == compressed,
        "the answer was \(record.messageWasCompressed ? "" : "not ")compressed")
    }
  }

  func statusCodeAndMessage() async throws {
    let wanted = EchoStatus(code: 2, message: "test status message")
    let unary = try await expectFailure(.unknown) {
      _ = try await client.unaryCall(SimpleRequest(responseStatus: wanted))
    }
    try expect(unary.message == wanted.message, "the message is \(unary.message)")
    let stream = try await expectFailure(.unknown) {
      let call = try await client.fullDuplexCall()
      try await call.send(StreamingOutputCallRequest(responseStatus: wanted))
      try await call.finishSending()
      _ = try await call.next()
    }
    try expect(stream.message == wanted.message, "the stream's message is \(stream.message)")
  }

  /// Line ends, a tab, and a character beyond the first plane.
  func specialStatusMessage() async throws {
    let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    let error = try await expectFailure(.unknown) {
      _ = try await client.unaryCall(
        SimpleRequest(responseStatus: EchoStatus(code: 2, message: text)))
    }
    try expect(error.message == text, "the message is \(error.message.debugDescription)")
  }

  func unimplementedMethod() async throws {
    _ = try await expectFailure(.unimplemented) { _ = try await client.unimplementedCall(Empty()) }
  }

  func unimplementedService() async throws {
    let other = UnimplementedServiceClient(rpc)
    _ = try await expectFailure(.unimplemented) { _ = try await other.unimplementedCall(Empty()) }
  }

  /// Metadata goes there and back, text before the messages and bytes with the status.
  func customMetadata() async throws {
    var metadata: Metadata = ["x-grpc-test-echo-initial": "test_initial_metadata_value"]
    metadata.add("x-grpc-test-echo-trailing-bin", bytes: [0xAB, 0xAB, 0xAB])
    let unary = CallRecord()
    _ = try await client.unaryCall(
      largeRequest(), options: CallOptions(metadata: metadata, record: unary))
    try expectEcho(unary)
    let stream = CallRecord()
    let call = try await client.fullDuplexCall(
      options: CallOptions(timeout: .seconds(60), metadata: metadata, record: stream))
    try await call.send(
      StreamingOutputCallRequest(
        responseParameters: [ResponseParameters(size: 314_159)], payload: Self.payload(271_828)))
    try await call.finishSending()
    let answer = try await call.next()
    try expectZeros(answer?.payload, 314_159)
    try await expectEnd(call)
    try expectEcho(stream)
  }

  private func expectEcho(_ record: CallRecord) throws {
    let initial = record.initialMetadata["x-grpc-test-echo-initial"]
    try expect(
      initial == "test_initial_metadata_value", "the initial metadata is \(initial ?? "missing")")
    let trailing = record.trailingMetadata.bytes("x-grpc-test-echo-trailing-bin")
    try expect(trailing == [0xAB, 0xAB, 0xAB], "the trailing metadata is \(trailing ?? [])")
  }

  /// Many large calls, over one channel or each over its own.
  func soak(newChannels: Bool) async throws {
    let count = options["soak_iterations"].flatMap { Int($0) } ?? 10
    let allowed = options["soak_max_failures"].flatMap { Int($0) } ?? 0
    let patience = options["soak_per_iteration_max_acceptable_latency_ms"].flatMap { Int64($0) }
    var failures: [String] = []
    for _ in 0..<count {
      let rpc = newChannels ? try Self.connect(target, options) : self.rpc
      do {
        let answer = try await TestServiceClient(rpc).unaryCall(
          largeRequest(), options: CallOptions(timeout: .milliseconds(patience ?? 10_000)))
        try expectZeros(answer.payload, 314_159)
      } catch {
        failures.append("\(error)")
      }
      if newChannels { await rpc.close() }
    }
    try expect(
      failures.count <= allowed, "\(failures.count) of \(count) failed: \(failures.last ?? "")")
  }
}
