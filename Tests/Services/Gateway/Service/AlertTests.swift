import ChannelAdapter
import Foundation
import GatewayAPI
import GatewayDomain
import Kit
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import GatewayService

@Suite struct AlertTests {
  private static let secret = Secret("webhook-secret-1")

  /// A store with a book of alerts, and those who tell of them.
  private final class Desk: Sendable {
    let folder: BenchFolder
    let clock: ManualClock
    let database: SQLiteDatabase
    let store: GatewayStore
    let book: AlertBook

    init(
      _ folder: BenchFolder? = nil, clock: ManualClock = ManualClock(),
      migrations: [Migration] = GatewayMigrations.all
    ) throws {
      let folder = try folder ?? BenchFolder()
      self.folder = folder
      self.clock = clock
      database = try SQLiteDatabase(path: folder.file("gateway.db"), migrations: migrations)
      store = GatewayStore(database: database, clock: clock)
      book = AlertBook(store: store, log: .silent)
    }

    func teller(_ http: RecordedHTTP?, _ metrics: Metrics = Metrics()) -> AlertTeller {
      AlertTeller(
        store: store,
        webhook: http.map {
          AlertWebhook(
            url: "https://ops.example.com/alerts", secret: secret, http: $0,
            repeatAfter: .seconds(3600)
          )
        }, publicURL: "https://gw.example.com", metrics: metrics, log: .silent)
    }

    func raise(_ subject: String, _ kind: AlertKind = .oversold) async {
      await book.raise(kind, about: subject, account: AccountID(trusted: "acc"), "\(subject) short")
    }

    func end(_ subject: String) async {
      await book.resolve(.oversold, about: subject, account: AccountID(trusted: "acc"))
    }
  }

  private static func ok(_ count: Int) -> RecordedHTTP {
    RecordedHTTP(Array(repeating: ChannelReply(status: 204), count: count))
  }

  private struct Told: Decodable, Equatable {
    struct Item: Decodable, Equatable {
      var status: String
      var labels: [String: String]
      var annotations: [String: String]
      var startsAt: String
      var endsAt: String
      var fingerprint: String
    }
    var version: String
    var status: String
    var alerts: [Item]

    /// `firing o1`, one an alert.
    var lines: [String] { alerts.map { "\($0.status) \($0.labels["subject"] ?? "?")" } }
  }

  private static func told(_ http: RecordedHTTP) throws -> [Told] {
    try http.requests.map { try JSONDecoder().decode(Told.self, from: Data($0.body)) }
  }

  @Test func alertIsToldOnceSignedAndItsEndToo() async throws {
    let desk = try Desk()
    let http = Self.ok(9)
    let teller = desk.teller(http)
    await desk.raise("o1")
    await teller.look()
    await desk.raise("o1")
    await teller.look()
    #expect(http.requests.count == 1, "the same alert again is no news")
    let request = try #require(http.requests.first)
    #expect(request.method == "POST" && request.url == "https://ops.example.com/alerts")
    let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
    let signed = HMAC.sha256(key: "webhook-secret-1", "1767600000." + request.text)
    #expect(headers["OnePool-Signature"] == "t=1767600000,v1=\(Hex.encode(signed))")
    let first = try #require(try Self.told(http).first)
    #expect(first.version == "4" && first.status == "firing")
    let item = try #require(first.alerts.first)
    #expect(item.labels["alertname"] == "OVERSOLD" && item.labels["severity"] == "critical")
    #expect(item.labels["account"] == "acc" && item.labels["subject"] == "o1")
    #expect(item.annotations["summary"] == "o1 short")
    #expect(item.annotations["description"] == AlertKind.oversold.advice)
    #expect(item.startsAt == "2026-01-05T08:00:00.000000Z")
    #expect(item.endsAt == "0001-01-01T00:00:00Z")
    desk.clock.advance(by: .seconds(60))
    await desk.end("o1")
    await teller.look()
    await teller.look()
    let last = try #require(try Self.told(http).last)
    #expect(http.requests.count == 2 && last.status == "resolved")
    #expect(last.alerts.first?.fingerprint == item.fingerprint)
    #expect(last.alerts.first?.endsAt == "2026-01-05T08:01:00.000000Z")
    #expect(last.alerts.first?.annotations["count"] == "2")
  }

