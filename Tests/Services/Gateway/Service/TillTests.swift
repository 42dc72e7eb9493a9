import Foundation
import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct TillTests {
  static func bench(tillWait: Duration = .seconds(60)) throws -> GatewayBench {
    let bench = try GatewayBench(tillWait: tillWait)
    bench.pool.receive("TEE", 10)
    bench.pool.receive("CAP", 10)
    return bench
  }

  static func sale(
    _ id: String, _ lines: String, kind: String = "sale", sequence: Int = 0, of: String = "",
    store: String = "S1"
  ) -> String {
    let link = of.isEmpty ? "" : "\"refund_of\":\"\(of)\","
    return """
      {"sale_id":"\(id)","kind":"\(kind)",\(link)"store_id":"\(store)","sequence":\(sequence),
       "occurred_at":"2026-01-05T10:03:11+08:00","lines":[\(lines)]}
      """
  }

  static func line(
    _ sku: String, _ quantity: Int = 1, id: String = "1", refundOf: String = "",
    restock: Bool? = nil
  ) -> String {
    let link = refundOf.isEmpty ? "" : ",\"refund_of_line\":\"\(refundOf)\""
    let shelf = restock.map { ",\"restock\":\($0)" } ?? ""
    return "{\"line_id\":\"\(id)\",\"sku\":\"\(sku)\",\"quantity\":\(quantity)\(link)\(shelf)}"
  }

  static func batch(_ sales: String...) -> String {
    "{\"device_id\":\"till-03\",\"batch_id\":\"b-1\",\"sales\":[\(sales.joined(separator: ","))]}"
  }

  static func statuses(_ body: [String: Any]) -> [String] {
    (body["results"] as? [[String: Any]] ?? []).map {
      "\($0["sale_id"] ?? "") \($0["status"] ?? "") \($0["code"] ?? "")"
        .trimmingCharacters(in: .whitespaces)
    }
  }

  static func post(_ run: GatewayBench.Run, _ json: String) async throws -> [String: Any] {
    let (status, body) = try await GatewayBench.till(run, "POST", "/till/v1/sales", json)
    #expect(status == 200, "\(body)")
    return body
  }

  @Test func eachSaleIsAnsweredInOrder() async throws {
    let bench = try Self.bench()
    // A SKU of its own: the sales of a batch are taken in at the same time.
    bench.pool.receive("CAP", 1)
    try await bench.run { run in
      try await bench.connectTill(run)
      let body = try await Self.post(
        run,
        Self.batch(
          Self.sale("s1", Self.line("TEE", 2)), Self.sale("s2", Self.line("NONE")),
          Self.sale("s3", Self.line("CAP", 20)), Self.sale("s1", Self.line("TEE", 2)),
          Self.sale("s4", Self.line("TEE", 0)), Self.sale("s5", Self.line("TEE"), store: "S9")))
      #expect(
        Self.statuses(body) == [
          "s1 accepted", "s2 rejected SKU_UNKNOWN", "s3 accepted_oversold",
          "s4 rejected SALE_MALFORMED", "s5 rejected STORE_WRONG",
        ])
      #expect(bench.pool.net == ["till/s1 1 TEE": 2, "till/s3 1 CAP": 20])
      #expect(bench.fulfilment.order("till/s1")?.handedOver == true)
      #expect(bench.fulfilment.order("till/s1")?.state == .shipped)
      let again = try await Self.post(
        run, Self.batch(Self.sale("s1", Self.line("TEE", 2)), Self.sale("s3", Self.line("CAP", 20)))
      )
      #expect(Self.statuses(again) == ["s1 already_known", "s3 already_known"])
      let reused = try await Self.post(run, Self.batch(Self.sale("s1", Self.line("TEE", 3))))
      #expect(Self.statuses(reused) == ["s1 rejected SALE_ID_REUSED"])
      #expect(bench.pool.net["till/s1 1 TEE"] == 2)
    }
  }

  @Test func rejectedSaleIsTakenOnceItsSKUIsThere() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let batch = Self.batch(Self.sale("s1", Self.line("NONE")))
      #expect(Self.statuses(try await Self.post(run, batch)) == ["s1 rejected SKU_UNKNOWN"])
      bench.pool.receive("NONE", 5)
      #expect(Self.statuses(try await Self.post(run, batch)) == ["s1 already_known"])
      #expect(bench.pool.net == ["till/s1 1 NONE": 1])
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  @Test func twoSalesOfOneIDAreBothRefused() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let body = try await Self.post(
        run,
        Self.batch(
          Self.sale("s1", Self.line("TEE")), Self.sale("s1", Self.line("TEE", 2)),
          Self.sale("s2", Self.line("TEE"))))
      #expect(Self.statuses(body) == ["s1 rejected SALE_ID_REUSED", "s2 accepted"])
      #expect(bench.pool.net == ["till/s2 1 TEE": 1])
    }
  }

  @Test func codeOfAListingMeansWhatTheListingTakes() async throws {
    let bench = try Self.bench()
    bench.mapping.set("till", item: "x", code: "COMBO", takes: [("TEE", 1), ("CAP", 2)])
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await Self.post(run, Self.batch(Self.sale("s1", Self.line("COMBO", 2))))
      #expect(bench.pool.net == ["till/s1 1/TEE TEE": 2, "till/s1 1/CAP CAP": 4])
    }
  }

  @Test func refundPutsBackWhatIsFitForSale() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let body = try await Self.post(
        run,
        Self.batch(
          Self.sale("s1", Self.line("TEE", 2) + "," + Self.line("CAP", 1, id: "2")),
          Self.sale(
            "r1",
            Self.line("TEE", 1, refundOf: "1", restock: true) + ","
              + Self.line("CAP", 1, id: "2", refundOf: "2", restock: false), kind: "refund",
            of: "s1")))
      #expect(Self.statuses(body) == ["s1 accepted", "r1 accepted"])
      let found = try #require(bench.returns.found("till/r1"))
      #expect(found.state == .inspected && found.orderID == "till/s1")
      #expect(found.locationID == "STORE")
      #expect(
        found.lines.map { "\($0.sku) \($0.orderLineID) \($0.disposals[0].disposition)" }
          == ["TEE 1 restock", "CAP 2 quarantine"])
      // A refund whose sale nobody knows is taken all the same.
      let loose = try await Self.post(
        run, Self.batch(Self.sale("r2", Self.line("TEE", restock: true), kind: "refund")))
      #expect(Self.statuses(loose) == ["r2 accepted"])
      #expect(bench.returns.found("till/r2")?.orderID == "")
    }
  }

  /// Goal: a refund finds its sale whatever of one batch is worked on first. Method: the refund stands in front of its sale.
  @Test func refundInFrontOfItsSaleIsLinked() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let body = try await Self.post(
        run,
        Self.batch(
          Self.sale(
            "r1", Self.line("TEE", 1, refundOf: "1", restock: true), kind: "refund", of: "s1"),
          Self.sale("s1", Self.line("TEE", 2))))
      #expect(Self.statuses(body) == ["r1 accepted", "s1 accepted"])
      let found = try #require(bench.returns.found("till/r1"))
      #expect(found.orderID == "till/s1" && found.lines.map(\.orderLineID) == ["1"])
    }
  }

  @Test func gapInTheNumberingIsTold() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let body = try await Self.post(
        run,
        Self.batch(
          Self.sale("s1", Self.line("TEE"), sequence: 7),
          Self.sale("s2", Self.line("TEE"), sequence: 10)))
      let gaps = body["missing_sequences"] as? [[String: Int]] ?? []
      #expect(gaps == [["from": 8, "to": 9]])
      #expect(
        run.metrics.exposition().contains(
          "onepool_gateway_till_missing_receipts{account=\"till\",device=\"till-03\"} 2"))
      let more = try await Self.post(
        run,
        Self.batch(
          Self.sale("s3", Self.line("TEE"), sequence: 8),
          Self.sale("s4", Self.line("TEE"), sequence: 9)))
      #expect((more["missing_sequences"] as? [[String: Int]] ?? []).isEmpty)
    }
  }

  /// Goal: a batch that comes while the pool is away is never lost, and the till hears that it may
  /// forget it.
  @Test func batchDuringAnOutageIsPendingAndNotLost() async throws {
    let bench = try Self.bench(tillWait: .milliseconds(50))
    try await bench.run { run in
      try await bench.connectTill(run)
      bench.faults.setDown(true)
      let body = try await Self.post(run, Self.batch(Self.sale("s1", Self.line("TEE"))))
      #expect(Self.statuses(body) == ["s1 accepted"])
      let result = (body["results"] as? [[String: Any]])?.first
      #expect(result?["pending"] as? Bool == true)
    }
    bench.faults.mend()
    let run = try await bench.start()
    try await eventually("it is taken in") { bench.pool.net == ["till/s1 1 TEE": 1] }
    await run.stop()
  }

  /// Goal: what a full disk does not take is not acknowledged, and nothing that was is lost.
  @Test func fullDiskIsToldAndLosesNothing() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await Self.post(run, Self.batch(Self.sale("s1", Self.line("TEE"))))
      run.database.be(full: true)
      let batch = Self.batch(Self.sale("s2", Self.line("TEE")))
      for (path, body) in [
        ("/till/v1/sales", batch), ("/till/v1/holds/h1/commit", "{\"order_id\":\"web-1\"}"),
      ] {
        let (status, answer) = try await GatewayBench.till(run, "POST", path, body)
        #expect(status == 503, "\(path)")
        #expect((answer["error"] as? [String: String])?["code"] == "STORE_UNAVAILABLE", "\(path)")
      }
      #expect(bench.pool.net == ["till/s1 1 TEE": 1])
      run.database.be(full: false)
      #expect(Self.statuses(try await Self.post(run, batch)) == ["s2 accepted"])
      #expect(bench.pool.net == ["till/s1 1 TEE": 1, "till/s2 1 TEE": 1])
    }
  }

  @Test func holdOfAnUnknownSKUIsRefused() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let hold = "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"NONE\",\"quantity\":1}]}"
      let (status, answer) = try await GatewayBench.till(run, "POST", "/till/v1/holds", hold)
      #expect(status == 400)
      #expect((answer["error"] as? [String: String])?["code"] == "SKU_UNKNOWN")
    }
  }

  @Test func holdThenCommitNeverOversells() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let hold = "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":8}]}"
      let first = try await GatewayBench.till(run, "POST", "/till/v1/holds", hold)
      #expect(first.status == 200 && first.body["state"] as? String == "held")
      let again = try await GatewayBench.till(run, "POST", "/till/v1/holds", hold)
      #expect(again.status == 200, "the same hold again: \(again.body)")
      let stock = try await GatewayBench.till(run, "GET", "/till/v1/stock", query: "sku=TEE")
      #expect(stock.body["available_to_sell_count"] as? Int == 2)
      let more = try await GatewayBench.till(
        run, "POST", "/till/v1/holds",
        "{\"hold_id\":\"h2\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":3}]}")
      #expect(more.status == 409)
      #expect((more.body["error"] as? [String: String])?["code"] == "INSUFFICIENT_STOCK")
      let commit = "{\"order_id\":\"web-1\"}"
      for _ in 0..<2 {
        let done = try await GatewayBench.till(run, "POST", "/till/v1/holds/h1/commit", commit)
        #expect(done.status == 200 && done.body["state"] as? String == "committed")
      }
      #expect(bench.fulfilment.net("till/web-1") == ["1": 8])
      #expect(bench.fulfilment.order("till/web-1")?.state == .pending)
      let other = try await GatewayBench.till(
        run, "POST", "/till/v1/holds/h1/commit", "{\"order_id\":\"web-2\"}")
      #expect(other.status == 409)
      let late = try await GatewayBench.till(run, "POST", "/till/v1/holds/h1/release")
      #expect(late.status == 409)
      #expect((late.body["error"] as? [String: String])?["code"] == "HOLD_ENDED")
    }
  }

  @Test func holdIsExtendedAndEdited() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      func call(_ method: String, _ path: String, _ json: String = "{}") async throws -> (
        status: Int, body: [String: Any]
      ) { try await GatewayBench.till(run, method, "/till/v1/holds\(path)", json) }
      let hold = "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":3}]}"
      let made = try await call("POST", "", hold)
      #expect(made.body["etag"] as? String == "v1")
      #expect(bench.pool.state.withLock { $0.holds["till/h1"]?.owner } == "till/h1")
      let longer = try await call("POST", "/h1/extend", "{\"expire_seconds\":600}")
      #expect(longer.status == 200)
      #expect(longer.body["expire_time"] as? String != made.body["expire_time"] as? String)
      let edit = "{\"etag\":\"v1\",\"lines\":[{\"sku\":\"TEE\",\"delta\":2}]}"
      for _ in 0..<2 {
        let edited = try await call("POST", "/h1/edit", edit)
        #expect(edited.status == 200 && edited.body["etag"] as? String == "v2", "\(edited.body)")
      }
      let stale = try await call(
        "POST", "/h1/edit", "{\"etag\":\"v1\",\"lines\":[{\"sku\":\"TEE\",\"delta\":1}]}")
      #expect(stale.status == 409)
      #expect((stale.body["error"] as? [String: String])?["code"] == "ETAG_MISMATCH")
      let now = try await call("GET", "/h1")
      #expect((now.body["lines"] as? [[String: Any]])?.first?["quantity"] as? Int == 5)
      let again = try await call("POST", "", hold)
      #expect(again.status == 200 && again.body["etag"] as? String == "v2")
      #expect((again.body["lines"] as? [[String: Any]])?.first?["quantity"] as? Int == 5)
      #expect(try await call("GET", "/h9").status == 404)
      for (path, json) in [
        ("/h1/extend", "{\"expire_seconds\":0}"), ("/h1/edit", "{\"etag\":\"v2\",\"lines\":[]}"),
        ("/h1/edit", "{\"etag\":\"v2\",\"lines\":[{\"sku\":\"TEE\",\"delta\":0}]}"),
        ("/h1/edit", "{\"lines\":[{\"sku\":\"TEE\",\"delta\":1}]}"),
        ("/h1/commit", "{\"order_id\":\"o\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":0}]}"),
      ] { #expect(try await call("POST", path, json).status == 400, "\(path) \(json)") }
    }
  }

  @Test func partOfAHoldIsCommitted() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await GatewayBench.till(
        run, "POST", "/till/v1/holds",
        "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":3}]}")
      let commit = "{\"order_id\":\"web-1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":2}]}"
      for _ in 0..<2 {
        let done = try await GatewayBench.till(run, "POST", "/till/v1/holds/h1/commit", commit)
        #expect(done.status == 200, "\(done.body)")
      }
      #expect(bench.pool.net == ["till/web-1 1 TEE": 2])
      #expect(bench.fulfilment.net("till/web-1") == ["1": 2])
      let other = try await GatewayBench.till(
        run, "POST", "/till/v1/holds/h1/commit", "{\"order_id\":\"web-1\"}")
      #expect(other.status == 409)
    }
  }

  @Test func releasedHoldCannotBeCommitted() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      _ = try await GatewayBench.till(
        run, "POST", "/till/v1/holds",
        "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":1}]}")
      let released = try await GatewayBench.till(run, "POST", "/till/v1/holds/h1/release")
      #expect(released.status == 200 && released.body["state"] as? String == "released")
      for _ in 0..<2 {
        let commit = try await GatewayBench.till(
          run, "POST", "/till/v1/holds/h1/commit", "{\"order_id\":\"web-1\"}")
        #expect(commit.status == 409)
        #expect((commit.body["error"] as? [String: String])?["code"] == "HOLD_ENDED")
      }
      let unknown = try await GatewayBench.till(
        run, "POST", "/till/v1/holds/h9/commit", "{\"order_id\":\"web-1\"}")
      #expect(unknown.status == 409)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
    }
  }

  /// Goal: the commit of a hold takes effect once, wherever the gateway dies.
  @Test(arguments: 1...3, Faults.Moment.allCases)
  func commitTakesEffectOnce(_ step: Int, _ moment: Faults.Moment) async throws {
    let bench = try Self.bench(tillWait: .milliseconds(200))
    try await bench.run { run in
      try await bench.connectTill(run)
      bench.faults.plan(failAt: step, moment)
      let hold = "{\"hold_id\":\"h1\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":2}]}"
      let made = try await GatewayBench.till(run, "POST", "/till/v1/holds", hold)
      if made.status != 200 {
        #expect(made.status == 503)
        bench.faults.mend()
        #expect(try await GatewayBench.till(run, "POST", "/till/v1/holds", hold).status == 200)
      }
      let commit = try await GatewayBench.till(
        run, "POST", "/till/v1/holds/h1/commit", "{\"order_id\":\"web-1\"}")
      #expect(commit.status == 200 || commit.status == 202)
    }
    bench.faults.mend()
    let run = try await bench.start()
    try await GatewayBench.settled(run)
    #expect(bench.pool.net == ["till/web-1 1 TEE": 2])
    #expect(bench.fulfilment.net("till/web-1") == ["1": 2])
    await run.stop()
  }

  @Test(arguments: [
    ("no JSON", "{", 400), ("no sales", "{\"device_id\":\"d\",\"batch_id\":\"b\"}", 400),
    ("empty", "{\"device_id\":\"d\",\"batch_id\":\"b\",\"sales\":[]}", 400),
    ("no device", "{\"batch_id\":\"b\",\"sales\":[{\"sale_id\":\"x\"}]}", 400),
  ])
  func badBatchIsRefusedWhole(_ name: String, _ json: String, _ status: Int) async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let answer = try await GatewayBench.till(run, "POST", "/till/v1/sales", json)
      #expect(answer.status == status, "\(name)")
      let error = answer.body["error"] as? [String: String]
      #expect(error?["code"]?.isEmpty == false && error?["message"]?.isEmpty == false, "\(name)")
    }
  }

  @Test(arguments: [
    ("{\"lines\":[]}", "lines"),
    ("{\"lines\":[{\"sku\":\"\",\"quantity\":1}]}", "lines[0].sku"),
    ("{\"lines\":[{\"sku\":\"TEE\",\"quantity\":0}]}", "lines[0].quantity"),
    ("{\"lines\":[{\"sku\":\"TEE\",\"quantity\":-4}]}", "lines[0].quantity"),
    ("{\"lines\":[{\"sku\":\"TEE\"}]}", "lines[0].quantity"),
    ("{\"lines\":[{\"sku\":\"TEE\",\"quantity\":1}],\"expire_seconds\":0}", "expire_seconds"),
    ("{\"hold_id\":\" x\",\"lines\":[{\"sku\":\"TEE\",\"quantity\":1}]}", "hold_id"),
  ])
  func badHoldIsRefusedByField(_ json: String, _ field: String) async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let answer = try await GatewayBench.till(run, "POST", "/till/v1/holds", json)
      #expect(answer.status == 400)
      #expect((answer.body["error"] as? [String: String])?["field"] == field, "\(answer.body)")
    }
  }

  @Test func strangersAreRefused() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await bench.connectTill(run)
      let batch = Self.batch(Self.sale("s1", Self.line("TEE")))
      let wrong = try await GatewayBench.till(
        run, "POST", "/till/v1/sales", batch, token: "guess")
      #expect(wrong.status == 401)
      let typed = try await GatewayBench.till(
        run, "POST", "/till/v1/sales", batch, contentType: "application/xml")
      #expect(typed.status == 415)
      let nothing = try await GatewayBench.till(run, "POST", "/till/v1/holds/h1/eat", "{}")
      #expect(nothing.status == 404)
      #expect(bench.pool.net.isEmpty)
    }
  }
}
