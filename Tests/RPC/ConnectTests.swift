import Foundation
import FoundationNetworking
import Glibc
import Primitives
import Protobuf
import RPCCore
import RPCHTTP2
import Testing

/// The Connect protocol over HTTP/1.1, by URLSession and by a bare socket; over HTTP/2 curl and buf ask
/// (Tests/Interop/test_connect.py).
@Suite struct ConnectTests {
  private struct Answer {
    var status: Int
    var type: String
    var headers: HTTPURLResponse
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: [String: Any] { Self.object(body) }

    /// The enveloped messages: flags, and what is in them.
    var envelopes: [(flags: UInt8, payload: [UInt8])] {
      var found: [(UInt8, [UInt8])] = []
      var rest = body[...]
      while rest.count >= 5 {
        let length = rest.prefix(5).dropFirst().reduce(0) { $0 << 8 | Int($1) }
        found.append((rest[rest.startIndex], Array(rest.dropFirst(5).prefix(length))))
        rest = rest.dropFirst(5 + length)
      }
      return found
    }

    static func object(_ bytes: [UInt8]) -> [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]) ?? [:]
    }
  }

  private func with(probe: Probe = Probe(), _ body: (String) async throws -> Void) async throws {
    let server = try RPCServer(
      ServerConfiguration(
        address: "127.0.0.1:0", services: [EchoService(probe: probe)], loopCount: 1))
    server.start()
    try await body("http://\(server.address)/onepool.test.v1.EchoService")
    await server.drain(within: .seconds(2))
  }

  private func ask(
    _ url: String, type: String = "application/json", _ body: [UInt8]? = nil,
    _ headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = URLRequest(url: try #require(URL(string: url)))
    if let body {
      request.httpMethod = "POST"
      request.httpBody = Data(body)
      request.setValue(type, forHTTPHeaderField: "content-type")
    }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await URLSession.shared.data(for: request)
    let http = try #require(response as? HTTPURLResponse)
    return Answer(
      status: http.statusCode, type: http.value(forHTTPHeaderField: "content-type") ?? "",
      headers: http, body: [UInt8](data))
  }

  private func framed(_ payload: [UInt8], flags: UInt8 = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt32(payload.count).bigEndian) { [flags] + Array($0) } + payload
  }

  private func framed(_ json: String) -> [UInt8] { framed(Array(json.utf8)) }

  // MARK: - Streams

  @Test func serverStreamSendsItsMessagesAndItsEnd() async throws {
    try await with { base async throws -> Void in
      let answer = try await ask(
        "\(base)/Expand", type: "application/connect+json", framed(#"{"service":"300"}"#))
      #expect(answer.status == 200)
      #expect(answer.type == "application/connect+json")
      let envelopes = answer.envelopes
      #expect(envelopes.count == 301)
      #expect(Answer.object(envelopes[299].payload)["service"] as? String == "300")
      #expect(envelopes[300].flags == 2)
      #expect(envelopes[300].payload == Array("{}".utf8))
    }
  }

  @Test func protoStreamsWorkToo() async throws {
    try await with { base async throws -> Void in
      let request = HealthCheckRequest(service: "2").serialized()
      let answer = try await ask(
        "\(base)/Expand", type: "application/connect+proto", framed(request))
      #expect(answer.type == "application/connect+proto")
      let names = try answer.envelopes.dropLast().map {
        try HealthCheckRequest(serialized: $0.payload).service
      }
      #expect(names == ["1", "2"])
    }
  }

  @Test func streamsErrorStandsInItsEnd() async throws {
    try await with { base async throws -> Void in
      let answer = try await ask(
        "\(base)/Expand", type: "application/connect+json", framed(#"{"service":"fail after"}"#))
      #expect(answer.status == 200)
      #expect(answer.envelopes.map(\.flags) == [0, 2])
      let end = Answer.object(answer.envelopes[1].payload)
      let error = try #require(end["error"] as? [String: Any])
      #expect(error["code"] as? String == "aborted")
      let details = try #require(error["details"] as? [[String: Any]])
      #expect((details.first?["debug"] as? [String: Any])?["reason"] as? String == "TORN")
    }
  }

  @Test func badStreamsAreRefusedInTheirEnd() async throws {
    try await with { base async throws -> Void in
      let table: [(body: [UInt8], headers: [String: String], code: String, name: String)] = [
        ([], [:], "unimplemented", "no message"),
        (framed("{}") + framed("{}"), [:], "unimplemented", "two messages"),
        ([0, 0, 0, 0, 9, 1], [:], "invalid_argument", "cut short"),
        (framed("{"), [:], "invalid_argument", "no JSON"),
        (framed([1, 2, 3], flags: 1), [:], "invalid_argument", "compressed unsaid"),
        (framed("{}"), ["connect-content-encoding": "br"], "unimplemented", "brotli"),
        (framed("{}"), ["connect-protocol-version": "2"], "invalid_argument", "version"),
        (framed("{}"), ["connect-timeout-ms": "soon"], "invalid_argument", "timeout"),
      ]
      for (body, headers, code, name) in table {
        let answer = try await ask(
          "\(base)/Expand", type: "application/connect+json", body, headers)
        #expect(answer.status == 200, "\(name)")
        let end = Answer.object(answer.envelopes.last?.payload ?? [])
        let error = end["error"] as? [String: Any]
        #expect(error?["code"] as? String == code, "\(name): \(answer.text)")
      }
    }
  }

  @Test func streamsMayBeCompressed() async throws {
    try await with { base async throws -> Void in
      let request = Gzip.compress(Array(#"{"service":"gzip"}"#.utf8))
      let answer = try await ask(
        "\(base)/Expand", type: "application/connect+json", framed(request, flags: 1),
        ["connect-content-encoding": "gzip", "connect-accept-encoding": "gzip"])
      #expect(answer.headers.value(forHTTPHeaderField: "connect-content-encoding") == "gzip")
      let first = try #require(answer.envelopes.first)
      #expect(first.flags == 1)
      let message = try Gzip.decompress(first.payload, atMost: 1000)
      #expect(Answer.object(message)["service"] as? String == "1")
    }
  }

  /// A socket that has asked for a stream.
  private func stream(_ service: String, of base: String) throws -> Int32 {
    let url = try #require(URL(string: base))
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(url.port ?? 0).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    #expect(connected == 0)
    let body = framed(#"{"service":"\#(service)"}"#)
    let head = """
      POST \(url.path)/Expand HTTP/1.1\r
      Host: test\r
      Content-Type: application/connect+json\r
      Content-Length: \(body.count)\r
      \r

      """
    let bytes = Array(head.utf8) + body
    #expect(send(socket, bytes, bytes.count, 0) == bytes.count)
    return socket
  }

  /// Goal: who does not read stops the handler, and who goes away ends it.
  @Test func readerStopsAndEndsTheHandler() async throws {
    let probe = Probe()
    try await with(probe: probe) { base async throws -> Void in
      let socket = try stream("10000000", of: base)
      var last = -1
      while probe.written.value != last || last < 1 {
        last = probe.written.value
        // Time in which a writer that did not wait would have written on.
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(last < 1_000_000)
      close(socket)
      await probe.torn.wait()
    }
  }

  /// Goal: a handler that has nothing more to say does not outlive its caller.
  @Test func readerThatGoesAwayEndsASilentHandler() async throws {
    let probe = Probe()
    try await with(probe: probe) { base async throws -> Void in
      let socket = try stream("hang after", of: base)
      await probe.started.wait()
      close(socket)
      await probe.cancelled.wait()
    }
  }

  // MARK: - Unary

  @Test func getAsksMethodsWithoutSideEffects() async throws {
    try await with { base async throws -> Void in
      let json = "connect=v1&encoding=json&message=%7B%22service%22%3A%22a%20b%22%7D"
      #expect(try await ask("\(base)/Get?\(json)").json["service"] as? String == "a b")
      // {"service":"ÿ>?"} in the alphabet for addresses, without padding.
      let base64 = "base64=1&encoding=json&message=eyJzZXJ2aWNlIjoiw78-PyJ9"
      #expect(try await ask("\(base)/Get?\(base64)").json["service"] as? String == "ÿ>?")
      let proto = Base64Codec.encode(HealthCheckRequest(service: "p").serialized())
      let answer = try await ask("\(base)/Get?connect=v1&encoding=proto&base64=1&message=\(proto)")
      #expect(answer.type == "application/proto")
      #expect(try HealthCheckRequest(serialized: answer.body).service == "p")

      for (query, name) in [
        ("encoding=json", "no message"), ("message=%7B%7D", "no encoding"),
        ("encoding=xml&message=%7B%7D", "unknown encoding"),
        ("connect=v2&encoding=json&message=%7B%7D", "unknown version"),
        ("encoding=json&base64=1&message=!", "no base64"),
      ] {
        let answer = try await ask("\(base)/Get?\(query)")
        #expect(answer.status == 400, "\(name)")
        #expect(answer.json["code"] as? String == "invalid_argument", "\(name)")
      }
      #expect(try await ask("\(base)/Unary?\(json)").status == 405)
      #expect(try await ask("\(base)/Expand?\(json)").status == 405)
    }
  }

  @Test func bodiesMayBeCompressed() async throws {
    try await with { base async throws -> Void in
      let long = String(repeating: "x", count: 5000)
      let body = Array(#"{"service":"\#(long)"}"#.utf8)
      let headers = ["content-encoding": "gzip", "accept-encoding": "gzip"]
      let answer = try await ask("\(base)/Unary", Gzip.compress(body), headers)
      #expect(answer.status == 200)
      #expect(answer.headers.value(forHTTPHeaderField: "content-encoding") == "gzip")
      #expect(answer.json["service"] as? String == long)

      let garbage = try await ask("\(base)/Unary", [1, 2, 3], ["content-encoding": "gzip"])
      #expect(garbage.json["code"] as? String == "invalid_argument")
      // A bomb: 5 MiB of zeros where 4 MiB are allowed.
      let bomb = Gzip.compress([UInt8](repeating: 0, count: 5 << 20))
      let refused = try await ask("\(base)/Unary", bomb, ["content-encoding": "gzip"])
      #expect(refused.json["code"] as? String == "resource_exhausted")
      let unknown = try await ask("\(base)/Unary", body, ["content-encoding": "br"])
      #expect(unknown.json["code"] as? String == "unimplemented")
    }
  }

  @Test func versionIsChecked() async throws {
    try await with { base async throws -> Void in
      for (version, status) in [("1", 200), ("2", 400), ("", 400)] {
        let answer = try await ask(
          "\(base)/Unary", Array("{}".utf8), ["connect-protocol-version": version])
        #expect(answer.status == status, "\(version)")
      }
    }
  }

  /// Goal: the caller gets its answer at the deadline though the handler hears nothing of it.
  @Test(arguments: ["Unary", "Expand"]) func deadlineIsKeptForADeafHandler(
    _ method: String
  ) async throws {
    let probe = Probe()
    try await with(probe: probe) { base async throws -> Void in
      let json = #"{"service":"deaf"}"#
      let isStream = method == "Expand"
      let answer = try await ask(
        "\(base)/\(method)", type: isStream ? "application/connect+json" : "application/json",
        isStream ? framed(json) : Array(json.utf8), ["connect-timeout-ms": "50"])
      #expect(answer.text.contains("deadline_exceeded"))
      probe.released.signal()
    }
  }
}
