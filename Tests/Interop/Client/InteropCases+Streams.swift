import InteropAPI
import Primitives
import RPCCore

extension InteropCases {
  private func parameters(_ sizes: [Int]) -> [ResponseParameters] {
    sizes.map { ResponseParameters(size: Int32($0)) }
  }

  func clientStreaming() async throws {
    let call = try await client.streamingInputCall()
    for size in Self.requestSizes {
      try await call.send(StreamingInputCallRequest(payload: Self.payload(size)))
    }
    try await call.finishSending()
    try await expectSum(call, 74_922)
  }

  private func expectSum(
    _ call: DuplexCall<StreamingInputCallRequest, StreamingInputCallResponse>, _ sum: Int32
  ) async throws {
    let answer = try await call.next()
    try expect(
      answer?.aggregatedPayloadSize == sum,
      "the sum is \(answer.map { "\($0.aggregatedPayloadSize)" } ?? "missing"), not \(sum)")
    try await expectEnd(call)
  }

  func clientCompressedStreaming() async throws {
    let probe = StreamingInputCallRequest(
      payload: Self.payload(27_182), expectCompressed: BoolValue(value: true))
    _ = try await expectFailure(.invalidArgument) {
      let call = try await client.streamingInputCall()
      try await call.send(probe, compressed: false)
      try await call.finishSending()
      _ = try await call.next()
    }
    let call = try await client.streamingInputCall()
    try await call.send(probe, compressed: true)
    try await call.send(
      StreamingInputCallRequest(
        payload: Self.payload(45_904), expectCompressed: BoolValue(value: false)),
      compressed: false)
    try await call.finishSending()
    try await expectSum(call, 73_086)
  }

  func serverStreaming() async throws {
    var sizes: [Int] = []
    let request = StreamingOutputCallRequest(responseParameters: parameters(Self.responseSizes))
    for try await answer in client.streamingOutputCall(request) {
      sizes.append(answer.payload?.body.count ?? 0)
    }
    try expect(sizes == Self.responseSizes, "the sizes are \(sizes)")
  }

  func serverCompressedStreaming() async throws {
    let record = CallRecord()
    let request = StreamingOutputCallRequest(responseParameters: [
      ResponseParameters(size: 31_415, compressed: BoolValue(value: true)),
      ResponseParameters(size: 92_653, compressed: BoolValue(value: false)),
    ])
    var seen: [String] = []
    for try await answer in client.streamingOutputCall(
      request, options: CallOptions(record: record))
    {
      seen.append("\(answer.payload?.body.count ?? 0) \(record.messageWasCompressed)")
    }
    try expect(seen == ["31415 true", "92653 false"], "the answers were \(seen)")
  }

  func pingPong() async throws {
    let call = try await client.fullDuplexCall()
    for (size, answerSize) in zip(Self.requestSizes, Self.responseSizes) {
      try await call.send(
        StreamingOutputCallRequest(
          responseParameters: parameters([answerSize]), payload: Self.payload(size)))
      let answer = try await call.next()
      try expectZeros(answer?.payload, answerSize)
    }
    try await call.finishSending()
    try await expectEnd(call)
  }

  func emptyStream() async throws {
    let call = try await client.fullDuplexCall()
    try await call.finishSending()
    try await expectEnd(call)
  }

  func cancelAfterBegin() async throws {
    _ = try await expectFailure(.cancelled) {
      let call = try await client.streamingInputCall()
      call.cancel()
      _ = try await call.next()
    }
  }

  func cancelAfterFirstResponse() async throws {
    let call = try await client.fullDuplexCall()
    try await call.send(
      StreamingOutputCallRequest(
        responseParameters: parameters([31_415]), payload: Self.payload(27_182)))
    let answer = try await call.next()
    try expectZeros(answer?.payload, 31_415)
    call.cancel()
    _ = try await expectFailure(.cancelled) { _ = try await call.next() }
  }

  func timeoutOnSleepingServer() async throws {
    _ = try await expectFailure(.deadlineExceeded) {
      let call = try await client.fullDuplexCall(
        options: CallOptions(timeout: .milliseconds(1)))
      try await call.send(StreamingOutputCallRequest(payload: Self.payload(27_182)))
      while try await call.next() != nil {}
    }
  }
}
