import Foundation
import GatewayAPI
import Primitives
import RPCCore
import Testing

extension SystemTests {
  /// Goal: whatever bytes come in over a socket, the answer is an error that says what is wrong, and the process goes on.
  @Suite struct MalformedInputTests {
    /// Bodies that are wrong for any call, and how they are called.
    private static let bodies: [(String, [UInt8])] = [
      ("nothing", []), ("null", Array("null".utf8)), ("a list", Array("[]".utf8)),
      ("a text", Array("\"x\"".utf8)), ("a number", Array("1e999".utf8)),
      ("an open object", Array("{".utf8)), ("an open text", Array("{\"a\":\"".utf8)),
      ("two objects", Array("{}{}".utf8)),
      ("no UTF-8", Array("{\"a\":\"".utf8) + [0xFF, 0xFE, 0x22, 0x7D]),
      ("zeros", [UInt8](repeating: 0, count: 100)),
      ("deep", [UInt8](repeating: UInt8(ascii: "["), count: 100_000)),
      ("deep objects", Array(String(repeating: "{\"a\":", count: 20_000).utf8)),
      ("unknown members", Array("{\"no_such_member\":1}".utf8)),
      ("a doubled member", Array("{\"request_id\":\"a\",\"request_id\":\"b\"}".utf8)),
    ]
    private static let values = [
      "{}", "[]", "[[]]", "[null]", "\"\\u0000\"", "-1", "1e400", "99999999999999999999", "true",
      "\"\(String(repeating: "x", count: 5_000))\"", "{\"a\":{}}", "\"\\ud800\"", "1.5",
    ]

    @Test(.timeLimit(.minutes(5))) func everyCallOfTheGatewayRefusesWhatIsMalformed() async throws {
      let calls = try Self.calls()
      #expect(calls.count > 15 && calls.contains { $0.name == "CancelChannelOrder" })
      try await Cluster.with(["pool", "mapping", "fulfilment", "returns", "gateway"]) { cluster in
        let address = try #require(cluster.addresses["gateway"])
        for call in calls {
          let path = "/onepool.gateway.v1.GatewayService/\(call.name)"
          var bodies = Self.bodies
          for field in call.fields {
            for value in Self.values {
              bodies.append(
                ("\(field): \(value.prefix(30))", Array("{\"\(field)\":\(value)}".utf8)))
            }
          }
          for (name, body) in bodies {
            let answer = await RawConnection.send(
              RawConnection.request("POST", path, body: body), to: address)
            Self.expectClear(answer, "\(call.name) with \(name)")
          }
          await Self.sendTorn(path, address)
        }
        await Self.sendNoise("/onepool.gateway.v1.GatewayService/ConnectAccount", address)
        #expect(try cluster.process("gateway").isRunning)
        _ = try await cluster.gateway.getBacklog(GetBacklogRequest())
      }
    }

