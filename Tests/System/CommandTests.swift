import Foundation
import Glibc
import Primitives
import RPCCore
import RPCHTTP2
import Testing

extension SystemTests {
  /// `onepool up` and `onepool demo`, as somebody at a terminal has them.
  @Suite struct CommandTests {
    /// Goal: all of it comes up, ends cleanly with ctrl-C, and continues from the same data. Method: units are received and
    /// a sale's faults are on when it ends.
    @Test(.timeLimit(.minutes(5))) func upContinuesFromItsData() async throws {
      let desk = try Desk()
      let first = try desk.launch("up")
      try await desk.waitUntilUp(first)
      try await desk.receive("TEE-BLK-M", 7)
      try await desk.disturb()
      let stock = try await desk.stock("TEE-BLK-M")
      #expect(stock == 127)
      try await desk.interrupt(first)

      let second = try desk.launch("up")
      try await desk.waitUntilUp(second)
      #expect(try await desk.stock("TEE-BLK-M") == stock)
      #expect(try await desk.faults() == ["duplicate_percent": 0, "reorder_percent": 0])
      try await desk.interrupt(second)
      // The lines of the first run are still there.
      let log = try String(
        contentsOf: desk.folder.url.appending(path: "data/log/pool.log"), encoding: .utf8)
      #expect(log.split(separator: "\n").count { $0.contains("message=serving") } == 2)
    }

    /// Goal: tokens that were refreshed since the first start still work after another. Method: Shopee's first token ends at
    /// once, and its refresh token is good once.
    @Test(.timeLimit(.minutes(5))) func upGoesOnWithRefreshedTokens() async throws {
      let desk = try Desk()
      let first = try desk.launch("up")
      try await desk.waitUntilUp(first)
      try await desk.endShopeeToken()
      try await desk.receive("CAP-RED", 5)
      let end = try await eventually("a refreshed token") {
        let end = try await desk.shopeeTokenEnd()
        return end > Date() + 3_600 ? end : nil
      }
      try await desk.waitUntilShown("CAP-RED", 63)
      try await desk.interrupt(first)

      let second = try desk.launch("up")
      try await desk.waitUntilUp(second)
      #expect(try await desk.shopeeTokenEnd() == end)
      try await desk.receive("CAP-RED", 5)
      try await desk.waitUntilShown("CAP-RED", 68)
      try await desk.interrupt(second)
    }

    /// Goal: a port that somebody else has is one clear line, even where he answers 200 to whatever is asked.
    @Test(.timeLimit(.minutes(5)), arguments: [0, 5]) func takenPortIsOneClearLine(
      position: Int
    ) async throws {
      let desk = try Desk()
      let server = try RPCServer(
        ServerConfiguration(
          address: "127.0.0.1:\(desk.base + position)", services: [],
          routes: [HTTPRoute("*", "/*") { _ in .text(200, "ready\n") }], loopCount: 1))
      server.start()
      let up = try desk.launch("up")
      #expect(try await up.status() == 1)
      #expect(up.lines.count == 1, "\(up.log)")
      #expect(up.log.contains("127.0.0.1:\(desk.base + position)") && up.log.contains("in use"))
      await server.drain(within: .zero)
    }

    @Test(.timeLimit(.minutes(5))) func brokenDataFileIsOneClearLine() async throws {
      let desk = try Desk()
      let data = desk.folder.url.appending(path: "data")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      let garbage = Data((0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try garbage.write(to: data.appending(path: "mapping.db"))
      let up = try desk.launch("up")
      #expect(try await up.status() == 1)
      #expect(up.lines.count == 1 && up.log.contains("mapping.db"), "\(up.log)")
    }

    /// Goal: the demo's proof holds. What it says of time is left to a quiet machine.
    @Test(.timeLimit(.minutes(5))) func demoProvesItself() async throws {
      let desk = try Desk()
      let demo = try desk.launch(
        "demo", ["--json", "--orders", "200", "--units", "50", "--missed", "80"])
      let status = try await demo.status()
      let line = try #require(demo.lines.last, "\(demo.log)")
      let proof = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let checks = try #require(proof?["checks"] as? [[String: Any]], "\(demo.log)")
      let failed = checks.filter { $0["holds"] as? Bool != true }
      #expect(checks.count == 14)
      #expect(failed.allSatisfy { $0["timed"] as? Bool == true }, "\(failed)")
      #expect(status == (failed.isEmpty ? 0 : 2), "\(demo.log)")
    }
  }
}

/// Where somebody types `onepool …`: a folder and six ports of his own.
private struct Desk {
  let folder: TemporaryFolder
  /// The pool's port; mapping, fulfilment, returns, gateway and sandbox follow.
  let base: Int

