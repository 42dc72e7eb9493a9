import Foundation
import GatewayAPI
import Glibc
import PoolAPI
import Primitives
import RPCCore
import RPCHTTP2
import Testing

extension SystemTests {
  /// A second process over a store in use waits, and takes over when the first one ends.
  @Suite struct StandbyTests {
    /// Goal: who stands by is alive, not ready, says why, and does no work; then it does all of it, on the same port.
    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func standbyWaitsAndTakesOver(service: String) async throws {
      try await Cluster.with([service]) { cluster in
        let holder = try cluster.process(service)
        let standby = try await cluster.standBy(service)
        let address = try await standby.address(saying: ServiceProcess.standingBy)
        try await expectStandby(at: address, behind: "process \(holder.identifier)")
        holder.signal(SIGKILL)
        #expect(try await standby.address() == address)
        let url = "http://\(address)"
        #expect(try await SandboxClient.send("GET", "\(url)/readyz").status == 200)
        #expect(
          try await SandboxClient.send("GET", "\(url)/metrics").text.contains("onepool_standby 0"))
        for words in [ServiceProcess.standingBy, "message=\"took over\"", ServiceProcess.serving] {
          #expect(standby.lines.count { $0.contains(words) } == 1, "\(standby.log)")
        }
        standby.signal(SIGTERM)
        #expect(try await standby.status() == 0)
      }
    }

    private func expectStandby(at address: String, behind holder: String) async throws {
      let url = "http://\(address)"
      let alive = try await SandboxClient.send("GET", "\(url)/healthz")
      #expect(alive.status == 200 && alive.text.contains("\"ok\""), "\(alive.text)")
      // On a machine that is slow with the looks, it seems to take over already.
      let ready = try await eventually("the words of \(address)") {
        let ready = try await SandboxClient.send("GET", "\(url)/readyz")
        return ready.text.contains("standing by") ? ready : nil
      }
      #expect(ready.status == 503, "\(ready.text)")
      #expect(ready.text.contains("standing by: the store is in use by \(holder)"), "\(ready.text)")
      let metrics = try await SandboxClient.send("GET", "\(url)/metrics")
      #expect(metrics.text.contains("onepool_standby 1"))
      for path in ["hooks/shopee", "till/v1/sales", "onepool.pool.v1.PoolService/GetStock"] {
        let answer = try await SandboxClient.send("POST", "\(url)/\(path)", ["a": "b"])
        #expect(answer.status == 503 && answer.text.contains("STANDING_BY"), "\(answer.text)")
      }
      let transport = try HTTP2ClientTransport(target: address)
      let health = HealthClient(RPCClient(transport: transport, timeout: patience))
      for name in ["", "onepool.pool.v1.PoolService"] {
        let answer = try await health.check(HealthCheckRequest(service: name))
        #expect(answer.status == .notServing)
      }
      await transport.close()
    }

    /// Goal: it makes no difference how the holder ends. Method: a drain, and a standby that was there for two holders.
    @Test(.timeLimit(.minutes(5))) func drainedHolderIsTakenOverFrom() async throws {
      try await Cluster.with(["mapping"]) { cluster in
        let holder = try cluster.process("mapping")
        let standbys = [try await cluster.standBy("mapping"), try await cluster.standBy("mapping")]
        holder.signal(SIGTERM)
        #expect(try await holder.status() == 0)
        let first = try await nextHolder(of: standbys)
        let second = try #require(standbys.first { $0 !== first })
        #expect(!second.log.contains(ServiceProcess.serving), "\(second.log)")
        first.signal(SIGKILL)
        _ = try await second.address()
      }
    }

    /// Waits until one of them serves.
    private func nextHolder(of standbys: [ServiceProcess]) async throws -> ServiceProcess {
      try await eventually("one of \(standbys.count) serving") {
        standbys.first { $0.log.contains(ServiceProcess.serving) }
      }
    }

    /// Goal: who stands by ends at once and cleanly, and its holder does not notice.
    @Test(.timeLimit(.minutes(5)), arguments: Cluster.services)
    func standbyEndsWithZero(service: String) async throws {
      try await Cluster.with([service]) { cluster in
        let standby = try await cluster.standBy(service)
        standby.signal(SIGTERM)
        #expect(try await standby.status() == 0)
        #expect(standby.lines.last?.contains("message=stopped") == true, "\(standby.log)")
        #expect(!standby.log.contains(ServiceProcess.serving), "\(standby.log)")
        let ready = try await SandboxClient.send("GET", "\(cluster.url(service))/readyz")
        #expect(ready.status == 200, "\(ready.text)")
      }
    }