    /// Method: paths and queries that no channel sends, without a link and with one that waits.
    @Test(.timeLimit(.minutes(5))) func callbackOfAnAuthorisationRefusesWhatIsMalformed()
      async throws
    {
      try await Cluster.with { cluster in
        let address = try #require(cluster.addresses["gateway"])
        let shop = Shop.shopee
        try await cluster.sandbox.open(shop, hooks: "\(cluster.url("gateway"))/hooks")
        let link = try await cluster.gateway.startAuthorisation(
          StartAuthorisationRequest(
            connection: Connection(
              accountID: shop.accountID, channelID: shop.channel,
              baseURL: "\(cluster.url("sandbox"))\(shop.path)",
              credentials: shop.credentials.filter { !$0.key.hasSuffix("_token") })))
        let long = String(repeating: "a", count: 4_000)
        let many = (0..<400).map { "p\($0)=1" }.joined(separator: "&")
        var targets = [
          "/oauth/", "/oauth/shopee", "/oauth/shopee/callback", "/oauth/nobody/callback",
          "/oauth/shopee/callback/", "/oauth/shopee/callback/x/y", "/oauth/shopee/callback/..%2f..",
          "/oauth/%00/callback", "/oauth/%ff%fe/callback", "/oauth/shopee/callback/%00",
          "/oauth/shopee/callback/\(long)", "/oauth/\(long)/callback",
        ]
        for query in [
          "", "code", "code=", "code=x&state=", "=x", "&&&&", "state=%", "state=%f", "state=%zz",
          "state=%ff%00&code=%ff", "code=\(long)&state=x", many, "state[]=1&code[]=2",
        ] { targets.append("/oauth/shopee/callback/none?\(query)") }
        for target in targets {
          for method in ["GET", "POST", "HEAD", "DELETE"] {
            let answer = await RawConnection.send(
              RawConnection.request(method, target, body: method == "POST" ? [0xFF] : []),
              to: address)
            #expect((400..<500).contains(answer.status), "\(method) \(target.prefix(80))")
            if method == "GET" { #expect(!answer.body.isEmpty, "\(target.prefix(80))") }
          }
        }
        // The link stands still: a code that is none is refused, and the link is used by that.
        let parts = try #require(URLComponents(string: link.url))
        let back = try #require(parts.queryItems?.first { $0.name == "redirect" }?.value)
        let path = try #require(URLComponents(string: back)).path
        for _ in 0..<2 {
          let answer = await RawConnection.send(
            RawConnection.request("GET", "\(path)?code=%00%ff&shop_id=\(long)"), to: address)
          #expect(answer.status == 400, "\(answer.body)")
          #expect(answer.head.contains("nosniff"))
        }
        let found = try await cluster.gateway.listConnections(ListConnectionsRequest())
        #expect(found.connections.isEmpty)
        #expect(try cluster.process("gateway").isRunning)
      }
    }

    @Test(.timeLimit(.minutes(5))) func scenarioOfTheSandboxRefusesWhatIsMalformed() async throws {
      try await Cluster.with(["sandbox"]) { cluster in
        let address = try #require(cluster.addresses["sandbox"])
        var bodies = Self.bodies
        for field in ["seed", "shops", "listings", "steps"] {
          // No steps at all are a sound scenario.
          for value in Self.values where field != "steps" || value != "[]" {
            bodies.append(("\(field): \(value.prefix(30))", Array("{\"\(field)\":\(value)}".utf8)))
          }
        }
        for step in ["at", "do", "for", "channel", "every", "until", "set", "shop"] {
          for value in Self.values {
            bodies.append(
              ("a step's \(step)", Array("{\"steps\":[{\"\(step)\":\(value)}]}".utf8)))
          }
        }
        for (name, body) in bodies {
          let answer = await RawConnection.send(
            RawConnection.request("POST", "/control/scenario", body: body), to: address)
          #expect((400..<500).contains(answer.status), "\(name): \(answer.status) \(answer.body)")
          #expect(!answer.body.isEmpty, "\(name)")
        }
        let huge = [UInt8](repeating: UInt8(ascii: " "), count: 20 << 20)
        let answer = await RawConnection.send(
          RawConnection.request("POST", "/control/scenario", body: huge), to: address)
        #expect(answer.status == 413)
        await Self.sendTorn("/control/scenario", address)
        await Self.sendNoise("/control/scenario", address)
        #expect(try cluster.process("sandbox").isRunning)
        try await cluster.sandbox.command("scenario", ["steps": [[String: Any]]()])
      }
    }

    // MARK: What is sent

    /// Bodies that are cut off, too long and of another kind.
    private static func sendTorn(_ path: String, _ address: String) async {
      for length in [1, 100, 1 << 20] {
        // It hangs up before the end, so there is nobody to tell.
        _ = await RawConnection.send(
          RawConnection.request("POST", path, body: Array("{\"a".utf8), length: 3 + length),
          to: address, seconds: 0)
      }
      let huge = [UInt8](repeating: UInt8(ascii: " "), count: 9 << 20)
      let large = await RawConnection.send(
        RawConnection.request("POST", path, body: huge), to: address)
      #expect(large.status == 0 || (400..<500).contains(large.status), "\(path) huge")
      for type in ["text/plain", "application/proto", "application/grpc", "", "\u{1}"] {
        let answer = await RawConnection.send(
          RawConnection.request("POST", path, type: type, body: Array("{\"a\":".utf8)), to: address)
        #expect(answer.status == 0 || (400..<500).contains(answer.status), "\(path) as \(type)")
      }
    }

    /// Bytes without a rule, and requests with some of their bytes changed.
    private static func sendNoise(_ path: String, _ address: String) async {
      let seed = UInt64.random(in: 1...1_000_000)
      var random = SeededRandom(seed: seed)
      let sound = RawConnection.request(
        "POST", path,
        body: Array("{\"seed\":1,\"steps\":[],\"connection\":{\"account_id\":\"a\"}}".utf8))
      for _ in 0..<100 {
        var bytes = sound
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        // One whose length has grown is waited for by the server, too.
        let answer = await RawConnection.send(bytes, to: address, seconds: 1)
        #expect(answer.status < 500 || answer.status == 501 || answer.status == 505, "seed \(seed)")
      }
    }

    /// An answer to something that may be sound for a call: what is refused says why, and nothing broke inside.
    private static func expectClear(_ answer: RawConnection.Answer, _ what: String) {
      guard answer.status != 200 else { return }
      #expect((400..<500).contains(answer.status), "\(what): \(answer.status) \(answer.body)")
      #expect(answer.body.contains("\"code\":") && answer.body.contains("\"message\":"), "\(what)")
      #expect(!answer.body.contains("\"internal\""), "\(what): \(answer.body)")
    }

    /// The gateway's calls with the members of their requests, as its proto has them.
    private static func calls() throws -> [(name: String, fields: [String])] {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let proto = try String(
        contentsOf: root.appending(path: "Protos/onepool/gateway/v1/gateway_service.proto"),
        encoding: .utf8)
      var names: [String] = []
      var fields: [String: [String]] = [:]
      var message = ""
      for line in proto.split(separator: "\n") {
        let words = line.split { " ;{}()<>,".contains($0) }.map(String.init)
        if words.first == "rpc" { names.append(words[1]) }
        if words.first == "message" { message = words[1] }
        guard let place = words.firstIndex(of: "="), place >= 2, !message.isEmpty else { continue }
        fields[message, default: []].append(words[place - 1])
      }
      return names.map { ($0, fields["\($0)Request"] ?? []) }
    }
  }
}
