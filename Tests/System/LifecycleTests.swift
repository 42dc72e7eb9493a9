import Foundation
import Glibc
import PoolAPI
import Primitives
import RPCCore
import RPCHTTP2
import Testing

extension SystemTests {
  /// How a service starts, refuses to, and ends.
  @Suite struct LifecycleTests {
    /// Goal: SIGTERM answers what was asked, takes no more, and ends with 0.
    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func drainEndsWithZero(service: String) async throws {
      try await Cluster.with([service]) { cluster in
        let process = try cluster.process(service)
        process.signal(SIGTERM)
        #expect(try await process.status() == 0)
        #expect(process.lines.last?.contains("message=stopped") == true, "\(process.log)")
      }
    }

    /// Goal: a call that has begun is answered. Method: many calls at once, SIGTERM after the first answer. Each is answered,
    /// by this process or the next one, or was refused as UNAVAILABLE; what was answered is in the store.
    @Test(.timeLimit(.minutes(5))) func drainAnswersWhatHasBegun() async throws {
      try await Cluster.with(["pool"]) { cluster in
        _ = try await cluster.pool.setSku(SetSkuRequest(sku: Sku(sku: "A")))
        _ = try await cluster.pool.setLocation(
          SetLocationRequest(location: Location(locationID: "L")))
        let transport = try HTTP2ClientTransport(target: cluster.addresses["pool"] ?? "")
        let once = PoolServiceClient(
          RPCClient(transport: transport, timeout: patience, retry: .never))
        let process = try cluster.process("pool")
        let answered = try await withThrowingTaskGroup(of: Int64.self) { group in
          for number in 0..<Self.callCount {
            group.addTask { try await Self.receiveOne(once, number) }
          }
          var answered: Int64 = 0
          while answered == 0, let count = try await group.next() { answered += count }
          process.signal(SIGTERM)
          #expect(try await process.status() == 0)
          // Calls that were never sent wait for the next one.
          try await cluster.start(["pool"])
          return try await group.reduce(answered, +)
        }
        #expect(answered > 0)
        let balance = try await cluster.pool.getStock(GetStockRequest(sku: "A")).total
        #expect((answered...Int64(Self.callCount)).contains(balance?.onHandCount ?? 0))
        #expect(try await cluster.pool.verifyLedger(VerifyLedgerRequest()).proved)
      }
    }

    /// Goal: with too few descriptors no service starts, and says why, and none dies by a trap. Method: from 8, with
    /// fewer of which Swift's runtime may not come to our first line, to what is one too few.
    @Test(.timeLimit(.minutes(5)), arguments: Cluster.all)
    func tooFewDescriptorsStopTheStartWithAWord(service: String) async throws {
      let folder = try TemporaryFolder()
      for count in [8, 16, 24, 64, 127] {
        let log = folder.url.appending(path: "\(service).\(count).log")
        let process = try ServiceProcess(
          URL(filePath: "/bin/sh"),
          arguments: [
            "-c", "ulimit -n \(count); exec \"$0\"", Programs.url("onepool-\(service)").path,
          ],
          environment: ["ONEPOOL_DATA": folder.path, "ONEPOOL_LISTEN": "127.0.0.1:0"], log: log)
        #expect(try await process.status() == 64, "\(count): \(process.log)")
        #expect(process.log.contains("must leave at least 128"), "\(count): \(process.log)")
        #expect(process.lines.count == 1, "\(process.log)")
      }
    }

    private static let callCount = 2_000

    /// 1 when it was answered.
    private static func receiveOne(_ pool: PoolServiceClient, _ number: Int) async throws -> Int64 {
      let line = StockLine(sku: "A", locationID: "L", quantity: 1)
      do throws(RPCError) {
        _ = try await pool.receiveStock(
          ReceiveStockRequest(lines: [line], requestID: "r-\(number)"))
        return 1
      } catch {
        #expect(error.code == .unavailable, "\(error)")
        return 0
      }
    }

    /// Goal: a busy port is one clear line. Method: a second pool on the first one's port.
    @Test(.timeLimit(.minutes(5))) func busyPortIsOneClearLine() async throws {
      try await Cluster.with(["pool"]) { cluster in
        let folder = try TemporaryFolder()
        let second = try cluster.launch("pool", ["ONEPOOL_DATA": folder.path])
        #expect(try await second.status() == 1)
        try expectOneLine(second, naming: [cluster.addresses["pool"] ?? "", "in use"])
      }
    }

    /// Goal: two processes never own one store.
    @Test(.timeLimit(.minutes(5))) func storeInUseIsOneClearLine() async throws {
      try await Cluster.with(["pool"]) { cluster in
        let second = try cluster.launch("pool", ["ONEPOOL_LISTEN": "127.0.0.1:0"])
        #expect(try await second.status() == 1)
        try expectOneLine(second, naming: ["pool.db", "in use"])
      }
    }

    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func brokenDataFileIsOneClearLine(service: String) async throws {
      try await Cluster.with([]) { cluster in
        let garbage = Data((0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try garbage.write(to: cluster.folder.url.appending(path: "\(service).db"))
        let process = try cluster.launch(service)
        #expect(try await process.status() == 1)
        try expectOneLine(process, naming: ["\(service).db"])
      }
    }

    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func missingRightIsOneClearLine(service: String) async throws {
      try await Cluster.with([]) { cluster in
        // A file where the folder should be is refused to root as well.
        let path = cluster.folder.url.appending(path: "file")
        try Data().write(to: path)
        let process = try cluster.launch(service, ["ONEPOOL_DATA": path.path + "/data"])
        #expect(try await process.status() == 1)
        try expectOneLine(process, naming: [path.path])
      }
    }

    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func wrongSettingIsOneClearLine(service: String) async throws {
      try await Cluster.with([]) { cluster in
        for (name, value) in [
          ("ONEPOOL_LISTEN", "nowhere"), ("ONEPOOL_LOG_LEVEL", "loud"),
          ("ONEPOOL_STANDBY", "perhaps"),
        ] {
          let process = try cluster.launch(service, [name: value])
          #expect(try await process.status() == 64)
          try expectOneLine(process, naming: [name, value, "must be"])
        }
      }
    }

    private func expectOneLine(_ process: ServiceProcess, naming words: [String]) throws {
      let complaints = process.lines.filter { !$0.contains(" level=info ") }
      let line = try #require(complaints.first)
      #expect(complaints.count == 1, "\(process.log)")
      #expect(line.hasPrefix("\(process.name): "), "\(line)")
      for word in words { #expect(line.contains(word), "\(line)") }
    }
  }
}