    /// Goal: nothing acknowledged is lost and nothing is done twice, and clients that know both addresses carry on. Method: a
    /// sale of more orders than units on all channels, with duplicates and reordering; in the middle of it the holder is
    /// killed, then its heir, behind which the first one's successor stands by.
    @Test(.timeLimit(.minutes(10)), arguments: ["gateway", "pool"])
    func proofHoldsThroughTakeovers(service: String) async throws {
      print("seed: \(CrashTests.seed) (ONEPOOL_SEED=\(CrashTests.seed) repeats it)")
      var random = SeededRandom(seed: CrashTests.seed)
      // A platform may turn off a hook of which too many tries fail: what it does not tell then is asked for.
      let settings = ["gateway": ["ONEPOOL_GATEWAY_POLL_SECONDS": "2"]]
      try await Cluster.with(settings: settings, doubled: [service]) { cluster in
        var holder = try cluster.process(service)
        var places = [cluster.standbys[service], cluster.addresses[service]].compactMap(\.self)
        var standby = try await cluster.standBy(service, at: places[0])
        let merchant = try await Merchant.open(in: cluster, stock: 100)
        for shop in Shop.all {
          try await cluster.sandbox.disturb(shop, duplicates: 30, reordering: 30)
        }
        let sale = FlashSale(merchant: merchant, orders: 40)
        async let orders = sale.run()
        for isLast in [false, true] {
          // The moment is what is tested.
          try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
          holder.signal(SIGKILL)
          #expect(try await holder.status() == -SIGKILL)
          _ = try await standby.address()
          guard !isLast else { break }
          places.swapAt(0, 1)
          holder = standby
          standby = try await cluster.standBy(service, at: places[0])
        }
        try await Proof.check(merchant, received: 100, orders: try await orders)
      }
    }

    /// Asks a gateway for a shop's listings many times at once.
    private func importAtOnce(_ shop: Shop, at address: String) async throws {
      let transport = try HTTP2ClientTransport(target: address)
      let gateway = GatewayServiceClient(RPCClient(transport: transport, timeout: patience))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            _ = try await gateway.importListings(ImportListingsRequest(accountID: shop.accountID))
          }
        }
        try await group.waitForAll()
      }
      await transport.close()
    }

    /// Goal: a token is refreshed once, however many gateways there are. Method: three over one store and a token that
    /// expires as the holder is killed; many want it of the next holder at once, then of the one after that. A refresh token of
    /// Shopee's is good once.
    @Test(.timeLimit(.minutes(5))) func expiredTokenIsRefreshedOnceByWhoeverTakesOver() async throws
    {
      try await Cluster.with { cluster in
        let shop = Shop.shopee
        let platform = try FrontDoor(to: [cluster.addresses["sandbox"] ?? ""])
        try await cluster.sandbox.open(shop, hooks: "\(cluster.url("gateway"))/hooks")
        try await cluster.sandbox.list(shop, item: Merchant.item(shop), sku: Merchant.sku)
        _ = try await cluster.gateway.connectAccount(
          ConnectAccountRequest(
            connection: Connection(
              accountID: shop.accountID, channelID: shop.channel, externalID: shop.externalID,
              baseURL: "\(platform.url)\(shop.path)", credentials: shop.credentials)))
        let refreshes = "\(shop.path)/api/v2/auth/access_token/get"
        var gateways = [try cluster.process("gateway")]
        for _ in 0..<2 { gateways.append(try await cluster.standBy("gateway")) }
        #expect(platform.count(refreshes) == 0)
        for round in 1...2 {
          gateways[0].signal(SIGKILL)
          #expect(try await gateways[0].status() == -SIGKILL)
          if round == 1 {
            try await cluster.sandbox.open(
              shop, hooks: "\(cluster.url("gateway"))/hooks", accessSeconds: -1)
          }
          gateways.removeFirst()
          let heir = try await nextHolder(of: gateways)
          gateways.sort { first, _ in first === heir }
          try await importAtOnce(shop, at: try await heir.address())
          #expect(platform.count(refreshes) == 1, "round \(round)")
        }
        await platform.end()
      }
    }
  }
}