  @Test func whatEndsBeforeItWasToldIsNotTold() async throws {
    let desk = try Desk()
    let http = Self.ok(9)
    await desk.raise("o1")
    await desk.end("o1")
    await desk.raise("o2")
    await desk.raise("o3")
    await desk.teller(http).look()
    #expect(try Self.told(http).map(\.lines) == [["firing o2", "firing o3"]])
  }

  @Test func openAlertIsToldAgainAfterLong() async throws {
    let desk = try Desk()
    let http = Self.ok(9)
    let teller = desk.teller(http)
    await desk.raise("o1")
    await teller.look()
    desk.clock.advance(by: .seconds(3599))
    await teller.look()
    #expect(http.requests.count == 1)
    desk.clock.advance(by: .seconds(1))
    await teller.look()
    await teller.look()
    #expect(http.requests.count == 2)
    let deliveries = http.requests.map { $0.headers.first { $0.name == "OnePool-Delivery" }?.value }
    #expect(Set(deliveries).count == 2, "a reminder is a message of its own")
  }

  /// Goal: a webhook that is away is tried until it answers, with the same delivery; meanwhile
  /// nothing is lost, over a restart either.
  @Test func failedMessageIsTriedAgainAlsoAfterARestart() async throws {
    let folder = try BenchFolder()
    let clock = ManualClock()
    let desk = try Desk(folder, clock: clock)
    let http = RecordedHTTP([
      ChannelReply(status: 500), ChannelReply(status: 302), ChannelReply(status: 200),
    ])
    let metrics = Metrics()
    let teller = desk.teller(http, metrics)
    await desk.raise("o1")
    try await eventually("it is told") {
      await teller.look()
      return http.requests.count == 3
    }
    let deliveries = http.requests.map { $0.headers.first { $0.name == "OnePool-Delivery" }?.value }
    #expect(Set(deliveries).count == 1)
    let text = metrics.exposition()
    #expect(text.contains("onepool_gateway_alert_deliveries_total{result=\"failed\"} 2"))
    #expect(text.contains("onepool_gateway_alert_deliveries_total{result=\"ok\"} 1"))
    await desk.raise("o2")
    await desk.end("o1")
    await desk.database.close()

    let later = try Desk(folder, clock: clock)
    let other = Self.ok(9)
    await later.teller(other).look()
    #expect(try Self.told(other).map(\.lines) == [["resolved o1", "firing o2"]])
    #expect(try Self.told(other).first?.status == "firing")
    await later.database.close()
  }

  @Test func burstGoesInFewMessages() async throws {
    let desk = try Desk()
    let http = Self.ok(9)
    let teller = desk.teller(http)
    for number in 1...GatewayLimits.alertsInMessage + 1 { await desk.raise("o\(number)") }
    await teller.look()
    await teller.look()
    await teller.look()
    #expect(try Self.told(http).map(\.alerts.count) == [GatewayLimits.alertsInMessage, 1])
  }

  @Test func openAlertsAreOnMetrics() async throws {
    let desk = try Desk()
    let metrics = Metrics()
    let teller = desk.teller(nil, metrics)
    await desk.raise("o1")
    await desk.raise("o2")
    await desk.raise("l1", .unmappedListing)
    await teller.look()
    func line(_ kind: String, _ severity: String, _ count: Int) -> String {
      "onepool_gateway_alerts{kind=\"\(kind)\",severity=\"\(severity)\",account=\"acc\"} \(count)\n"
    }
    #expect(metrics.exposition().contains(line("OVERSOLD", "critical", 2)))
    #expect(metrics.exposition().contains(line("UNMAPPED_LISTING", "warning", 1)))
    await desk.end("o1")
    await desk.end("o2")
    await teller.look()
    #expect(metrics.exposition().contains(line("OVERSOLD", "critical", 0)))
  }

