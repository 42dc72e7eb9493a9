import Foundation
import FoundationNetworking
import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import Testing

/// Connect and plain routes by a client that we did not write: HTTP/1.1 by URLSession.
@Suite struct HTTPTests {
  struct Answer {
    var status: Int
    var type: String
    var text: String

    var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
    }
  }

  private func with(_ body: (String) async throws -> Void) async throws {
    let echo = HTTPRoute("POST", "/hooks/*", maximumBodyBytes: 1000) { request in
      let headers = [("content-type", "text/plain"), ("x-suffix", request.pathSuffix)]
      let text = "\(request.path)?\(request.query) \(request.header("X-Mark") ?? "-") "
      return HTTPResponse(status: 200, headers: headers, body: Array(text.utf8) + request.body)
    }
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService()],
        routes: [echo, HTTPRoute("GET", "/healthz") { _ in .text(200, "ok\n") }], loopCount: 1))
    server.start()
    try await body("http://\(server.address)")
    await server.drain(within: .seconds(2))
  }

  private func send(
    _ url: String, method: String = "POST", type: String? = "application/json", body: String = "",
    headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = URLRequest(url: try #require(URL(string: url)))
    request.httpMethod = method
    if method != "GET" { request.httpBody = Data(body.utf8) }
    if let type { request.setValue(type, forHTTPHeaderField: "content-type") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let http = try #require(response as? HTTPURLResponse)
    return Answer(
      status: http.statusCode, type: http.value(forHTTPHeaderField: "content-type") ?? "",
      text: String(decoding: data, as: UTF8.self))
  }

  /// Goal: whatever is asked is answered at once, or refused at once, and the server goes on. Method: requests with ever more and ever
  /// longer parameters and headers, on connections of their own; one that hangs is cut off by the time limit.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      ("?" + query(256), 0, "200"), ("?" + query(257), 0, "414"), ("?" + query(500), 0, "414"),
      ("?" + query(1000), 0, "414"), ("?" + query(30_000), 0, "414"),
      ("?" + query(450), 20_000, "414"), ("?" + query(256), 4_000, "200"),
      ("?" + query(200) + long(20_000), 0, "414"), ("?" + query(150) + long(20_000), 0, "200"),
      ("?a=" + long(30_000), 0, "200"), ("?a=" + long(100_000), 0, "414"),
      ("", 30_000, "200"), ("", 100_000, "431"), ("", 1_000_000, "431"),
    ])
  func tooMuchInFrontOfABodyIsRefusedAtOnce(
    _ query: String, _ headerBytes: Int, _ status: String
  ) async throws {
    try await with { (base) async throws -> Void in
      let port = try #require(URL(string: base)?.port)
      let header = headerBytes > 0 ? "x-long: \(Self.long(headerBytes))\r\n" : ""
      let answer = try PlainSocket.ask(
        port, "GET /healthz\(query) HTTP/1.1\r\nhost: x\r\n\(header)connection: close\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      let next = try PlainSocket.ask(
        port, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
      #expect(next.hasSuffix("ok\n"))
    }
  }

  private static func query(_ count: Int) -> String {
    (0..<count).map { "a\($0)=1" }.joined(separator: "&")
  }

  private static func long(_ count: Int) -> String { String(repeating: "x", count: count) }

  /// Goal: a route that runs longer than the drain allows is given up, and the process lives on.
  @Test func routeThatOutlivesTheDrainIsGivenUp() async throws {
    let started = Signal()
    let over = Signal()
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [],
        routes: [
          HTTPRoute("GET", "/slow") { _ in
            started.signal()
            await over.wait()
            return .text(200, "late\n")
          }
        ], loopCount: 1))
    server.start()
    async let answer = send("http://\(server.address)/slow", method: "GET", type: nil)
    await started.wait()
    await server.drain(within: .zero)
    over.signal()
    // Answered 503, or cut off where the thread ended first.
    if let status = try? await answer.status { #expect(status == 503) }
  }

  @Test func connectCallInJSONReturnsJSON() async throws {
    try await with { (base) async throws -> Void in
      let answer = try await send(
        "\(base)/onepool.test.v1.EchoService/Unary", body: #"{"service":"hello"}"#)
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      #expect(answer.json["service"] as? String == "hello")
    }
  }

  @Test func connectErrorCarriesCodeMessageAndDetails() async throws {
    try await with { (base) async throws -> Void in
      let answer = try await send(
        "\(base)/onepool.test.v1.EchoService/Unary", body: #"{"service":"fail"}"#)
      #expect(answer.status == 400)
      #expect(answer.json["code"] as? String == "failed_precondition")
      #expect(answer.json["message"] as? String == "Hold h-1 is released – naïve ☃ 😀.")
      let details = try #require(answer.json["details"] as? [[String: Any]])
      #expect(details.first?["type"] as? String == "google.rpc.ErrorInfo")
      let debug = try #require(details.first?["debug"] as? [String: Any])
      #expect(debug["reason"] as? String == "HOLD_ENDED")
    }
  }

  @Test func badRequestsAreRefusedWithTheirReason() async throws {
    try await with { (base) async throws -> Void in
      let unary = "\(base)/onepool.test.v1.EchoService/Unary"
      let table: [(String, String?, String, Int, String)] = [
        ("{", "application/json", "malformed JSON", 400, "invalid_argument"),
        (#"{"servise":"x"}"#, "application/json", "unknown field", 400, "servise"),
        (#"{"service":7}"#, "application/json", "wrong type", 400, "service"),
        ("[]", "application/json", "no object", 400, "invalid_argument"),
        ("{}", "text/xml", "wrong content type", 415, "application/json"),
        ("{}", nil, "no content type", 415, "application/json"),
        ("\u{1}\u{2}garbage", "application/proto", "garbage", 400, "invalid_argument"),
      ]
      for (body, type, name, status, text) in table {
        let answer = try await send(unary, type: type ?? "", body: body)
        #expect(answer.status == status, "\(name)")
        #expect(answer.text.contains(text), "\(name): \(answer.text)")
      }
      #expect(try await send(unary, method: "GET").status == 405)
      let stream = try await send("\(base)/onepool.test.v1.EchoService/Expand", body: "{}")
      #expect(stream.status == 415)
      #expect(stream.text.contains("application/connect+json"))
    }
  }

  @Test func deadlineOfAConnectCallIsKept() async throws {
    try await with { (base) async throws -> Void in
      let answer = try await send(
        "\(base)/onepool.test.v1.EchoService/Unary", body: #"{"service":"hang"}"#,
        headers: ["connect-timeout-ms": "50"])
      #expect(answer.status == 504)
      #expect(answer.json["code"] as? String == "deadline_exceeded")
    }
  }

  @Test func routeSeesTheRawTargetAndBody() async throws {
    try await with { (base) async throws -> Void in
      let answer = try await send(
        "\(base)/hooks/sho%70ee/x?a=%20b&c", body: "raw \u{0} bytes", headers: ["x-mark": "m"])
      #expect(answer.status == 200)
      #expect(answer.text == "/hooks/sho%70ee/x?a=%20b&c m raw \u{0} bytes")
    }
  }

  @Test func oversizedBodyUnknownPathAndMethodAreRefused() async throws {
    try await with { (base) async throws -> Void in
      let large = String(repeating: "x", count: 100_000)
      #expect(try await send("\(base)/hooks/a", body: large).status == 413)
      #expect(try await send("\(base)/nothing", method: "GET").status == 404)
      #expect(try await send("\(base)/healthz", body: "{}").status == 405)
      #expect(try await send("\(base)/healthz", method: "GET").text == "ok\n")
    }
  }

  @Test func manyRequestsAtOnceAllReturnTheirOwn() async throws {
    try await with { (base) async throws -> Void in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<200 {
          group.addTask {
            try await send(
              "\(base)/onepool.test.v1.EchoService/Unary", body: #"{"service":"n\#(number)"}"#
            ).json["service"] as? String == "n\(number)"
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }
}
