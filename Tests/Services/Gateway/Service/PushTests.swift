import ChannelAdapter
import Foundation
import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct PushTests {
  /// A bench with `TEE` and listings that take it, all shown as they should be.
  static func bench(_ adapter: FakeAdapter? = nil, listings: Int = 1, units: Int64 = 10) throws
    -> GatewayBench
  {
    let bench = try GatewayBench(adapter)
    bench.pool.receive("TEE", units)
    for number in 1...listings { bench.mapping.set("acc", item: "i\(number)", takes: [("TEE", 1)]) }
    return bench
  }

  static func shows(_ bench: GatewayBench, _ item: String, _ quantity: Quantity) async throws {
    try await eventually("\(item) shows \(quantity)") { bench.channel.shown(item) == quantity }
  }

  @Test func changeInThePoolIsShown() async throws {
    let bench = try Self.bench(listings: 3)
    try await bench.run { run in
      for number in 1...3 { try await Self.shows(bench, "i\(number)", 10) }
      bench.pool.receive("TEE", 5)
      for number in 1...3 { try await Self.shows(bench, "i\(number)", 15) }
      try await GatewayBench.settled(run)
      let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
      #expect(pushes.map(\.listingID) == ["acc/i1/", "acc/i2/", "acc/i3/"])
      #expect(pushes.allSatisfy { $0.wantedCount == 15 && $0.acknowledgedCount == 15 })
      let lag = try await run.client.getLag(GetLagRequest())
      #expect(lag.total?.count == 3 && lag.accounts.map(\.accountID) == ["acc"])
    }
  }

  /// A listing with a buffer of its own shows that number, its neighbours the channel's.
  @Test func listingOfItsOwnShowsItsOwnNumber() async throws {
    let bench = try Self.bench(listings: 2)
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      bench.pool.setOwn("TEE", "acc/i1/", 4)
      try await Self.shows(bench, "i1", 4)
      bench.pool.receive("TEE", 5)
      try await Self.shows(bench, "i2", 15)
      try await GatewayBench.settled(run)
      let one = try await run.client.listListingPushes(
        ListListingPushesRequest(listingID: "acc/i1/")
      ).pushes
      #expect(one.map(\.listingID) == ["acc/i1/"] && one[0].acknowledgedCount == 4)
      for other in ["acc/none/", "acc/i1"] {
        let none = try await run.client.listListingPushes(
          ListListingPushesRequest(listingID: other))
        #expect(none.pushes.isEmpty)
      }
      bench.pool.setOwn("TEE", "acc/i1/", nil)
      try await Self.shows(bench, "i1", 15)
    }
  }

  @Test func saleOnOneAccountLowersTheOther() async throws {
    let bench = try Self.bench()
    bench.mapping.set("acc2", item: "j1", takes: [("TEE", 2)])
    bench.order("o1", [("1", "i1", 3, 0)])
    try await bench.run { run in
      try await bench.connect(run, account: "acc2", shop: "shop-2")
      try await Self.shows(bench, "i1", 10)
      try await Self.shows(bench, "j1", 5)
      // The channel lowers its own number as it takes the order.
      bench.channel.with { $0.shown["i1"] = 7 }
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await Self.shows(bench, "j1", 3)
      try await GatewayBench.settled(run)
      #expect(bench.channel.shown("i1") == 7)
    }
  }

  /// Goal: the last unit, sold on the channel unheard of, is not put back by a raise that comes
  /// from elsewhere.
  @Test(arguments: [false, true]) func raiseLeavesOutUnheardSales(_ comparesStock: Bool)
    async throws
  {
    let channel = FakeChannel()
    let adapter = FakeAdapter(channel, comparesStock: comparesStock)
    let bench = try Self.bench(adapter, units: 1)
    bench.order("o1", [("1", "i1", 1, 0)])
    try await bench.run { run in
      try await Self.shows(bench, "i1", 1)
      try await GatewayBench.settled(run)
      channel.with { $0.shown["i1"] = 0 }
      bench.pool.receive("TEE", 1)
      try await Self.shows(bench, "i1", 1)
      #expect(channel.with { $0.set.max() } == 1, "never two")
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await GatewayBench.settled(run)
      #expect(bench.channel.shown("i1") == 1)
    }
  }

  /// Goal: what was read before a sale was taken in is not used after it. Method: the reading is
  /// kept back while one sale is taken in and another is on its way.
  @Test func readingFromBeforeASaleIsNotUsed() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    bench.order("o2", [("1", "i1", 1, 0)])
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      let readCount = bench.channel.with { state in
        state.keepsReadingsBack = true
        return state.readCount
      }
      bench.pool.receive("TEE", 5)
      try await eventually("it is read") { bench.channel.with { $0.readCount } > readCount }
      bench.channel.with { $0.shown["i1"] = 6 }
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await eventually("it is taken in") { bench.pool.net.count == 1 }
      bench.channel.with { $0.keepsReadingsBack = false }
      try await Self.shows(bench, "i1", 11)
      #expect(bench.channel.with { $0.set.max() } == 11, "the unit on its way is not put back")
      _ = await GatewayBench.post(run, try GatewayBench.event("e2", "o2"))
      try await GatewayBench.settled(run)
      #expect(bench.channel.shown("i1") == 11)
    }
  }

  @Test func channelNumberThatAPushOverwroteIsSetRight() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 4, 0)])
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      // The channel took the order, but our push came after it: it still shows 10.
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await Self.shows(bench, "i1", 6)
      try await GatewayBench.settled(run)
    }
  }

  @Test func raiseWhoseReadFailsIsTriedAgain() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      bench.channel.with { $0.readErrors = [.unavailable("away"), .malformed("odd")] }
      bench.pool.receive("TEE", 5)
      try await Self.shows(bench, "i1", 15)
      #expect(bench.channel.with { $0.readErrors.isEmpty })
    }
  }

  /// Goal: a raise that was on its way when the gateway died is not made again over what buyers took
  /// meanwhile, with compare-and-set or without.
  @Test(arguments: [false, true]) func raiseOnItsWaySurvivesARestart(_ comparesStock: Bool)
    async throws
  {
    let channel = FakeChannel()
    let bench = try Self.bench(FakeAdapter(channel, comparesStock: comparesStock))
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      channel.with { $0.keepsAnswersBack = true }
      bench.pool.receive("TEE", 5)
      try await Self.shows(bench, "i1", 15)
      let row = try await run.gateway.store.pushes(of: AccountID(trusted: "acc")).first
      #expect(row?.highest == 15 && row?.acknowledged == 10)
    }
    channel.with {
      $0.keepsAnswersBack = false
      $0.shown["i1"] = 13
    }
    let run = try await bench.start()
    bench.pool.receive("TEE", 1)
    try await Self.shows(bench, "i1", 14)
    #expect(channel.with { $0.set.max() } == 15)
    await run.stop()
  }

  /// Goal: a quota of stock calls, which lasts until midnight, stops no order.
  @Test func quotaOfPushesStopsNoOrder() async throws {
    let bench = try Self.bench()
    bench.order("o1", [("1", "i1", 3, 0)])
    bench.channel.with { $0.pushErrors = [.rateLimited(after: .seconds(40_000))] }
    try await bench.run { run in
      try await eventually("the quota is hit") { bench.channel.with { $0.pushErrors.isEmpty } }
      _ = await GatewayBench.post(run, try GatewayBench.event("e1", "o1"))
      try await eventually("the order is taken in") { bench.pool.net == ["acc/o1 1 TEE": 3] }
      #expect(bench.channel.with { $0.pushes.isEmpty })
    }
  }

  /// Goal: a number that keeps changing under our hands is an alert in the end, which ends when the
  /// number is set.
  @Test func pushThatIsStuckIsAnAlert() async throws {
    let bench = try Self.bench(FakeAdapter(FakeChannel(), comparesStock: true))
    let count = GatewayLimits.pushAttemptsUntilAlert
    bench.channel.with {
      $0.shown["i1"] = 3
      $0.pushResults["i1"] = Array(repeating: .stale(shown: 3), count: count)
    }
    try await bench.run { run in
      try await eventually("it is alerted") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind) == ["PUSH_FAILED"]
      }
      _ = try await run.client.repushListing(RepushListingRequest(listingID: "acc/i1/"))
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      try await eventually("the alert ends") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty
      }
    }
  }

  /// Goal: changes that come while a push is on its way are one push after it, with the newest
  /// number.
  @Test func manyChangesAreFewCalls() async throws {
    let bench = try Self.bench(units: 500)
    try await bench.run { run in
      try await Self.shows(bench, "i1", 500)
      try await GatewayBench.settled(run)
      bench.channel.with { $0.keepsAnswersBack = true }
      bench.pool.receive("TEE", -1)
      try await Self.shows(bench, "i1", 499)
      for _ in 0..<399 { bench.pool.receive("TEE", -1) }
      try await eventually("the changes are known") {
        await run.gateway.planner.sequence >= run.sequences().pool
      }
      bench.channel.with { $0.keepsAnswersBack = false }
      try await GatewayBench.settled(run)
      #expect(bench.channel.with { $0.set } == [500, 499, 100])
    }
  }

  /// Goal: 60 calls at 25 a second, 25 of them saved up, take their time from when the account was
  /// connected, however slow the machine is.
  @Test func callsKeepToTheAccountsRate() async throws {
    let bench = try Self.bench(FakeAdapter(FakeChannel(), rate: 25, batch: 1), listings: 60)
    let start = Deadline.after(.zero).nanoseconds
    try await bench.run { run in
      try await GatewayBench.settled(run)
      let times = bench.channel.with { $0.callTimes.map(\.nanoseconds) }.sorted()
      #expect(times.count >= 60)
      for (index, time) in times.enumerated() {
        let span = Double(time - start) / 1e9
        #expect(Double(index + 1) <= 25 + span * 25 + 1, "\(index + 1) calls in \(span) s")
      }
    }
  }

  @Test func listingsOfOneGroupShareACall() async throws {
    let bench = try GatewayBench(FakeAdapter(FakeChannel(), rate: 5, batch: 10))
    bench.pool.receive("TEE", 10)
    for number in 0..<40 {
      bench.mapping.set("acc", item: "i\(number)", variation: "g\(number % 2)", takes: [("TEE", 1)])
    }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      let batches = bench.channel.with { $0.batches }
      #expect(batches.allSatisfy { $0 <= 10 })
      #expect(batches.count <= 14, "\(batches)")
    }
  }

  @Test func failedPushIsTriedAgain() async throws {
    let bench = try Self.bench()
    bench.channel.with {
      $0.pushErrors = [
        .unavailable("HTTP 500"), .rateLimited(after: .milliseconds(20)), .malformed("html"),
      ]
      $0.pushResults["i1"] = [.retry("busy", after: .milliseconds(10))]
    }
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      let push = try await run.client.listListingPushes(ListListingPushesRequest()).pushes.first
      #expect(push?.attemptCount == 0 && push?.lastError == "")
    }
  }

  @Test func refusedListingIsDeadAlertedAndMayBeReplayed() async throws {
    let bench = try Self.bench(listings: 2)
    bench.channel.with { $0.pushResults["i1"] = [.refused("no such item")] }
    try await bench.run { run in
      try await Self.shows(bench, "i2", 10)
      try await GatewayBench.settled(run)
      let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
      #expect(pushes.map(\.dead) == [true, false])
      // An alert is written after what it is about.
      try await eventually("the alert of a push that failed") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind) == ["PUSH_FAILED"]
      }
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.first?.subject == "acc/i1/")
      let backlog = try await run.client.getBacklog(GetBacklogRequest())
      #expect(backlog.deadCount == 1 && backlog.pushCount == 0)
      _ = try await run.client.repushListing(RepushListingRequest(listingID: "acc/i1/"))
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      try await eventually("the alert's end") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty
      }
    }
  }

  @Test func oneBadListingDoesNotSpoilItsCall() async throws {
    let bench = try Self.bench(FakeAdapter(FakeChannel(), rate: 3), listings: 5)
    bench.channel.with { $0.pushErrors = [.refused("one of them is wrong")] }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      for number in 1...5 { #expect(bench.channel.shown("i\(number)") == 10) }
    }
  }

  @Test func lockedListingWaitsAndSaysWhy() async throws {
    let bench = try Self.bench()
    bench.channel.with { $0.pushResults["i1"] = [.locked("in a flash sale")] }
    try await bench.run { run in
      try await eventually("it was tried") { bench.channel.with { !$0.pushes.isEmpty } }
      try await eventually("it says why") {
        let pushes = try await run.client.listListingPushes(ListListingPushesRequest()).pushes
        return pushes.first?.lastError == "in a flash sale" && pushes.first?.dead == false
      }
      _ = try await run.client.repushListing(RepushListingRequest(listingID: "acc/i1/"))
      try await Self.shows(bench, "i1", 10)
    }
  }

  /// Goal: many calls find the token over, one refresh is made, and the new token is stored
  /// encrypted.
  @Test func tokenIsRefreshedOnceForAll() async throws {
    let bench = try Self.bench(FakeAdapter(FakeChannel(), batch: 1), listings: 8)
    bench.channel.with { $0.token = "another" }
    try await bench.run { run in
      try await GatewayBench.settled(run)
      #expect(bench.channel.with { $0.refreshCount } == 1)
    }
    let run = try await bench.start()
    let session = await run.gateway.directory.session(AccountID(trusted: "acc"))
    #expect(await session?.connection.account.credentials["token"] == "token-2")
    await run.stop()
  }

  /// Goal: new tokens that the disk does not take are used, and stored once there is room.
  @Test func tokensAreStoredOnceThereIsRoom() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      bench.channel.with { $0.token = "another" }
      run.database.be(full: true)
      bench.pool.receive("TEE", -3)
      try await Self.shows(bench, "i1", 7)
      run.database.be(full: false)
      try await eventually("they are stored") {
        let stored = try await run.gateway.store.connections(run.gateway.keys)
        return stored.first?.account.credentials["token"] == "token-2"
      }
    }
  }

  /// Goal: a refresh is lost neither to an older row nor to a connection that was asked for before
  /// it.
  @Test func refreshedTokenOutlivesAnOlderConnection() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      let session = try #require(
        await run.gateway.directory.session(AccountID(trusted: "acc")))
      let old = await session.connection
      try await session.refresh(insteadOf: old.account.credentials)
      try await run.gateway.store.save(old, run.gateway.keys)
      let stored = try await run.gateway.store.connections(run.gateway.keys).first
      #expect(stored?.account.credentials["token"] == "token-2")
      var wanted = old
      wanted.account.credentials = ["secret": "s3cret-acc"]
      wanted.callsPerSecond = 7
      await session.update(wanted)
      let kept = try #require(try await run.gateway.store.connections(run.gateway.keys).first)
      #expect(kept.account.credentials["token"] == "token-2" && kept.callsPerSecond == 7)
    }
  }

  @Test func refusedCredentialsAreAnAlert() async throws {
    let bench = try Self.bench()
    bench.channel.with { $0.pushErrors = [.unauthorised("shop has gone")] }
    try await bench.run { run in
      try await eventually("it is alerted") {
        try await run.client.listAlerts(ListAlertsRequest()).alerts.map(\.kind) == ["TOKEN_REFUSED"]
      }
    }
  }

  @Test func numberIsCappedAtWhatTheChannelBears() async throws {
    let bench = try Self.bench(units: 100_000)
    try await bench.run { _ in try await Self.shows(bench, "i1", 500) }
  }

  @Test func unlinkedListingIsLeftAlone() async throws {
    let bench = try Self.bench()
    try await bench.run { run in
      try await Self.shows(bench, "i1", 10)
      try await GatewayBench.settled(run)
      bench.mapping.set("acc", item: "i1", takes: [])
      // Known to the gateway before the units come: mapping and pool are two streams.
      try await GatewayBench.settled(run)
      bench.pool.receive("TEE", 5)
      bench.mapping.set("acc", item: "i2", takes: [("TEE", 1)])
      try await Self.shows(bench, "i2", 15)
      #expect(bench.channel.shown("i1") == 10)
    }
  }

  /// Goal: what was pushed before a restart is looked at and not blindly pushed again; what changed
  /// meanwhile is pushed.
  @Test func restartContinuesFromWhatIsShown() async throws {
    let bench = try Self.bench(listings: 2)
    try await bench.run { run in
      try await GatewayBench.settled(run)
    }
    let before = bench.channel.with { $0.pushes.count }
    let second = try await bench.start()
    try await GatewayBench.settled(second)
    #expect(bench.channel.with { $0.pushes.count } == before, "nothing changed, nothing is pushed")
    await second.stop()
    bench.pool.receive("TEE", -3)
    bench.channel.with { $0.shown["i1"] = 77 }
    let third = try await bench.start()
    try await Self.shows(bench, "i1", 7)
    try await Self.shows(bench, "i2", 7)
    await third.stop()
  }

  /// Goal: 200 orders over three channels, doubled and shuffled; every channel ends at what the
  /// pool has.
  @Test(arguments: 0..<3) func everyChannelEndsAtThePoolsNumber(_ seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let bench = try Self.bench(units: 250)
    let accounts = ["acc", "acc2", "acc3"]
    for account in accounts.dropFirst() {
      bench.mapping.set(account, item: "\(account)-i", takes: [("TEE", 1)])
    }
    var events: [(String, HTTPRequest)] = []
    for number in 0..<200 {
      let index = Int.random(in: 0..<3, using: &random)
      let item = index == 0 ? "i1" : "\(accounts[index])-i"
      bench.order("o\(number)", [("1", item, 1, 0)])
      let body = FakeAdapter.Body(
        shop: "shop-\(index + 1)", key: "e\(number)", kind: "order", subject: "o\(number)", time: 1)
      let request = GatewayBench.signed(
        [UInt8](try JSONEncoder().encode(body)), account: accounts[index])
      events.append((item, request))
      if number.isMultiple(of: 3) { events.append(("", request)) }
    }
    events.shuffle(using: &random)
    try await bench.run { run in
      try await bench.connect(run, account: "acc2", shop: "shop-2")
      try await bench.connect(run, account: "acc3", shop: "shop-3")
      try await GatewayBench.settled(run)
      var sold: Set<[UInt8]> = []
      for (item, request) in events {
        if !item.isEmpty, sold.insert(request.body).inserted {
          bench.channel.with { $0.shown[item, default: 0] -= 1 }
        }
        _ = await GatewayBench.post(run, request)
      }
      try await GatewayBench.settled(run)
      #expect(bench.pool.available("TEE") == 50, "seed \(seed)")
      for item in ["i1", "acc2-i", "acc3-i"] {
        #expect(bench.channel.shown(item) == 50, "seed \(seed) \(item)")
      }
    }
  }
}