  @Test func growingInboxIsAnAlertUntilItHasShrunk() async throws {
    let desk = try Desk()
    let patrol = AlertPatrol(
      store: desk.store, alerts: desk.book, inboxCount: 3,
      lag: LagWatch(
        lag: LagBook(goal: .init(target: .seconds(1), objective: 0.99), clock: desk.clock),
        alerts: desk.book, clock: desk.clock, metrics: Metrics()), directory: AccountDirectory(),
      log: .silent)
    func receive(_ number: Int) async throws {
      _ = try await desk.store.receive([
        IncomingEvent(
          accountID: AccountID(trusted: "acc"),
          event: ChannelEvent(
            key: "e\(number)", kind: .order, subject: "o\(number)", updateTime: .zero, body: []),
          orderID: "acc/o\(number)")
      ])
    }
    func open() async throws -> [String] {
      try await desk.store.alerts(AlertFilter(), before: .max, limit: 9).map(\.kind)
    }
    for number in 1...3 { try await receive(number) }
    await patrol.look()
    #expect(try await open().isEmpty)
    try await receive(4)
    await patrol.look()
    #expect(try await open() == ["INBOX_GROWING"])
    let now = desk.clock.now()
    for (done, wanted) in [(1, ["INBOX_GROWING"]), (2, ["INBOX_GROWING"]), (3, [])] {
      try await desk.store.write { try $0.setEvent(Int64(done), .done, now: now) }
      await patrol.look()
      #expect(try await open() == wanted)
    }
    // What has ended is forgotten in the end.
    desk.clock.advance(by: GatewayLimits.alertsKept + .seconds(1))
    await desk.raise("o9")
    await patrol.look()
    let all = try await desk.store.alerts(
      AlertFilter(includeResolved: true), before: .max, limit: 9)
    #expect(all.map(\.subject) == ["o9"])
  }

