import InteropAPI
import Primitives
import RPCCore
import RPCHTTP2

/// `--bench SECONDS`: keeps `--calls` unary calls open on one connection and counts those that end well.
struct Load: Sendable {
  let target: String
  let callCount: Int
  let span: Duration

  init(target: String, options: Options) {
    self.target = target
    callCount = options["calls"].flatMap { Int($0) } ?? 64
    span = .milliseconds(Int64((options["bench"].flatMap { Double($0) } ?? 1) * 1000))
  }

  /// What it counted, in one line: `1234 calls in 1.0002 s`.
  func run() async throws -> String {
    let transport = try HTTP2ClientTransport(target: target)
    let rpc = RPCClient(transport: transport, timeout: .seconds(10), retry: .never)
    let client = TestServiceClient(rpc)
    let clock = ContinuousClock()
    let begin = clock.now
    let end = begin + span
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<callCount {
        group.addTask(executorPreference: transport.executor) {
          try await Self.repeatCalls(client, until: end)
        }
      }
      return try await group.reduce(0, +)
    }
    let seconds = (clock.now - begin) / .seconds(1)
    await rpc.close()
    return "\(count) calls in \(seconds) s"
  }

  private static func repeatCalls(
    _ client: TestServiceClient, until end: ContinuousClock.Instant
  ) async throws -> Int {
    let payload = Payload(body: [UInt8](repeating: 0, count: 50))
    let request = SimpleRequest(responseSize: 50, payload: payload)
    var count = 0
    while ContinuousClock.now < end {
      let answer = try await client.unaryCall(request)
      guard answer.payload?.body.count == 50 else {
        throw Unexpected("the payload has \(answer.payload?.body.count ?? 0) bytes, not 50")
      }
      count += 1
    }
    return count
  }
}
