import ChannelAdapter
import GatewayDomain
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import GatewayService

/// The pool hears where a customer is: from the channel's order, or from the shop that asks for a hold.
@Suite struct ZoneTests {
  private func bench(_ zones: String) throws -> GatewayBench {
    let bench = try GatewayBench(zones: try #require(ZoneMap(zones)))
    bench.pool.receive("TEE", 10)
    bench.mapping.set("acc", item: "i1", takes: [("TEE", 1)])
    return bench
  }

  private func order(
    _ bench: GatewayBench, _ id: String, _ units: Quantity, _ address: ChannelAddress?,
    time: Int64 = 1
  ) {
    bench.order(id, [("1", "i1", units, 0)], time: time)
    bench.channel.with { $0.orders[id]?.address = address }
  }

  private func zone(_ bench: GatewayBench, _ name: String) -> String? {
    bench.pool.state.withLock { $0.zones[name] }
  }

  @Test func saleSaysWhereItsCustomerIs() async throws {
    let bench = try bench("SG/52=EAST,SG=CITY")
    order(bench, "o1", 1, ChannelAddress(country: "SG", regions: [], postalCode: "528123"))
    order(bench, "o2", 1, ChannelAddress(country: "SG", regions: [], postalCode: ""))
    order(bench, "o3", 1, ChannelAddress(country: "TH", regions: [], postalCode: "52"))
    order(bench, "o4", 1, nil)
    try await bench.run { run in
      for number in 1...4 {
        _ = await GatewayBench.post(run, try GatewayBench.event("e\(number)", "o\(number)"))
      }
      try await GatewayBench.settled(run)
      #expect((1...4).map { zone(bench, "acc/o\($0)") } == ["EAST", "CITY", "", ""])
      #expect(try await run.gateway.store.order("acc/o1")?.record.zone?.text == "EAST")
    }
  }

  /// Goal: what grows later goes where the customer is then, after a restart, too.
  @Test func zoneIsKeptWithTheOrder() async throws {
    let bench = try bench("SG/52=EAST,SG=CITY")
    order(bench, "o1", 1, ChannelAddress(country: "SG", regions: [], postalCode: "528123"))
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
    }
    try await bench.run { run in
      #expect(try await run.gateway.store.order("acc/o1")?.record.zone?.text == "EAST")
      order(
        bench, "o1", 3, ChannelAddress(country: "SG", regions: [], postalCode: "018956"), time: 2)
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o1", time: 2))
      try await GatewayBench.settled(run)
      #expect(zone(bench, "acc/o1") == "CITY")
      #expect(bench.pool.net == ["acc/o1 1 TEE": 3])
    }
  }

  /// Goal: a store from before there were zones opens, and its orders have none.
  @Test func olderStoreOpens() async throws {
    let bench = try bench("SG=CITY")
    let old = try SQLiteDatabase(
      path: bench.folder.file("gateway.db"), migrations: Array(GatewayMigrations.all.prefix(8)))
    _ = try await old.write(until: .after(.seconds(60))) { transaction in
      try transaction.execute(
        """
        INSERT INTO channel_order (order_id, account_id, external_id, state, update_time, sale_time,
          is_shipped_told) VALUES ('acc/o1', 'acc', 'o1', 'open', 1000000, 1000000, 0)
        """)
    }
    await old.close()
    try await bench.run { run in
      let known = try #require(try await run.gateway.store.order("acc/o1"))
      #expect(known.record.zone == nil && known.record.state == .open)
      order(bench, "o1", 1, ChannelAddress(country: "SG", regions: [], postalCode: ""), time: 2)
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1", time: 2))
      try await GatewayBench.settled(run)
      #expect(zone(bench, "acc/o1") == "CITY")
    }
  }

  @Test func withoutZonesNobodyIsAsked() async throws {
    let bench = try bench("")
    order(bench, "o1", 1, ChannelAddress(country: "SG", regions: [], postalCode: "528123"))
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(zone(bench, "acc/o1") == "")
      #expect(bench.channel.with { $0.wantedAddresses } == [false])
    }
  }

  @Test func addressesAreWantedWhereThereAreZones() async throws {
    let bench = try bench("SG=CITY")
    order(bench, "o1", 1, nil)
    try await bench.run { run in
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.channel.with { $0.wantedAddresses } == [true])
    }
  }

  /// Goal: a web shop knows its customer and says the zone itself.
  @Test func holdSaysWhereItsCustomerIs() async throws {
    let bench = try bench("")
    try await bench.run { run in
      try await bench.connectTill(run)
      try await GatewayBench.settled(run)
      func hold(_ id: String, _ fields: String) async throws -> (Int, String?) {
        let json =
          #"{"hold_id":"\#(id)","lines":[{"sku":"TEE","quantity":1}]\#(fields)}"#
        let (status, body) = try await GatewayBench.till(run, "POST", "/till/v1/holds", json)
        return (status, (body["error"] as? [String: Any])?["field"] as? String)
      }
      #expect(try await hold("h1", #","zone":"EAST""#) == (200, nil))
      #expect(try await hold("h2", "") == (200, nil))
      #expect(zone(bench, "till/h1") == "EAST" && zone(bench, "till/h2") == "")
      for text in ["", " x", String(repeating: "z", count: 33)] {
        #expect(try await hold("h3", #","zone":"\#(text)""#) == (400, "zone"))
      }
      #expect(try await hold("h3", #","zone":7"#).0 == 400)
    }
  }
}
