import HTTPClient
import Testing

/// Goal: whatever a server sends, there is an answer or a reason, and the client goes on. Method: servers that send bytes of
/// their own choice and hang up.
@Suite(.timeLimit(.minutes(2))) struct RawAnswerTests {
  private static let patience = Duration.seconds(60)

  private func answer(
    to text: [UInt8], _ limits: HTTPClientLimits = HTTPClientLimits()
  ) async -> Result<HTTPAnswer, HTTPFailure> {
    let server = RawServer(text)
    defer { server.stop() }
    do throws(HTTPFailure) {
      return .success(
        try await HTTPClient(limits).send(
          HTTPCall(method: "GET", url: "http://\(server.address)/", timeout: Self.patience)))
    } catch {
      return .failure(error)
    }
  }

  @Test func interimAnswerIsForgotten() async throws {
    let text =
      "HTTP/1.1 103 a: hint\r\nX-Old: 1\r\n\r\nHTTP/1.1 200 all: well\r\nX-New:  2 \r\n"
      + "Content-Length: 2\r\n\r\nok"
    let answer = try await answer(to: Array(text.utf8)).get()
    #expect(answer.status == 200 && answer.body == Array("ok".utf8))
    #expect(answer.headers == ["x-new": "2", "content-length": "2"])
  }

  @Test(arguments: [
    "", "\0\u{1}\u{2}hello\n", "HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
  ])
  func brokenAnswerIsNone(_ text: String) async {
    let answer = await answer(to: Array(text.utf8))
    #expect {
      try answer.get()
    } throws: { error in
      if case .noAnswer? = error as? HTTPFailure { true } else { false }
    }
  }

  @Test func headHasABound() async {
    let text =
      "HTTP/1.1 200 OK\r\n"
      + String(repeating: "X-A: \(String(repeating: "a", count: 1000))\r\n", count: 100)
    let answer = await answer(to: Array((text + "Content-Length: 0\r\n\r\n").utf8))
    #expect(throws: HTTPFailure.tooLarge(64 << 10)) { try answer.get() }
  }

  /// 100,000 times the same letter, packed.
  private static let packed: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 218, 139, 111, 13, 15,
    160, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 128, 87, 3, 113, 17, 7, 254, 160, 134, 1, 0,
  ]

  @Test func packedAnswerIsBoundedByWhatIsInIt() async throws {
    let head =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(Self.packed.count)\r\n\r\n"
    let whole = try await answer(to: Array(head.utf8) + Self.packed).get()
    #expect(whole.body.count == 100_000)
    var limits = HTTPClientLimits()
    limits.answerBytes = 1000
    let bounded = await answer(to: Array(head.utf8) + Self.packed, limits)
    #expect(throws: HTTPFailure.tooLarge(1000)) { try bounded.get() }
  }

  /// Each call has a connection of its own, whose descriptor is the next one's again.
  @Test func connectionsThatAreClosedAreOpenedAnew() async throws {
    let server = RawServer(
      Array("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".utf8))
    defer { server.stop() }
    let client = HTTPClient()
    let call = HTTPCall(
      method: "GET", url: "http://\(server.address)/", timeout: Self.patience)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<25 where try await client.send(call).body != Array("ok".utf8) {
            return false
          }
          return true
        }
      }
      for try await isWhole in group { #expect(isWhole) }
    }
  }
}
