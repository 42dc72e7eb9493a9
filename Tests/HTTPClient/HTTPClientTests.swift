import HTTPClient
import Primitives
import RPCCore
import RPCHTTP2
import Synchronization
import Testing

/// Goal: a call is sent as it was given and its whole answer comes back, or it is clear why not. Method: the client
/// against routes of this process, over sockets.
@Suite(.timeLimit(.minutes(2))) struct HTTPClientTests {
  /// Longer than any test.
  private static let patience = Duration.seconds(60)

  private func serving(
    _ routes: [HTTPRoute], _ body: (String) async throws -> Void
  ) async throws {
    let server = try RPCServer(
      ServerConfiguration(address: "127.0.0.1:0", services: [], routes: routes, loopCount: 1))
    server.start()
    do { try await body("http://\(server.address)") } catch {
      await server.drain(within: .zero)
      throw error
    }
    await server.drain(within: .zero)
  }

  /// Tells what it got.
  private static let echo = HTTPRoute("*", "/echo", maximumBodyBytes: 8 << 20) { request in
    let shown = request.headers.filter { $0.name.lowercased().hasPrefix("x-") }
      .map { "\($0.name.lowercased())=\($0.value)" }.sorted().joined(separator: ";")
    return HTTPResponse(
      status: 200,
      headers: [
        ("X-Method", request.method), ("X-Query", request.query), ("X-Shown", shown),
        ("X-Twice", "a"), ("X-Twice", "b"),
        (
          "X-Type",
          request.headers.first { $0.name.lowercased() == "content-type" }?.value ?? "none"
        ),
      ], body: request.body)
  }

  @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH"])
  func callsArriveAsTheyWereGiven(_ method: String) async throws {
    try await serving([Self.echo]) { base in
      let body = method == "GET" ? [] : Array("{\"a\":\"ü\"}".utf8)
      let answer = try await HTTPClient().send(
        HTTPCall(
          method: method, url: "\(base)/echo?a=1&b=%20",
          headers: [("X-One", "1"), ("x-empty", "")],
          body: body, timeout: Self.patience))
      #expect(answer.status == 200 && answer.body == body)
      #expect(answer.headers["x-method"] == method && answer.headers["x-query"] == "a=1&b=%20")
      #expect(answer.headers["x-shown"] == "x-empty=;x-one=1")
      #expect(answer.headers["x-twice"] == "a, b")
    }
  }

  @Test(arguments: [0, 1, 16 << 10, 1 << 20, 4 << 20])
  func bodiesOfAnySizeGoBothWays(_ count: Int) async throws {
    try await serving([Self.echo]) { base in
      let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let answer = try await HTTPClient().send(
        HTTPCall(method: "POST", url: "\(base)/echo", body: body, timeout: Self.patience))
      #expect(answer.body == body)
    }
  }

  @Test func manyCallsAtOnceGetTheirOwnAnswers() async throws {
    try await serving([Self.echo]) { base in
      let client = HTTPClient()
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<400 {
          group.addTask {
            let body = Array("\(number)".utf8)
            let answer = try await client.send(
              HTTPCall(method: "POST", url: "\(base)/echo", body: body, timeout: Self.patience))
            return answer.body == body
          }
        }
        for try await isOwn in group { #expect(isOwn) }
      }
    }
  }

  @Test func redirectIsAnAnswer() async throws {
    let hits = Mutex(0)
    let routes = [
      HTTPRoute("*", "/from") { _ in HTTPResponse(status: 302, headers: [("location", "/to")]) },
      HTTPRoute("*", "/to") { _ in
        hits.withLock { $0 += 1 }
        return HTTPResponse(status: 200)
      },
    ]
    try await serving(routes) { base in
      let answer = try await HTTPClient().send(
        HTTPCall(method: "GET", url: "\(base)/from", timeout: Self.patience))
      #expect(answer.status == 302 && answer.headers["location"] == "/to")
      #expect(hits.withLock { $0 } == 0)
    }
  }

  @Test func longAnswerIsAFailureOrCut() async throws {
    let long = HTTPRoute("GET", "/long") { _ in .text(200, String(repeating: "x", count: 100_000)) }
    try await serving([long]) { base in
      var limits = HTTPClientLimits()
      limits.answerBytes = 1000
      let call = HTTPCall(method: "GET", url: "\(base)/long", timeout: Self.patience)
      await #expect(throws: HTTPFailure.tooLarge(1000)) { try await HTTPClient(limits).send(call) }
      limits.cutsLongAnswers = true
      let cut = try await HTTPClient(limits).send(call)
      #expect(cut.status == 200 && cut.body.count == 1000)
    }
  }

  @Test func silentServerIsGivenUpInTime() async throws {
    let never = AsyncStream.makeStream(of: Void.self)
    let silent = HTTPRoute("GET", "/silent") { _ in
      for await _ in never.stream {}
      return HTTPResponse(status: 200)
    }
    try await serving([silent]) { base in
      let call = HTTPCall(method: "GET", url: "\(base)/silent", timeout: .milliseconds(30))
      await #expect(throws: HTTPFailure.noAnswer("Timeout was reached")) {
        try await HTTPClient().send(call)
      }
      never.continuation.finish()
    }
  }

  @Test func cancelledCallEndsAtOnce() async throws {
    let never = AsyncStream.makeStream(of: Void.self)
    let arrived = AsyncStream.makeStream(of: Void.self)
    let silent = HTTPRoute("GET", "/silent") { _ in
      arrived.continuation.yield()
      for await _ in never.stream {}
      return HTTPResponse(status: 200)
    }
    try await serving([silent, Self.echo]) { base in
      let client = HTTPClient()
      let calling = Task {
        await Result {
          try await client.send(
            HTTPCall(method: "GET", url: "\(base)/silent", timeout: Self.patience))
        }
      }
      for await _ in arrived.stream { break }
      calling.cancel()
      let outcome = await calling.value
      #expect(throws: HTTPFailure.cancelled) { try outcome.get() }
      let again = try await client.send(
        HTTPCall(method: "GET", url: "\(base)/echo", timeout: Self.patience))
      #expect(again.status == 200)
      never.continuation.finish()
    }
  }

  @Test func taskThatWasCancelledBeforeCallsNobody() async {
    let client = HTTPClient()
    let calling = Task {
      for await _ in AsyncStream<Void>.never {}
      return await Result {
        try await client.send(
          HTTPCall(method: "GET", url: "http://127.0.0.1:1/", timeout: Self.patience))
      }
    }
    calling.cancel()
    let outcome = await calling.value
    #expect(throws: HTTPFailure.cancelled) { try outcome.get() }
  }

  @Test(arguments: [
    "", "http://", "nonsense", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://a b/",
    "http://127.0.0.1:99999/", "gopher://127.0.0.1/", "http://[::1/",
  ])
  func whatIsNoURLIsRefused(_ url: String) async {
    await #expect(
      throws: HTTPFailure.malformed("the address of the call is not a URL of http or https")
    ) {
      try await HTTPClient().send(HTTPCall(method: "GET", url: url, timeout: Self.patience))
    }
  }

  @Test(arguments: [("X-A", "b\r\nX-B: c"), ("X-A\n", "b"), ("X-A", "\0"), ("X:A", "b")])
  func noHeaderIsSmuggledIn(_ name: String, _ value: String) async {
    await #expect(throws: HTTPFailure.malformed("a header has a control character")) {
      try await HTTPClient().send(
        HTTPCall(
          method: "GET", url: "http://127.0.0.1:1/", headers: [(name, value)],
          timeout: Self.patience))
    }
  }

  @Test func portWithoutAServerIsNoAnswer() async {
    await #expect(throws: HTTPFailure.noAnswer("Couldn't connect to server")) {
      try await HTTPClient().send(
        HTTPCall(method: "GET", url: "http://127.0.0.1:1/", timeout: Self.patience))
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

extension AsyncStream<Void> {
  /// Ends when its task is cancelled.
  fileprivate static var never: AsyncStream<Void> { AsyncStream { _ in } }
}
