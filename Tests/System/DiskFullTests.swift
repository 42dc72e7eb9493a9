import Foundation
import Glibc
import PoolAPI
import Primitives
import RPCCore
import Testing

extension SystemTests {
  /// A full disk costs no unit that was acknowledged.
  @Suite struct DiskFullTests {
    /// Goal: with no room left the pool takes no writes, says so in log, health and metric, and keeps what it has
    /// acknowledged. Method: a store on a small tmpfs, filled up beside it.
    @Test(.timeLimit(.minutes(5)), .enabled(if: getuid() == 0, "only root may mount a tmpfs"))
    func fullDiskLosesNothing() async throws {
      try await Cluster.with([]) { cluster in
        let disk = cluster.folder.url.appending(path: "disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
        guard mount("tmpfs", disk.path, "tmpfs", 0, "size=4m") == 0 else {
          // A container's root may lack the right; it says so instead of passing in silence.
          try Test.cancel("a tmpfs cannot be mounted: \(String(cString: strerror(errno)))")
        }
        defer { umount2(disk.path, Int32(MNT_DETACH)) }
        try cluster.launch("pool", ["ONEPOOL_DATA": disk.path])
        _ = try await cluster.process("pool").address()
        let acknowledged = try await fill(cluster, disk)
        try await expectItSaysSo(cluster)

        try FileManager.default.removeItem(at: disk.appending(path: "ballast"))
        let after = try await eventually("the pool taking writes again") {
          try? await receive(cluster, "again")
        }
        #expect(after >= acknowledged + 1)
        try await cluster.kill(["pool"])
        try cluster.launch("pool", ["ONEPOOL_DATA": disk.path])
        _ = try await cluster.process("pool").address()
        let total = try await cluster.pool.getStock(GetStockRequest(sku: "A")).total
        #expect(total?.onHandCount == after)
        #expect(try await cluster.pool.verifyLedger(VerifyLedgerRequest()).proved)
      }
    }

    /// Receives units one by one until the disk is full; returns how many were acknowledged.
    private func fill(_ cluster: Cluster, _ disk: URL) async throws -> Int64 {
      _ = try await cluster.pool.setSku(SetSkuRequest(sku: Sku(sku: "A")))
      _ = try await cluster.pool.setLocation(
        SetLocationRequest(location: Location(locationID: "L")))
      var acknowledged = try await receive(cluster, "first")
      let ballast = disk.appending(path: "ballast")
      _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
      let file = try FileHandle(forWritingTo: ballast)
      defer { try? file.close() }
      while (try? file.write(contentsOf: Data(count: 4096))) != nil {}
      for number in 0..<100_000 {
        do throws(RPCError) {
          acknowledged = try await receive(cluster, "fill-\(number)")
        } catch {
          #expect(error.code == .unavailable, "\(error)")
          return acknowledged
        }
      }
      throw NotInTime(description: "the disk never became full")
    }

    /// One more unit; returns how many there are.
    @discardableResult
    private func receive(_ cluster: Cluster, _ request: String) async throws(RPCError) -> Int64 {
      let line = StockLine(sku: "A", locationID: "L", quantity: 1)
      let response = try await cluster.pool.receiveStock(
        ReceiveStockRequest(lines: [line], requestID: request),
        options: CallOptions(timeout: .seconds(3)))
      return response.balances.first?.onHandCount ?? 0
    }

    private func expectItSaysSo(_ cluster: Cluster) async throws {
      let ready = try await SandboxClient.send("GET", "\(cluster.url("pool"))/readyz")
      #expect(ready.status == 503, "\(ready.text)")
      #expect(ready.text.contains("store"))
      let metrics = try await SandboxClient.send("GET", "\(cluster.url("pool"))/metrics")
      #expect(
        metrics.text.split(separator: "\n").contains {
          $0.hasPrefix("onepool_store_healthy") && $0.hasSuffix(" 0")
        })
      #expect(try cluster.process("pool").log.contains("level=error"))
    }
  }
}