  init() throws {
    folder = try TemporaryFolder()
    base = try FreePorts.row(6)
  }

  func launch(_ command: String, _ more: [String] = []) throws -> ServiceProcess {
    let log = folder.url.appending(path: "\(command)-\(UUID()).log")
    let data = folder.url.appending(path: "data").path
    return try ServiceProcess(
      Programs.url("onepool"),
      arguments: [command, "--data", data, "--port-base", "\(base)"] + more,
      environment: ["PATH": "/usr/bin:/bin", "ONEPOOL_LOOPS": "1"], log: log)
  }

  func waitUntilUp(_ up: ServiceProcess) async throws {
    let seen: () async -> String = { up.log }
    try await eventually("everything up", seen: seen) {
      if !up.isRunning { throw NotInTime(description: "onepool ended: \(up.log)") }
      return up.log.contains("ctrl-C ends it") ? () : nil
    }
  }

  func interrupt(_ up: ServiceProcess) async throws {
    up.signal(SIGINT)
    #expect(try await up.status() == 0, "\(up.log)")
  }

  private func pool(_ method: String, _ request: [String: Any]) async throws -> [String: Any] {
    let url = "http://127.0.0.1:\(base)/onepool.pool.v1.PoolService/\(method)"
    let answer = try await SandboxClient.send("POST", url, request)
    #expect(answer.status == 200, "\(answer.text)")
    return try answer.object()
  }

  func receive(_ sku: String, _ quantity: Int) async throws {
    let line: [String: Any] = ["sku": sku, "locationId": "WH-SG", "quantity": quantity]
    _ = try await pool("ReceiveStock", ["lines": [line]])
  }

  func stock(_ sku: String) async throws -> Int? {
    let total = try await pool("GetStock", ["sku": sku])["total"] as? [String: Any]
    return (total?["onHandCount"] as? String).flatMap { Int($0) }
  }

  private var sandbox: SandboxClient { SandboxClient(base: "http://127.0.0.1:\(base + 5)") }

  func disturb() async throws {
    try await sandbox.disturb(.shopee, duplicates: 10, reordering: 20)
  }

  /// The token that Shopee's stand-in gave at first is over from now on.
  func endShopeeToken() async throws {
    try await sandbox.command(
      "shops",
      [
        "channel": "shopee", "shop": "14701711", "access_token_seconds": -1,
        "hook_url": "http://127.0.0.1:\(base + 4)/hooks/shopee",
        "credentials": [
          "partner_id": "2001887", "partner_key": "shopee_partner_key_demo",
          "push_partner_key": "shpk_push_demo_key", "access_token": "shopee-demo-access",
          "refresh_token": "shopee-demo-refresh",
        ],
      ])
  }

  func shopeeTokenEnd() async throws -> Date {
    let answer = try await SandboxClient.send("GET", "\(sandbox.base)/control/shops")
    let shops = try answer.object()["shops"] as? [[String: Any]] ?? []
    let shopee = shops.first { $0["channel"] as? String == "shopee" }
    let text = try #require(shopee?["access_expire_time"] as? String, "\(answer.text)")
    return try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  func waitUntilShown(_ sku: String, _ count: Int64) async throws {
    try await eventually("Shopee shows \(count) of \(sku)") {
      try await sandbox.stock().contains {
        $0.channel == "shopee" && $0.sku == sku && $0.count == count
      } ? () : nil
    }
  }

  /// What a sale leaves on when it is broken off.
  func faults() async throws -> [String: Int] {
    let answer = try await SandboxClient.send("GET", "\(sandbox.base)/control/faults")
    let shopee = try answer.object()["shopee"] as? [String: Any] ?? [:]
    let pairs = ["duplicate_percent", "reorder_percent"].map { name in
      (name, (shopee[name] as? NSNumber)?.intValue ?? -1)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