  @Test func alertsAreListedBySeverityKindAndAccount() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let alerts = run.gateway.alerts
      await alerts.raise(.oversold, about: "o1", account: AccountID(trusted: "acc"), "short")
      await alerts.raise(.pushFailed, about: "l1", account: AccountID(trusted: "b"), "locked")
      await alerts.raise(.signatureRefused, about: "b", account: AccountID(trusted: "b"), "forged")
      let cases: [(ListAlertsRequest, [String])] = [
        (ListAlertsRequest(), ["SIGNATURE_REFUSED", "PUSH_FAILED", "OVERSOLD"]),
        (
          ListAlertsRequest(leastSeverity: .info), ["SIGNATURE_REFUSED", "PUSH_FAILED", "OVERSOLD"]
        ),
        (ListAlertsRequest(leastSeverity: .warning), ["PUSH_FAILED", "OVERSOLD"]),
        (ListAlertsRequest(leastSeverity: .critical), ["OVERSOLD"]),
        (ListAlertsRequest(accountID: "b"), ["SIGNATURE_REFUSED", "PUSH_FAILED"]),
        (ListAlertsRequest(leastSeverity: .warning, accountID: "b"), ["PUSH_FAILED"]),
        (ListAlertsRequest(kind: "OVERSOLD"), ["OVERSOLD"]),
        (ListAlertsRequest(leastSeverity: .critical, kind: "PUSH_FAILED"), []),
      ]
      for (request, wanted) in cases {
        #expect(try await run.client.listAlerts(request).alerts.map(\.kind) == wanted)
      }
      let first = try #require(
        try await run.client.listAlerts(ListAlertsRequest(kind: "OVERSOLD")).alerts.first)
      #expect(first.severity == .critical && first.advice == AlertKind.oversold.advice)
      #expect(first.createTime != nil && first.updateTime != nil && first.tellTime == nil)
      for (request, wanted) in [
        (ListAlertsRequest(leastSeverity: .unrecognized(9)), "INVALID_REQUEST least_severity"),
        (ListAlertsRequest(kind: "NOISE"), "INVALID_REQUEST kind"),
      ] {
        let reason = await ConnectionTests.reason { try await run.client.listAlerts(request) }
        #expect(reason == wanted)
      }
    }
  }

  /// Goal: what happens in the gateway arrives at the webhook by itself.
  @Test func oversellIsTold() async throws {
    let bench = try IntakeTests.bench()
    bench.order("o1", [("1", "i1", 1000, 0)])
    let http = Self.ok(9)
    let run = try await bench.start {
      $0.alertWebhook = AlertWebhook(
        url: "https://ops.example.com/alerts", secret: Self.secret, http: http,
        repeatAfter: .seconds(3600))
    }
    try await bench.connect(run)
    _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
    try await eventually("it is told") {
      try Self.told(http).contains { $0.lines == ["firing acc/o1"] }
    }
    await run.stop()
  }

  /// Goal: however many alerts have ended, nobody goes through them to find what is asked for. Method: SQLite's plan of each
  /// statement as it is made.
  @Test func alertsAreFoundByAnIndex() async throws {
    let folder = try BenchFolder()
    let plans = QueryPlans(
      try SQLiteDatabase(path: folder.file("gateway.db"), migrations: GatewayMigrations.all))
    let store = GatewayStore(database: plans, clock: ManualClock())
    let book = AlertBook(store: store, log: .silent)
    let account = AccountID(trusted: "acc")
    let now = store.clock.now()
    await book.raise(.oversold, about: "o1", account: account, "short")
    await book.resolve(.oversold, about: "o1", account: account)
    _ = try await store.alerts(AlertFilter(), before: .max, limit: 9)
    _ = try await book.open(.oversold)
    _ = try await store.openAlertCounts()
    _ = try await store.alertsToTell(before: now, limit: 9)
    try await store.setTold(
      try await store.alerts(AlertFilter(includeResolved: true), before: .max, limit: 9), now: now)
    #expect(try await store.oversoldOrders(since: now) == ["o1"])
    try await store.pruneAlerts(endedBefore: now + .seconds(1))
    #expect(try await !store.read { try $0.exists("SELECT 1 FROM alert LIMIT 1") })
    let steps = plans.steps(of: "alert")
    #expect(steps.count > 10)
    for step in steps {
      // What is read to its end is an index of those that are open.
      let isFound =
        step.plan.contains("SEARCH alert")
        || step.plan.contains("SCAN alert USING INDEX alert_open")
        || step.plan.contains("SCAN alert USING INDEX alert_to_tell")
      #expect(
        isFound || step.sql.contains("INSERT") || step.sql.contains("SELECT 1 FROM alert LIMIT"),
        "\(step.sql): \(step.plan)")
    }
    for index in ["alert_open (", "alert_to_tell (", "alert_ended (", "alert_changed ("] {
      #expect(steps.contains { $0.plan.contains("INDEX \(index)") }, "\(index)")
    }
    let kinds = steps.filter { $0.sql.contains("kind IN") }.map(\.plan)
    #expect(kinds.allSatisfy { $0.contains("INDEX alert_open") } && !kinds.isEmpty)
    await plans.close()
  }

  /// Goal: a store of the version before opens; its open alerts are told, its ended ones are not.
  @Test func storeOfTheVersionBeforeOpens() async throws {
    let folder = try BenchFolder()
    let old = try SQLiteDatabase(
      path: folder.file("gateway.db"), migrations: Array(GatewayMigrations.all.prefix(9)))
    try await old.write(until: .after(.seconds(10))) { transaction in
      for (number, end) in [(1, 5), (2, nil)] as [(Int64, Int64?)] {
        try transaction.execute(
          """
          INSERT INTO alert (alert_id, kind, subject, account_id, message, raise_count, create_time,
            update_time, resolve_time) VALUES (?, 'OVERSOLD', ?, 'acc', 'short', 1, 1, 1, ?)
          """,
          [.integer(number), .text("o\(number)"), .integer(end)])
      }
    }
    await old.close()
    let desk = try Desk(folder)
    let http = Self.ok(9)
    await desk.teller(http).look()
    #expect(try Self.told(http).map(\.lines) == [["firing o2"]])
    await desk.database.close()
  }
}
